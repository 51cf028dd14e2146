"""The table of all keys, by hand where other keys decide, and the page that shows it."""

import json
import re
import subprocess
import sys

import pytest

from dcvae.config import FIELDS, Settings, read_settings
from dcvae.config.keys.properties import FIDELITY_KEYS
from dcvae.config.messages import allowed_values
from dcvae.config.reference import key_table, with_key_table
from support.settings_files import FOLDER

PAGE = FOLDER.parent / "docs" / "guide" / "settings.md"
MARKS = ("<!-- keys: begin -->\n", "<!-- keys: end -->\n")


def page_text():
    return PAGE.read_text(encoding="utf-8")


def rows():
    """The cells of the lines of the table, by key."""
    _, rule, *lines = key_table().rstrip("\n").split("\n")
    assert rule == "|---|---|---|---|---|---|"
    cells = [re.split(r" \| ", line.removeprefix("| ").removesuffix(" |")) for line in lines]
    return {line[0].strip("`"): line for line in cells}


def test_has_a_header_and_a_line_for_each_key_in_the_order_of_a_file():
    header, *_ = key_table().split("\n")
    assert header == "| Key | Meaning | Values | Default | Architecture | Takes effect |"
    assert list(rows()) == list(FIELDS)
    assert all(len(cells) == 6 for cells in rows().values())
    assert key_table().endswith(" |\n")


@pytest.mark.parametrize("key", FIELDS)
def test_says_what_the_code_says(key):
    _, meaning, values, default, *_ = rows()[key]
    assert meaning == FIELDS[key].description
    assert values == allowed_values(FIELDS[key])
    if key in FIDELITY_KEYS:
        assert default == "as `fidelity`"
    elif key != "model_name":
        assert default.startswith(f"`{json.dumps(FIELDS[key].default)}`")


@pytest.mark.parametrize(
    ("key", "default", "owners", "effect"),
    [
        ("model_name", "(required)", "all", "label"),
        ("T", "`128`; `512` for rnn-vae", "all", "model"),
        ("M", "`null`", "all", "model"),
        ("cnn_units", "`[64, 64, 64, 64, 64, 64]`", "dc-vae", "model"),
        ("layer_type", '`"gru"`', "rnn-vae, seq2seq", "model"),
        ("activation", '`"tanh"`', "dc-vae, rnn-vae", "model"),
        ("lr", "`0.0001`; `0.001` for rnn-vae; `0.001` for seq2seq", "all", "training"),
        ("sigma", '`"predicted"`; `"constant"` for seq2seq', "all", "scoring"),
        ("max_gap", '`12`; `null` if `fidelity` is "code"', "all", "data"),
        ("alarm_system", '`"weighted"`; `"any"` if `fidelity` is "code"', "all", "alphas"),
        ("fidelity", '`"paper"`', "all", "other keys"),
        ("fidelity_latent", "as `fidelity`", "dc-vae, rnn-vae", "scoring"),
        ("alpha_reg", "`0.0001`", "all", "none"),
    ],
)
def test_default_architectures_and_effect_by_hand(key, default, owners, effect):
    assert rows()[key][3:] == [default, owners, effect]


def test_is_put_between_the_marks_of_a_page_and_only_there():
    page = f"# Keys\n\n{MARKS[0]}what was\nhere before\n{MARKS[1]}\nThe end.\n"
    written = with_key_table(page)
    assert written == f"# Keys\n\n{MARKS[0]}\n{key_table()}\n{MARKS[1]}\nThe end.\n"
    assert with_key_table(written) == written


@pytest.mark.parametrize("page", ["", MARKS[0], MARKS[1], MARKS[1] + MARKS[0]])
def test_a_page_without_the_marks_is_refused(page):
    message = "Expected the lines <!-- keys: begin --> and <!-- keys: end --> in the page"
    with pytest.raises(ValueError, match=message):
        with_key_table(page)


def test_as_a_program_writes_it_into_a_page(tmp_path):
    page = tmp_path / "señal.md"
    page.write_text(f"é\n{MARKS[0]}{MARKS[1]}", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "dcvae.config.reference", str(page)],
        cwd=FOLDER.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert page.read_text(encoding="utf-8") == with_key_table(f"é\n{MARKS[0]}{MARKS[1]}")


class TestPage:
    """docs/guide/settings.md: what it says of keys and of files is true."""

    def test_has_the_table_of_today(self):
        assert with_key_table(page_text()) == page_text()
        assert key_table() in page_text()

    def test_its_examples_are_settings_files(self, tmp_path):
        examples = re.findall(r"```json\n(.*?)```", page_text(), flags=re.DOTALL)
        (metadata,) = re.findall(r"```\n(series,.*?)```", page_text(), flags=re.DOTALL)
        (tmp_path / "sensors.csv").write_text(metadata, encoding="utf-8")
        smallest, inside, outside = (
            Settings.from_text(example, tmp_path / "settings.md") for example in examples
        )
        assert not smallest.titles
        assert (inside.titles, inside.units) == (outside.titles, outside.units)

    def test_says_what_is_in_sample_txt(self):
        settings = read_settings(FOLDER / "sample.txt")
        assert (settings.epochs, settings.patience) == (30, 30)
        assert (settings.lr_decay, settings.decay_rate, settings.decay_step) == (True, 0.5, 500)
        text = " ".join(page_text().split())
        assert "trains 30 epochs and never stops early (`patience` is 30 as well)" in text
        assert "halves every 500 training steps" in text


def test_the_page_on_fidelity_has_a_row_for_every_key():
    page = (PAGE.parents[1] / "fidelity.md").read_text(encoding="utf-8")
    rows = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `fidelity_")]
    assert rows == list(FIDELITY_KEYS)
