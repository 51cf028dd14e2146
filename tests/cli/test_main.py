"""The program `dcvae`: its commands, their help, and what it says of words that are none.

That its commands do what the scripts do, to the byte, is in test_walk.py.
"""

import subprocess
import sys

import pytest

from dcvae import __version__
from dcvae.cli.arguments import SCRIPTS
from dcvae.config import preset_names, read_settings
from support.script_tools import ROOT, call, call_program, environment, good, write_settings

COMMANDS = ("train", "thresholds", "detect", "compare", "settings")


@pytest.mark.parametrize("words", [["--help"], ["-h"]])
def test_help_of_the_program_names_its_commands_and_their_scripts(words):
    said = good(call_program(*words)).stdout
    assert said.startswith("usage: dcvae [-h] [--version] COMMAND\n")
    for command in COMMANDS:
        assert f"\n  {command} " in said
    for script in SCRIPTS.values():
        assert f"({script})" in said
    assert said.endswith("dcvae COMMAND --help says more of each.\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command):
    said = good(call_program(command, "--help")).stdout
    assert said.startswith(f"usage: dcvae {command} [-h]")


@pytest.mark.parametrize("command", SCRIPTS)
def test_help_of_a_command_is_that_of_its_script(command):
    script = SCRIPTS[command].removesuffix(".py")
    by_script, by_program = (
        good(ended).stdout.split("\n\n", 1)[1]
        for ended in (call(script, "--help"), call_program(command, "--help"))
    )
    assert by_program == by_script


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["tran"], "invalid choice: 'tran' (choose from 'train', 'thresholds', 'detect', 'c"),
        (["--quiet", "train"], "the following arguments are required: COMMAND"),
        (["test", "x.csv"], "invalid choice: 'test'"),
    ],
)
def test_words_that_are_no_command(words, message):
    ended = call_program(*words)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("usage: dcvae [-h] [--version] COMMAND\ndcvae: error: ")
    assert message in ended.stderr


def test_wrong_words_after_a_command_are_refused_under_its_name():
    ended = call_program("detect", "d.csv", "s.txt", "--labls", "l.csv")
    assert ended.returncode == 2
    assert ended.stderr.startswith("usage: dcvae detect [-h]")
    assert "dcvae detect: error: unrecognized arguments: --labls l.csv\n" in ended.stderr


def test_the_version_is_told():
    assert good(call_program("--version")).stdout == f"dcvae {__version__}\n"


def test_a_mistake_ends_as_in_a_script(tmp_path):
    settings = write_settings(tmp_path / "settings.txt")
    ended = call_program("train", tmp_path / "no.csv", settings)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == call("train", tmp_path / "no.csv", settings).stderr
    assert ended.stderr.startswith("error: ")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_answers_at_once(command, tmp_path):
    """In a process in which whatever takes long to import cannot be imported."""
    heavy = ("tensorflow", "keras", "numpy", "pandas", "pydantic", "sklearn", "matplotlib")
    for name in heavy:
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name} was imported')\n")
    ended = subprocess.run(
        [sys.executable, "-c", "from dcvae.cli.main import main; main()", command, "--help"],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert good(ended).stdout.startswith(f"usage: dcvae {command} [-h]")


# --- dcvae settings ----------------------------------------------------------------------------


def test_settings_are_listed():
    names = good(call_program("settings")).stdout.splitlines()
    assert names == list(preset_names())
    assert {"recommended", "model_settings", "rnn_vae_settings"} <= set(names)


@pytest.mark.parametrize("name", preset_names())
def test_settings_are_printed_as_they_are_in_the_folder(name, tmp_path):
    """Redirected to a file, they are settings that can be used."""
    said = good(call_program("settings", name)).stdout
    assert said == (ROOT / "settings" / f"{name}.txt").read_text(encoding="utf-8")
    path = tmp_path / "mine.txt"
    path.write_text(said, encoding="utf-8")
    assert read_settings(path) == read_settings(ROOT / "settings" / f"{name}.txt")


def test_settings_of_no_such_name_are_refused():
    ended = call_program("settings", "best")
    assert (ended.returncode, ended.stdout) == (2, "")
    names = ", ".join(preset_names())
    assert ended.stderr == f"error: There are no settings called 'best'. Expected one of {names}.\n"


def test_messages_name_the_commands_as_they_were_called(tmp_path):
    """But for a file of the user's that is called as a script is."""
    settings = write_settings(tmp_path / "train.py")
    words = ["data.csv", settings, "--models", tmp_path]
    by_script, by_program = call("test", *words).stderr, call_program("detect", *words).stderr
    assert "Expected the folder that train.py writes" in by_script
    assert by_program == by_script.replace("that train.py writes", "that dcvae train writes")
    missing = call_program("detect", "data.csv", tmp_path / "test.py", "--models", tmp_path)
    assert f"error: {tmp_path / 'test.py'} does not exist" in missing.stderr
