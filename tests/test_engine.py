"""The engine: chosen by what is asked for and what is there, without importing a framework."""

import importlib.util
import subprocess
import sys
from typing import get_args

import pytest

from dcvae import _devices
from dcvae._engine import scoring_engine, training_engine, versions
from dcvae.config import Architecture
from dcvae.errors import InputError


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """A machine without a card, with Keras, on which nothing is asked for; fields may be set."""
    for name in ("DCVAE_ENGINE", "KERAS_BACKEND", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)

    class Machine:
        cards = ()
        installed = ("keras", "tensorflow")

    monkeypatch.delitem(sys.modules, "keras", raising=False)  # of the process, if it is loaded
    monkeypatch.setattr(_devices, "glob", lambda files: [p for p in Machine.cards if p == files])
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: name if name in Machine.installed else None
    )
    return Machine


def test_without_a_card_it_is_numpy(machine):
    assert scoring_engine() == "numpy"
    assert training_engine("dc-vae") == "numpy"


@pytest.mark.parametrize("card", ["/dev/nvidia[0-9]*", "/dev/kfd"])
def test_a_card_is_used(machine, card):
    machine.cards = (card,)
    assert scoring_engine() == training_engine("dc-vae") == "keras"


@pytest.mark.parametrize("hidden", ["", "-1", " -1", "-1,0"])
def test_a_hidden_card_is_none(machine, monkeypatch, hidden):
    machine.cards = ("/dev/kfd",)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert scoring_engine() == "numpy"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert scoring_engine() == "keras"


@pytest.mark.parametrize("installed", [(), ("keras",), ("tensorflow",)])
def test_a_card_without_its_framework_is_left_alone(machine, installed):
    machine.cards, machine.installed = ("/dev/kfd",), installed
    assert scoring_engine() == "numpy"


def test_whoever_names_a_backend_asks_for_keras(machine, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    machine.installed = ("keras", "jax")
    assert scoring_engine() == "keras"
    monkeypatch.setenv("DCVAE_ENGINE", "numpy")  # asks more plainly
    assert scoring_engine() == "numpy"


def test_recurrent_networks_are_trained_by_keras(machine, monkeypatch):
    monkeypatch.setenv("DCVAE_ENGINE", "numpy")
    trained = {name: training_engine(name) for name in get_args(Architecture)}
    assert trained == {"dc-vae": "numpy", "rnn-vae": "keras", "seq2seq": "keras"}


@pytest.mark.parametrize("value", ["auto", ""])
def test_auto_is_as_without_the_variable(machine, monkeypatch, value):
    monkeypatch.setenv("DCVAE_ENGINE", value)
    assert scoring_engine() == "numpy"


def test_another_value_is_refused(machine, monkeypatch):
    monkeypatch.setenv("DCVAE_ENGINE", "Keras")
    with pytest.raises(InputError, match=r'DCVAE_ENGINE .*"keras"\. Received: "Keras"\. Set it'):
        scoring_engine()


def test_keras_is_asked_for_and_not_there(machine, monkeypatch):
    machine.installed = ("keras",)
    way_out = 'DCVAE_ENGINE=numpy scores without it, and trains `architecture` "dc-vae"'
    monkeypatch.setenv("DCVAE_ENGINE", "keras")
    with pytest.raises(InputError, match=rf"TensorFlow is .* DCVAE_ENGINE=keras asks .*{way_out}"):
        scoring_engine()
    monkeypatch.setenv("DCVAE_ENGINE", "auto")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(InputError, match=rf"JAX is not .* KERAS_BACKEND=jax asks .*{way_out}"):
        scoring_engine()
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.raises(InputError, match=rf'"tensorflow".* Received: "theano"\. .*{way_out}'):
        scoring_engine()
    monkeypatch.delenv("KERAS_BACKEND")
    machine.installed = ()
    with pytest.raises(InputError, match=r'pip .* The training .* "rnn-vae" needs .* "dc-vae" do'):
        training_engine("rnn-vae")


def test_versions_are_of_what_computes(monkeypatch):
    assert set(versions("numpy")) == {"numpy"}
    assert list(versions("keras")) == ["tensorflow", "keras", "numpy"]
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    assert list(versions("keras")) == ["jax", "keras", "numpy"]


def test_nothing_is_imported_to_find_out():
    code = (
        "import sys; from dcvae import _engine; _engine.scoring_engine(); "
        "_engine.versions('keras'); print(sorted({'keras', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
