"""Words of the page: of losses and verdicts, and no contradiction whatever is zero."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

from dcvae.report.page.words import fit_words, losses_words, verdict_words
from support import report_content
from support.browser import opened, written

# The finding that a model fits looks at the middle window, and may say otherwise.
FEW = "data; a few large anomalies are enough for that, and leave the middle window alone."


def losses_of(training, validation, file):
    rows = ["training", "validation", "this file"]
    return pd.DataFrame({"reconst": [training, validation, file]}, index=rows)


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ((-1.0, -0.9, -0.87), "is as well reconstructed as the validation data."),
        ((-1.0, -0.9, -0.93), "is as well reconstructed as the validation data."),
        ((-1.0, -0.9, -0.99), "is better reconstructed than the validation data."),
        ((-1.0, -0.9, -0.6), f"is a little less well reconstructed than the validation {FEW}"),
        ((-1.0, -0.9, 4.0), f"is much less well reconstructed than the validation {FEW}"),
        ((-1.0, np.nan, -0.98), "is as well reconstructed as the training data."),
    ],
)
def test_losses_are_put_into_words(losses, words):
    assert fit_words(losses_of(*losses)) == f"On average, this file {words}"


def test_losses_that_are_not_known_say_so():
    assert fit_words(losses_of(1.0, 1.0, np.nan)).endswith("this file is not known.")
    assert fit_words(losses_of(1.0, 1.0, 1.0).iloc[:0]).endswith("this file is not known.")
    assert "no comparison" in fit_words(losses_of(np.nan, np.nan, 1.0))


def test_losses_are_in_nats_where_there_is_a_likelihood() -> None:
    rows = ["training", "validation", "this file"]
    losses = pd.DataFrame({"loss": 0.5, "reconst": 0.25, "kl": [0.1, 0.0, 0.2]}, index=rows)
    title, note = losses_words(losses)
    assert title == "The losses in nats"
    assert note.startswith("The loss is the negative evidence lower bound: ")
    title, note = losses_words(losses.assign(kl=0.0))
    assert title == "The losses"
    assert note.startswith("The loss is the mean error of scaled values, ")
    assert losses_words(losses.iloc[:0]) == ("The losses", "")


def test_verdicts_in_short():
    assert verdict_words(0, 60, 60) == "No alarm in 60 scored rows."
    assert verdict_words(0, 1, 1) == "No alarm in 1 scored row."
    assert verdict_words(1, 60, 60) == "1 alarm in 60 rows."
    assert verdict_words(0, 60, 0) == "None of the 60 rows could be judged."


def combination(events, flags, judged, labels):
    """A page of few rows, in which this or that is zero."""
    made = report_content.content(600, 2, num_events=3)
    score = made.score
    none = np.zeros(600, bool)
    if not events:
        made = report_content.changed(made, events=report_content.NO_EVENTS, event_series=None)
        score = replace(score, alarm=none)
    if not judged:
        rows = np.full(600, np.nan)
        score = replace(score, score=rows, reference=rows, alarm=none, not_judged=~none)
    limits = replace(made.other_limits, alarms=made.other_limits.alarms.copy())
    limits.alarms[:, 1] = score.alarm
    fields = {"score": score, "other_limits": limits}
    if not flags:
        fields["flags"] = np.zeros_like(made.flags)
    if labels == "none given":
        fields |= {"labels": None, "metrics": None, "baselines": None}
    elif labels == "none set":
        fields["labels"] = np.zeros_like(made.labels)
    return report_content.changed(made, **fields)


@pytest.mark.slow
def test_nothing_contradicts_itself_whatever_is_zero(browser, tmp_path):
    every = product((True, False), (True, False), (True, False), ("some", "none set", "none given"))
    page = None
    for events, flags, judged, labels in every:
        made = combination(events, flags, judged, labels)
        path = written(made, tmp_path)
        if page is None:
            page = opened(browser, path)
        else:
            page.goto(path.as_uri())
            page.wait_for_selector("html[data-state=ready]", state="attached")
        text = page.inner_text("body")
        count = len(made.events)
        case = (events, flags, judged, labels)
        without = ("not in alarm", "No alarm", "no event", "No event", "could be judged")
        if events:
            assert not [words for words in without if words in text], case
            assert f"{count} alarms in 600 rows." in text, case
            assert page.inner_text("#event-count") == f"{count} events", case
            assert page.locator("#cards .card").count() == min(count, 4), case
        else:
            assert page.locator(".card, #event-table, #all-events").count() == 0, case
            assert "No event to list." in text, case
            judged_words = ("No alarm in", "The system was not in alarm")
            for words in judged_words:
                assert (words in text) == judged, case
            for words in ("None of the 600 rows could be judged", "No row could be judged"):
                assert (words in text) != judged, case
        scored = 600 - int(made.score.not_judged.sum())
        assert "600 rows" in page.inner_text("#facts"), case
        assert ("not judged" in page.inner_text("#facts")) == (scored < 600), case
        assert ("No row of this file was judged" in text) != judged, case
        if judged:
            words = page.inner_text("#limit-words")
            # The verdict counts level shifts apart: the two must not seem to differ.
            shifts = ", level shifts included" * (made.events["kind"] == "level shift").any().item()
            assert words == f"1, in use: {count} alarm{'s' * (count != 1)}{shifts}", case
        captions = page.locator("#chart-list figcaption").all_inner_texts()
        for number, caption in enumerate(captions):
            present = int((~np.isnan(made.values[:, number])).sum())
            flagged = int(made.flags[:, number].sum())
            assert f"{flagged} of {present} values outside the band" in caption, case
        assert ("Give --labels" in text) == (labels == "none given"), case
        assert ("labeled as anomaly" in text) == (labels != "none given"), case
    complaints = page.complaints
    page.context.close()
    assert complaints == []
