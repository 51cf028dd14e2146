"""Losses of windows, and the meaning of the spread head of variational networks.

The network gives every cell of a window a mean and a *spread*. In the paper (García González et
al. 2022) the spread is a log variance, in the loss and in the band. In the published code the same
number is a log standard deviation in the loss and a log variance in the band; only
`log_variance_from` distinguishes the two spread conventions.

All functions are pure. NumPy computes its own arrays, `keras.ops` tensors of any backend.
"""

from dcvae._arrays import Tensor
from dcvae._backend import operations_of
from dcvae.config import Fidelity, Loss

# A series that is constant in training can be predicted exactly, and the likelihood then grows
# without limit as its log variance falls: the loss tends to minus infinity, at the expense of the
# other series. Bounding the log variance to +-10 keeps sigma between 0.0067 and 148 (scaled).
LOG_VARIANCE_BOUND = 10.0


# Without that bound sigma still has one, so that an error in sigmas is a number.
_LOOSE_BOUND = 69.0  # sigma between 1e-15 and 1e15 (scaled)


def log_variance_from(
    spread: Tensor, convention: Fidelity = "paper", *, bounded: bool = True
) -> Tensor:
    """Convert the spread head to a log variance, bounded to +-`LOG_VARIANCE_BOUND`.

    Args:
        spread: output of the spread head, any shape.
        convention: "paper": the head is log sigma². "code": the head is log sigma, as in the loss
            of the published program.
        bounded: False for no bound, as in the published program.

    Returns:
        The log variance of each cell (scaled units squared, natural logarithm), shape of `spread`.
    """
    log_variance = 2.0 * spread if convention == "code" else spread
    if not bounded:
        return log_variance
    return operations_of(spread).clip(log_variance, -LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND)


def sigma_from(spread: Tensor, *, bounded: bool = True) -> Tensor:
    """Convert the spread head to the sigma of the band, `mean ± alpha·sigma`.

    Paper and published code agree here: sigma = exp(spread / 2), with the log variance bounded.

    Args:
        spread: output of the spread head, any shape.
        bounded: False bounds sigma to 1e-15 and 1e15 only.

    Returns:
        Standard deviation of each cell, scaled, shape of `spread`.

    Examples:
        The spread is a log variance: 0 is a sigma of 1, and 2·log(3) one of 3.

        >>> import keras
        >>> import numpy as np
        >>> from dcvae.networks import sigma_from
        >>> sigma = sigma_from(np.array([0.0, 2 * np.log(3.0), -1000.0]))
        >>> keras.ops.convert_to_numpy(sigma).round(4).tolist()
        [1.0, 3.0, 0.0067]
    """
    ops, bound = operations_of(spread), LOG_VARIANCE_BOUND if bounded else _LOOSE_BOUND
    return ops.exp(0.5 * ops.clip(spread, -bound, bound))


def gaussian_nll(x: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the negative log-likelihood of each cell, without the constant.

    The cell is normal with the given mean and log variance.

    Args:
        x: the window, (batch, time, series), scaled.
        mean: reconstruction, same shape and units.
        log_variance: same shape, see `log_variance_from`.

    Returns:
        (batch, time, series), nats; the reconstruction term of the ELBO in García González et al.
        2022.
    """
    ops = operations_of(log_variance)
    return 0.5 * (ops.square(x - mean) * ops.exp(-log_variance) + log_variance)


def kl_divergence(z_mean: Tensor, z_log_var: Tensor) -> Tensor:
    """Return the KL divergence of N(z_mean, exp(z_log_var)) from N(0, 1), for each latent number.

    Args:
        z_mean: (batch, time, latent).
        z_log_var: (batch, time, latent).

    Returns:
        (batch, time, latent), nats, never negative; Kingma and Welling 2014, appendix B.
    """
    ops = operations_of(z_mean)
    return -0.5 * (1.0 + z_log_var - ops.square(z_mean) - ops.exp(z_log_var))


def elbo_terms(
    windows: Tensor, outputs: dict[str, Tensor], convention: Fidelity, *, bounded: bool
) -> tuple[Tensor, Tensor]:
    """Return the terms of the negative ELBO (García González et al. 2022), each (batch,).

    They are the mean negative log-likelihood of a cell and the mean KL divergence of a latent
    number: means, not sums, over time and series, and over time and latent channels. That fixes
    their relative weight.

    Args:
        windows: (batch, time, series), scaled.
        outputs: `z_mean`, `z_log_var` (batch, time, latent), `mean`, `spread` (batch, time,
            series).
        convention: see `log_variance_from`.
        bounded: likewise.

    Returns:
        Two tensors (batch,), nats per cell and nats per latent number.
    """
    log_variance = log_variance_from(outputs["spread"], convention, bounded=bounded)
    nll = gaussian_nll(windows, outputs["mean"], log_variance)
    kl = kl_divergence(outputs["z_mean"], outputs["z_log_var"])
    ops = operations_of(kl)
    return ops.mean(nll, axis=(1, 2)), ops.mean(kl, axis=(1, 2))


def distance_terms(
    windows: Tensor, outputs: dict[str, Tensor], distance: Loss
) -> tuple[Tensor, Tensor]:
    """Return the mean distance of a cell from its reconstruction, and 0 in place of a latent loss.

    Args:
        windows: (batch, time, series), scaled.
        outputs: `mean`, same shape.
        distance: absolute ("mae") or squared ("mse").

    Returns:
        Two tensors (batch,); the first is scaled, for "mse" squared.
    """
    ops = operations_of(outputs["mean"])
    error = windows - outputs["mean"]
    reconst = ops.mean(ops.abs(error) if distance == "mae" else ops.square(error), axis=(1, 2))
    return reconst, ops.zeros_like(reconst)
