"""Steps over batches of rows on PyTorch: one after the other."""

from collections.abc import Callable

import torch

from dcvae._arrays import Tensor
from dcvae.training.minibatch.steps import Loop, Step, plain_loop


def differentiate(
    loss: Callable[[dict[str, Tensor]], Tensor], weights: dict[str, Tensor]
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return a loss and its gradients; see `steps.Framework`."""
    leaves = {name: value.detach().requires_grad_() for name, value in weights.items()}
    value = loss(leaves)
    gradients = torch.autograd.grad(
        value, list(leaves.values()), allow_unused=True, materialize_grads=True
    )
    return value.detach(), dict(zip(leaves, gradients, strict=True))


def loop(step: Step) -> Loop:
    """Return a plain loop: PyTorch's compiler is slow to start; see `steps.Framework`."""
    return plain_loop(step)
