"""The past of a file against a twin that goes block by block with lists, and made-up shifts."""

import numpy as np
import pytest

from dcvae.detection.alarms.following import Clock, Following, block_rows, unbroken
from dcvae.detection.alarms.past import Past

NAN = np.nan
MINUTE = 60_000_000
LONGEST = 40  # rows
WINDOW = 96  # rows, so blocks of two
LIMIT, LEAVE, HOLD = 30.0, 0.5, 6


def learned(num_series=3, *, series=2, window=WINDOW, longest=LONGEST, calm=1.5):
    ones = np.ones(num_series)
    return Following(window, longest, series, ones * 1.2, ones * 1.1, ones * 0.8, calm, 60.0)


def past_of(relative, times=None, following=None, **options):
    following = learned(relative.shape[1]) if following is None else following
    times = np.arange(len(relative)) * MINUTE if times is None else times
    return Past(
        following, lambda first, stop: relative[first:stop], following.clock(times), **options
    )


def noise(rows=600, series=3, seed=0):
    """Squares over their levels, with little between the usual and the largest."""
    return np.random.default_rng(seed).uniform(0.2, 1.0, (rows, series))


def eventful(seed, rows=900):
    """Shifts of all lengths, missing cells and rows, lost rows, and gaps."""
    random = np.random.default_rng(seed)
    relative = random.exponential(size=(rows, 3))
    for start in range(60, rows, 90):
        length = int(random.choice([1, 5, 30, 60, 100]))
        columns = random.permutation(3)[: random.integers(1, 4)]
        relative[start : start + length, columns] *= random.choice([4.0, 20.0, 400.0])
    relative[random.random(relative.shape) < 0.1] = NAN
    lost = int(random.integers(100, rows - 50))
    relative[lost : lost + 12] = NAN
    steps = random.choice([1, 2, 4, 30], rows, p=[0.97, 0.01, 0.01, 0.01])
    return relative, np.cumsum(steps) * MINUTE


# ------------------------------------------------------------------- the slow twin


def reference_twin(history, following):
    found = []
    for known, lowest in zip(history, following.lowest, strict=True):
        last = sorted(known[-48:])
        at = int(0.9 * (len(last) - 1) + 0.5)
        found.append(max(last[at], lowest) if len(last) >= 12 else NAN)
    return found


def judge_twin(row, reference, following):
    ratios = [
        square / (level * usual)
        for square, level, usual in zip(row, reference, following.usual, strict=True)
    ]
    if all(np.isnan(ratio) for ratio in ratios):
        return NAN
    ratios = sorted(0.0 if np.isnan(ratio) else min(ratio, 1e6) for ratio in ratios)
    return float(np.prod([1.0 + ratio for ratio in ratios[-following.series :]]))


def largest(values):
    known = [value for value in values if not np.isnan(value)]
    return max(known) if known else NAN


def past_twin(following, relative, times, limit, hold):
    """All of `past`'s first lines, one block after the other."""
    numbers = times // (MINUTE * block_rows(following.window))
    # Of as many series at their references: what is usual is 1.1 times that.
    level = (1 + 1 / 1.1) ** min(following.series, relative.shape[1])
    lower = min(max(limit**LEAVE, following.calm, level), limit)
    longest = -(-following.longest // block_rows(following.window))
    history = [[] for _ in range(relative.shape[1])]
    before, kept, since, on, last = None, [], 0, False, 0
    strangeness, references, held, accepted, returned = [], [], [], [], []
    for at, number in enumerate(np.unique(numbers)):
        rows = np.flatnonzero(numbers == number)
        reference = reference_twin(history, following)
        references.append(reference)
        found = [judge_twin(relative[row], reference, following) for row in rows]
        strangeness += found
        held.append(False)
        block = [largest(relative[rows, column]) for column in range(relative.shape[1])]
        if np.isnan(largest(block)):
            continue  # missing rows age nothing
        if on and times[rows[0]] - last > (hold + 1) * MINUTE:
            kept, on = [], False
        last = times[rows[-1]]
        if before is not None and at - since > longest:
            before = None
        learn = []
        earlier = reference_twin(before or history, following)
        calm = largest([judge_twin(relative[row], earlier, following) for row in rows]) <= lower
        if before is not None and calm:
            history, before, learn, kept, on = before, None, [block], [], False
            returned.append(int(rows[-1]))
        else:
            if not np.isnan(largest(found)):
                on = largest(found) > (lower if on else limit)
            held[-1] = on
            if not on:
                learn, kept = [block], []
            else:
                kept.append(block)
                if len(kept) == longest:
                    before, since = [list(known) for known in history], at
                    accepted.append(int(rows[-1]))
                    learn, kept, on = kept, [], False
        for values in learn:
            for known, value in zip(history, values, strict=True):
                if not np.isnan(value):
                    known.append(value)
    return np.array(strangeness), np.array(references), held, accepted, returned


@pytest.mark.parametrize("limit", [3.0, 12.0, 200.0])
@pytest.mark.parametrize("seed", range(12))
def test_a_file_is_judged_as_by_the_slow_twin(seed, limit):
    relative, times = eventful(seed)
    following, hold = learned(), (0, 6, 20)[seed % 3]
    followed = past_of(relative, times, following).run(limit, LEAVE, hold)
    strangeness, references, held, accepted, returned = past_twin(
        following, relative, times, limit, hold
    )
    np.testing.assert_allclose(followed.strangeness, strangeness, rtol=1e-12)
    np.testing.assert_array_equal(followed.references, references)
    assert followed.held.tolist() == held
    assert (followed.accepted, followed.returned) == (accepted, returned)


def test_the_twin_has_seen_all_that_can_happen():
    several = [past_twin(learned(), *eventful(seed), 12.0, 6) for seed in range(12)]
    assert sum(len(accepted) for *_, accepted, _ in several) > 5
    assert sum(len(returned) for *_, returned in several) > 1
    assert all(any(held) for _, _, held, *_ in several)


# ------------------------------------------------------------------- causal


@pytest.mark.parametrize("window", [48, WINDOW, 288])
@pytest.mark.parametrize("seed", range(3))
def test_a_file_cut_off_after_any_row_has_the_same_strangeness(seed, window):
    relative, times = eventful(seed, rows=500)
    following = learned(window=window)
    whole = past_of(relative, times, following).run(12.0, LEAVE, HOLD).strangeness
    for stop in range(1, 500):
        part = past_of(relative[:stop], times[:stop], following).run(12.0, LEAVE, HOLD)
        np.testing.assert_array_equal(part.strangeness, whole[:stop])


def test_no_row_depends_on_how_many_are_looked_at_at_once():
    relative = noise(70_000, 2)
    following = learned(2, window=48)  # blocks of a row
    references = np.maximum(unbroken(relative, 48, 0.9), following.lowest)
    expected = np.prod(1.0 + relative / (references * following.usual), axis=1)
    np.testing.assert_allclose(past_of(relative, None, following).strangeness, expected)


# ------------------------------------------------------------------- incidents and shifts


def test_nothing_is_judged_before_twelve_blocks():
    past = past_of(noise())
    assert np.isnan(past.strangeness[: 12 * 2]).all()
    assert np.isfinite(past.strangeness[12 * 2 :]).all()


def test_an_incident_shorter_than_the_longest_is_held_to_its_last_row():
    relative = noise()
    relative[300 : 300 + LONGEST - 2] *= 50
    followed = past_of(relative).run(LIMIT, LEAVE, HOLD)
    assert (followed.strangeness[300 : 300 + LONGEST - 2] > LIMIT).all()
    assert (followed.strangeness[300 + LONGEST - 2 :] < LIMIT**LEAVE).all()
    assert np.flatnonzero(followed.held).tolist() == list(range(150, 150 + LONGEST // 2 - 1))
    assert followed.accepted == followed.returned == []
    # The blocks after it have the references of before.
    calm = np.delete(relative, np.s_[300 : 300 + LONGEST - 2], axis=0)
    after = past_of(calm).run(LIMIT, LEAVE, HOLD).references[150:]
    np.testing.assert_array_equal(followed.references[150 + LONGEST // 2 - 1 :], after)


def test_a_lasting_shift_is_accepted_once_and_then_calm():
    relative = noise(900)
    relative[300:] *= 50
    followed = past_of(relative).run(LIMIT, LEAVE, HOLD)
    assert (followed.strangeness[300 : 300 + LONGEST] > LIMIT).all()
    assert (followed.strangeness[300 + LONGEST :] < LIMIT**LEAVE).all()
    assert followed.accepted == [300 + LONGEST - 1]  # with the last row of those
    assert followed.returned == []


def test_the_old_references_return_with_the_old_level():
    relative = noise(900)
    relative[300:360] *= 50  # accepted after 40 rows, over 20 rows later
    followed = past_of(relative).run(LIMIT, LEAVE, HOLD)
    assert (followed.accepted, followed.returned) == ([300 + LONGEST - 1], [361])
    assert (followed.references[180] > 10 * followed.references[150]).all()
    # From the next block on, which has learned of this one too.
    np.testing.assert_allclose(followed.references[181], followed.references[150], rtol=0.1)
    relative[500:502] *= 50
    again = past_of(relative).run(LIMIT, LEAVE, HOLD)
    assert (again.strangeness[500:502] > LIMIT).all()  # as if there had been no shift


def test_too_late_the_old_level_is_only_one_more():
    relative = noise(900)
    relative[300 : 300 + 3 * LONGEST] *= 50
    followed = past_of(relative).run(LIMIT, LEAVE, HOLD)
    assert followed.returned == []
    assert (followed.references[210] > 10 * followed.references[150]).all()


@pytest.mark.parametrize(("hold", "accepted"), [(8, True), (7, False)])
def test_a_gap_longer_than_the_hold_begins_an_alarm_anew(hold, accepted):
    relative = noise(300 + LONGEST)
    relative[300:] *= 50
    times = np.arange(len(relative)) * MINUTE
    times[320:] += 8 * MINUTE
    followed = past_of(relative, times).run(LIMIT, LEAVE, hold)
    assert bool(followed.accepted) == accepted


@pytest.mark.parametrize("lost", [12, 400])
def test_missing_rows_age_nothing_as_if_they_were_not_there(lost):
    relative = noise(900)
    relative[300:] *= 50
    holes = np.insert(relative, 320, np.full((lost, 3), NAN), axis=0)
    times = np.arange(len(holes)) * MINUTE
    there = ~np.isnan(holes[:, 0])
    with_rows = past_of(holes, times).run(LIMIT, LEAVE, HOLD)
    without = past_of(holes[there], times[there]).run(LIMIT, LEAVE, HOLD)
    np.testing.assert_array_equal(with_rows.strangeness[there], without.strangeness)
    assert np.isnan(with_rows.strangeness[~there]).all()
    assert with_rows.held.sum() == without.held.sum()


def test_references_that_do_not_move_are_those_of_training():
    relative = noise()
    relative[100:] *= 50
    past = past_of(relative, moves=False)
    followed = past.run(LIMIT, LEAVE, HOLD)
    following = learned()
    expected = np.sort(1.0 + relative / (following.lowest * following.usual), axis=1)[:, -2:]
    np.testing.assert_allclose(followed.strangeness, expected.prod(axis=1))
    assert followed.accepted == []
    assert (past.widths() == 1).all()


def test_other_squares_are_judged_by_the_references_that_were_found():
    relative, times = eventful(0)
    past = past_of(relative, times)
    followed = past.run(12.0, LEAVE, HOLD)
    same = past.against(followed, lambda first, stop: relative[first:stop])
    np.testing.assert_array_equal(same, followed.strangeness)
    other = np.random.default_rng(1).exponential(size=relative.shape)
    found = past.against(followed, lambda first, stop: other[first:stop])
    rows = Clock.of(times, 60.0, WINDOW).block
    expected = [
        judge_twin(row, followed.references[block], learned())
        for row, block in zip(other, rows, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


# ------------------------------------------------------------------- widths


def test_widths_are_roots_of_medians_of_twice_the_longest():
    relative, times = eventful(3)
    widths = past_of(relative, times).widths()
    blocks = np.fmax.reduceat(relative, Clock.of(times, 60.0, WINDOW).starts, axis=0)
    for at in range(0, len(blocks), 7):
        for column in range(3):
            known = blocks[:at, column]
            known = np.sort(known[~np.isnan(known)][-LONGEST:])  # 20 blocks are the longest
            width = 1.0
            if len(known) >= 12:
                width = max(known[int(0.5 * (len(known) - 1) + 0.5)] / 0.8, 1.0) ** 0.5
            assert widths[at, column] == pytest.approx(width)


def test_an_incident_hardly_widens_a_band_and_a_lasting_shift_does():
    relative = noise(900)
    usual = past_of(relative).widths()
    incident = relative.copy()
    incident[300 : 300 + LONGEST - 4] *= 100
    assert (past_of(incident).widths() / usual).max() < 1.3
    relative[300:] *= 100
    shifted = past_of(relative).widths() / usual
    assert shifted[150].tolist() == [1.0, 1.0, 1.0]
    np.testing.assert_allclose(shifted[150 + LONGEST :], 10.0, rtol=0.3)


def test_a_past_that_is_told_what_was_learned_of_it_is_as_a_new_one():
    relative, times = eventful(1)
    past = past_of(relative, times, learned(calm=1.01))
    early = past.run(LIMIT, 0.1, HOLD)
    past.learned(learned(calm=8.0))
    for _ in range(2):  # what is kept for the second run
        found = past.run(LIMIT, 0.1, HOLD)
        new = past_of(relative, times, learned(calm=8.0)).run(LIMIT, 0.1, HOLD)
        np.testing.assert_array_equal(found.strangeness, new.strangeness)
        np.testing.assert_array_equal(found.held, new.held)
    assert (found.held != early.held).any()
