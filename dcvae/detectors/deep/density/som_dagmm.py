"""SOM-DAGMM: DAGMM that also knows a row's place on a self-organizing map (Chen et al. 2020)."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from dcvae._arrays import AnyFloatArray, Float32Array, Float64Array
from dcvae.detectors.deep.base import Arrays
from dcvae.detectors.deep.density.dagmm import DAGMMDetector, DAGMMFormula
from dcvae.detectors.deep.density.self_organizing_map import fit_map, positions, side_of
from dcvae.detectors.deep.scaling import RowScaling
from dcvae.training import Weights

_RADIUS_OF_CODE = 1.0


class SOMDAGMMDetector(DAGMMDetector):
    """SOM-DAGMM: DAGMM with a row's place on a map of the training rows among its features.

    A self-organizing map of g x g units is fitted to training rows that are drawn at random, g =
    √(5 √rows) / 2 from 2 to 32. Of each row it tells the unit (u, v) that is nearest; the features
    are z = [u / (g - 1), v / (g - 1), code, |x - x'| / |x|, cos(x, x')]. All else is as in
    `DAGMMDetector`: the loss, the score, its defaults, and where they depart from the paper's.

    Source: Chen et al. 2020, of which the program of arXiv 2207.03576 is what is known here. Where
    this departs from that program:

    - Places on the grid are from 0 to 1; there they are whole numbers up to 31, beside features of
      the size of 1.
    - The map's radius is half a side at first, and a third of that at the end. There it is 1, which
      after the first update reaches no unit but the nearest: neighbors on the grid have nothing in
      common then.
    - The map is of the training rows, there of the first rows of the file, test rows included. The
      mixture of scores is that of the training rows, there that of the batch that is scored.
    - `fidelity="code"` takes places in whole numbers, the radius of 1 and the mean over series of
      the error in the loss from there, and the mixture of scores from the last batch of training
      rows.

    Cost: as `DAGMMDetector`; besides, 8,000 updates of g² units at the fit, and g² distances a row.

    Args:
        epochs: as `DAGMMDetector`, and so are those without a line here.
        batch_size: rows of a step.
        learning_rate: of Adam.
        hidden: widths of the hidden layers of the encoder.
        latent: numbers of the code.
        components: Gaussians of the mixture.
        energy_weight: of the mean energy in the loss.
        variance_weight: of the inverse variances in the loss.
        fidelity: "paper", or "code": see above.
        contamination: share of the training rows that the threshold leaves above it.
        seed: of the map, of the weights, of the order of the rows and of the dropout.
    """

    name = "som-dagmm"
    title = "SOM-DAGMM"
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        data_set: {**parameters, "components": 2 if data_set == "arrhythmia" else 4}
        for data_set, parameters in DAGMMDetector.published.items()
    }
    _positions: ClassVar[int] = 2

    def _fit(self, values: AnyFloatArray) -> None:
        self._check_parameters()
        shown = RowScaling.of(values, self.scaling).apply(values)
        random = np.random.default_rng([self.seed, self._positions])
        radius = _RADIUS_OF_CODE if self.fidelity == "code" else None
        self._made = {"units": fit_map(shown, side_of(len(shown)), random, radius=radius)}
        super()._fit(values)

    def _shown(self, values: AnyFloatArray) -> Float64Array:
        shown = super()._shown(values)
        units = self._made["units"]
        places = positions(shown, units)
        if self.fidelity == "code":
            places *= np.sqrt(len(units)) - 1
        return np.concatenate([shown, places], axis=1)

    def _finish(
        self, formula: DAGMMFormula, weights: Weights, rows: Float32Array, given: Arrays
    ) -> Arrays:
        mixture = super()._finish(formula, weights, rows, given)
        return {**mixture, "units": self._made["units"]}

    def _state(self) -> Mapping[str, tuple[str, ...]]:
        return {**super()._state(), "made/units": ("units", str(self._scaler.columns))}

    def _restore(self) -> None:
        super()._restore()
        side = np.sqrt(len(self._made["units"]))
        if side < 2 or side % 1:
            raise ValueError("units of no square grid")
