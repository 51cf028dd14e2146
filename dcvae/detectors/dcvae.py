"""DC-VAE as an estimator: the second door to the house that the three scripts are the first of.

    detector = DCVAEDetector(epochs=20).fit(normal)      rows in time order, NumPy or pandas
    scores = detector.decision_function(data)            (rows,), larger is stranger
    cells = detector.score_series(data)                  (rows, series)
    anomalous = detector.predict(data)                   (rows,) 0 or 1
    detector.save("models")                              models/<model_name>/, as train.py writes it
    again = DCVAEDetector.load("models/<model_name>")    also a model that train.py wrote

Rows are judged by the windows that contain them (`offline`), so a score looks ahead up to T - 1
rows: this is for data that are known to their end. The live alarm of a row, from what was known at
its time, is what test.py writes with a saved model.

Importing this module imports no TensorFlow; fitting and scoring do.
"""

import time
import warnings
from contextlib import nullcontext
from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from dcvae.cli import output as console
from dcvae.config.settings import (
    RECOMMENDED,
    UNLIMITED,
    Settings,
    architecture_of,
    keys,
    read_settings,
)
from dcvae.data.arrays import MADE_UP_STEP, in_order_of, series_names, table_of
from dcvae.data.loading import training_data
from dcvae.data.preprocessing import Preprocessor
from dcvae.data.tables import Table
from dcvae.errors import InputError
from dcvae.pipeline import TrainedModel
from dcvae.scoring.calibration import Calibration
from dcvae.storage import model_folder as artefacts

if TYPE_CHECKING:  # importing these would import Keras
    from dcvae.detection.thresholds import Beginning
    from dcvae.networks.base import Autoencoder
    from dcvae.scoring.window_average import OfflineScorer
    from dcvae.training.loop import TrainingState

Float64Array = NDArray[np.float64]

_OF_FILES = ("resample", "time_zone", "summary")  # how files are read, and what scripts print
_PARAMETERS = tuple(key for key in keys() if key not in _OF_FILES)
_SOURCE = "The parameters of DCVAEDetector"
_FEWEST_ROWS = 4  # two windows of two rows
_MADE_ANEW = ("_network", "_scorer")  # from the weights, wherever a detector wakes up


class _Training(NamedTuple):
    """What a training leaves behind that only `save` needs."""

    state: "TrainingState"
    source: dict[str, Any]
    beginning: "Beginning"


class DCVAEDetector(BaseEstimator):
    """Anomaly detector for multivariate time series, by scikit-learn's conventions.

    It is fitted on rows in time order that are taken to be normal. Missing cells are NaN. A
    DataFrame with a DatetimeIndex keeps its times, so that no window crosses a gap longer than
    `max_gap`; rows of anything else are taken to be a minute apart. Columns of a DataFrame are
    matched by name ever after, those of an array by their order.

    Args:
        **settings: the keys of a settings file (settings/README.md), by the same names: `T`, `J`,
            `cnn_units`, `epochs`, `lr`, `seed` and so on. A key that is None or not given has its
            value from settings/recommended.txt or, if `architecture` is another than DC-VAE, its
            default. Where a file says null for "no limit" (`steps_per_epoch`, `max_gap`,
            `max_fill`), give `float("inf")`. `resample`, `time_zone` and `summary` are about files
            and not taken.
        verbose: whether `fit` prints the epochs as train.py does.

    Attributes:
        settings_: the effective settings. Training rows too few for `T` get a shorter one, with a
            UserWarning; see `Settings.for_rows`.
        decision_scores_: (rows,) float64, `decision_function` of the training rows; not there after
            `load`.
        threshold_: above which `predict` says 1: half as much again as the strangest training row.
        notices_: what train.py would print about the data, one sentence each.
        n_features_in_: number of series.
        feature_names_in_: their names, if the data had names.

    A row in no whole window (in a stretch between gaps that is shorter than T) has the score of the
    nearest row that is in one, of the earlier where two are as near. Data shorter than T are judged
    as if their first row had been there before, unobserved. What nothing is known of scores 0.
    """

    _fitted: TrainedModel
    _calibration: Calibration
    _weights: list[NDArray[np.float32]]
    _origin: "_Training | Path"  # the training, or the folder that the model was loaded from

    def __init__(self, **settings: Any) -> None:
        self.verbose = settings.pop("verbose", False)
        for name in _PARAMETERS:
            setattr(self, name, settings.pop(name, None))
        if settings:
            unknown = min(settings)
            reason = " (it is about files)" if unknown in _OF_FILES else ""
            raise TypeError(
                f"DCVAEDetector got an unexpected parameter {unknown!r}{reason}. Expected keys of "
                f"a settings file, {', '.join(_PARAMETERS)}, or verbose."
            )

    # scikit-learn reads the parameters of an estimator from here.
    __init__.__signature__ = Signature(  # type: ignore[attr-defined]
        [
            Parameter("self", Parameter.POSITIONAL_OR_KEYWORD),
            *(Parameter(name, Parameter.KEYWORD_ONLY, default=None) for name in _PARAMETERS),
            Parameter("verbose", Parameter.KEYWORD_ONLY, default=False),
        ]
    )

    @classmethod
    def from_settings(cls, settings: Settings | str | Path) -> Self:
        """Make a detector with the settings of a file; a UserWarning names keys that are not used.

        Raises:
            InputError: the file is refused.
        """
        if not isinstance(settings, Settings):
            settings = read_settings(Path(settings))
        if settings.resample or settings.time_zone:
            warnings.warn(
                "DCVAEDetector reads no files: `resample` and `time_zone` of the settings are not "
                "used. Give rows that are at one step already, with times in UTC.",
                UserWarning,
                stacklevel=2,
            )
        given = {key: value for key, value in settings.to_dict().items() if key in _PARAMETERS}
        unlimited = {key: float("inf") for key in UNLIMITED if given[key] is None}
        return cls(**given | unlimited)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Load a model that `save` or train.py wrote: models/<model_name>.

        Raises:
            InputError: there is no model, or files are missing or damaged.
        """
        model = artefacts.open_folder(Path(folder))
        console.start_tensorflow()
        detector = cls.from_settings(model.settings)
        detector._take(model, model.calibration(), model.network())
        detector._origin = model.folder
        detector.n_features_in_ = len(model.series)
        if list(model.series) != series_names(None, len(model.series)):
            detector.feature_names_in_ = np.array(model.series, dtype=object)
        detector.notices_ = []
        return detector

    def save(self, models: str | Path = console.DEFAULT_MODELS) -> Path:
        """Write the model to models/<model_name>/, where test.py finds it.

        A model that had the name before is kept beside it, as by train.py.

        Args:
            models: the folder of all models.

        Returns:
            The folder of the model.
        """
        check_is_fitted(self)
        model = self._fitted
        settings = model.settings
        if isinstance(self._origin, Path):
            return artefacts.copy_model(self._origin, Path(models), settings.model_name)
        from dcvae.report import figures as plots

        state, source, beginning = self._origin
        folder = artefacts.TrainingFolder(Path(models), settings.model_name)
        folder.begin(settings, model.preprocessor, source, resume=False)
        folder.keep_state(state)
        figure = plots.loss_figure(state.history, state.best_epoch, settings.model_name)
        folder.finish(self._trained_network(), figure, model.run, beginning)
        return folder.final

    def fit(self, X: ArrayLike | pd.DataFrame, y: object = None) -> Self:  # noqa: N803
        """Train on rows that are taken to be normal; see the class.

        Args:
            X: (rows, series) in time order, data units, NaN where missing.
            y: not used; scikit-learn passes it.

        Raises:
            InputError: a parameter is refused, or the data cannot be trained on.
            ValueError: X is not a table of numbers, says scikit-learn.
        """
        started = time.monotonic()
        asked = self._asked_settings()
        values = self._values(X, reset=True, fewest=_FEWEST_ROWS)
        table = table_of(values, X, series_names(X, values.shape[1]), MADE_UP_STEP)
        _refuse_empty(table)
        settings, shortened = asked.for_rows(len(values))
        data = training_data(table, settings)
        settings = data.settings
        preprocessor = Preprocessor.learn(table.frame, settings)
        series = preprocessor.transform_training(table.frame)
        for notice in shortened:
            warnings.warn(notice, UserWarning, stacklevel=2)
        self.notices_ = shortened + data.notices + preprocessor.outlier_notices(table.frame)

        device = console.start_tensorflow()
        from dcvae.detection.thresholds import begin
        from dcvae.networks import build_network
        from dcvae.scoring.model_fit import reference_losses
        from dcvae.training.loop import train

        source = artefacts.memory_record(table)
        network = build_network(settings)
        display = console.TrainingDisplay(settings.epochs, 0) if self.verbose else nullcontext()
        with display as progress:
            result = train(network, series, data.split, settings, progress=progress)
        beginning = begin(network, settings, preprocessor, data, source["sampling_step_seconds"])
        losses = reference_losses(network, series, data.split, settings.window_length)
        seconds = time.monotonic() - started
        run = artefacts.run_record(
            source, data.split, result, losses, seconds=seconds, device=device
        )
        self._take(TrainedModel(settings, preprocessor, run), beginning.calibration, network)
        self._origin = _Training(result.state, source, beginning)
        self.decision_scores_ = self._scores(table)[:, 0]
        return self

    def decision_function(self, X: ArrayLike | pd.DataFrame) -> Float64Array:  # noqa: N803
        """Score rows, larger is stranger.

        Args:
            X: (rows, series) in time order, data units, NaN where missing.

        Returns:
            (rows,) float64 >= 0, one for each row, by the windows that contain it (`offline`). A
            normal row is below log 2 or so.

        Raises:
            InputError: a series of the fit is missing.
            ValueError: X is not a table of numbers, says scikit-learn.
        """
        return self._scores(self._table(X))[:, 0]

    def score_series(self, X: ArrayLike | pd.DataFrame) -> Float64Array:  # noqa: N803
        """Score cells, larger is stranger.

        Args:
            X: as for `decision_function`.

        Returns:
            (rows, series) float64 >= 0, series in the order of the fit. The score of a row is made
            of the strangest series of each window, so it is no function of the scores of its cells.
        """
        return self._scores(self._table(X))[:, 1:]

    def predict(self, X: ArrayLike | pd.DataFrame) -> NDArray[np.int64]:  # noqa: N803
        """Say which rows are anomalous: (rows,) 1 where the score exceeds `threshold_`, else 0."""
        return (self.decision_function(X) > self.threshold_).astype(np.int64)

    # ------------------------------------------------------------ what scikit-learn asks

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_fitted")

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what does not travel; it is made anew from the weights."""
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name not in _MADE_ANEW}

    # ------------------------------------------------------------ the house

    def _asked_settings(self) -> Settings:
        given = {name: _plain(getattr(self, name)) for name in _PARAMETERS}
        given = {name: value for name, value in given.items() if value is not None}
        unlimited: dict[str, Any] = {
            name: None for name in UNLIMITED if given.get(name) == float("inf")
        }
        recommended = RECOMMENDED if architecture_of(given) == "dc-vae" else {}
        name = {"model_name": "detector"}
        return Settings.from_values(name | recommended | given | unlimited, _SOURCE)

    def _take(self, model: TrainedModel, calibration: Calibration, network: "Autoencoder") -> None:
        """Become fitted."""
        self._fitted, self._calibration = model, calibration
        self._weights = network.get_weights()
        self._network = network
        self.__dict__.pop("_scorer", None)
        self.settings_ = model.settings
        self.threshold_ = calibration.offline_threshold

    def _trained_network(self) -> "Autoencoder":
        if "_network" not in self.__dict__:
            console.start_tensorflow()
            from dcvae.networks import build_network

            self._network = build_network(self.settings_)
            self._network.set_weights(self._weights)
        return self._network

    def _offline_scorer(self) -> "OfflineScorer":
        if "_scorer" not in self.__dict__:
            network = self._trained_network()
            from dcvae.scoring.window_average import OfflineScorer

            self._scorer = OfflineScorer(network, self.settings_.window_length)
        return self._scorer

    def _values(self, X: object, *, reset: bool, fewest: int) -> Float64Array:  # noqa: N803
        values: Float64Array = validate_data(
            self,
            X,
            reset=reset,
            dtype=np.float64,
            ensure_all_finite="allow-nan",
            ensure_min_samples=fewest,
        )
        return values

    def _table(self, X: object) -> Table:  # noqa: N803
        """Check data to judge, in the order of the trained series."""
        check_is_fitted(self)
        if hasattr(self, "feature_names_in_"):
            X = in_order_of(X, self._fitted.series)  # noqa: N806
        values = self._values(X, reset=False, fewest=1)
        step = pd.Timedelta(self._fitted.step_seconds, unit="s")
        table = table_of(values, X, self._fitted.series, step)
        for notice in self._fitted.step_notice(table):
            warnings.warn(notice, UserWarning, stacklevel=3)
        return table

    def _scores(self, table: Table) -> Float64Array:
        """Score the rows and then the cells of a table: (rows, 1 + series), nothing left open."""
        model, preprocessor = self._fitted, self._fitted.preprocessor
        scaled = preprocessor.transform(table.frame)
        observed, gaps = preprocessor.observed(table.frame), model.after_gap(table)
        missing = max(self.settings_.window_length - len(scaled), 0)
        if missing:
            scaled = np.pad(scaled, [(missing, 0), (0, 0)], mode="edge")
            observed = np.pad(observed, [(missing, 0), (0, 0)])
            gaps = np.pad(gaps, (missing, 0))
        else:
            observed = model.observed(table)
        level = self._calibration.offline_level
        scores = self._offline_scorer().score(scaled, observed, level, gaps)
        return _nearest_known(np.column_stack([scores.row, scores.cell])[missing:])


def _plain(value: Any) -> Any:
    """Return a parameter as JSON has it: NumPy's numbers and arrays as Python's."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def _refuse_empty(table: Table) -> None:
    empty = [f"`{name}`" for name in table.frame.columns[table.frame.isna().all()]]
    if empty:
        raise InputError(
            f"Expected at least one value of every series in {table.path}. Received none of "
            f"{', '.join(empty)}: take the column out."
        )


def _nearest_known(values: Float64Array) -> Float64Array:
    """Fill each column of (rows, columns) with the nearest known row; 0 where there is none."""
    filled = np.zeros(values.shape)
    rows = np.arange(len(values))
    for column, cells in enumerate(values.T):
        known = np.flatnonzero(~np.isnan(cells))
        if known.size:
            after = np.minimum(np.searchsorted(known, rows), len(known) - 1)
            before = np.maximum(after - 1, 0)
            is_nearer = np.abs(known[before] - rows) <= np.abs(known[after] - rows)
            filled[:, column] = cells[known[np.where(is_nearer, before, after)]]
    return filled
