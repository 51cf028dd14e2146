"""SOM-DAGMM: DAGMM that also knows a row's place on a self-organizing map (Chen et al. 2020)."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from dcvae._arrays import AnyFloatArray, Float32Array, Float64Array
from dcvae.detectors.deep.density.dagmm import DAGMMDetector, DAGMMFormula
from dcvae.detectors.deep.density.self_organizing_map import fit_map, positions, side_of
from dcvae.detectors.deep.scaling import RowScaling
from dcvae.training import Weights

_OF_CODE_RADIUS = 1.0


class SOMDAGMMDetector(DAGMMDetector):
    """SOM-DAGMM."""

    name = "som-dagmm"
    title = "SOM-DAGMM"
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        data_set: {**parameters, "components": 2 if data_set == "arrhythmia" else 4}
        for data_set, parameters in DAGMMDetector.published.items()
    }

    _positions: ClassVar[int] = 2

    def _fit(self, values: AnyFloatArray) -> None:
        self._check_parameters()
        is_code = self.fidelity == "code"
        shown = RowScaling.of(values, self.scaling).apply(values)
        self._units = fit_map(
            shown,
            side_of(len(shown)),
            np.random.default_rng([self.seed, self._positions]),
            radius=_OF_CODE_RADIUS if is_code else None,
        ).astype(np.float32)
        super()._fit(values)

    def _shown(self, values: AnyFloatArray) -> Float64Array:
        shown = super()._shown(values)
        return np.concatenate([shown, positions(shown, self._units)], axis=1)
