"""Slow, obvious NumPy versions, in float64, of what the package does with tensors and of metrics.

Nothing here calls the package: layouts, convolutions, losses are written down again from the paper
(García González et al. 2022) and from the description of the published program, metrics from their
own papers, so that an error would have to be made twice. Loops are preferred to tricks.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dcvae.config import Settings

Array = NDArray[np.float64]
Weights = dict[str, Array]
Layout = tuple[list[tuple[int, int]], int]  # (units, dilation) of the hidden layers, the heads'

BATCH_NORM_EPSILON = 1e-3

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "tanh": np.tanh,
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "elu": lambda x: np.where(x > 0, x, np.exp(np.minimum(x, 0.0)) - 1),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}


def dilated_causal_convolution(x: Array, kernel: Array, bias: Array, dilation: int) -> Array:
    """Convolve (batch, time, channels_in): `y[p] = b + sum_j W_j · x[p - (k-1-j)·d]`, zeros before.

    Kernel (taps, channels_in, units), bias (units,).
    """
    num_windows, length, _ = x.shape
    taps, _, units = kernel.shape
    result = np.zeros((num_windows, length, units))
    for window in range(num_windows):
        for position in range(length):
            total = bias.astype(np.float64)
            for tap in range(taps):
                source = position - (taps - 1 - tap) * dilation
                if source >= 0:
                    total = total + x[window, source] @ kernel[tap]
            result[window, position] = total
    return result


def encoder_layout(settings: Settings) -> Layout:
    """Paper: a layer for every dilation. Program: `cnn_units` less one, its last dilation again."""
    units, dilations = settings.cnn_units, settings.dil_rate
    if settings.fidelity_encoder == "paper":
        return [(units[i], dilations[i]) for i in range(len(dilations) - 1)], dilations[-1]
    hidden = [(units[i], dilations[i]) for i in range(len(units) - 1)]
    return hidden, hidden[-1][1]


def decoder_layout(settings: Settings) -> Layout:
    """Both walk `cnn_units` and `dil_rate` from their ends; they differ in the number of layers."""
    units, dilations = settings.cnn_units, settings.dil_rate
    paper = settings.fidelity_decoder == "paper"
    num_hidden = (len(dilations) if paper else len(units)) - 1
    return [(units[-1 - i], dilations[-1 - i]) for i in range(num_hidden)], dilations[0]


def reachable_offsets(layout: Layout, taps: int) -> set[int]:
    """How many rows back an output can see: every way to take one tap in each layer."""
    hidden, head_dilation = layout
    offsets = {0}
    for dilation in [*(dilation for _, dilation in hidden), head_dilation]:
        offsets = {offset + tap * dilation for offset in offsets for tap in range(taps)}
    return offsets


def batch_norm(x: Array, weights: Weights, name: str, training: bool) -> Array:
    """Per channel: by the stored statistics, or while training by those of the batch itself."""
    mean, variance = weights[f"{name}/moving_mean"], weights[f"{name}/moving_variance"]
    if training:
        mean, variance = x.mean(axis=(0, 1)), x.var(axis=(0, 1))
    normalized = (x - mean) / np.sqrt(variance + BATCH_NORM_EPSILON)
    return normalized * weights[f"{name}/gamma"] + weights[f"{name}/beta"]


def side(
    x: Array,
    weights: Weights,
    name: str,
    layout: Layout,
    activation: str,
    heads: tuple[str, str],
    training: bool,
) -> tuple[Array, Array]:
    """Hidden layers (convolution, activation, BatchNorm), then the two heads."""
    hidden, head_dilation = layout
    for number, (units, dilation) in enumerate(hidden, start=1):
        kernel, bias = (weights[f"{name}_conv_{number}/{part}"] for part in ("kernel", "bias"))
        assert kernel.shape[2] == units
        x = ACTIVATIONS[activation](dilated_causal_convolution(x, kernel, bias, dilation))
        x = batch_norm(x, weights, f"{name}_norm_{number}", training)
    first, second = (
        dilated_causal_convolution(
            x, weights[f"{head}/kernel"], weights[f"{head}/bias"], head_dilation
        )
        for head in heads
    )
    return first, second


def encode(
    x: Array, settings: Settings, weights: Weights, training: bool = False
) -> tuple[Array, Array]:
    """z_mean and z_log_var (batch, time, latent) of windows (batch, time, series)."""
    layout = encoder_layout(settings)
    heads = ("z_mean", "z_log_var")
    return side(x, weights, "encoder", layout, settings.activation, heads, training)


def decode(
    z: Array, settings: Settings, weights: Weights, training: bool = False
) -> tuple[Array, Array]:
    """Mean and spread (batch, time, series) of latent sequences (batch, time, latent)."""
    layout = decoder_layout(settings)
    return side(z, weights, "decoder", layout, "elu", ("x_mean", "x_spread"), training)


def forward(
    x: Array, noise: Array, settings: Settings, weights: Weights, training: bool = False
) -> dict[str, Array]:
    """The whole network with given standard normal numbers (batch, time, latent) for the draw."""
    z_mean, z_log_var = encode(x, settings, weights, training)
    z = z_mean + np.sqrt(np.exp(z_log_var)) * noise
    mean, spread = decode(z, settings, weights, training)
    return {"z_mean": z_mean, "z_log_var": z_log_var, "mean": mean, "spread": spread}


def loss_parts(x: Array, outputs: dict[str, Array], spread_convention: str) -> tuple[float, float]:
    """Mean negative log-likelihood of a cell and mean KL of a latent number, by loops."""
    log_likelihoods = []
    for cell in np.ndindex(x.shape):
        residual, spread = x[cell] - outputs["mean"][cell], outputs["spread"][cell]
        if spread_convention == "paper":
            log_likelihoods.append(0.5 * (residual**2 / np.exp(spread) + spread))
        else:
            log_likelihoods.append(0.5 * (residual / np.exp(spread)) ** 2 + spread)
    divergences = []
    for place in np.ndindex(outputs["z_mean"].shape):
        mean, log_variance = outputs["z_mean"][place], outputs["z_log_var"][place]
        divergences.append(0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1))
    return float(np.mean(log_likelihoods)), float(np.mean(divergences))


def volume_under_surface(
    truth: NDArray[np.bool_], score: Array, window: int, num_thresholds: int
) -> tuple[float, float]:
    """VUS-PR and VUS-ROC (Paparrizos et al. 2022, as TSB-AD computes them), buffer by buffer.

    Events are written here by their first and last row, both inside.
    """
    rows = len(truth)
    events: list[list[int]] = []
    for row in range(rows):
        if truth[row] and events and events[-1][1] == row - 1:
            events[-1][1] = row
        elif truth[row]:
            events.append([row, row])
    descending = sorted(score, reverse=True)
    thresholds = [descending[int(place)] for place in np.linspace(0, rows - 1, num_thresholds)]
    areas = []
    for buffer in range(window + 1):
        reach = buffer // 2
        labels = np.where(truth, 1.0, 0.0)
        for first, last in events:
            for row in range(max(first - reach, 0), min(last + reach, rows - 1) + 1):
                distance = first - row if row < first else row - last
                if distance > 0:
                    labels[row] += np.sqrt(1 - distance / buffer)
        labels = np.minimum(labels, 1.0)
        buffered: list[list[int]] = []
        for first, last in events:
            if buffered and first - reach <= buffered[-1][1]:
                buffered[-1][1] = last + reach
            else:
                buffered.append([max(first - reach, 0), last + reach])
        recalls, false_positive_rates, pr = [0.0], [0.0], 0.0
        for threshold in thresholds:
            alarm = score >= threshold
            true_positives = labels[alarm].sum()
            positives = (truth.sum() + labels[alarm | truth].sum()) / 2
            found = sum(alarm[first : last + 1].any() for first, last in buffered) / len(buffered)
            recalls.append(min(true_positives / positives, 1.0) * found)
            false_positives = alarm.sum() - true_positives
            false_positive_rates.append(false_positives / (rows - positives))
            pr += (recalls[-1] - recalls[-2]) * true_positives / alarm.sum()
        recalls.append(1.0)
        false_positive_rates.append(1.0)
        roc = sum(
            (false_positive_rates[i + 1] - false_positive_rates[i])
            * (recalls[i] + recalls[i + 1])
            / 2
            for i in range(len(recalls) - 1)
        )
        areas.append((pr, roc))
    return float(np.mean([pr for pr, _ in areas])), float(np.mean([roc for _, roc in areas]))


def autocorrelation_period(values: Array, default: int) -> int:
    """Lag of the highest local maximum of the autocorrelation, by sums over pairs of values."""
    values = values[:20_000] - values[:20_000].mean()
    lags = range(min(400, len(values) - 1) + 1)
    products = [sum(values[lag:] * values[: len(values) - lag]) for lag in lags]
    best = None
    for lag in range(4, len(products) - 1):
        higher = products[lag - 1] < products[lag] > products[lag + 1]
        if higher and (best is None or products[lag] > products[best]):
            best = lag
    return best if best is not None and 6 <= best <= 303 else default


def event_counts(truth: NDArray[np.bool_], alarm: NDArray[np.bool_]) -> dict[str, float]:
    """Walk over the rows and count events, alarms, who met whom, and how late."""
    runs: dict[str, list[list[int]]] = {"truth": [], "alarm": []}
    for name, mask in (("truth", truth), ("alarm", alarm)):
        for row in range(len(mask)):
            if mask[row] and row > 0 and mask[row - 1]:
                runs[name][-1].append(row)
            elif mask[row]:
                runs[name].append([row])
    detected = [run for run in runs["truth"] if any(alarm[row] for row in run)]
    false = [run for run in runs["alarm"] if not any(truth[row] for row in run)]
    delays = [min(row for row in run if alarm[row]) - run[0] for run in detected]
    normal = [row for row in range(len(truth)) if not truth[row]]
    quiet = [row for row in normal if not alarm[row]]
    return {
        "events": len(runs["truth"]),
        "alarms": len(runs["alarm"]),
        "detected": len(detected),
        "false": len(false),
        "delay": float(np.mean(delays)) if delays else float("nan"),
        "true_negative_rate": len(quiet) / len(normal) if normal else 1.0,
        "adjusted_hits": sum(len(run) for run in detected),
        "false_rows": len(normal) - len(quiet),
    }


def affiliation_by_sampling(
    truth: NDArray[np.bool_], alarm: NDArray[np.bool_], moments: int
) -> tuple[float, float]:
    """Affiliation precision and recall (Huet et al. 2022) with `moments` points in every row.

    The zone of an event is found by asking every moment for its nearest event; probabilities are
    counted, not integrated. The result is near the exact one, the nearer the more moments.
    """
    times = (np.arange(len(truth) * moments) + 0.5) / moments
    in_truth, in_alarm = np.repeat(truth, moments), np.repeat(alarm, moments)
    edges = np.flatnonzero(np.diff(np.r_[False, truth, False]))
    events = list(zip(edges[::2], edges[1::2], strict=True))
    away = np.array([np.maximum(np.maximum(a - times, times - b), 0.0) for a, b in events])
    owner = np.argmin(away, axis=0)
    precisions, recalls = [], []
    for event in range(len(events)):
        zone = owner == event
        called, inside = times[zone & in_alarm], times[zone & in_truth]
        if called.size == 0:
            recalls.append(0.0)
            continue
        distances = away[event][zone]
        called_distances = away[event][zone & in_alarm]
        farther = [1.0 if d == 0 else np.mean(distances > d) for d in called_distances]
        precisions.append(np.mean(farther))
        scores = []
        for moment in inside:
            distance = np.abs(called - moment).min()
            scores.append(np.mean(np.abs(times[zone] - moment) > distance) if distance > 0 else 1.0)
        recalls.append(np.mean(scores))
    return float(np.mean(precisions)), float(np.mean(recalls))
