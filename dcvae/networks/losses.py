"""What training minimizes, and the one meaning that the network's spread head has.

The network gives every cell of a window a mean and a *spread* number. The paper (García González
et al. 2022) reads the spread as a log variance, in the loss and in the band alike. The
published code reads the same number as a log standard deviation in the loss and as a log variance
in the band; `log_variance_from` is the only place that knows of the two readings.

Everything is written with `keras.ops` on tensors of any backend; nothing here has state.
"""

from typing import Any, Literal

from keras import ops

Tensor = Any
SpreadReading = Literal["paper", "code"]

# A series that is constant in training can be predicted exactly, and the likelihood then grows
# without limit as its log variance falls: the loss runs to minus infinity and takes the other
# series with it. Bounding the log variance to +-10 keeps sigma between 0.0067 and 148 (scaled).
LOG_VARIANCE_BOUND = 10.0


def log_variance_from(spread: Tensor, reading: SpreadReading = "paper") -> Tensor:
    """Read the spread head as a log variance, bounded to +-`LOG_VARIANCE_BOUND`.

    Args:
        spread: output of the spread head, any shape.
        reading: "paper": the head is log sigma². "code": the head is log sigma, as in the loss of
            the published program.

    Returns:
        The log variance of each cell (scaled units squared, natural logarithm), shape of `spread`.
    """
    log_variance = 2.0 * spread if reading == "code" else spread
    return ops.clip(log_variance, -LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND)


def sigma_from(spread: Tensor) -> Tensor:
    """Standard deviation (scaled) of each cell, as the band `mean ± alpha·sigma` reads the head.

    Paper and published code agree here: sigma = exp(spread / 2).
    """
    return ops.exp(0.5 * log_variance_from(spread))


def gaussian_nll(x: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Negative log-likelihood of each cell under N(mean, exp(log_variance)), without the constant.

    Args:
        x: the window, (batch, time, series), scaled.
        mean: reconstruction, same shape and units.
        log_variance: same shape, see `log_variance_from`.

    Returns:
        (batch, time, series); García González et al. 2022, the reconstruction term of the ELBO.
    """
    return 0.5 * (ops.square(x - mean) * ops.exp(-log_variance) + log_variance)


def kl_divergence(z_mean: Tensor, z_log_var: Tensor) -> Tensor:
    """KL divergence of N(z_mean, exp(z_log_var)) from N(0, 1), for each latent channel and step.

    Args:
        z_mean: (batch, time, latent).
        z_log_var: (batch, time, latent).

    Returns:
        (batch, time, latent), never negative; Kingma and Welling 2014, appendix B.
    """
    return -0.5 * (1.0 + z_log_var - ops.square(z_mean) - ops.exp(z_log_var))
