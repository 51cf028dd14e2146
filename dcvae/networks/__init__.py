"""Networks: autoencoders of windows, one module per architecture, one interface for all.

What is known of an architecture without building it (its plan, the size of its latent) needs no
Keras; the rest is imported on first use.
"""

from typing import TYPE_CHECKING

from dcvae._lazy import lazy_exports

if TYPE_CHECKING:
    from dcvae.networks.architectures import ARCHITECTURES as ARCHITECTURES
    from dcvae.networks.architectures import build_network as build_network
    from dcvae.networks.architectures import entry_of as entry_of
    from dcvae.networks.architectures import register_layers as register_layers
    from dcvae.networks.base import Autoencoder as Autoencoder
    from dcvae.networks.in_numpy.activations import ACTIVATIONS as ACTIVATIONS
    from dcvae.networks.in_numpy.autoencoders import NetworkInNumpy as NetworkInNumpy
    from dcvae.networks.in_numpy.autoencoders import network_in_numpy as network_in_numpy
    from dcvae.networks.in_numpy.convolutional import FoldedConvolution as FoldedConvolution
    from dcvae.networks.in_numpy.convolutional import folded as folded
    from dcvae.networks.in_numpy.initial import initial_weights as initial_weights
    from dcvae.networks.in_numpy.weights import Convolution as Convolution
    from dcvae.networks.in_numpy.weights import ConvolutionSide as ConvolutionSide
    from dcvae.networks.in_numpy.weights import Dense as Dense
    from dcvae.networks.in_numpy.weights import NetworkWeights as NetworkWeights
    from dcvae.networks.in_numpy.weights import Norm as Norm
    from dcvae.networks.in_numpy.weights import Recurrent as Recurrent
    from dcvae.networks.in_numpy.weights import RecurrentSide as RecurrentSide
    from dcvae.networks.interface import Network as Network
    from dcvae.networks.interface import Reconstruction as Reconstruction
    from dcvae.networks.layers import ConvHeads as ConvHeads
    from dcvae.networks.layers import DilatedCausalConv as DilatedCausalConv
    from dcvae.networks.losses import sigma_from as sigma_from
    from dcvae.networks.plan import SidePlan as SidePlan

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "dcvae.networks.architectures": (
            "ARCHITECTURES",
            "build_network",
            "entry_of",
            "register_layers",
        ),
        "dcvae.networks.base": ("Autoencoder",),
        "dcvae.networks.in_numpy.activations": ("ACTIVATIONS",),
        "dcvae.networks.in_numpy.autoencoders": ("NetworkInNumpy", "network_in_numpy"),
        "dcvae.networks.in_numpy.convolutional": ("FoldedConvolution", "folded"),
        "dcvae.networks.in_numpy.initial": ("initial_weights",),
        "dcvae.networks.in_numpy.weights": (
            "Convolution",
            "ConvolutionSide",
            "Dense",
            "NetworkWeights",
            "Norm",
            "Recurrent",
            "RecurrentSide",
        ),
        "dcvae.networks.interface": ("Network", "Reconstruction"),
        "dcvae.networks.layers": ("ConvHeads", "DilatedCausalConv"),
        "dcvae.networks.losses": ("sigma_from",),
        "dcvae.networks.plan": ("SidePlan",),
    },
)
