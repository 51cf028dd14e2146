"""Layers of a network for people: names, sizes and parameters are those that Keras counts."""

from dataclasses import replace

import pytest

from dcvae.networks import RecurrentSide, build_network, layer_lines, num_parameters
from support.builders import settings_with
from support.network_tools import rnn_vae_settings, seq2seq_settings

_NOTHING = RecurrentSide((), ())


@pytest.mark.parametrize(
    "settings",
    [
        settings_with(M=3, kernel=3),
        rnn_vae_settings(layer_type="gru", rnn_units=[5, 4]),
        seq2seq_settings(layer_type="lstm"),
    ],
    ids=lambda settings: settings.architecture,
)
def test_every_parameter_is_counted_once(settings):
    network = build_network(settings)
    weights = network.describe()
    assert num_parameters(weights) == network.count_params()
    in_encoder = [line.parameters for line in layer_lines(replace(weights, decoder=_NOTHING))]
    assert sum(in_encoder) == network.encoder.count_params()


def test_lines_of_convolutions():
    settings = settings_with(M=3, kernel=3, J=2, cnn_units=[4, 5], dil_rate=[1, 2, 4])
    lines = layer_lines(build_network(settings).describe())
    activation = settings.activation
    assert lines[:6] == [
        ("encoder_conv_1", f"convolution, 3 taps, dilation 1, {activation}", 4, 3 * 3 * 4 + 4),
        ("encoder_norm_1", "batch normalization", 4, 16),
        ("encoder_conv_2", f"convolution, 3 taps, dilation 2, {activation}", 5, 3 * 4 * 5 + 5),
        ("encoder_norm_2", "batch normalization", 5, 20),
        ("z_mean", "convolution, 3 taps, dilation 4, linear", 2, 3 * 5 * 2 + 2),
        ("z_log_var", "convolution, 3 taps, dilation 4, linear", 2, 3 * 5 * 2 + 2),
    ]
    assert [line.name for line in lines[-2:]] == ["x_mean", "x_spread"]


def test_lines_of_recurrent_layers():
    lines = layer_lines(
        build_network(rnn_vae_settings(layer_type="gru", rnn_units=[5, 4])).describe()
    )
    assert lines[0][:3] == ("encoder_gru_1", "GRU layer, tanh", 5)
    settings = seq2seq_settings(layer_type="lstm", hidden_size=6, embedding_size=3)
    lines = layer_lines(build_network(settings).describe())
    assert [(line.name, line.kind, line.channels) for line in lines] == [
        ("encoder_lstm_1", "LSTM layer, tanh", 6),
        ("embedding", "LSTM layer, tanh", 3),
        ("decoder_lstm_1", "LSTM layer, tanh", 3),
        ("decoder_lstm_2", "LSTM layer, tanh", 6),
        ("x_mean", "linear map", 2),
    ]
