"""DC-VAE as a detector: a model like those of the commands, fitted and used from Python.

    detector = DCVAEDetector(epochs=20).fit(normal)      rows in time order, NumPy or pandas
    scores = detector.decision_function(data)            (rows,), larger is stranger
    cells = detector.score_series(data)                  (rows, series)
    anomalous = detector.predict(data)                   (rows,) 0 or 1: alarms, as of test.py
    events = detector.detect(data)                       a DataFrame, as events.csv of test.py
    review = detector.review(data)                       all of it, scored once
    detector.save("models")                              models/<model_name>/, as train.py writes it
    again = DCVAEDetector.load("models/<model_name>")    also a model that train.py wrote

Scores are of the windows that contain a row (`scoring.window_average`), so that they look ahead up
to T - 1 rows: they are for data that are known to their end. Alarms, events and what was expected
are from what was known at the time of a row.

Importing this module imports no Keras; fitting and scoring do where Keras computes the network.
"""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from dcvae import _backend, pipeline
from dcvae._arrays import AnyFloatArray, Float32Array, Float64Array
from dcvae._engine import training_engine
from dcvae._text import all_quoted
from dcvae.config import FIELDS, Settings, read_settings
from dcvae.data import MADE_UP_STEP, series_names, training_data
from dcvae.detectors import nearest_known, whole_or_unchanged
from dcvae.errors import InputError
from dcvae.estimator.frames import has_times, rows_to_fit, table_to_fit
from dcvae.estimator.origin import Origin
from dcvae.estimator.parameters import (
    ADVICE,
    OF_FILES,
    check_keys,
    merged,
    parameters_of,
    settings_from,
    suggestion,
)
from dcvae.estimator.progress import fit_progress
from dcvae.estimator.reviewing import ReviewingDetector, Rows
from dcvae.estimator.short_data import settings_for_rows
from dcvae.storage import (
    DEFAULT_MODELS,
    copy_model,
    memory_record,
    open_folder,
    save_model,
)

_FEWEST_ROWS = 4  # two windows of two rows


class DCVAEDetector(ReviewingDetector):
    """Anomaly detector for multivariate time series, by scikit-learn's conventions.

    It is fitted to rows in time order that are taken to be normal. Missing cells are NaN. Times are
    in the index of a DataFrame or in a column, so that no window crosses a gap longer than the key
    `max_gap`; rows without times are taken to be a minute apart. Columns of a DataFrame are matched
    by name ever after, those of an array by their order.

    A row in no whole window (in a stretch between gaps that is shorter than T) has the score of the
    nearest row that is in one, of the earlier where two are as near. Data shorter than T are scored
    as if their first row had been there before, unobserved. A series without any score has 0.

    Args:
        architecture: name of the network; None: the one that the other keys tell, or else DC-VAE.
            Where it has no `J`, `cnn_units` or `dil_rate`, these are left out if they have their
            default here, and refused otherwise.
        T: rows in a window. Training rows too few for it get a shorter one, with a UserWarning.
        J: latent channels at each row.
        cnn_units: channels of the hidden layers.
        dil_rate: dilations of the layers, the last one for the heads.
        epochs: most epochs.
        steps_per_epoch: training steps in an epoch; None: one pass over the training windows.
        patience: epochs without improvement after which training stops.
        batch_size: windows in a step.
        lr: learning rate at the start.
        val_percent: share of the rows, at the end, that validates.
        seed: seed of everything random.
        model_name: name under which `save` writes the model.
        settings: further keys of a settings file (docs/guide/settings.md) and their values. A key
            that is not given is as in the settings file recommended.txt.
        verbose: None shows progress on a terminal and in a notebook, and nothing in a log; True
            prints a line for each epoch; False shows nothing.
        **keys: the same as in `settings`, by name.

    Raises:
        TypeError: a name is no parameter and no key.
        InputError: a key is given by name and in `settings`.

    Attributes:
        settings_: the effective settings.
        decision_scores_: (rows,) float64, `decision_function` of the training rows; not there after
            `load`.
        threshold_: what the score of the system must exceed for an alarm: how many times its usual
            errors of the recent past the strangest series must be at; if the key `threshold` is
            "fixed", the causal score itself. It is no threshold of `decision_function`.
        notices_: notices on the data, as train.py prints them, one sentence each.
        n_features_in_: number of series.
        feature_names_in_: names of the series, if the data had names.

    Examples:
        >>> from dcvae import DCVAEDetector
        >>> detector = DCVAEDetector(T=32, seed=1, alarm_hold=6)
        >>> detector.T, detector.epochs, detector.settings
        (32, 30, {'alarm_hold': 6})
    """

    name = "dc-vae"
    title = "DC-VAE"
    needs_order = True
    looks_ahead = True
    takes_missing = True
    fewest_rows = _FEWEST_ROWS

    def __init__(
        self,
        *,
        architecture: str | None = None,
        T: int = 64,  # noqa: N803
        J: int = 8,  # noqa: N803
        cnn_units: Sequence[int] = (32, 32, 32, 32, 32),
        dil_rate: Sequence[int] = (1, 2, 4, 8, 16, 32),
        epochs: int = 30,
        steps_per_epoch: int | None = 50,
        patience: int = 30,
        batch_size: int = 32,
        lr: float = 1e-3,
        val_percent: float = 0.2,
        seed: int = 123,
        model_name: str = "detector",
        settings: Mapping[str, Any] | None = None,
        verbose: bool | None = None,
        **keys: Any,
    ) -> None:
        self.architecture = architecture
        self.T = T
        self.J = J
        self.cnn_units = cnn_units
        self.dil_rate = dil_rate
        self.epochs = epochs
        self.steps_per_epoch = steps_per_epoch
        self.patience = patience
        self.batch_size = batch_size
        self.lr = lr
        self.val_percent = val_percent
        self.seed = seed
        self.model_name = model_name
        check_keys(keys, settings, DCVAEDetector)
        self.settings = merged(settings, keys)
        self.verbose = verbose

    def set_params(self, **params: Any) -> Self:
        """Set parameters; keys of a settings file are set in a copy of `settings`.

        Raises:
            ValueError: a name is no parameter and no key, by scikit-learn's check.
            InputError: a key is given by name and in `settings`.
        """
        own = self.get_params(deep=False)
        keys = {name: x for name, x in params.items() if name in FIELDS and name not in own}
        check_keys(keys, params.get("settings"), DCVAEDetector)
        try:
            super().set_params(**{name: x for name, x in params.items() if name not in keys})
        except ValueError as error:
            unknown = [name for name in params if name not in own and name not in keys]
            hint = suggestion(unknown[0], DCVAEDetector) if unknown else ""
            raise ValueError(f"{error}{hint}") from None
        self.settings = merged(self.settings, keys)
        return self

    @classmethod
    def from_settings(cls, settings: Settings | str | Path) -> Self:
        """Make a detector with the settings of a file; a UserWarning names keys that are not used.

        Args:
            settings: settings, or the path of a settings file.

        Raises:
            InputError: the file cannot be read, or a key of it is refused.
        """
        if not isinstance(settings, Settings):
            settings = read_settings(Path(settings))
        stored = settings.to_dict()
        unused = [key for key in OF_FILES if key != "summary" and stored.get(key)]
        if unused:
            verb = "is" if len(unused) == 1 else "are"
            warnings.warn(
                f"DCVAEDetector reads no files: {all_quoted(unused)} of the settings {verb} not "
                f"used. {ADVICE}",
                UserWarning,
                stacklevel=2,
            )
        values = {key: x for key, x in stored.items() if key not in OF_FILES}
        own = {key: values.pop(key) for key in parameters_of(DCVAEDetector) if key in values}
        return cls(**own, settings=values)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Load a model that `save` or train.py wrote.

        Args:
            folder: models/<model_name>.

        Raises:
            InputError: there is no model, or files are missing or damaged.
        """
        stored = open_folder(Path(folder)).snapshot()
        # Another fit may have another number of series.
        detector = cls.from_settings(stored.settings.model_copy(update={"num_series": None}))
        detector._take(stored.load() if stored.has_alarm else stored.calibrated())
        detector._origin = Origin(stored.without_network(), {})
        detector.n_features_in_ = len(stored.series)
        if list(stored.series) != series_names(None, len(stored.series)):
            detector.feature_names_in_ = np.array(stored.series, dtype=object)
        detector.notices_ = []
        return detector

    def save(self, models: str | Path = DEFAULT_MODELS) -> Path:
        """Write the model to models/<model_name>/, where test.py finds it.

        A model that had the name before is kept beside it, as by train.py.

        Args:
            models: the folder of all models.

        Returns:
            The folder of the model.

        Raises:
            InputError: nothing can be written there, another training has the name, or the folder
                that the model was loaded from is gone.
        """
        check_is_fitted(self)
        stored = self._origin.stored
        if stored is None:
            return save_model(self._whole(), Path(models), self._origin.record)
        return copy_model(stored.folder, Path(models), self.settings_.model_name, stored.identity)

    def fit(self, X: Rows, y: object = None) -> Self:  # noqa: N803
        """Fit to rows that are taken to be normal; a fit that fails changes nothing.

        Args:
            X: (rows, series) in time order, data units, NaN where missing.
            y: not used; scikit-learn passes it.

        Returns:
            The detector itself.

        Raises:
            InputError: a parameter is refused, or the data cannot be trained on.
            ValueError: X is not a table of numbers, by scikit-learn's check.
        """
        with whole_or_unchanged(self):
            asked = self._asked_settings()
            # Refused here, before anything slow, if what is asked for is not there.
            engine = training_engine(asked.architecture) if asked.has_network else "numpy"
            in_keras = engine == "keras"
            rows, read = rows_to_fit(X, asked)
            values = self._validated(rows, reset=True, fewest=self.fewest_rows)
            table = table_to_fit(values, rows, asked, MADE_UP_STEP)
            settings, shortened = settings_for_rows(asked, len(values))
            settings = settings.with_num_series(values.shape[1], table.path)
            data = training_data(table, settings)
            for notice in shortened:
                warnings.warn(notice, UserWarning, stacklevel=2)
            self.notices_ = read + shortened + data.notices
            if in_keras:
                _backend.start()  # before the clock of the first epoch
                for notice in _backend.notices():
                    warnings.warn(notice, UserWarning, stacklevel=2)
            with fit_progress(self.verbose, settings.epochs, compiles=in_keras) as progress:
                model = pipeline.fit(
                    data,
                    settings,
                    progress=progress,
                    score_training=True,
                    has_times=has_times(rows),
                )
            self._take(model)
            self._origin = Origin(None, memory_record(table))
            self._keep_scores(nearest_known(model.training.row_scores))
        return self

    def decision_function(self, X: Rows) -> Float64Array:  # noqa: N803
        """Score rows, larger is stranger.

        Args:
            X: (rows, series) in time order, data units, NaN where missing.

        Returns:
            (rows,) float64 >= 0, by the windows that contain each row. A normal row is below log 2
            or so.

        Raises:
            InputError: a series of the fit is missing.
            ValueError: X is not a table of numbers, by scikit-learn's check.
        """
        table = self._table(X)
        return nearest_known(self._model.score(table).row)

    def score_series(self, X: Rows) -> Float64Array:  # noqa: N803
        """Score cells, larger is stranger.

        Args:
            X: as for `decision_function`.

        Returns:
            (rows, series) float64 >= 0, series in the order of the fit. The score of a row is made
            of the largest series of each window, so it is no function of the scores of its cells.

        Raises:
            InputError: as `decision_function`.
            ValueError: as `decision_function`.
        """
        table = self._table(X)
        return nearest_known(self._model.score(table).cell)

    def residuals(self, X: Rows) -> Float32Array:  # noqa: N803
        """Standardize the score of each row by those of the fit, the same for every series.

        Raises:
            InputError: the detector was loaded, and scores of the fit are not stored with a model;
                or as `decision_function`.
            ValueError: as `decision_function`.
        """
        scores = self.decision_function(X)
        if not hasattr(self, "decision_scores_"):
            raise InputError(
                "Expected a detector that was fitted here: residuals are in standard deviations of "
                "the scores of the fit, which no model keeps. Received one that was loaded: use "
                "decision_function or score_series."
            )
        return self._standardized(scores, len(self._model.series))

    def _state(self) -> Mapping[str, tuple[str, ...]]:
        raise InputError("DCVAEDetector is stored as a model, by `save`, and read by `load`.")

    def _fit(self, values: AnyFloatArray) -> None:
        self.fit(values)

    def _score(self, values: AnyFloatArray) -> Float64Array:
        return self.decision_function(values)

    def _asked_settings(self) -> Settings:
        defaults = parameters_of(DCVAEDetector)
        own = {name: getattr(self, name) for name in defaults}
        further = {} if self.settings is None else self.settings
        if not isinstance(further, Mapping):
            raise InputError(
                "Expected `settings` of DCVAEDetector to be keys of a settings file with their "
                f"values, in a dictionary. Received: {further!r}."
            )
        return settings_from(own, defaults, further)

    def _take(self, model: pipeline.CalibratedModel) -> None:
        """Set the attributes of a fitted detector."""
        self._model = model
        self.settings_ = model.settings
        self.threshold_ = model.calibration.threshold
        if isinstance(model, pipeline.FittedModel):
            self.threshold_ = model.thresholds.alarm.threshold
