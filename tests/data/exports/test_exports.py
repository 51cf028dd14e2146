"""Recognition of exports: each by its own form alone, and no plain CSV file by any."""

import itertools
import random

import pytest

from dcvae import InputError
from dcvae.config import DataKeys
from dcvae.data.exports import FORMS, HEAD, recognized
from dcvae.data.tables import read_table
from support.export_samples import SAMPLES

ALL = [(name, text) for name, texts in SAMPLES.items() for text in texts]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_every_sample_is_recognized_by_its_own_form_alone(line_end):
    for name, text in ALL:
        head = text.replace("\r\n", "\n").replace("\n", line_end)[:HEAD]
        assert [form.name for form in FORMS if form.recognizes(head)] == [name]
        assert recognized(head).name == name


def test_every_form_has_a_sample():
    assert {form.name for form in FORMS} == set(SAMPLES)


HEADERS = [
    "time,a,b",
    "Time,a,b",
    "Date,CO,NO2",
    "DateTime,cpu.user,cpu.system",
    "date,hour,co",
    "timestamp,value,label",
    "timestamp,sensor 1,sensor-2",
    ",time,a",
    "time,device,value",
    "name,time,value",
    "name,value,time",
    "hostname,timestamp,cpu",
    "series,time,value",
    "id,clock,value",
    "result,table,value",
    "error,reference,value",
    "CPU,time,user",
    "AAA,b,c",
    "Unnamed: 0,timestamp,a",
    "epoch,kernel.load,disk.read",
    "# time,a,b",
    "#time,a,b",
]
ROWS = [
    "2024-01-05 13:05:00,{0},{1}",
    "2024-01-05T13:05:0{0}Z,{0},{1}",
    "170445990{0},{0},{1}",
    "170445990{0}000000000,{0},{1}",
    "s{0},2024-01-05 13:05:00,{1}",
    "s{0},1704459900,{1}",
    "05/01/2024 13:05,{0},{1}",
]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("is_quoted", [False, True])
def test_no_plain_csv_is_taken_for_an_export(separator, is_quoted):
    taken = set()
    for header, row in itertools.product(HEADERS, ROWS):
        lines = [header, *(row.format(n, n + 0.5) for n in range(1, 6))]
        lines = [line.replace(",", separator) for line in lines]
        if is_quoted:
            lines[0] = separator.join(f'"{name}"' for name in lines[0].split(separator))
        if form := recognized("\n".join(lines) + "\n"):
            taken.add((header, form.name))
    assert taken == set()


def test_rates_by_name_are_no_kibana():
    assert recognized("time,packets per second\n2024-01-05 13:05:00,7\n") is None


def test_a_quoted_time_is_grafana_only_with_its_units(tmp_path):
    """R writes such headers too, and keys may name columns of text."""
    rows = "".join(f"2024-01-05 13:0{n}:00,{'ab'[n % 2]},{n / 3},1e3\n" for n in range(6))
    path = tmp_path / "data.csv"
    path.write_text('"Time","host","a","b"\n' + rows)
    assert recognized(path.read_text()) is None
    table = read_table(path, DataKeys(time_column="Time", ignore="host"))
    assert table.frame["a"].tolist() == [n / 3 for n in range(6)]
    assert recognized(path.read_text().replace("1e3", "1 kB")) is not None


@pytest.mark.parametrize("text", ["", "\n", "{}", "[]", "a", "{", "<xml>", "AAA", '"', "sep=,"])
def test_little_is_taken_for_nothing(text):
    assert recognized(text) is None


@pytest.mark.parametrize("name", SAMPLES)
def test_a_damaged_file_is_read_or_refused_with_a_sentence(name, tmp_path):
    form = next(form for form in FORMS if form.name == name)
    path = tmp_path / "export"
    chance = random.Random(name)
    for text in SAMPLES[name]:
        places = [chance.randrange(len(text)) for _ in range(8)]
        marks = chance.choices(["", "x", '"', "\n", "[", "{}", "-1", "1e400"], k=4)
        parts = [text[:place] for place in places[:4]]
        parts += [
            text[:at] + mark + text[at + 1 :] for at, mark in zip(places[4:], marks, strict=True)
        ]
        for part in parts:
            if form.recognizes(part[:HEAD]):
                try:
                    file = form.read(path, part)
                except InputError as error:
                    message = str(error)
                else:
                    message = f"{path}: it was taken for {file.kind}, but "
                assert message.startswith(f"{path}: it was taken for {name}, but ")
