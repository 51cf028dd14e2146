"""Size of a network by its keys: never below that of the one that is built, refused at the door."""

import json

import pytest

from dcvae import InputError
from dcvae.config import Settings, preset_names, preset_text
from dcvae.config.settings import FIELDS
from dcvae.config.size import MOST_PARAMETERS, parameters_of, size_problems
from dcvae.networks import build_network


def settings_with(**keys):
    return Settings.from_values({"model_name": "a", "M": 3, "T": 8} | keys, "a.txt")


# By hand. DC-VAE: two taps. Encoder 3 -> 4 (28, BatchNorm 16), 4 -> 4 (36, 16), heads 4 -> 2 x 2
# (36); decoder 2 -> 4 (20, 16), 4 -> 4 (36, 16), heads 4 -> 2 x 3 (54), and BatchNorm counted for
# the heads too: 4 x (4 + 6).
def test_size_by_hand():
    keys = settings_with(cnn_units=[4, 4], dil_rate=[1, 2, 4], J=2)
    built = 28 + 16 + 36 + 16 + 36 + 20 + 16 + 36 + 16 + 54
    assert parameters_of(keys) == built + 4 * (4 + 6)
    assert build_network(keys).count_params() == built


@pytest.mark.parametrize(
    "keys",
    [
        {"cnn_units": [7, 5, 9], "dil_rate": [1, 2, 4], "kernel": 3},
        {"cnn_units": [7, 5, 9], "dil_rate": [1, 2, 4, 8], "fidelity": "code"},
        *({"rnn_units": [6, 9, 4], "layer_type": kind} for kind in ("rnn", "gru", "lstm")),
        *({"hidden_size": 9, "layer_type": kind} for kind in ("gru", "lstm")),
    ],
)
def test_no_network_is_larger_than_its_estimate_nor_much_smaller(keys):
    keys = settings_with(**keys)
    built = build_network(keys).count_params()
    assert built <= parameters_of(keys) <= 2 * built


@pytest.mark.parametrize("name", preset_names())
def test_the_settings_that_come_with_the_package_are_far_below(name):
    settings = Settings.from_text(preset_text(name), name)
    assert size_problems(settings, settings) == []
    assert parameters_of(settings) < MOST_PARAMETERS / 1000


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"cnn_units": [90_000] * 6}, r"the network: .* parameters, received about 1.6e\+11 \(6"),
        ({"rnn_units": [100_000] * 3}, "by `rnn_units` and `J`; make these smaller"),
        ({"hidden_size": 100_000}, "by `hidden_size` and `embedding_size`; make these smaller"),
        ({"T": 1_000_000, "batch_size": 1_000_000}, "the training: expected at most 10,000,000,0"),
        (
            {"batch_size": 1_001, "steps_per_epoch": 1_000_000},
            "1,001,000,000 by `batch_size` times `steps_per_epoch`",
        ),
    ],
)
def test_too_much_is_refused(keys, line):
    with pytest.raises(InputError, match=line):
        settings_with(**keys)


def test_the_series_of_a_table_count():
    settings = Settings.from_values(
        {"model_name": "a", "cnn_units": [50_000], "dil_rate": [1, 2]}, "a.txt"
    )
    assert settings.with_num_series(10, "a.csv").num_series == 10
    with pytest.raises(
        InputError, match=r"a\.txt does not fit wide\.csv with its 9,000 series: the"
    ):
        settings.with_num_series(9_000, "wide.csv")


BOUNDED = {
    **dict.fromkeys(("T", "kernel", "J", "M", "batch_size", "epochs", "patience"), 10**18),
    **dict.fromkeys(("decay_step", "steps_per_epoch", "train_stride", "seed"), 10**18),
    **dict.fromkeys(("max_gap", "max_fill", "alarm_series", "alarm_min_rows"), 10**18),
    **dict.fromkeys(("alarm_window", "alarm_longest", "alarm_smoothing", "alarm_hold"), 10**18),
    **dict.fromkeys(("max_std", "lr", "min_delta", "default_alpha", "alpha_lowest"), 1e308),
    **dict.fromkeys(("false_alarms_per_week", "system_false_alarms_per_week"), 1e308),
    "cnn_units": [10**18],
    "dil_rate": [1, 10**18],
    "alarm_enter": [1, 10**18],
    "rnn_units": [10**18, 2],
    "hidden_size": 10**18,
    "embedding_size": 10**18,
}


@pytest.mark.parametrize("key", BOUNDED)
@pytest.mark.parametrize("larger", [False, True])
def test_every_number_has_a_bound(key, larger):
    value = BOUNDED[key]
    if larger and isinstance(value, int):
        value = value**20
    text = json.dumps({"model_name": "a", key: value})
    with pytest.raises(InputError, match=rf"`{key}`: expected "):
        Settings.from_text(text, "a.txt")


def test_whole_numbers_without_a_bound_are_no_keys():
    """A key that is added later is bounded too."""
    whole = {
        key
        for key, field in FIELDS.items()
        if any(kind in str(field.annotation) for kind in ("int", "tuple"))
        and "str" not in str(field.annotation)
        and key not in ("strs", "ensemble_members")  # of few values
    }
    assert whole <= BOUNDED.keys()


def test_lists_have_a_longest():
    with pytest.raises(InputError, match=r"`cnn_units`: .*, at most 100 of them, received"):
        settings_with(cnn_units=[1] * 101, dil_rate=[1] * 101)


def test_codes_for_missing_values_are_numbers_that_a_cell_can_hold():
    assert settings_with(missing_values=[10**300]).missing_values == (1e300,)
    with pytest.raises(InputError, match="`missing_values`: expected a list of numbers and words"):
        settings_with(missing_values=[10**400])


def test_the_bound_is_said_with_its_reason():
    with pytest.raises(InputError, match=r"at most 10,000 \(layers reach further by `dil_rate`\)"):
        settings_with(kernel=10_001)
    assert settings_with(kernel=10_000).kernel == 10_000


ODD = (
    *(
        "1e308",
        "-1e308",
        "1e400",
        "NaN",
        "1e-320",
        "-0.0",
        "9" * 4000,
        "-" + "9" * 4000,
        "[]",
        "{}",
    ),
    *("null", "true", '""', r'"\u0000"', "[1e308]", "[[[[1]]]]", '"9999999999d"', "[1,1e400]"),
    *("[null,null]", f'"{"x" * 100_000}"', "9" * 5000, "[" * 5000),
)


@pytest.mark.parametrize("key", FIELDS)
def test_an_odd_value_is_read_or_refused_and_nothing_else(key):
    refused = 0
    for value in ODD:
        try:
            Settings.from_text(f'{{"model_name": "a", "{key}": {value}}}', "a.txt")
        except InputError:
            refused += 1
    assert refused >= len(ODD) // 2
