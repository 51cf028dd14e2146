"""Sources of events: which windows train, touch an event and test, against loops over rows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.contamination.series import InventedSource, LabeledSource, SeriesKeys
from dcvae.contamination.series.plans import Plan
from dcvae.data import Table
from dcvae.pipeline import EVENT_KINDS
from support.builders import settings_with
from support.labeled_series import labeled_source, labels_at, series_table

WINDOW, REACH = 4, 13  # T = 8, and a score is the mean of six rows


def window_of(end: int, length: int = WINDOW) -> range:
    return range(end - length + 1, end + 1)


def training_numbers(plan: Plan, rho: float) -> tuple[set[int], set[int]]:
    """Rows of the file in which normal and contaminated training windows end."""
    material = plan.material(rho)
    ends = plan.rows[material.ends]
    assert len(set(ends)) == len(ends)
    return set(ends[~material.contaminated].tolist()), set(ends[material.contaminated].tolist())


@pytest.mark.parametrize("split", ["time", "event"])
@pytest.mark.parametrize("seed", range(4))
class TestLabeled:
    """Splits are properties: all of them hold for every run of tables with random events."""

    def plans(self, split: str, seed: int) -> tuple[LabeledSource, list[Plan]]:
        source = labeled_source(seed=seed, split=split)
        assert source.reach == REACH
        return source, [source.plan(run) for run in (1, 2)]

    def test_no_event_is_in_training_and_test(self, split, seed):
        source, plans = self.plans(split, seed)
        for plan in plans:
            assert not set(plan.rows) & set(plan.test_rows)
            tested = set(plan.test_rows.tolist())
            for start, stop in zip(*source.events, strict=True):
                around = set(range(start - WINDOW, stop + WINDOW))
                assert around <= tested or not around & tested

    def test_no_window_has_rows_of_both_parts(self, split, seed):
        _, plans = self.plans(split, seed)
        for plan in plans:
            rows, tested = set(plan.rows.tolist()), set(plan.test_rows.tolist())
            normal, contaminated = training_numbers(plan, plan.shares[-1])
            for end in normal | contaminated:
                assert set(window_of(end, REACH)) <= rows
            for end in plan.test_rows[plan.test_ends]:
                assert set(window_of(end, REACH)) <= tested

    def test_contaminated_windows_are_those_that_touch_a_label(self, split, seed):
        source, plans = self.plans(split, seed)
        labeled = source._labeled
        for plan in plans:
            normal, contaminated = training_numbers(plan, plan.shares[-1])
            for end in range(REACH - 1, 1200):
                touches = labeled[list(window_of(end))].any()
                assert (end in contaminated) == (
                    touches and set(window_of(end, REACH)) <= set(plan.rows)
                )
                assert not touches or end not in normal

    def test_larger_contains_smaller_and_the_rest_is_the_same(self, split, seed):
        _, plans = self.plans(split, seed)
        for plan in plans:
            normals, before = set(), set()
            for rho in (0.0, 0.02, 0.05, 0.12):
                normal, contaminated = training_numbers(plan, rho)
                assert contaminated >= before
                assert (len(contaminated) > len(before)) == (rho > 0)
                assert not normals or normal == normals
                normals, before = normal, contaminated

    def test_no_training_window_sees_an_event_that_is_not_taken(self, split, seed):
        source, plans = self.plans(split, seed)
        for plan in plans:
            material = plan.material(0.05)
            excluded = set(plan.rows[material.excluded].tolist())
            for end in plan.rows[material.ends]:
                assert not excluded & set(window_of(end))
            # What is left of the labels are the events that were taken, and their surroundings.
            there = material.training.notna().all(axis=1).to_numpy() & source._labeled[plan.rows]
            assert set(plan.rows[there]) <= set(plan.rows[material.known])
            assert there.any()

    def test_windows_that_end_after_an_event_and_touch_it_are_not_tested(self, split, seed):
        source, plans = self.plans(split, seed)
        for plan in plans:
            ends = plan.test_rows[plan.test_ends]
            np.testing.assert_array_equal(plan.test_labels, source._labeled[ends])
            for end, label in zip(ends, plan.test_labels, strict=True):
                assert label or not source._labeled[list(window_of(end))].any()

    def test_a_run_is_planned_alike_again_and_runs_differ(self, split, seed):
        source, (first, second) = self.plans(split, seed)
        again = source.plan(1)
        order, same, other = (
            [plan.rows[each.ends[0]] for each in plan.pool] for plan in (first, again, second)
        )
        assert order == same
        assert order != other
        np.testing.assert_array_equal(first.test_ends, again.test_ends)


class TestTestFile:
    def source(self, start: str = "2024-03-01", path: str = "test.csv") -> LabeledSource:
        table, test = series_table(600), series_table(300, seed=9, start=start)
        test = Table(Path(path), test.frame, [])
        labels, truth = labels_at(table, [50, 200, 400]), labels_at(test, [100, 200])
        keys = SeriesKeys(window=WINDOW)
        return LabeledSource(table, labels, settings_with(), keys, (test, truth))

    def test_all_training_events_may_contaminate_and_all_of_the_file_is_tested(self):
        plan = self.source().plan(1)
        assert len(plan.pool) == 3
        np.testing.assert_array_equal(plan.rows, np.arange(600))
        np.testing.assert_array_equal(plan.test_rows, 600 + np.arange(300))
        assert plan.test_labels.sum() == 12

    def test_times_in_both_are_refused(self):
        with pytest.raises(InputError, match=r"test\.csv and train\.csv have 300 times in common"):
            self.source(start="2024-01-01")

    def test_hashes_of_all_files(self, tmp_path, monkeypatch):
        """Files of one name, of which any may have changed since a study began."""
        monkeypatch.chdir(tmp_path)
        for name in ("train", "labels", "test"):
            Path(f"{name}.csv").write_text(name)
        source = self.source()
        described = source.describe()
        assert set(described["files_sha256"]) == {"training", "labels", "test", "test_labels"}
        again = self.source(path="other/train.csv")
        Path("other").mkdir()
        Path("other/train.csv").write_text("test")
        hashes = again.describe()["files_sha256"]
        assert hashes["training"] == described["files_sha256"]["training"] != hashes["test"]
        assert described["data"].endswith("600 rows of 2 series; tested on test.csv")


class TestGapsAndMissing:
    def test_no_window_crosses_a_gap_or_ends_in_a_row_without_a_cell(self):
        table = series_table(1000)
        labels = labels_at(table, [100, 300, 600, 800])
        table.frame.iloc[200] = np.nan
        later = table.frame.index + pd.to_timedelta((np.arange(1000) >= 450) * 1, unit="D")
        table, labels = (
            Table(each.path, each.frame.set_axis(later, axis=0), []) for each in (table, labels)
        )
        plan = LabeledSource(table, labels, settings_with(), SeriesKeys(window=WINDOW)).plan(1)
        normal, contaminated = training_numbers(plan, plan.shares[-1])
        ends = normal | contaminated
        assert 200 not in ends
        assert 201 in ends
        assert 449 in ends
        assert not ends & set(range(450, 450 + REACH - 1))
        assert 450 + REACH - 1 in ends


class TestInvented:
    def source(self, rows: int = 2500, largest: float = 0.12, **keys: object) -> InventedSource:
        return InventedSource(
            series_table(rows), settings_with(), SeriesKeys(window=WINDOW, **keys), largest
        )

    def test_the_rows_themselves_train_without_contamination(self):
        source = self.source()
        plan = source.plan(1)
        material = plan.material(0.0)
        assert material.training.equals(source.table.frame.iloc[:1500])
        assert not material.excluded.any()

    def test_shares_in_reach_and_contaminated_windows(self):
        plan = self.source().plan(1)
        for rho in (0.02, 0.05, 0.12):
            material = plan.material(rho)
            assert abs(material.contaminated.mean() - rho) < 0.2 * rho
            changed = (material.training != plan.training).any(axis=1).to_numpy()
            for end, contaminated in zip(material.ends, material.contaminated, strict=True):
                assert contaminated >= changed[list(window_of(end))].any()

    def test_three_kinds_contaminate_and_all_are_tested(self):
        source = self.source()
        drawn = {source.kinds(run) for run in range(1, 9)}
        assert len(drawn) > 3
        for run in (1, 2):
            kinds = {each.planted.kind for each in source.plan(run).pool if each.planted}
            assert kinds <= set(source.kinds(run))
            assert len(kinds) >= 2
            tested = {event.kind for event in source._tested(source.table.frame.iloc[1500:], run)}
            assert tested == set(EVENT_KINDS)

    def test_test_rows_differ_from_the_file_where_they_are_labeled(self):
        source = self.source()
        plan = source.plan(1)
        own = source.table.frame.iloc[1500:]
        changed = (plan.test != own).any(axis=1).to_numpy()
        assert not changed[plan.test_ends[~plan.test_labels]].any()
        assert changed[plan.test_ends[plan.test_labels]].mean() > 0.95  # a drop may meet the least
        assert 0.03 < plan.test_labels.mean() < 0.15

    def test_what_it_cannot_tell_is_said(self):
        (notice,) = self.source().notices()
        assert "What the rows hold of real anomalies is not known" in notice


class TestRefusals:
    def test_no_label(self):
        table = series_table(400)
        with pytest.raises(InputError, match=r"No row of labels\.csv is labeled.*\(--invent\)"):
            LabeledSource(table, labels_at(table, []), settings_with(), SeriesKeys())

    def test_one_event(self):
        with pytest.raises(InputError, match=r"at least two events in labels\.csv"):
            labeled_source(starts=[100]).plan(1)

    def test_short_series(self):
        with pytest.raises(InputError, match="leaves 30 windows to train on that are near no"):
            labeled_source(rows=100, starts=[10, 90]).plan(1)

    def test_nothing_normal_to_test(self):
        table, test = series_table(400), series_table(60, start="2024-03-01")
        labels = labels_at(table, [100, 200])
        truth = Table(Path("truth.csv"), test.frame > -100, [])
        keys = SeriesKeys(window=WINDOW)
        source = LabeledSource(table, labels, settings_with(), keys, (test, truth))
        with pytest.raises(InputError, match=r"Received no normal row among the 48 rows of train"):
            source.plan(1)

    def test_series_that_never_change_have_no_invented_events(self):
        table = series_table(900)
        table.frame[:] = 1.0
        source = InventedSource(table, settings_with(), SeriesKeys(window=WINDOW), 0.05)
        with pytest.raises(InputError, match="Received no labeled row among"):
            source.plan(1)
