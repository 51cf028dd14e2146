"""Thresholds on disk: the same when read back, with what they rest on, refused when damaged."""

import hashlib
import json
import math
from dataclasses import replace
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data import read_data
from dcvae.detection import AlarmRules, Alphas, SystemAlarm, Thresholds
from dcvae.detection.alarms.fitting import fit_following
from dcvae.storage import StoredModel, ThresholdSource, source_record
from support.stored_models import (
    SERIES,
    labeled,
    preprocessor_with,
    settings_with,
    thresholds_with,
)

NAN = math.nan


def write_alphas(model, alphas):
    path, _ = model.write_thresholds(thresholds_with(alphas), *labeled(model.folder.parent))
    return path


def test_alphas_are_the_same_when_read_back(model):
    assert model.alphas() is None
    alphas = Alphas(
        SERIES,
        down=np.array([2.0, 0.1 + 0.2]),
        up=np.array([1e-9, 7.0]),
        f1=np.array([1 / 3, NAN]),
        precision=np.array([1.0, NAN]),
        recall=np.array([0.2, NAN]),
        labeled_rows=np.array([12, 0]),
        method=("grid point-wise", "default"),
    )
    path = write_alphas(model, alphas)
    assert path == model.folder / "alphas.csv"
    again = model.alphas()
    for name in ("series", "method"):
        assert getattr(again, name) == getattr(alphas, name)
    for name in ("down", "up", "f1", "precision", "recall", "labeled_rows"):
        np.testing.assert_array_equal(getattr(again, name), getattr(alphas, name))


def test_series_may_have_the_names_of_missing_values(tmp_path):
    for names in (("NA", "nan"), ("1", "1.0"), ("True", "null")):
        model = StoredModel(settings_with(), preprocessor_with(series=names), 60.0, {}, tmp_path)
        write_alphas(model, Alphas.default(names, 3.0))
        assert model.alphas().series == names


def test_what_the_alphas_were_chosen_on(model):
    assert model.alphas_source() is None
    assert model.threshold_tables() is None
    data, labels = labeled(model.folder.parent)
    path, _ = model.write_thresholds(thresholds_with(Alphas.default(SERIES, 3.0)), data, labels)
    assert model.alphas_source() == {
        "alphas_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "data": data.path.name,
        "data_path": str(data.path.resolve()),
        "data_sha256": hashlib.sha256(data.path.read_bytes()).hexdigest(),
        "labels_path": str(labels.path.resolve()),
        "labels_sha256": hashlib.sha256(labels.path.read_bytes()).hexdigest(),
        "time_column": [],
        "ignore": [],
        "missing_values": [],
        "by": [],
        "entity": None,
        "time_zone": None,
        "sigma": "predicted",
        "first_time": "2021-01-01 00:00:00",
        "last_time": "2021-01-01 00:07:00",
    }
    for again, first in zip(model.threshold_tables(), (data, labels), strict=True):
        pd.testing.assert_frame_equal(again.frame, first.frame)


def test_alphas_name_the_data_they_rest_on(model):
    path = write_alphas(model, Alphas.default(SERIES, 3.0))
    assert pd.read_csv(path)["data"].tolist() == ["labeled.csv"] * 2


def test_data_taken_to_be_normal_are_found_again(model):
    data, _ = labeled(model.folder.parent)
    model.write_thresholds(thresholds_with(Alphas.default(SERIES, 3.0)), data, None)
    again, labels = model.threshold_tables()
    assert labels is None
    pd.testing.assert_frame_equal(again.frame, data.frame)


def test_what_training_defined_rests_on_the_training_file_without_its_labeled_cells(model):
    data, labels = labeled(model.folder.parent)
    trained = replace(model, run=model.run | source_record(data, labels))
    trained.write_thresholds(thresholds_with(Alphas.default(SERIES, 3.0)), data, None)
    again, no_labels = trained.threshold_tables()
    assert no_labels is None
    pd.testing.assert_frame_equal(again.frame, data.frame.mask(labels.frame))
    labels.path.write_text(labels.path.read_text() + "\n")
    assert trained.threshold_tables() is None


def test_alphas_in_other_sigmas_are_refused(model):
    write_alphas(model, Alphas.default(SERIES, 3.0))
    other = replace(model, settings=settings_with(sigma="constant"))
    message = (
        r'alphas.csv counts in sigmas of another kind: expected alphas for `sigma` "constant", '
        r'received "predicted". Run alpha_definition.py again, or set `sigma` back'
    )
    with pytest.raises(InputError, match=message):
        other.alphas()


def test_the_alarm_is_the_same_when_read_back(model):
    alarm = SystemAlarm(AlarmRules.of(model.settings, 300.0), np.array([0.1, 1 / 3]), 1.7, "budget")
    thresholds = Thresholds(Alphas.default(SERIES, 3.0), alarm)
    _, path = model.write_thresholds(thresholds, *labeled(model.folder.parent))
    assert path == model.folder / "alarms.json"
    again = model.system_alarm()
    assert (again.rules, again.threshold, again.method) == (alarm.rules, 1.7, "budget")
    np.testing.assert_array_equal(again.reference_level, alarm.reference_level)


def following_alarm(model):
    """An alarm that follows, as fitted to a day of noise."""
    random = np.random.default_rng(0)
    error = random.normal(size=(600, 2)).astype(np.float32)
    alarm, _ = fit_following(
        error,
        np.arange(600) * 300_000_000,
        AlarmRules.of(model.settings, 300.0),
        model.settings,
        step_seconds=300.0,
        trained_until=599 * 300_000_000,
    )
    return alarm


def test_an_alarm_that_follows_judges_the_same_when_read_back(model):
    alarm = following_alarm(model)
    thresholds = Thresholds(Alphas.default(SERIES, 3.0), alarm, offline=alarm)
    model.write_thresholds(thresholds, *labeled(model.folder.parent))
    again = model.thresholds()
    error = np.random.default_rng(1).normal(size=(900, 2)).astype(np.float32)
    error[500:560] += 6.0
    times = np.arange(400, 1300) * 300_000_000
    for read in (again.alarm, again.offline):
        for one, other in zip(alarm.judge(error, times), read.judge(error, times), strict=True):
            np.testing.assert_array_equal(one, other)
        assert read.expected == alarm.expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window": 0}, "nothing that follows 2 series"),
        ({"series": 3}, "nothing that follows 2 series"),
        ({"lowest": [1.0]}, "nothing that follows 2 series"),
        ({"usual": [1.0, 0.0]}, "references must be above 0"),
        ({"middle": None}, ""),
    ],
)
def test_a_damaged_alarm_that_follows_is_refused(model, change, message):
    path = model.folder / "alarms.json"
    stored = following_alarm(model).to_dict(SERIES)
    stored["following"] |= change
    path.write_text(json.dumps(stored))
    with pytest.raises(InputError, match=f"alarms.json is damaged .*{message}.*Run alpha_def"):
        model.system_alarm()


def test_other_rules_in_the_settings_than_the_alarm_was_made_with_are_told(model):
    write_alphas(model, Alphas.default(SERIES, 2.0))
    model = replace(model, settings=settings_with(threshold="fixed"))
    made = SystemAlarm(AlarmRules.of(model.settings, 300.0), np.ones(2), 1.0, "budget")
    path = model.folder / "alarms.json"
    path.write_text(json.dumps(made.to_dict(SERIES)))
    assert model.thresholds().notices == ()
    for keys in ({"alarm_hold": 3}, {"threshold": "following"}):
        other = replace(model, settings=settings_with(**{"threshold": "fixed"} | keys))
        [notice] = other.thresholds().notices
        assert "run alpha_definition.py to change them" in notice
    path.write_text(json.dumps(replace(made, method="labels").to_dict(SERIES)))
    assert other.thresholds().notices == ()


@pytest.mark.parametrize("change", ["edit", "remove"])
def test_alphas_that_are_not_those_that_were_written_have_no_source(model, change):
    path = write_alphas(model, Alphas.default(SERIES, 3.0))
    if change == "edit":
        path.write_text(path.read_text().replace("3.0", "2.0"))
    else:
        path.unlink()
    assert model.alphas_source() is None
    assert model.threshold_tables() is None


@pytest.mark.parametrize("name", ["labeled.csv", "labels.csv"])
@pytest.mark.parametrize("change", ["edit", "remove"])
def test_labeled_data_that_changed_is_not_read(model, name, change):
    write_alphas(model, Alphas.default(SERIES, 3.0))
    path = model.folder.parent / name
    if change == "edit":
        path.write_text(path.read_text() + "\n")
    else:
        path.unlink()
    assert model.alphas_source() is not None
    assert model.threshold_tables() is None


def test_labeled_tables_have_the_zone_they_had(model, tmp_path):
    data, labels = labeled(tmp_path)
    model.write_thresholds(thresholds_with(Alphas.default(SERIES, 3.0)), data, labels)
    now = replace(model, settings=model.settings.model_copy(update={"time_zone": "Europe/Madrid"}))
    pd.testing.assert_frame_equal(now.threshold_tables()[0].frame, data.frame)


def two_entities(folder):
    """Rows of two machines below each other: web1 has 1.0 everywhere, web2 has 2.0."""
    text = 'time,host,a,"b, c"\n' + "".join(
        f"2021-01-01 00:0{minute}:00,web{host},{host},{host}\n"
        for minute in range(8)
        for host in (1, 2)
    )
    path = folder / "hosts.csv"
    path.write_text(text)
    return path


def read_as(model, path, **keys):
    """The model by other settings, and a file as they say it is read."""
    settings = model.settings.model_copy(update=keys)
    return replace(model, settings=settings), read_data(path, settings, series=SERIES)[0]


WEB1 = {"by": ("host",), "entity": "web1"}


def test_fitted_tables_are_of_the_entity_they_were_of(model, tmp_path):
    then, data = read_as(model, two_entities(tmp_path), **WEB1)
    then.write_thresholds(thresholds_with(Alphas.default(SERIES, 3.0)), data, None)
    for keys in (WEB1, {"by": ("host",), "entity": "web2"}, {"ignore": ("a",)}, {}):
        now = replace(model, settings=model.settings.model_copy(update=keys))
        table, labels = now.threshold_tables()
        assert labels is None
        assert table.frame.to_numpy().tolist() == [[1.0, 1.0]] * 8


def test_the_training_table_stands_for_the_fitted_one_only_if_read_in_the_same_way(model, tmp_path):
    path = two_entities(tmp_path)
    trained, data = read_as(model, path, **WEB1)
    trained = replace(trained, run=trained.run | source_record(data))
    with mock.patch.object(StoredModel, "_trained_settings", return_value=trained.settings):
        other, fitted = read_as(trained, path, by=("host",), entity="web2")
        other.write_thresholds(thresholds_with(Alphas.default(SERIES, 3.0)), fitted, None)
        assert set(other.threshold_tables()[0].frame.to_numpy().ravel()) == {2.0}
        trained.write_thresholds(thresholds_with(Alphas.default(SERIES, 3.0)), data, None)
        assert set(other.threshold_tables()[0].frame.to_numpy().ravel()) == {1.0}
        with mock.patch.object(StoredModel, "training_table", return_value=data):
            assert other.threshold_tables()[0] is data


def test_a_record_without_the_keys_is_read_by_those_of_now_or_not_at_hand(model, tmp_path):
    then, data = read_as(model, two_entities(tmp_path), **WEB1)
    then.write_thresholds(thresholds_with(Alphas.default(SERIES, 3.0)), data, None)
    path = model.folder / "alphas_source.json"
    record = json.loads(path.read_text())
    early = {name: value for name, value in record.items() if name not in ("by", "entity")}
    path.write_text(json.dumps(early))
    assert set(then.threshold_tables()[0].frame.to_numpy().ravel()) == {1.0}
    other = replace(model, settings=model.settings.model_copy(update=WEB1 | {"entity": "web3"}))
    assert other.threshold_tables() is None
    path.write_text(json.dumps(record | {"by": [7]}))
    assert then.threshold_tables() is None


# --- Alphas and alarm together -----------------------------------------------------------------


def test_thresholds_are_those_that_were_written(model):
    alphas = Alphas.default(SERIES, 2.0)
    write_alphas(model, alphas)
    thresholds = model.thresholds()
    assert thresholds.alphas.to_records() == alphas.to_records()
    assert thresholds.alarm.to_dict(SERIES) == SystemAlarm.published(2).to_dict(SERIES)
    assert thresholds.events_per_week is None


def test_without_alphas_every_series_has_the_default_and_that_is_said(model):
    write_alphas(model, Alphas.default(SERIES, 2.0)).unlink()
    given = replace(model, settings=settings_with(default_alpha=2.5))
    thresholds = given.thresholds()
    assert thresholds.notices[-1] == "No alphas.csv yet: every band is ± 2.5 sigmas."
    assert thresholds.alphas.series == SERIES
    assert thresholds.alphas.down.tolist() == thresholds.alphas.up.tolist() == [2.5, 2.5]
    assert thresholds.alphas.method == ("default", "default")
    assert thresholds.alarm.method == SystemAlarm.published(2).method


def test_without_an_alarm_there_are_no_thresholds(model):
    write_alphas(model, Alphas.default(SERIES, 2.0))
    (model.folder / "alarms.json").unlink()
    with pytest.raises(InputError, match=r"alarms\.json is missing\. Run alpha_definition\.py"):
        model.thresholds()


# --- What they rest on, seen from the file that they are used on ---------------------------------


def test_the_source_of_thresholds(model):
    data, labels = labeled(model.folder.parent)
    assert model.threshold_source(data) is None
    model.write_thresholds(thresholds_with(Alphas.default(SERIES, 3.0)), data, labels)
    times = {"first_time": "2021-01-01 00:00:00", "last_time": "2021-01-01 00:07:00"}
    source = ThresholdSource("labeled.csv", **times, has_labels=True, is_this_file=True)
    assert model.threshold_source(data) == source
    other = replace(data, path=labels.path)
    assert model.threshold_source(other) == replace(source, is_this_file=False)


def test_another_entity_of_the_file_is_not_this_file(model, tmp_path):
    now, data = read_as(model, two_entities(tmp_path), **WEB1)
    labels = replace(data, frame=data.frame > 5.0)
    now.write_thresholds(thresholds_with(Alphas.default(SERIES, 3.0)), data, labels)
    assert now.threshold_source(data).is_this_file
    other, its_data = read_as(model, data.path, by=("host",), entity="web2")
    assert not other.threshold_source(its_data).is_this_file


def test_without_labels_it_does_not_matter_whether_it_is_this_file(model):
    data, _ = labeled(model.folder.parent)
    model.write_thresholds(thresholds_with(Alphas.default(SERIES, 3.0)), data, None)
    source = model.threshold_source(data)
    assert (source.has_labels, source.is_this_file) == (False, False)


def test_alphas_that_were_edited_by_hand_have_no_source(model):
    path = write_alphas(model, Alphas.default(SERIES, 3.0))
    path.write_text(path.read_text().replace("3.0", "2.0"))
    assert model.threshold_source(labeled(model.folder.parent)[0]) is None


# --- Files that are damaged ----------------------------------------------------------------------


HEADER = "series,alpha_down,alpha_up,f1,precision,recall,labeled_rows,method\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"alphas.csv is damaged"),
        ('"a', r"alphas.csv is damaged|must have the columns"),
        ("series,alpha_down\na,1\n", "must have the columns .* Missing: `alpha_up`"),
        (HEADER + "a,1,1,,,,0,x\n", "exactly the 2 series of the model. Missing: `b, c`"),
        (HEADER + 'a,1,1,,,,0,x\n"b, c",1,1,,,,0,x\nd,1,1,,,,0,x\n', "Unknown: `d`"),
        (HEADER + 'a,1,1,,,,0,x\na,1,1,,,,0,x\n"b, c",1,1,,,,0,x\n', "more than one for `a`"),
        (HEADER + 'a,two,1,,,,0,x\n"b, c",1,1,,,,0,x\n', "line 2: `alpha_down` must be"),
        (HEADER + 'a,1,1,,,,0,x\n"b, c",1,-1,,,,0,x\n', "line 3: `alpha_up` must be"),
        (HEADER + 'a,1,1,7,,,0,x\n"b, c",1,1,,,,0,x\n', "line 2: `f1` must be"),
        (HEADER + "a,1,1,,,,0,x,y,z\nb,1\n", "alphas.csv"),
    ],
)
def test_damaged_alphas_are_refused(model, text, message):
    (model.folder / "alphas.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        model.alphas()


def test_binary_alphas_are_refused(model):
    (model.folder / "alphas.csv").write_bytes(b"\xff\xfe\x00series")
    with pytest.raises(InputError, match=r"alphas.csv is damaged"):
        model.alphas()
