"""Contract of detectors: `fit` on normal rows, then a finite score for every row.

Scores have one direction: larger is stranger. A row is compared with the rows of the fit, never
with the others of its batch, so that its score does not depend on what else is scored (unless it is
scored by its neighbors in time: `needs_order`).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from dcvae._arrays import AnyArray, AnyFloatArray, Float32Array, Float64Array, IntArray
from dcvae.data import refuse_words
from dcvae.detectors.parameters import number, published_parameters
from dcvae.detectors.state import check_state, whole_or_unchanged
from dcvae.detectors.stored import read_detector, write_detector
from dcvae.errors import InputError

_LEAST_SPREAD = 1e-9
CONTAMINATION = 0.05  # of a class without such a parameter
_Array = TypeVar("_Array", bound=np.ndarray[Any, Any])


class AnomalyDetector(BaseEstimator, ABC):
    """A detector of anomalous rows, by scikit-learn's conventions.

    A subclass sets the class attributes and writes `_fit` and `_score`, and `_score_series` or
    `_residuals` if it scores series apart; they are given checked arrays. `make_detector` finds it
    under its `name` if it is defined in a module of this package.

    Attributes:
        name: name for `make_detector`.
        title: name in tables and messages; the name of the class if it is not set.
        needs_order: whether rows must be in time order; otherwise each is scored by itself.
        looks_ahead: whether a score may use later rows.
        takes_missing: whether NaN cells are allowed; otherwise they are refused.
        is_fixed: whether all rows score alike, so that there is no threshold to find.
        has_direction: whether residuals have a sign; otherwise they are never negative.
        fewest_series: series that a fit needs.
        needs_keras: whether a fit needs Keras; a score never does, but that of a whole model.
        state: names and shapes of the arrays that a fit makes, each kept in an attribute of that
            name with `_` in front; equal words in shapes stand for equal lengths.
        published: parameters by data set, for which a paper or its program gives them.
        decision_scores_: (rows,) float64, scores of the rows of the fit; those of
            `decision_function`, but where a detector compares each row with the others alone. Not
            there after `load` and `from_arrays`.
        threshold_: what the score of a row must exceed to be predicted anomalous: the quantile of
            `decision_scores_` above which the share `contamination` of them lies, 0.05 where that
            is no parameter. Not there after `from_arrays`.

    Examples:
        >>> class AboveDetector(AnomalyDetector):
        ...     def _fit(self, values):
        ...         self._highest = values.max()
        ...
        ...     def _score(self, values):
        ...         return np.maximum(values.max(axis=1) - self._highest, 0.0)
        >>> AboveDetector().fit([[1.0], [2.0]]).decision_function([[1.5], [5.0]])
        array([0., 3.])
    """

    name: ClassVar[str]
    title: ClassVar[str]
    needs_order: ClassVar[bool] = False
    looks_ahead: ClassVar[bool] = False
    takes_missing: ClassVar[bool] = False
    is_fixed: ClassVar[bool] = False
    has_direction: ClassVar[bool] = False
    fewest_series: ClassVar[int] = 1
    needs_keras: ClassVar[bool] = False
    state: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    threshold_: float
    decision_scores_: Float64Array
    _usual: Float64Array  # (2,): mean and standard deviation of `decision_scores_`

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "title" not in vars(cls):
            cls.title = cls.__name__

    @property
    def fewest_rows(self) -> int:
        """Rows that a fit needs; a subclass may set a number instead."""
        return 2

    @property
    def described(self) -> str:
        """Title of this detector beside others, with what tells it from those of its class."""
        return self.title

    def fit(self, X: ArrayLike | pd.DataFrame, y: object = None) -> Self:  # noqa: N803
        """Fit to rows that are taken to be normal; a fit that fails changes nothing.

        Args:
            X: (rows, series), data units, in time order if `needs_order`.
            y: not used; scikit-learn passes it.

        Returns:
            The detector itself.

        Raises:
            InputError: too few series, missing cells where none are taken, a refused parameter.
            ValueError: X is no table of finite numbers, or too short, by scikit-learn's check.
        """
        with whole_or_unchanged(self):
            if hasattr(self, "contamination"):
                number(self, "contamination", 0.0, 0.5)
            values = self._validated(X, reset=True, fewest=self.fewest_rows)
            if values.shape[1] < self.fewest_series:
                raise InputError(
                    f"{self.title} needs at least {self.fewest_series} series. Received X with "
                    f"{values.shape[1]}: give more columns, or use another detector."
                )
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                known = self._fit(values)
            score = self._score if known is None else lambda values: known
            self._keep_scores(_finite(score, values))
            self.threshold_ = self._quantile(self.decision_scores_)
        return self

    def _quantile(self, scores: Float64Array) -> float:
        """Return the threshold that scores of the fit give; 0 where all rows score alike."""
        if self.is_fixed:
            return 0.0
        share = getattr(self, "contamination", CONTAMINATION)
        with np.errstate(over="ignore", invalid="ignore"):
            quantile = float(np.quantile(scores, 1.0 - share))
        return quantile if np.isfinite(quantile) else float(scores.max())

    def _keep_scores(self, scores: Float64Array) -> None:
        """Keep the scores of the fit, and what is usual of them."""
        self.decision_scores_ = scores
        with np.errstate(over="ignore", invalid="ignore"):
            self._usual = np.nan_to_num(np.array([scores.mean(), scores.std()]))

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return what a fit has made, as arrays of numbers, to be stored.

        Returns:
            Arrays by name, from which `from_arrays` makes a detector with equal scores.
        """
        check_is_fitted(self)
        columns = np.array([self.n_features_in_])
        return {**self._stored(), "usual": self._usual, "columns": columns}

    def from_arrays(self, arrays: Mapping[str, AnyArray]) -> Self:
        """Take what a fit of a detector with the same parameters has made, in place of a fit.

        Args:
            arrays: from `to_arrays`.

        Returns:
            The detector itself.

        Raises:
            ValueError: the arrays cannot be those of such a detector.
        """
        shapes = {**self._state(), "usual": ("two",), "columns": ("one",)}
        lengths = check_state(arrays, shapes, two=2, one=1)
        self.n_features_in_ = int(arrays["columns"][0])
        if lengths.get("series", self.n_features_in_) != self.n_features_in_:
            raise ValueError(f"{self.n_features_in_} columns, of {lengths['series']} series")
        self._accept(arrays)
        self._usual = np.asarray(arrays["usual"], dtype=np.float64)
        self._restore()
        return self

    @classmethod
    def as_published(cls, data_set: str, **changes: Any) -> Self:
        """Make a detector with the parameters that were published for a data set.

        Args:
            data_set: a name in `published`.
            **changes: parameters that are to be others.

        Raises:
            InputError: there are none for the data set.
        """
        return cls(**{**published_parameters(cls, data_set), **changes})

    def save(self, path: str | Path) -> Path:
        """Write the fitted detector to a file, whole or not at all.

        Args:
            path: of the file, an .npz of numbers; that of an earlier detector is replaced.

        Returns:
            The path.

        Raises:
            InputError: nothing can be written there, or something else is there.
        """
        path = Path(path)
        write_detector(self, path)
        return path

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Load a detector that `save` wrote, from a file of any origin: no code in it is run.

        Args:
            path: of the file. AnomalyDetector.load takes that of any detector with a name.

        Raises:
            InputError: there is none, it is damaged, or it holds another kind of detector.
        """
        detector: Self = read_detector(cls, Path(path))
        return detector

    def _state(self) -> Mapping[str, tuple[str, ...]]:
        """Return names and shapes of the arrays that a fit makes, with these parameters."""
        return self.state

    def _stored(self) -> dict[str, AnyArray]:
        """Return the arrays that a fit has made, by their names in `_state`."""
        return {name: np.asarray(getattr(self, f"_{name}")) for name in self._state()}

    def _accept(self, arrays: Mapping[str, AnyArray]) -> None:
        """Keep the arrays that a fit has made."""
        for name in self._state():
            setattr(self, f"_{name}", arrays[name])

    def _restore(self) -> None:
        """Make what is not stored; raise ValueError for arrays that no fit makes."""

    def decision_function(self, X: ArrayLike | pd.DataFrame) -> Float64Array:  # noqa: N803
        """Score rows, larger is stranger.

        Args:
            X: (rows, series), columns and units as in the fit.

        Returns:
            (rows,) float64, finite; the unit is the detector's own.

        Raises:
            InputError: there are missing cells where none are taken.
            ValueError: X is no table of finite numbers, or not of the columns of the fit.
        """
        return _finite(self._score, self._to_score(X))

    def predict(self, X: ArrayLike | pd.DataFrame) -> IntArray:  # noqa: N803
        """Predict rows: 1 where the score is above `threshold_`, else 0.

        Args:
            X: as for `decision_function`.

        Returns:
            (rows,) int64.

        Raises:
            InputError: the detector was made of arrays alone, without a threshold; or as
                `decision_function`.
            ValueError: as `decision_function`.
        """
        scores = self.decision_function(X)
        if not hasattr(self, "threshold_"):
            raise InputError(
                f"Expected {self.title} to have been fitted, or loaded from a file that `save` "
                "wrote. Received one that was made of arrays, which have no threshold: compare "
                "`decision_function` with one of your own."
            )
        predicted: IntArray = (scores > self.threshold_).astype(np.int64)
        return predicted

    def score_series(self, X: ArrayLike | pd.DataFrame) -> Float64Array:  # noqa: N803
        """Score cells, larger is stranger.

        Args:
            X: as for `decision_function`.

        Returns:
            (rows, series) float64, finite.

        Raises:
            InputError: the detector does not score series apart, or as `decision_function`.
            ValueError: as `decision_function`.
        """
        return _finite(self._score_series, self._to_score(X))

    def residuals(self, X: ArrayLike | pd.DataFrame) -> Float32Array:  # noqa: N803
        """Compute the distance of each cell from what the detector expects, for a band around it.

        Args:
            X: as for `decision_function`.

        Returns:
            (rows, series) float32, in standard deviations of the rows of the fit, signed where the
            detector has a direction. A detector that does not score series apart has the same
            residual for all series of a row.

        Raises:
            InputError: as `decision_function`.
            ValueError: as `decision_function`.
        """
        return _finite(self._residuals, self._to_score(X))

    def causal_residuals(self, X: ArrayLike | pd.DataFrame) -> Float32Array:  # noqa: N803
        """Compute `residuals` from no later rows: what an alarm may rest on.

        Args:
            X: as for `decision_function`.

        Returns:
            As `residuals`, and the same unless the detector looks ahead.

        Raises:
            InputError: as `decision_function`.
            ValueError: as `decision_function`.
        """
        return _finite(self._causal_residuals, self._to_score(X))

    @property
    def expected_spread(self) -> AnyFloatArray | None:
        """The unit of the residuals, (series,), in units of X; None if no value is expected.

        A cell is expected to be what it is, less its residual in that unit.
        """
        return None

    @abstractmethod
    def _fit(self, values: AnyFloatArray) -> Float64Array | None:
        """Fit to checked rows (rows, series); return what `_score` gives them if it is at hand."""

    @abstractmethod
    def _score(self, values: AnyFloatArray) -> Float64Array:
        """Score checked rows (rows, series): (rows,) float64."""

    def _score_series(self, values: AnyFloatArray) -> Float64Array:
        """Score the cells of checked rows: (rows, series) float64."""
        raise InputError(
            f"{self.title} gives a row one score and does not tell its series apart. Use "
            "decision_function, or another detector."
        )

    def _residuals(self, values: AnyFloatArray) -> Float32Array:
        """Standardize the score of each row by those of the fit, the same for every series."""
        return self._standardized(self._score(values), values.shape[1])

    def _causal_residuals(self, values: AnyFloatArray) -> Float32Array:
        """Return residuals of checked rows from no later ones."""
        return self._residuals(values)

    def _standardized(self, scores: Float64Array, num_series: int) -> Float32Array:
        """Standardize scores of rows (rows,) to residuals (rows, series)."""
        mean, deviation = self._usual
        standardized = (scores - mean) / max(float(deviation), _LEAST_SPREAD)
        # Only the stranger side can be an alarm; the other keeps its order, close to 0.
        positive = np.maximum(standardized, 1e-3 * np.exp(np.minimum(standardized, 0.0)))
        return np.repeat(positive.astype(np.float32)[:, None], num_series, axis=1)

    def _to_score(self, X: object) -> AnyFloatArray:  # noqa: N803
        check_is_fitted(self)
        return self._validated(X, reset=False, fewest=1)

    def _validated(self, X: object, *, reset: bool, fewest: int) -> AnyFloatArray:  # noqa: N803
        """Check that X is a table of numbers and return it as an array; float32 stays float32."""
        refuse_words(X)
        values: AnyFloatArray = validate_data(
            self,
            X,
            reset=reset,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
            ensure_min_samples=fewest,
        )
        if not self.takes_missing and np.isnan(values).any():
            row, column = (int(place) for place in np.argwhere(np.isnan(values))[0])
            raise InputError(
                f"{self.title} takes no missing cells. Received NaN in row {row}, column {column} "
                "of X, counted from 0: fill the cells or leave the rows out, or use a detector "
                "that takes them, such as DCVAEDetector."
            )
        return values

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_usual")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.takes_missing
        return tags


def _finite(compute: Callable[[AnyFloatArray], _Array], values: AnyFloatArray) -> _Array:
    """Compute scores of values so far out that they have no square, or no float32: the largest."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        scores = compute(values)
    # Infinity less infinity is NaN, and as far out as can be.
    finite: _Array = np.nan_to_num(scores, copy=False, nan=float(np.finfo(scores.dtype).max))
    return finite
