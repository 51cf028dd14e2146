"""Plans of layers and what a network can reach, derived by hand and without Keras."""

import subprocess
import sys

import pytest

from dcvae.config import NetworkKeys
from dcvae.networks import SidePlan, entry_of
from dcvae.networks.plan import decoder_plan, encoder_plan, without_far_dilations
from support.settings_files import read


class TestPlans:
    """The layers of both sides, derived by hand from the paper and from the published program."""

    def test_paper_with_the_published_file(self):
        settings = read()
        encoder, decoder = encoder_plan(settings), decoder_plan(settings)
        hidden = ((64, 1), (64, 2), (64, 4), (64, 8), (64, 16), (64, 32))
        assert encoder == SidePlan(hidden, 64)
        hidden = ((64, 64), (64, 32), (64, 16), (64, 8), (64, 4), (64, 2))
        assert decoder == SidePlan(hidden, 1)
        assert (encoder.receptive_field(2), decoder.receptive_field(2)) == (128, 128)

    def test_code_with_the_published_file(self):
        settings = read(fidelity="code")
        encoder, decoder = encoder_plan(settings), decoder_plan(settings)
        assert encoder == SidePlan(((64, 1), (64, 2), (64, 4), (64, 8), (64, 16)), 16)
        assert decoder == SidePlan(((64, 64), (64, 32), (64, 16), (64, 8), (64, 4)), 1)
        assert (encoder.receptive_field(2), decoder.receptive_field(2)) == (48, 126)

    @pytest.mark.parametrize(
        ("fidelity", "units", "rates", "encoder", "decoder"),
        [
            # One unit fewer than rates: each hidden layer of both sides has its own.
            (
                "paper",
                [8, 6, 4],
                [1, 3, 9, 27],
                SidePlan(((8, 1), (6, 3), (4, 9)), 27),
                SidePlan(((4, 27), (6, 9), (8, 3)), 1),
            ),
            # As many: the last unit is the decoder's first, the first one the encoder's only.
            (
                "paper",
                [8, 6, 4],
                [1, 3, 9],
                SidePlan(((8, 1), (6, 3)), 9),
                SidePlan(((4, 9), (6, 3)), 1),
            ),
            ("paper", [8], [1, 5], SidePlan(((8, 1),), 5), SidePlan(((8, 5),), 1)),
            (
                "code",
                [8, 6, 4],
                [1, 3, 9, 27],
                SidePlan(((8, 1), (6, 3)), 3),
                SidePlan(((4, 27), (6, 9)), 1),
            ),
            (
                "code",
                [8, 6, 4],
                [1, 3, 9],
                SidePlan(((8, 1), (6, 3)), 3),
                SidePlan(((4, 9), (6, 3)), 1),
            ),
            ("code", [8, 6], [1, 3], SidePlan(((8, 1),), 1), SidePlan(((6, 3),), 1)),
        ],
    )
    def test_general_lengths(self, fidelity, units, rates, encoder, decoder):
        settings = read(fidelity=fidelity, cnn_units=units, dil_rate=rates)
        assert encoder_plan(settings) == encoder
        assert decoder_plan(settings) == decoder

    def test_sides_are_chosen_one_by_one(self):
        settings = read(fidelity_encoder="code")
        assert encoder_plan(settings) == encoder_plan(read(fidelity="code"))
        assert decoder_plan(settings) == decoder_plan(read())

    def test_receptive_field_grows_with_the_kernel(self):
        assert SidePlan(((8, 1), (8, 3)), 9).receptive_field(kernel=4) == 1 + 3 * 13

    def test_needs_no_keys_but_the_network_s_own(self):
        keys = NetworkKeys(cnn_units=[8], dil_rate=[1, 5])
        assert encoder_plan(keys) == SidePlan(((8, 1),), 5)
        assert decoder_plan(keys) == SidePlan(((8, 5),), 1)


class TestReach:
    @pytest.mark.parametrize(
        ("keys", "channels"),
        [({"J": 3}, 3), ({"architecture": "rnn-vae", "J": 3}, 3), ({"embedding_size": 5}, 5)],
    )
    def test_latent_channels(self, keys, channels):
        assert entry_of(read(**keys)).latent_channels(read(**keys)) == channels

    @pytest.mark.parametrize(
        ("keys", "reach"),
        [
            ({}, "receptive field 128 (encoder) and 128 (decoder) of T = 128 rows"),
            (
                {"fidelity": "code"},
                "receptive field 48 (encoder) and 126 (decoder) of T = 128 rows",
            ),
            ({"rnn_units": [8, 4]}, "every row of the window (T = 512) in reach"),
        ],
    )
    def test_is_said_in_words(self, keys, reach):
        assert entry_of(read(**keys)).reach(read(**keys)) == reach

    def test_receptive_fields_of_the_published_program(self):
        settings = read(fidelity="code")
        assert entry_of(settings).notices(settings) == [
            "The encoder's receptive field is 48 rows but `T` is 128: the rows of a window before "
            "the last 48 do not influence its last latent vector.",
            "The decoder's receptive field is 126 rows but `T` is 128: the latent vectors of a "
            "window before the last 126 do not influence the scored row.",
        ]

    def test_receptive_field_larger_than_the_window(self):
        assert entry_of(read(T=100)).notices(read(T=100)) == [
            f"The {side}'s receptive field is 128 rows but `T` is 100: its farthest 28 rows always "
            "fall on the padding before the window."
            for side in ("encoder", "decoder")
        ]

    def test_nothing_to_say(self):
        assert entry_of(read()).notices(read()) == []

    @pytest.mark.parametrize("architecture", ["rnn-vae", "seq2seq"])
    def test_what_reaches_every_row_has_nothing_to_say(self, architecture):
        settings = read(architecture=architecture, T=7)
        assert entry_of(settings).notices(settings) == []
        assert entry_of(settings).reach(settings) == "every row of the window (T = 7) in reach"


class TestShorterWindows:
    """A layer whose taps end before the window is left out, with the unit it belongs to."""

    @pytest.mark.parametrize(
        ("length", "kept"),
        [(128, 7), (127, 6), (64, 6), (63, 5), (5, 2), (4, 2), (2, 2)],
    )
    def test_layers_that_reach_too_far_are_left_out(self, length, kept):
        """Rows in reach with dilations 1, 2, 4, ..., 64: 2, 4, 8, 16, 32, 64, 128."""
        changes = without_far_dilations(read(), length)
        if kept == 7:
            assert changes == {}
            return
        assert changes == {
            "dil_rate": (1, 2, 4, 8, 16, 32, 64)[:kept],
            "cnn_units": (64,) * (kept - 1),
        }

    def test_a_wider_kernel_reaches_farther(self):
        """With 3 taps: 3, 7, 15 rows."""
        keys = read(kernel=3, cnn_units=[8, 8], dil_rate=[1, 2, 4])
        assert without_far_dilations(keys, 15) == {}
        assert without_far_dilations(keys, 14) == {"dil_rate": (1, 2), "cnn_units": (8,)}

    @pytest.mark.parametrize("key", ["fidelity_encoder", "fidelity_decoder"])
    def test_the_published_sides_need_two_hidden_layers(self, key):
        changes = without_far_dilations(read(**{key: "code"}), 2)
        assert changes == {"dil_rate": (1, 2, 4), "cnn_units": (64, 64)}

    def test_only_dilations_are_left_out(self):
        for architecture in ("rnn-vae", "seq2seq"):
            settings = read(architecture=architecture)
            assert entry_of(settings).shorter(settings, 5) == {}
        assert entry_of(read()).shorter(read(), 5) == without_far_dilations(read(), 5)


def test_what_is_known_without_a_network_needs_no_keras():
    program = (
        "import sys; from dcvae.config import NetworkKeys; from dcvae.networks import entry_of; "
        "entry_of(NetworkKeys()).reach(NetworkKeys()); "
        "print({'keras', 'tensorflow', 'pandas'} & set(sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "set()"
