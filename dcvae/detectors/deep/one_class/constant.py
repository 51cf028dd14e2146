"""Constant column beside rows, by which networks without biases know how far off a row is."""

from types import ModuleType

from dcvae._arrays import Tensor


def beside_constant(ops: ModuleType, rows: Tensor, constant: float) -> Tensor:
    """Bring rows around 0 and add a constant column to them.

    Layers of ReLU without biases map a row times 3 to 3 times what they map the row to: they see
    the direction of a row alone. Tables with one-hot columns have a constant among them, as the
    columns of a group add up to 1; for others it is added.

    Args:
        ops: array library.
        rows: (rows, columns), from 0 to 1 in training.
        constant: value of the column; 0 for rows as they are.

    Returns:
        (rows, columns + 1), or the rows as they are.
    """
    if not constant:
        return rows
    return ops.concatenate([rows - 0.5, constant * ops.ones_like(rows[:, :1])], axis=-1)


def width_with(columns: int, constant: float) -> int:
    """Return the width of rows of so many columns after `beside_constant`."""
    return columns + bool(constant)
