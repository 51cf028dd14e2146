"""Experiments on series: scores against NumPy, what they may depend on, and refusals."""

import dataclasses
import pickle

import numpy as np
import pytest

from dcvae import InputError
from dcvae.contamination.series import (
    InventedSource,
    LabeledSource,
    SeriesExperiment,
    SeriesKeys,
    known_detectors,
)
from dcvae.contamination.series.networks import NetworkDetector
from dcvae.contamination.series.sources import Source
from support.builders import settings_with
from support.labeled_series import labeled_source, labels_at, series_table

WINDOW = 4
RHO = (0.0, 0.05, 0.12)


def experiment_of(source: Source | None = None, rho=RHO, runs: int = 2) -> SeriesExperiment:
    return SeriesExperiment(source or labeled_source(), settings_with(), rho, runs)


@pytest.fixture(scope="module")
def experiment() -> SeriesExperiment:
    return experiment_of()


def flattened(frame, ends) -> np.ndarray:
    values = frame.to_numpy()
    return np.array([values[end - WINDOW + 1 : end + 1].ravel() for end in ends])


class TestOutcome:
    @pytest.mark.parametrize(
        "name", ["z-score", "squared-norm", "random", "pca", "isolation-forest", "k-means"]
    )
    def test_every_share_of_a_run_is_paired(self, experiment, name):
        outcomes = [experiment.outcome(name, 1, rho) for rho in RHO]
        for outcome, rho in zip(outcomes, RHO, strict=True):
            units, contaminated = experiment.training(1, rho)
            np.testing.assert_array_equal(outcome.training, units)
            np.testing.assert_array_equal(outcome.contaminated, contaminated)
            np.testing.assert_array_equal(outcome.test, outcomes[0].test)
            np.testing.assert_array_equal(outcome.labels, outcomes[0].labels)
            assert not set(outcome.training) & set(outcome.test)
            assert len(outcome.training_scores) == len(units)
            assert len(outcome.scores) == len(outcome.test)
            assert np.isfinite(outcome.training_scores).all()
            assert np.isfinite(outcome.scores).all()
            assert abs(contaminated.mean() - rho) < 0.2 * rho + 1e-9
        if name == "random":
            np.testing.assert_array_equal(outcomes[0].scores, outcomes[2].scores)

    @pytest.mark.parametrize("summaries", [False, True])
    @pytest.mark.parametrize("name", ["z-score", "squared-norm"])
    def test_by_numpy_on_windows_side_by_side(self, name, summaries):
        source = labeled_source(summaries=summaries)
        plan = source.plan(1)
        material = plan.material(0.05)
        if summaries:

            def shown(frame, ends):
                windows = flattened(frame, ends).reshape(len(ends), WINDOW, 2)
                times = np.arange(WINDOW)
                slope = np.array([np.polyfit(times, window, 1)[0] for window in windows])
                parts = (windows[:, -1], windows.mean(1), windows.std(1), slope)
                return np.concatenate([*parts, windows.max(1) - windows.min(1)], axis=1)
        else:
            shown = flattened
        training, test = (
            shown(material.training, material.ends),
            shown(material.test, material.test_ends),
        )
        deviations = (test - training.mean(0)) / training.std(0)
        expected = np.abs(deviations).max(1) if name == "z-score" else (deviations**2).sum(1)
        outcome = experiment_of(source).outcome(name, 1, 0.05)
        np.testing.assert_allclose(outcome.scores, expected, rtol=2e-3, atol=1e-3)

    def test_persistence_is_fitted_to_the_rows_of_the_training_windows(self, experiment):
        outcome = experiment.outcome("persistence", 1, 0.05)
        plan = labeled_source().plan(1)
        material = plan.material(0.05)
        rows = sorted({end - back for end in material.ends for back in range(WINDOW)})
        spread = material.training.iloc[rows].diff().iloc[1:].std(ddof=0)
        expected = (material.test.diff() / spread).abs().max(axis=1).to_numpy()
        np.testing.assert_allclose(outcome.scores, expected[material.test_ends], rtol=1e-4)

    def test_events_that_are_not_taken_change_nothing(self):
        changed = labeled_source()
        first = experiment_of(labeled_source())
        plan = changed.plan(1)
        excluded = plan.rows[plan.material(0.05).excluded]
        changed.table.frame.iloc[excluded] += 1000.0
        second = experiment_of(changed)
        for name in ("z-score", "k-means"):
            before, after = (each.outcome(name, 1, 0.05) for each in (first, second))
            np.testing.assert_array_equal(before.scores, after.scores)
            np.testing.assert_array_equal(before.training_scores, after.training_scores)

    def test_test_rows_change_no_training_score(self):
        changed = labeled_source()
        tested = changed.plan(1).test_rows
        changed.table.frame.iloc[tested] *= 3.0
        before, after = (
            experiment_of(source).outcome("isolation-forest", 1, 0.05)
            for source in (labeled_source(), changed)
        )
        np.testing.assert_array_equal(before.training_scores, after.training_scores)

    def test_another_process_has_the_same(self, experiment):
        again = pickle.loads(pickle.dumps(experiment_of()))
        for first, second in zip(
            experiment.outcome("isolation-forest", 2, 0.12),
            again.outcome("isolation-forest", 2, 0.12),
            strict=True,
        ):
            np.testing.assert_array_equal(first, second)

    def test_a_network_trained_for_an_epoch(self):
        """Once with all of it: a real network, its score of rows, in NumPy."""
        experiment = experiment_of()
        outcome = SeriesExperiment(labeled_source(), settings_with(epochs=1), RHO, 1).outcome(
            "dc-vae", 1, 0.05
        )
        z_score = experiment.outcome("z-score", 1, 0.05)
        np.testing.assert_array_equal(outcome.test, z_score.test)
        for scores in (outcome.scores, outcome.training_scores):
            assert np.isfinite(scores).all()
            assert (scores >= 0).all()
        # Events are eight units high in noise of 0.3: even one epoch sees them.
        assert np.median(outcome.scores[outcome.labels]) > 3 * np.median(
            outcome.scores[~outcome.labels]
        )

    def test_a_network_has_the_seed_of_its_run(self, monkeypatch):
        """That of the study, as results.csv has it, whatever the seed of the settings."""
        seeds = []

        def scores(self, material, path, seed):
            seeds.append(seed)
            return np.zeros(len(material.ends)), np.zeros(len(material.test_ends))

        monkeypatch.setattr(NetworkDetector, "scores", scores)
        source = labeled_source()
        keys = dataclasses.replace(source.keys, seed=40)
        source = LabeledSource(source.table, source._labels, settings_with(), keys)
        experiment = SeriesExperiment(source, settings_with(seed=7), RHO, 3)
        for run, rho in ((1, 0.0), (3, 0.0), (3, 0.12)):
            experiment.outcome("dc-vae", run, rho)
        assert seeds == [40, 42, 42]


class TestReach:
    def test_largest_is_that_of_the_run_with_the_least(self):
        source = labeled_source(split="event")
        experiment = experiment_of(source, rho=(0.0, 0.05), runs=4)
        shares = [source.plan(run).shares[-1] for run in (1, 2, 3, 4)]
        assert len(set(shares)) > 1
        assert experiment.largest_rho() == min(shares)

    def test_out_of_reach_is_refused_with_what_is_in_reach(self):
        source = labeled_source(starts=[100, 300, 900, 1100])
        share = source.plan(1).shares[-1]
        told = rf"0\.2 is out of reach: all 2 events.*In reach: up to {share:.3f}"
        with pytest.raises(InputError, match=told):
            experiment_of(source, rho=(0.0, 0.2))

    def test_shares_that_whole_events_miss_are_told(self):
        experiment = experiment_of(labeled_source(starts=[100, 300, 900, 1100]), rho=(0.0, 0.001))
        (told,) = experiment.notices()
        assert told.startswith("Whole events contaminate: a share of 0.001 is 0.01")
        assert experiment_of().notices() == []


class TestCheck:
    def test_detectors_that_can_be_fitted(self, experiment):
        experiment.check(["z-score", "random", "squared-norm", "dc-vae", "dc-vae+labels"])

    @pytest.mark.parametrize(
        ("name", "told"),
        [("nothing", "Expected the name of a detector"), ("dc-vae+all", "after a plus sign")],
    )
    def test_unknown_names(self, experiment, name, told):
        with pytest.raises(InputError, match=told):
            experiment.check([name])

    def test_a_network_without_a_window(self):
        source = labeled_source(starts=[*range(20, 1190, 40)])  # less than T rows between them
        keys = settings_with(T=32, dil_rate=[1, 2, 28])
        experiment = SeriesExperiment(source, keys, (0.0,), 1)
        with pytest.raises(
            InputError, match=r"^dc-vae cannot be trained without contam.*leave it out of --det"
        ):
            experiment.check(["dc-vae"])

    def test_known_ones_have_scores_to_rank(self):
        known = known_detectors()
        assert {"random", "squared-norm", "z-score", "k-means", "dc-vae", "rnn-vae"} <= set(known)
        assert not {"always", "never"} & set(known)
        assert len(set(known)) == len(known)


class TestRecords:
    def test_describe_is_the_same_for_other_shares(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        for name in ("train", "labels"):
            (tmp_path / f"{name}.csv").write_text(name)
        first, second = (experiment_of(rho=rho).describe() for rho in (RHO, (0.0, 0.02)))
        assert first == second
        assert first["anomaly"].startswith("an event of labels.csv, of which there are ")
        assert first["rows_looked_back"] == 13
        assert set(first["files_sha256"]) == {"training", "labels"}

    def test_places_are_rows_and_times_of_the_file(self, experiment):
        frame = labeled_source().table.frame
        places = experiment.places(np.array([700, 20]))
        assert places["row"] == [701, 21]
        assert places["to"] == [str(frame.index[700]), str(frame.index[20])]
        assert places["from"] == [str(frame.index[697]), str(frame.index[17])]

    def test_places_of_a_test_file(self):
        table, test = series_table(600), series_table(300, seed=9, start="2024-03-01")
        labels, truth = labels_at(table, [50, 200, 400]), labels_at(test, [100, 200])
        source = LabeledSource(
            table, labels, settings_with(), SeriesKeys(window=WINDOW), (test, truth)
        )
        places = experiment_of(source, rho=(0.0,)).places(np.array([605]))
        assert places == {
            "row": [6], "from": ["2024-03-01 00:10:00"], "to": ["2024-03-01 00:25:00"]
        }  # fmt: skip

    def test_splits_can_be_repeated(self, experiment):
        splits = experiment.splits(2, RHO)
        for run in (1, 2):
            for place, rho in enumerate(RHO):
                taken = splits[f"run_{run}/pool_windows"][: splits[f"run_{run}/events"][place]]
                pool = splits[f"run_{run}/pool"][: taken.sum()]
                units, contaminated = experiment.training(run, rho)
                assert set(pool) == set(units[contaminated])
                assert set(splits[f"run_{run}/normal_training"]) == set(units[~contaminated])
            outcome = experiment.outcome("random", run, 0.0)
            assert set(splits[f"run_{run}/test"]) == set(outcome.test)
            assert splits[f"run_{run}/test_labels"].sum() == outcome.labels.sum()


def test_invented_events_are_found_by_who_looks_for_them():
    """Planted into noise around a wave, they rank above it."""
    source = InventedSource(series_table(2500), settings_with(), SeriesKeys(window=WINDOW), 0.12)
    outcome = experiment_of(source).outcome("pca", 1, 0.0)
    strange = np.median(outcome.scores[outcome.labels])
    assert strange > np.quantile(outcome.scores[~outcome.labels], 0.7)
