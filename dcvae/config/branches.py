"""Branches of the published program: settings files whose network this package does not build.

The authors went on in branches that share the key names of the published file and build other
networks from them. A file of a branch would pass for one of DC-VAE, so it is told apart by the keys
and values that only branches have, and refused. A file that gives `architecture` is of this package
and never refused here.
"""

from collections.abc import Mapping
from typing import Any

from dcvae.config.json_file import show

# Keys that only files of branch "continual" have.
_CONTINUAL_KEYS = ("time_embedding", "save_best_model", "save_complete_model")
# A key of the published files that has no effect: no file of a user's own gives it.
_PUBLISHED_KEY = "alpha_reg"
_DATASET = "dataset"  # what some branches call `dataset_name`

_BOTTLENECK = "selu layers without bias and batch normalization around one latent vector per window"
_CONDITIONS = (
    "selu layers without bias and batch normalization that are told the time in 8 channels"
)


def problem_of_branch(values: Mapping[str, Any]) -> str | None:
    """Say which branch of the published program a settings file is of.

    Args:
        values: by the keys of the file, unchecked.

    Returns:
        The branch, what its network has that this package does not build, and what to do, in
        sentences; None for a file of the published program itself or of this package.

    Examples:
        >>> from dcvae.config.branches import problem_of_branch
        >>> problem_of_branch({"model_name": "dc-vae", "alpha_reg": 1e-4, "activation": "tanh"})
        >>> problem_of_branch({"time_embedding": False}).partition(",")[0]
        'It is of branch "continual" of the published program'
    """
    if "architecture" in values:
        return None
    continual = [key for key in _CONTINUAL_KEYS if key in values]
    if not (continual or _has_form_of_branches(values)):
        return None
    name = str(values.get("model_name", "")).casefold()
    reason = '`activation` "selu" with a dilation for every entry of `cnn_units` tells'
    if continual:
        reason = f"{' and '.join(f'`{key}`' for key in continual)} tell"
        branch, network = 'branch "continual"', f"{_BOTTLENECK}, learned on by generative replay"
    elif "M" not in values:
        branch, network = 'branch "global"', f"{_BOTTLENECK}, one network for every single series"
        reason = '`activation` "selu" without `M` tell'
    elif "cvae" in name and "uni" in name:
        branch = 'branch "univariate"'
        network = f"{_CONDITIONS} and the series in a ninth, one network for every single series"
    elif "cvae" in name:
        branch, network = 'the conditional network of branch "univariate"', _CONDITIONS
    else:
        branch, network = 'branch "slim", "global", "univariate" or "continual"', _BOTTLENECK
    return (
        f"It is of {branch} of the published program, as {reason}. That network is not built here: "
        f"{network}. For DC-VAE of 2022 with these values, {_remedy(values, continual)}."
    )


def _has_form_of_branches(values: Mapping[str, Any]) -> bool:
    """Tell whether a file has the activation and the lengths that all branches share."""
    units, rates = values.get("cnn_units"), values.get("dil_rate")
    return (
        (_PUBLISHED_KEY in values or _DATASET in values)
        and values.get("activation") == "selu"
        and isinstance(units, list)
        and isinstance(rates, list)
        and len(units) == len(rates)
    )


def _remedy(values: Mapping[str, Any], foreign: list[str]) -> str:
    """Say how the file becomes one of DC-VAE."""
    parts = [f'add `"architecture": {show("dc-vae")}`']
    if _DATASET in values:
        parts.append(f"rename `{_DATASET}` to `dataset_name`")
    if foreign:
        parts.append(f"take out {', '.join(f'`{key}`' for key in foreign)}")
    return " and ".join(parts)
