"""What long work announces of itself, to whoever asked for it and to nobody else."""

import numpy as np
import pytest

from dcvae._progress import begin, counted, shown_by, tell
from dcvae.config import Settings, preset
from dcvae.detection import fit_thresholds


class Heard:
    """A listener that remembers."""

    def __init__(self):
        self.begun = []
        self.done = 0
        self.told = []

    def begin(self, words, total):
        self.begun.append((words, total))

    def advance(self, count):
        self.done += count

    def tell(self, sentence):
        self.told.append(sentence)


def test_nobody_hears_what_is_announced_before_and_after():
    heard = Heard()
    begin("before")
    assert list(counted([1, 2], "before", 2)) == [1, 2]
    with shown_by(heard):
        begin("within")
    begin("after")
    assert (heard.begun, heard.done) == ([("within", None)], 0)


def test_what_a_user_may_not_expect_is_told_also_within_a_part():
    heard = Heard()
    with shown_by(heard):
        tell("Before.")
        for _ in counted("ab", "outer"):
            tell("Within.")
    assert heard.told == ["Before.", "Within.", "Within."]
    with pytest.warns(UserWarning, match=r"^Nobody listens\.$"):
        tell("Nobody listens.")


def test_what_is_inside_a_part_is_not_told_and_what_follows_is():
    heard = Heard()
    with shown_by(heard):
        for _ in counted("ab", "outer"):
            begin("inner")
            assert list(counted([1, 2, 3], "inner", 3)) == [1, 2, 3]
        begin("next")
    assert heard.begun == [("outer", None), ("next", None)]
    assert heard.done == 2


def thresholds(labels, **keys):
    heard = Heard()
    settings = Settings.from_values(preset("recommended") | keys, "recommended.txt")
    error = np.random.default_rng(1).standard_normal((600, 3)).astype(np.float32)
    times = np.arange(600) * 300_000_000
    with shown_by(heard):
        fit_thresholds(
            *(error, error, ("a", "b", "c"), settings),
            times=times,
            step_seconds=300.0,
            labels=labels,
            offline=np.square(error.astype(np.float64)),
        )
    return heard


def test_thresholds_without_labels():
    heard = thresholds(None)
    assert heard.begun == [
        ("fitting the alarm", None),
        ("fitting alphas", 3),
        ("fitting the alarm of offline scores", None),
    ]
    assert heard.done == 3


def test_thresholds_by_labels():
    labels = np.zeros((600 + 63, 3), dtype=bool)
    labels[300:310, :2] = True
    heard = thresholds(labels, tune_alarms=True)
    assert heard.begun == [
        ("fitting the alarm", None),
        ("searching alphas by labels", 2),  # of the series that have some
        ("searching alarm rules by labels", None),
        ("fitting the alarm of offline scores", None),
    ]
    assert heard.done == 2
