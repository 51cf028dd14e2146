"""What is kept of a preprocessor, and every kind of damage to it, each with its own words."""

import json
from typing import Any

import pytest

from dcvae import InputError
from dcvae.data import Preprocessor
from support.builders import settings_with
from support.tables import random_frame

# ------------------------------------------------------------------- what is stored


@pytest.mark.parametrize("keys", [{}, {"wo_outliers": False}, {"fidelity": "code"}])
def test_stored_and_read_back(keys: dict[str, Any]) -> None:
    preprocessor = Preprocessor.fit(random_frame(), settings_with(**keys))
    stored = json.loads(json.dumps(preprocessor.to_dict()))
    assert Preprocessor.from_dict(stored, "preprocessing.json") == preprocessor


STORED = {
    "series": ["A", "B"],
    "mean": [0.5, 1],
    "scale": [2.0, 1],
    "max_std": 7.0,
    "outliers_of": "training",
    "max_fill": 12,
    "center": [0.5, 1],
    "longest_constant": [3, None],
    "lower": [-3.5, 1],
    "upper": [4.5, 1],
    "scores_filled": False,
}
LATER = {"scores_filled", "lower", "upper"}  # what files of earlier versions lack


def test_the_stored_example_is_accepted() -> None:
    assert Preprocessor.from_dict(STORED, "x.json").series == ("A", "B")


@pytest.mark.parametrize("key", sorted(set(STORED) - LATER))
def test_stored_without_a_key(key: str) -> None:
    stored = {name: value for name, value in STORED.items() if name != key}
    with pytest.raises(
        InputError,
        match=r"models/a/x\.json is damaged: expected the keys .*, received .* Train the model",
    ):
        Preprocessor.from_dict(stored, "models/a/x.json")


def test_stored_by_an_earlier_version() -> None:
    earlier = {name: value for name, value in STORED.items() if name not in LATER}
    without = STORED | {"lower": None, "upper": None}
    assert Preprocessor.from_dict(earlier, "x.json") == Preprocessor.from_dict(without, "x.json")


def test_stored_with_another_key() -> None:
    with pytest.raises(InputError, match=r"damaged: expected the keys .*received .*'median'"):
        Preprocessor.from_dict(STORED | {"median": [1, 2]}, "x.json")


NAMES = "a list of one or more names, each once"
EACH = "a finite number for each of the 2 series"
EACH_SCALE = "a finite number above 0 for each of the 2 series"
EACH_RUN = "null or a whole number of at least 1 for each of the 2 series"
COUNT = "null or a whole number of at least 0"
BOUND = "null or a finite number for each of the 2 series"
LIMIT = "null or a finite number above 0"
WHICH = '"training" or "each file"'
# Every value that training cannot have stored: its key, what it must be, how it is shown.
DAMAGED = [
    ({"series": []}, "series", NAMES, "[]"),
    ({"series": [], "mean": [], "scale": []}, "series", NAMES, "[]"),
    ({"series": "AB"}, "series", NAMES, '"AB"'),
    ({"series": None}, "series", NAMES, "null"),
    ({"series": 2}, "series", NAMES, "2"),
    ({"series": ["A", 2]}, "series", NAMES, '["A", 2]'),
    ({"series": ["A", ["B"]]}, "series", NAMES, '["A", ["B"]]'),
    ({"series": ["A", "A"]}, "series", NAMES, '["A", "A"]'),
    ({"series": {"A": 1, "B": 2}}, "series", NAMES, '{"A": 1, "B": 2}'),
    # One name less: the first list that no longer fits is named.
    (
        {"series": ["A"]},
        "mean",
        "a finite number for each of the 1 series",
        "[0.5, 1]",
    ),
    ({"mean": [0.5]}, "mean", EACH, "[0.5]"),
    ({"mean": {"A": 1, "B": 2}}, "mean", EACH, '{"A": 1, "B": 2}'),
    ({"mean": [0.5, None]}, "mean", EACH, "[0.5, null]"),
    ({"mean": [0.5, True]}, "mean", EACH, "[0.5, true]"),
    ({"mean": [0.5, float("nan")]}, "mean", EACH, "[0.5, NaN]"),
    ({"mean": [0.5, "1"]}, "mean", EACH, '[0.5, "1"]'),
    (
        {"mean": [0.5, 10**400]},
        "mean",
        EACH,
        "[0.5, 1" + "0" * 53 + " ... " + "0" * 59 + "]",
    ),
    ({"scale": [2.0, 0.0]}, "scale", EACH_SCALE, "[2.0, 0.0]"),
    ({"scale": [2.0, -1.0]}, "scale", EACH_SCALE, "[2.0, -1.0]"),
    ({"scale": [2.0, float("inf")]}, "scale", EACH_SCALE, "[2.0, Infinity]"),
    ({"scale": [2.0, "1"]}, "scale", EACH_SCALE, '[2.0, "1"]'),
    ({"scale": [2.0]}, "scale", EACH_SCALE, "[2.0]"),
    ({"max_std": "7"}, "max_std", LIMIT, '"7"'),
    ({"max_std": True}, "max_std", LIMIT, "true"),
    ({"max_std": 0}, "max_std", LIMIT, "0"),
    ({"max_std": -7.0}, "max_std", LIMIT, "-7.0"),
    ({"max_std": float("inf")}, "max_std", LIMIT, "Infinity"),
    ({"max_fill": -1}, "max_fill", COUNT, "-1"),
    ({"max_fill": 1.5}, "max_fill", COUNT, "1.5"),
    ({"max_fill": True}, "max_fill", COUNT, "true"),
    ({"center": [0.5]}, "center", EACH, "[0.5]"),
    ({"center": [0.5, None]}, "center", EACH, "[0.5, null]"),
    ({"center": 0.5}, "center", EACH, "0.5"),
    ({"longest_constant": [3]}, "longest_constant", EACH_RUN, "[3]"),
    ({"longest_constant": [3, 0]}, "longest_constant", EACH_RUN, "[3, 0]"),
    ({"longest_constant": [3, 1.5]}, "longest_constant", EACH_RUN, "[3, 1.5]"),
    ({"longest_constant": [3, True]}, "longest_constant", EACH_RUN, "[3, true]"),
    ({"longest_constant": None}, "longest_constant", EACH_RUN, "null"),
    ({"lower": [-3.5]}, "lower", BOUND, "[-3.5]"),
    ({"lower": -3.5}, "lower", BOUND, "-3.5"),
    ({"lower": [-3.5, None]}, "lower", BOUND, "[-3.5, null]"),
    ({"upper": [4.5, float("inf")]}, "upper", BOUND, "[4.5, Infinity]"),
    ({"outliers_of": "nothing"}, "outliers_of", WHICH, '"nothing"'),
    ({"scores_filled": 1}, "scores_filled", "true or false", "1"),
    ({"scores_filled": None}, "scores_filled", "true or false", "null"),
    ({"outliers_of": None}, "outliers_of", WHICH, "null"),
    ({"outliers_of": ["training"]}, "outliers_of", WHICH, '["training"]'),
]


@pytest.mark.parametrize(("change", "key", "expected", "received"), DAMAGED)
def test_stored_values_that_training_cannot_have_stored(
    change: dict[str, Any], key: str, expected: str, received: str
) -> None:
    with pytest.raises(InputError) as refused:
        Preprocessor.from_dict(STORED | change, "models/a/x.json")
    assert str(refused.value) == (
        f"models/a/x.json is damaged: expected `{key}` to be {expected}, received {received}. "
        "Train the model again."
    )


@pytest.mark.parametrize(
    "change",
    [{"lower": [-3.5, 2]}, {"lower": None}, {"upper": None}],
)
def test_stored_bounds_that_bound_nothing(change: dict[str, Any]) -> None:
    with pytest.raises(
        InputError,
        match=r"^models/a/x\.json is damaged: expected `lower` to be at most `upper` in every "
        r"series, or both null, received .* and .*\. Train the model again\.$",
    ):
        Preprocessor.from_dict(STORED | change, "models/a/x.json")


def test_a_model_of_an_earlier_version_has_no_bounds() -> None:
    stored = {name: value for name, value in STORED.items() if name not in ("lower", "upper")}
    read = Preprocessor.from_dict(stored, "x.json")
    assert (read.lower, read.upper, read.constants) == (None, None, (None, None))
    assert Preprocessor.from_dict(STORED, "x.json").constants == (None, 1)


def test_every_part_has_its_own_words() -> None:
    assert {key for _, key, _, _ in DAMAGED} == set(STORED)


@pytest.mark.parametrize(
    "change",
    [
        {"max_std": None},
        {"max_std": 7},
        {"max_fill": None},
        {"max_fill": 0},
        {"outliers_of": "each file"},
        {"longest_constant": [None, 1]},
        {"mean": [-1e308, 0]},
        {"lower": None, "upper": None},
        {"scores_filled": True},
    ],
)
def test_stored_values_that_training_may_have_stored(change: dict[str, Any]) -> None:
    stored = STORED | change
    read = Preprocessor.from_dict(json.loads(json.dumps(stored)), "x.json")
    assert json.loads(json.dumps(read.to_dict())) == stored
