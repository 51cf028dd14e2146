"""Scorers: what gives the rows of a table their scores, a network or a detector of rows."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from dcvae import _backend
from dcvae._arrays import AnyArray, Float32Array, Float64Array, Int32Array
from dcvae._engine import Engine
from dcvae.config import Member, Settings
from dcvae.data import ModelInput, num_windows
from dcvae.errors import InputError
from dcvae.networks import NetworkInNumpy, entry_of, network_in_numpy
from dcvae.scoring import (
    Scores,
    SigmaCalibration,
    WindowLosses,
    WindowSquares,
    losses_of_file,
    scored_by_windows,
)

if TYPE_CHECKING:  # importing it would import scikit-learn
    from dcvae.detectors import AnomalyDetector
    from dcvae.networks import Network
    from dcvae.scoring import CausalScorer, WindowAverageScorer, WindowAverageScores

_BLOCK_ROWS = 16_384
_LARGEST = 1e15  # bound of what is squared: means of such squares stay exact enough to compare


class Scorer(ABC):
    """What gives the rows of a preprocessed table their scores.

    Attributes:
        network: the trained network; None without one.
        latent_size: numbers of the latent vector of a row; 0 without one.
    """

    network: "Network | None" = None
    latent_size: int = 0

    @property
    def engine(self) -> Engine | None:
        """What computes the network; None without one."""
        if self.network is None:
            return None
        return "numpy" if isinstance(self.network, NetworkInNumpy) else "keras"

    @abstractmethod
    def blocks(self, inputs: ModelInput, sigma: SigmaCalibration | None) -> Iterator[Scores]:
        """Score every row in which a whole window ends, from no later row.

        Args:
            inputs: the table.
            sigma: sigma mode to apply; None leaves sigma as it is.

        Yields:
            Scores of consecutive rows, a few thousand at a time, from row T - 1 on.

        Raises:
            InputError: the table has fewer rows than a window.
        """

    @abstractmethod
    def squares(self, inputs: ModelInput, starts: Int32Array) -> Float64Array:
        """Average what is strange over the rows of windows; it may look ahead.

        Args:
            inputs: the table.
            starts: (windows,) int32, first rows.

        Returns:
            (2, windows, series) float64 >= 0: in sigmas squared, and scaled squared; NaN where a
            window has no cell with a score.
        """

    def losses(self, inputs: ModelInput, keys: Settings) -> WindowLosses | None:
        """Compute the losses of a file as some keys ask for; None for what has none."""
        return None

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return what was fitted, but for a network, as arrays by name, to be stored."""
        return {}

    def notices(self) -> list[str]:
        """Return what was found when it was fitted, one sentence each."""
        return []

    def score(self, inputs: ModelInput) -> Scores:
        """Score every row in which a whole window ends, sigma as it is."""
        return Scores.concatenate(list(self.blocks(inputs, None)))


class NetworkScorer(Scorer):
    """A scorer by the errors of a trained network.

    Args:
        network: the trained network.
        keys: the settings of its training.

    Attributes:
        network: the trained network.
        latent_size: numbers of its latent vectors.
    """

    network: "Network"

    def __init__(self, network: "Network", keys: Settings) -> None:
        self.network = network
        self.latent_size = entry_of(keys).latent_channels(keys)
        self._keys = keys
        # Scorers are kept, as their passes are compiled at the first use.
        self._causal: dict[str, CausalScorer] = {}

    def blocks(self, inputs: ModelInput, sigma: SigmaCalibration | None) -> Iterator[Scores]:
        """Score rows by the windows that end in them; see `Scorer.blocks`."""
        from dcvae.scoring import CausalScorer

        mode = "predicted" if sigma is None else sigma.mode
        if mode not in self._causal:
            self._causal[mode] = CausalScorer.of(self.network, self._keys, sigma)
        yield from self._causal[mode].blocks(inputs)

    def squares(self, inputs: ModelInput, starts: Int32Array) -> Float64Array:
        """Average squared errors over windows; see `Scorer.squares`."""
        return self._windows.squares(inputs, starts)

    def losses(self, inputs: ModelInput, keys: Settings) -> WindowLosses:
        """Compute the losses of a file; means of batches if the settings ask for them."""
        batch_size = keys.batch_size if keys.fidelity_losses == "code" else None
        return losses_of_file(self.network, inputs, keys.window_length, batch_size)

    @cached_property
    def _windows(self) -> "WindowAverageScorer":
        from dcvae.scoring import WindowAverageScorer

        return WindowAverageScorer(self.network, self._keys.window_length)

    def __getstate__(self) -> dict[str, Any]:
        """Return layers and weights in place of a network in Keras."""
        if isinstance(self.network, NetworkInNumpy):
            return {"keys": self._keys, "description": self.network.describe()}
        import keras

        network: Any = self.network
        return {
            "keys": self._keys,
            "layers": keras.saving.serialize_keras_object(network),
            "weights": network.get_weights(),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Build the network anew (imports Keras if it was in Keras).

        It is built of its own layers: those that its settings ask for may be others in the version
        that it comes from.
        """
        if "description" in state:
            NetworkScorer.__init__(self, network_in_numpy(state["description"]), state["keys"])
            return
        _backend.start()
        import keras

        from dcvae.networks import build_network, register_layers

        register_layers()
        if state["layers"] is None:  # of an earlier version
            network = build_network(state["keys"])
        else:
            with _backend.keeping_random_states():
                network = keras.saving.deserialize_keras_object(state["layers"])
        network.set_weights(state["weights"])
        NetworkScorer.__init__(self, network, state["keys"])


class RowScorer(Scorer):
    """A scorer by the residuals of a fitted detector of rows.

    What never changed in training is expected as it was, whatever the detector: any other value is
    as far off. A detector that expects no value gives its residuals as the deviation of each cell,
    with the sign that the cell has by its training mean if it has no direction.

    Args:
        detector: fitted to the scaled training rows.
        window_length: rows before a row has a score, and itself, T.

    Attributes:
        detector: the fitted detector.
    """

    def __init__(self, detector: "AnomalyDetector", window_length: int) -> None:
        self.detector = detector
        self._window_length = window_length

    def blocks(self, inputs: ModelInput, sigma: SigmaCalibration | None) -> Iterator[Scores]:
        """Score rows by causal residuals; see `Scorer.blocks`."""
        before = self._window_length - 1
        check_rows(inputs, self._window_length)
        scores = self._scores(inputs, sigma, causal=True).split(before)[1]
        for _ in range(0, len(scores.mean), _BLOCK_ROWS):
            block, scores = scores.split(_BLOCK_ROWS)
            yield block

    def squares(self, inputs: ModelInput, starts: Int32Array) -> Float64Array:
        """Average squared residuals over windows; see `Scorer.squares`."""
        scores = self._scores(inputs, None, causal=False)
        in_sigmas = scores.strangeness
        if scores.deviation is None:
            in_sigmas = scores.error / scores.sigma
        return window_means((in_sigmas, scores.strangeness), starts, self._window_length)

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return what was fitted, the name of the detector in front of each name."""
        name = self.detector.name
        return {f"{name}/{key}": array for key, array in self.detector.to_arrays().items()}

    @classmethod
    def restored(cls, name: Member, arrays: Mapping[str, AnyArray], keys: Settings) -> "RowScorer":
        """Restore what was fitted from its arrays.

        Args:
            name: of the detector.
            arrays: from `to_arrays`, of this and of others.
            keys: the settings of the fit.

        Raises:
            ValueError: the arrays cannot be those of such a detector.
        """
        from dcvae.detectors import row_detector

        detector = row_detector(name, seed=keys.seed, window_length=keys.window_length)
        begin = f"{name}/"
        own = {key.removeprefix(begin): x for key, x in arrays.items() if key.startswith(begin)}
        detector.from_arrays(own)
        if detector.n_features_in_ != keys.num_series:
            raise ValueError(f"{name} of {detector.n_features_in_} series")
        return cls(detector, keys.window_length)

    def _scores(
        self, inputs: ModelInput, sigma: SigmaCalibration | None, *, causal: bool
    ) -> Scores:
        """Score all rows, those without a whole window too."""
        shown, measured = inputs.values, inputs.measured()
        values = measured
        if inputs.constant is not None:
            values = np.where(inputs.constant, shown, measured)
        residuals_of = self.detector.causal_residuals if causal else self.detector.residuals
        residual = residuals_of(values)
        spread, deviation = self.detector.expected_spread, None
        if spread is None:
            deviation = residual
            if not self.detector.has_direction:
                deviation = np.where(values < 0, -residual, residual)
            mean = np.full(values.shape, np.nan, dtype=np.float32)
            width = mean
        else:
            mean = (values - residual * spread).astype(np.float32)
            width = np.broadcast_to(spread.astype(np.float32), values.shape)
            if sigma is not None:
                width = sigma.apply(width)
        if inputs.constant is not None:
            mean = np.where(inputs.constant, shown, mean)
            width = np.where(inputs.constant, np.float32(1.0), width)
        error = measured - mean
        unscored = ~inputs.scorable(self._window_length)
        error[unscored] = np.nan
        if deviation is not None:
            if inputs.constant is not None:
                deviation = np.where(inputs.constant, error, deviation)
            deviation = np.where(unscored, np.float32(np.nan), deviation)
        latent = np.empty((len(values), 0), dtype=np.float32)
        return Scores(mean, np.array(width), error, latent, deviation)


def offline_scores(
    scorer: Scorer,
    inputs: ModelInput,
    reference_levels: Float64Array,
    window_length: int,
    known: WindowSquares | None = None,
) -> "WindowAverageScores":
    """Score every row and cell of a table by windows that contain it; see `scored_by_windows`."""
    return scored_by_windows(scorer.squares, inputs, reference_levels, window_length, known)


def check_rows(inputs: ModelInput, window_length: int) -> None:
    """Check that a table has a whole window.

    Raises:
        InputError: it has fewer rows.
    """
    if num_windows(len(inputs.values), window_length) == 0:
        raise InputError(
            f"Expected at least `T` = {window_length} rows to score. "
            f"Received: {len(inputs.values)}."
        )


def window_means(
    parts: Iterable[Float32Array], starts: Int32Array, window_length: int
) -> Float64Array:
    """Average squares of cells over the rows of windows.

    Args:
        parts: of (rows, series) float32; NaN is left out.
        starts: (windows,) int32, first rows.
        window_length: rows of a window, T.

    Returns:
        (parts, windows, series) float64; NaN where a window has no cell.
    """
    means = []
    for part in parts:
        known = ~np.isnan(part)
        squares = np.where(known, np.clip(part.astype(np.float64), -_LARGEST, _LARGEST) ** 2, 0.0)
        total, count = np.zeros((2, len(starts), part.shape[1]))
        # No running sum: one very far cell would leave nothing but rounding of all that follow it.
        for offset in range(window_length):
            total += squares[starts + offset]
            count += known[starts + offset]
        mean = np.full(total.shape, np.nan)
        means.append(np.divide(total, count, out=mean, where=count > 0))
    return np.stack(means)
