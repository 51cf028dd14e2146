"""Settings for a short training table: the rule by which windows shrink, derived by hand."""

import pytest

from dcvae.config import read_settings
from dcvae.estimator.short_data import settings_for_rows
from support.settings_files import FOLDER, read

RECOMMENDED = read_settings(FOLDER / "recommended.txt")


@pytest.mark.parametrize(
    ("rows", "length", "share", "dilations"),
    [
        (320, 64, 0.2, 6),  # 64 rows validate, 256 train: nothing changes
        (319, 63, 0.2, 5),  # 63 rows validate; dilations up to 32 reach back 64 rows
        (100, 20, 0.2, 4),  # 1 + 1 + 2 + 4 + 8 = 16 rows
        (10, 2, 0.2, 2),  # never fewer than two dilations
        (9, 4, 0.0, 2),  # 1 row validates, which holds no window; 9 train, two windows of 4
        (4, 2, 0.0, 2),
    ],
)
def test_windows_shrink_to_what_the_rows_hold(rows, length, share, dilations):
    made, told = settings_for_rows(RECOMMENDED, rows)
    assert (made.window_length, made.val_percent) == (length, share)
    assert made.dil_rate == RECOMMENDED.dil_rate[:dilations]
    assert made.cnn_units == (32,) * (dilations - 1)
    assert bool(told) == (length < 64)
    assert read(**made.to_dict()) == made  # still what a file may say


def test_says_what_is_not_as_asked():
    _, told = settings_for_rows(RECOMMENDED, 300)
    assert told == [
        "The training data have only 300 rows: `T` is 60, not 64, `dil_rate` is [1, 2, 4, 8, "
        "16], not [1, 2, 4, 8, 16, 32], `cnn_units` is [32, 32, 32, 32], not [32, 32, 32, 32, "
        "32]."
    ]


def test_without_validation_two_windows_fit_side_by_side():
    made, _ = settings_for_rows(read(T=64, val_percent=0, cnn_units=[4, 4], dil_rate=[1, 2]), 100)
    assert (made.window_length, made.dil_rate, made.cnn_units) == (50, (1, 2), (4, 4))


def test_the_published_program_keeps_two_hidden_layers():
    made, _ = settings_for_rows(read(T=64, fidelity="code"), 10)
    assert (made.window_length, made.dil_rate, made.cnn_units) == (2, (1, 2, 4), (64, 64))
    assert read(**made.to_dict()) == made


def test_other_architectures_have_no_dilations():
    made, told = settings_for_rows(read(architecture="rnn-vae"), 100)
    assert made.window_length == 20
    assert told == ["The training data have only 100 rows: `T` is 20, not 512."]


def test_enough_rows_change_nothing():
    settings = read(T=8, val_percent=0.25, cnn_units=[4], dil_rate=[1, 2])
    made, told = settings_for_rows(settings, 32)
    assert made is settings
    assert told == []


def test_settings_that_changed_are_still_of_their_file():
    made, _ = settings_for_rows(RECOMMENDED, 100)
    assert made.source == RECOMMENDED.source
    assert made.model_name == "my-model"


def test_a_share_that_holds_no_window_is_told():
    settings = read(T=4, cnn_units=[4], dil_rate=[1, 2])
    made, told = settings_for_rows(settings, 9)
    assert (made.window_length, made.val_percent) == (4, 0.0)
    assert told == ["The training data have only 9 rows: `val_percent` is 0.0, not 0.2."]


def test_keys_of_a_network_stay_where_there_is_none():
    made, told = settings_for_rows(read(T=64, detector="pca"), 100)
    assert told == ["The training data have only 100 rows: `T` is 20, not 64."]
    assert read(**made.to_dict()) == made
