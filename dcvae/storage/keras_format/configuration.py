"""Configuration of a DC-VAE as Keras writes it, from which Keras builds the network again."""

from collections.abc import Sequence
from typing import Any

from dcvae.networks import Convolution, ConvolutionSide, NetworkWeights, Norm

Config = dict[str, Any]
Shape = tuple[None, int, int]  # of windows: batch, rows, channels

NETWORK = "dc_vae"
SAMPLING = "sampling"
HEADS = {"encoder": ("z_mean", "z_log_var"), "decoder": ("x_mean", "x_spread")}
"""Names of the two heads of each side."""

_ALIASES = {"swish": "silu"}  # of activations; Keras writes the latter


def convolutional_sides(weights: NetworkWeights) -> tuple[ConvolutionSide, ConvolutionSide]:
    """Return encoder and decoder of a DC-VAE.

    Args:
        weights: of the network.

    Raises:
        ValueError: it is a network of another architecture.
    """
    encoder, decoder = weights.encoder, weights.decoder
    if isinstance(encoder, ConvolutionSide) and isinstance(decoder, ConvolutionSide):
        return encoder, decoder
    raise ValueError(f"Expected a network of convolutions. Received: {weights.architecture}.")


def configuration_of(weights: NetworkWeights) -> Config:
    """Return what `config.json` holds of a DC-VAE, equal to what Keras writes.

    Args:
        weights: of the network, of `architecture` "dc-vae".

    Returns:
        Plain values for JSON, their keys in Keras's order.

    Raises:
        ValueError: it is a network of another architecture.
    """
    encoder, decoder = convolutional_sides(weights)
    windows: Shape = (None, weights.window_length, weights.num_series)
    latents: Shape = (None, weights.window_length, weights.latent_size)
    config = {
        "name": NETWORK,
        "trainable": True,
        "dtype": _FLOAT32,
        "encoder": _model("encoder", encoder, windows),
        "decoder": _model("decoder", decoder, latents),
        "spread_reading": weights.spread_convention,
        "seed": weights.seed,
        "gradient_norm": weights.gradient_norm,
        **({} if weights.bounded else {"bounded": False}),
    }
    return {
        "module": "dcvae.networks.vae",
        "class_name": "VariationalAutoencoder",
        "config": config,
        "registered_name": "dcvae>VariationalAutoencoder",
        "build_config": {"input_shape": windows},
        "compile_config": {},
    }


def _model(name: str, side: ConvolutionSide, shape: Shape) -> Config:
    """Describe encoder or decoder: layers, each with the one before it as its input."""
    layers = [_input(f"{name}_input", shape)]
    for number, layer in enumerate(side.hidden, start=1):
        own = f"{name}_conv_{number}"
        layers.append(_convolution(own, layer, layers[-1]["name"], shape))
        shape = (*shape[:2], layer.kernel.shape[2])
        if layer.norm is not None:
            layers.append(_norm(f"{name}_norm_{number}", layer.norm, own, shape))
    heads = f"{name}_heads"
    layers.append(_heads(heads, HEADS[name], side.heads[0], layers[-1]["name"], shape))
    return {
        **_object("keras.src.models.functional", "Functional"),
        "config": {
            "name": name,
            "trainable": True,
            "layers": layers,
            "input_layers": [f"{name}_input", 0, 0],
            "output_layers": [[heads, 0, output] for output in range(len(side.heads))],
        },
        "registered_name": "Functional",
        "build_config": {"input_shape": None},
        "compile_config": {},
    }


def _input(name: str, shape: Shape) -> Config:
    config = {
        "batch_shape": shape,
        "dtype": "float32",
        "sparse": False,
        "ragged": False,
        "name": name,
        "optional": False,
    }
    return {
        **_object("keras.layers", "InputLayer"),
        "config": config,
        "registered_name": None,
        "name": name,
        "inbound_nodes": [],
    }


def _convolution(name: str, layer: Convolution, before: str, shape: Shape) -> Config:
    config = {
        "units": layer.kernel.shape[2],
        "kernel_size": layer.kernel.shape[0],
        "dilation": layer.dilation,
        "activation": _ALIASES.get(layer.activation, layer.activation),
    }
    part = _object("dcvae.networks.layers", "DilatedCausalConv")
    return _layer(part, name, config, before, shape, "dcvae>DilatedCausalConv")


def _heads(name: str, names: Sequence[str], head: Convolution, before: str, shape: Shape) -> Config:
    config = {
        "names": list(names),
        "units": head.kernel.shape[2],
        "kernel_size": head.kernel.shape[0],
        "dilation": head.dilation,
    }
    part = _object("dcvae.networks.layers", "ConvHeads")
    return _layer(part, name, config, before, shape, "dcvae>ConvHeads")


def _norm(name: str, norm: Norm, before: str, shape: Shape) -> Config:
    initializers = {
        f"{weight}_initializer": {
            **_object("keras.initializers", initializer),
            "config": {},
            "registered_name": None,
        }
        for weight, initializer in (
            ("beta", "Zeros"),
            ("gamma", "Ones"),
            ("moving_mean", "Zeros"),
            ("moving_variance", "Ones"),
        )
    }
    kinds = ("beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint")
    config = {
        "axis": -1,
        "momentum": norm.momentum,
        "epsilon": norm.epsilon,
        "center": True,
        "scale": True,
        **initializers,
        **dict.fromkeys(kinds),
        "synchronized": False,
        "renorm": False,
        "renorm_clipping": None,
        "renorm_momentum": 0.99,
    }
    part = _object("keras.layers", "BatchNormalization")
    return _layer(part, name, config, before, shape, None, mask=None)


def _layer(
    part: Config,
    name: str,
    config: Config,
    before: str,
    shape: Shape,
    registered: str | None,
    **arguments: Any,
) -> Config:
    """Describe a layer that is called with the output of one layer before it."""
    tensor = {"shape": shape, "dtype": "float32", "keras_history": [before, 0, 0]}
    argument = {"class_name": "__keras_tensor__", "config": tensor}
    return {
        **part,
        "config": {"name": name, "trainable": True, "dtype": _FLOAT32, **config},
        "registered_name": registered,
        "build_config": {"input_shape": shape},
        "name": name,
        "inbound_nodes": [{"args": [argument], "kwargs": arguments}],
    }


def _object(module: str, class_name: str) -> Config:
    return {"module": module, "class_name": class_name}


_FLOAT32 = {
    **_object("keras", "DTypePolicy"),
    "config": {"name": "float32"},
    "registered_name": None,
}
