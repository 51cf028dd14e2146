"""Settings next to each other, and what a reader of a file might not expect."""

import json

import pytest

from dcvae.config import differences, fidelity_departures, resume_differences, without_effect
from support.settings_files import ALL_KEYS, ARCHITECTURES, PUBLISHED, read


class TestNotices:
    def test_nothing_to_say(self):
        assert without_effect(read()) == fidelity_departures(read()) == []

    def test_published_file_has_keys_without_effect(self):
        assert without_effect(read(**PUBLISHED)) == [
            "Keys in settings/x.txt without effect: `alpha_reg` (the published program never reads "
            "it either), `decay_rate`, `decay_step` (`lr_decay` is false)."
        ]

    def test_keys_that_take_effect_are_not_named(self):
        assert without_effect(read(lr_decay=True, decay_rate=0.5, decay_step=10, max_std=3)) == []

    def test_max_std_without_outlier_mask(self):
        (notice,) = without_effect(read(wo_outliers=False, max_std=3))
        assert "`max_std` (`wo_outliers` is false)" in notice

    def test_robust_scale_without_scale(self):
        (notice,) = without_effect(read(scale=False, robust_scale=True))
        assert "`robust_scale` (`scale` is false)" in notice

    def test_keys_of_networks_without_one(self):
        (notice,) = without_effect(read(detector="ecod", T=16, J=2, epochs=3, sigma="constant"))
        assert notice == (
            'Keys in settings/x.txt without effect: `J`, `epochs` (`detector` is "ecod", which '
            'has no network), `sigma` (`detector` is "ecod", which has no band).'
        )
        assert without_effect(read(detector="pca", T=16, sigma="calibrated", seed=3)) == []

    def test_members_without_an_ensemble(self):
        (notice,) = without_effect(read(ensemble_members=["pca", "ecod"]))
        assert '`ensemble_members` (`detector` is "dc-vae")' in notice
        assert differences(read(detector="pca"), read(detector="pca", J=9, epochs=3)) == []
        assert differences(read(), read(detector="pca")) == [
            '`detector` is "pca" in settings/x.txt but the model was trained with "dc-vae".'
        ]

    def test_departures_from_fidelity(self):
        assert fidelity_departures(read(fidelity_spread="code")) == [
            '`fidelity` is "paper" but `fidelity_spread` is "code".'
        ]
        settings = read(fidelity="code", fidelity_latent="paper", fidelity_units="paper")
        assert fidelity_departures(settings) == [
            '`fidelity` is "code" but `fidelity_latent`, `fidelity_units` are "paper".'
        ]

    @pytest.mark.parametrize("architecture", ARCHITECTURES)
    def test_keys_that_an_architecture_lacks_do_not_depart(self, architecture):
        assert fidelity_departures(read(architecture=architecture, fidelity="code")) == []


class TestDifferences:
    TRAINED = read("models/a/settings.txt", **PUBLISHED)

    def test_none_with_itself(self):
        assert differences(self.TRAINED, read(**PUBLISHED)) == []

    def test_names_key_file_and_both_values(self):
        given = read(**PUBLISHED | {"T": 64, "cnn_units": [8] * 6, "activation": "relu"})
        assert differences(self.TRAINED, given) == [
            "`T` is 64 in settings/x.txt but the model was trained with 128.",
            "`cnn_units` is [8, 8, 8, 8, 8, 8] in settings/x.txt but the model was trained with "
            "[64, 64, 64, 64, 64, 64].",
            '`activation` is "relu" in settings/x.txt but the model was trained with "tanh".',
        ]

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("scale", False),
            ("wo_outliers", False),
            ("max_std", 3),
            ("T", 8),
            ("M", 3),
            ("cnn_units", [8] * 7),
            ("dil_rate", [1, 1, 1, 1, 1, 1]),
            ("kernel", 3),
            ("activation", "elu"),
            ("J", 2),
            ("max_fill", None),
            ("resample", "5min"),
            ("fidelity_spread", "code"),
            ("fidelity_encoder", "code"),
            ("fidelity_decoder", "code"),
            ("fidelity_outliers", "code"),
        ],
    )
    def test_keys_that_make_another_model(self, key, value):
        (sentence,) = differences(self.TRAINED, read(**PUBLISHED | {key: value}))
        shown = json.dumps(float(value) if key == "max_std" else value)
        assert sentence.startswith(f"`{key}` is {shown} in settings/x.txt but")

    def test_other_keys_do_not_count(self):
        others = {
            "dataset_name": "x",
            "model_name": "b",
            "alpha_reg": 0,
            "batch_size": 8,
            "epochs": 1,
            "lr": 0.1,
            "lr_decay": True,
            "decay_rate": 0.5,
            "decay_step": 5,
            "val_percent": 0.5,
            "seed": 1,
            "summary": False,
            "custom_metrics": False,
            "patience": 1,
            "min_delta": 0,
            "train_stride": 2,
            "steps_per_epoch": 50,
            "max_gap": None,
            "time_zone": "UTC",
            "default_alpha": 4,
            "alpha_search": "exact",
            "fidelity_latent": "code",
            "fidelity_units": "code",
        }
        assert differences(self.TRAINED, read(**PUBLISHED | others)) == []

    def test_a_key_that_neither_reads_does_not_count(self):
        trained = read(wo_outliers=False)
        assert differences(trained, read(wo_outliers=False, max_std=3)) == []
        assert len(differences(trained, read(max_std=3))) == 2

    def test_a_number_of_series_left_open_fits(self):
        assert differences(self.TRAINED, read(**PUBLISHED | {"M": None})) == []

    def test_another_architecture_is_another_model(self):
        trained = read(architecture="rnn-vae", T=64)
        [difference] = differences(trained, read(architecture="seq2seq", T=64))
        assert difference == (
            '`architecture` is "seq2seq" in settings/x.txt but the model was trained with '
            '"rnn-vae".'
        )
        [difference] = differences(trained, read(rnn_units=[9, 4], T=64))
        assert difference.startswith("`rnn_units` is [9, 4] in settings/x.txt but")

    def test_come_in_the_order_of_a_file_whatever_group_a_key_is_of(self):
        given = {"scale": False, "T": 64, "kernel": 3, "J": 2, "max_fill": 3, "max_std": 5}
        sentences = differences(self.TRAINED, read(**PUBLISHED | given | {"fidelity": "code"}))
        found = [sentence.split("`")[1] for sentence in sentences]
        assert found == [
            *("scale", "max_std", "T", "kernel", "J", "max_fill"),
            *("fidelity_spread", "fidelity_encoder", "fidelity_decoder", "fidelity_bounds"),
            *("fidelity_norm", "fidelity_outliers", "fidelity_missing"),
        ]
        assert found == [key for key in ALL_KEYS if key in found]

    def test_fidelity_counts_through_the_keys_it_sets(self):
        sentences = differences(self.TRAINED, read(**PUBLISHED | {"fidelity": "code"}))
        assert [sentence.split("`")[1] for sentence in sentences] == [
            "max_fill",
            "fidelity_spread",
            "fidelity_encoder",
            "fidelity_decoder",
            "fidelity_bounds",
            "fidelity_norm",
            "fidelity_outliers",
            "fidelity_missing",
        ]


class TestResumeDifferences:
    BEGUN = read("models/a/settings.txt", **PUBLISHED | {"lr_decay": True})

    def differences(self, **keys: object) -> list[str]:
        return resume_differences(self.BEGUN, read(**PUBLISHED | {"lr_decay": True} | keys))

    def test_none_with_itself(self):
        assert self.differences() == []

    def test_names_key_file_and_both_values(self):
        assert self.differences(T=64, lr=0.1) == [
            "`T` is 64 in settings/x.txt but the training was begun with 128.",
            "`lr` is 0.1 in settings/x.txt but the training was begun with 0.0001.",
        ]

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("scale", False),
            ("M", 3),
            ("fidelity_spread", "code"),
            ("batch_size", 8),
            ("lr", 0.1),
            ("lr_decay", False),
            ("decay_rate", 0.5),
            ("decay_step", 5),
            ("val_percent", 0.5),
            ("seed", 1),
            ("min_delta", 0.5),
            ("train_stride", 2),
            ("steps_per_epoch", 50),
            ("max_gap", 3),
            ("time_zone", "UTC"),
        ],
    )
    def test_keys_that_change_how_it_goes_on(self, key, value):
        (sentence,) = self.differences(**{key: value})
        assert sentence.startswith(f"`{key}` is {json.dumps(value)} in settings/x.txt but the")

    def test_come_in_the_order_of_a_file(self):
        sentences = self.differences(time_zone="UTC", seed=1, lr=0.1, J=2, batch_size=8, max_gap=3)
        found = [sentence.split("`")[1] for sentence in sentences]
        assert found == ["batch_size", "J", "lr", "seed", "max_gap", "time_zone"]

    def test_other_keys_may_change(self):
        others = {
            "dataset_name": "x",
            "model_name": "b",
            "M": None,
            "alpha_reg": 0,
            "epochs": 1,
            "summary": False,
            "custom_metrics": False,
            "patience": 1,
            "default_alpha": 4,
            "alpha_search": "exact",
            "fidelity_latent": "code",
            "fidelity_units": "code",
        }
        assert self.differences(**others) == []

    def test_a_key_that_neither_reads_may_change(self):
        given = read(**PUBLISHED | {"decay_rate": 0.5, "decay_step": 5})
        assert resume_differences(read(**PUBLISHED), given) == []
        sentences = resume_differences(self.BEGUN, given)
        keys = [sentence.split("`")[1] for sentence in sentences]
        assert keys == ["lr_decay", "decay_rate", "decay_step"]
