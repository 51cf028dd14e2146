"""Random numbers of TensorFlow and of Keras's SeedGenerator, drawn by NumPy.

The counter-based generator Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as
1, 2, 3") gives the words; TensorFlow takes key and counter from a scrambled seed. Normal numbers
are made from pairs of uniform ones (Box and Muller 1958). All arithmetic beyond additions and
products is in float64, so that a number is the same on every processor.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dcvae._arrays import Float32Array

Words = npt.NDArray[np.uint64]  # of 32 bits each, in 64 so that a product of two fits
State = tuple[int, int]

_MULTIPLIERS = np.array([0xD2511F53, 0xCD9E8D57], dtype=np.uint64)
_ROUNDS = 10
_KEY_STEPS = np.arange(_ROUNDS, dtype=np.uint64)[:, None] * np.array(
    [0x9E3779B9, 0xBB67AE85], dtype=np.uint64
)
_SCRAMBLING_KEY = np.array([0x3EC8F720, 0x02461E29], dtype=np.uint64)  # of TensorFlow
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_BLOCK = 4096  # counters at a time: the words of a block stay in the processor's cache

_SEED_MODULUS = 2**31 - 2  # Keras brings the state of a generator into int32 by it

_MANTISSA = np.uint32(0x7FFFFF)
_SHIFT = np.uint32(9)
_SCALE = 2.0**-23
_LEAST_UNIFORM = float(np.float32(1e-7))  # before its logarithm is taken
_SECTORS = 4096
_ANGLES = 2 * math.pi / _SECTORS * np.arange(_SECTORS + 1)
_SINES = np.array([math.sin(angle) for angle in _ANGLES])
_COSINES = np.array([math.cos(angle) for angle in _ANGLES])


def advanced(state: Sequence[int], times: int = 1) -> State:
    """Return the state of a SeedGenerator after a number of draws.

    Args:
        state: the seed and the number of draws so far.
        times: number of draws.

    Returns:
        The state, of which the next draw is made.

    Examples:
        >>> advanced((7, 0), times=3)
        (7, 3)
    """
    return int(state[0]), int(state[1]) + times


def uniform(
    shape: Sequence[int], state: Sequence[int], low: float = 0.0, high: float = 1.0
) -> Float32Array:
    """Draw what `keras.random.uniform` draws on TensorFlow, bit for bit.

    Args:
        shape: of the numbers.
        state: of the SeedGenerator before the draw; (seed, 0) for a draw from a seed.
        low: the least number.
        high: the bound above them.

    Returns:
        (*shape) float32, low <= number < high.

    Examples:
        >>> uniform((3,), (7, 0))
        array([0.7470788 , 0.6721802 , 0.05777955], dtype=float32)
    """
    bounds = np.float32(low), np.float32(high)
    words = _words(_seeds(state, 1), math.prod(shape))
    numbers = ((words & _MANTISSA) * _SCALE).astype(np.float32)
    return (numbers * (bounds[1] - bounds[0]) + bounds[0]).reshape(shape)


def standard_normal(shape: Sequence[int], state: Sequence[int], xla: bool = False) -> Float32Array:
    """Draw what `keras.random.normal` draws on TensorFlow's CPU.

    The uniform numbers behind the normal ones are TensorFlow's bit for bit. One normal number in 70
    is another by 1 to 3 units of its last place, because TensorFlow's logarithm, sine and cosine
    are not rounded correctly; with XLA one in 13.

    Args:
        shape: of the numbers.
        state: of the SeedGenerator before the draw.
        xla: whether to draw what a function compiled by XLA draws: it pairs other numbers.

    Returns:
        (*shape) float32, standard normal.

    Examples:
        >>> standard_normal((3,), (7, 0)).round(3)
        array([-0.674, -0.359, -1.88 ], dtype=float32)
    """
    return standard_normal_of_steps(shape, state, 1, xla).reshape(shape)


def standard_normal_of_steps(
    shape: Sequence[int], state: Sequence[int], steps: int, xla: bool = False
) -> Float32Array:
    """Draw the normal numbers of consecutive steps, each as `standard_normal` does.

    Args:
        shape: of the numbers of one step.
        state: of the SeedGenerator before the first step.
        steps: number of steps; `advanced(state, steps)` is the state after them.
        xla: see `standard_normal`.

    Returns:
        (steps, *shape) float32, standard normal.

    Examples:
        >>> steps = standard_normal_of_steps((2, 2), (7, 0), steps=3)
        >>> bool((steps[2] == standard_normal((2, 2), (7, 2))).all())
        True
    """
    seeds, size = _seeds(state, steps), math.prod(shape)
    if xla:
        return _normal_of_xla(seeds, tuple(shape))
    words = _words(seeds, size + size % 2)
    words &= _MANTISSA
    numbers = _box_muller(words.reshape(-1, 2))
    return numbers.reshape(steps, -1)[:, :size].reshape(steps, *shape)


def _normal_of_xla(seeds: Words, shape: tuple[int, ...]) -> Float32Array:
    """Draw normal numbers as XLA does: pairs lie along the first even axis, or the longest."""
    full = shape or (1,)
    axis = next((x for x, length in enumerate(full) if length % 2 == 0), int(np.argmax(full)))
    pairs = (*full[:axis], -(-full[axis] // 2), 2, *full[axis + 1 :])
    words = _words(seeds, math.prod(pairs)) >> _SHIFT
    words = np.moveaxis(words.reshape(-1, *pairs), axis + 2, -1)
    numbers = _box_muller(words.reshape(-1, 2), xla=True).reshape(words.shape)
    whole = (*full[:axis], 2 * pairs[axis], *full[axis + 1 :])
    numbers = np.moveaxis(numbers, -1, axis + 2).reshape(-1, *whole)
    return numbers[(slice(None), *map(slice, full))].reshape(-1, *shape)


def _box_muller(mantissas: npt.NDArray[np.uint32], xla: bool = False) -> Float32Array:
    """Make normal numbers of pairs of uniform numbers (Box and Muller 1958).

    Args:
        mantissas: (pairs, 2), uniform numbers times 2^23.
        xla: whether to round 2π before it is multiplied.

    Returns:
        (pairs, 2) float32.
    """
    numbers = np.empty(mantissas.shape, dtype=np.float32)
    circle = float(np.float32(2 * math.pi)) if xla else 2 * math.pi
    for start in range(0, len(mantissas), 2 * _BLOCK):
        block = slice(start, start + 2 * _BLOCK)
        fractions = np.maximum(mantissas[block, 0] * _SCALE, _LEAST_UNIFORM)
        radii = np.sqrt(np.float32(-2) * np.log(fractions).astype(np.float32))
        angles = (mantissas[block, 1] * (circle * _SCALE)).astype(np.float32)
        for part, factors in enumerate(_sines_and_cosines(angles)):
            np.multiply(radii, factors, out=numbers[block, part])
    return numbers


def _sines_and_cosines(angles: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Return sine and cosine of angles in [0, 2π], from tables and the rest of the angle.

    The rest is at most π/4096, so that its first powers leave an error of 2e-14. That takes half
    the time of NumPy's float64 functions; its float32 ones are not the same on every processor.
    """
    sectors = np.rint(angles * (_SECTORS / (2 * math.pi))).astype(np.intp)
    rest = angles - _ANGLES[sectors]
    sines, cosines = _SINES[sectors], _COSINES[sectors]
    less = 0.5 * rest
    less *= rest  # than 1 is the cosine of the rest
    rest -= rest * less / 3  # the sine of the rest
    return (
        (sines + (cosines * rest - sines * less)).astype(np.float32),
        (cosines - (sines * rest + cosines * less)).astype(np.float32),
    )


def _seeds(state: Sequence[int], steps: int) -> Words:
    """Return what consecutive states of a SeedGenerator pass to TensorFlow, (steps, 2)."""
    first, draws = int(state[0]), int(state[1])
    counts = [(draws + step) % _SEED_MODULUS for step in range(steps)]
    return np.array([[first % _SEED_MODULUS, count] for count in counts], dtype=np.uint64)


def _words(seeds: Words, count: int) -> npt.NDArray[np.uint32]:
    """Draw random words of 32 bits.

    Args:
        seeds: (steps, 2).
        count: of the words of one step.

    Returns:
        (steps, count).
    """
    steps, blocks = len(seeds), -(-count // 4)
    even, odd = _philox(seeds.T, np.zeros_like(seeds.T), _SCRAMBLING_KEY[:, None])
    keys, uppers = (np.stack([even[x], odd[x]])[..., None] for x in range(2))
    words = np.empty((steps, blocks, 4), dtype=np.uint32)
    together = max(1, _BLOCK // max(blocks, 1))
    for step in range(0, steps, together):
        some = slice(step, step + together)
        for start in range(0, blocks, _BLOCK):
            part = words[some, start : start + _BLOCK]
            even = np.empty((2, *part.shape[:2]), dtype=np.uint64)
            even[0] = np.arange(start, start + part.shape[1])
            even[1] = uppers[0, some]
            odd = np.zeros_like(even)
            odd[1] = uppers[1, some]
            even, odd = _philox(even, odd, keys[:, some])
            part[..., 0], part[..., 2] = even
            part[..., 1], part[..., 3] = odd
    return words.reshape(steps, -1)[:, :count]


def _philox(even: Words, odd: Words, key: Words) -> tuple[Words, Words]:
    """Encrypt counters of four words by Philox4x32-10 (Salmon et al. 2011, section 3.3).

    Args:
        even: (2, ...) words 0 and 2 of each counter.
        odd: (2, ...) words 1 and 3.
        key: (2, ...), broadcast to the counters.

    Returns:
        Words 0 and 2, and words 1 and 3, of the results.
    """
    ones = (1,) * (even.ndim - 1)
    multipliers = _MULTIPLIERS.reshape(2, *ones)
    keys = (key + _KEY_STEPS.reshape(_ROUNDS, 2, *ones)) & _LOW
    even, odd, product = even.copy(), odd.copy(), np.empty_like(even)
    crossed = product[::-1]
    for number in range(_ROUNDS):
        np.multiply(even, multipliers, out=product)
        np.right_shift(crossed, _HALF, out=even)
        even ^= odd
        even ^= keys[number]
        np.bitwise_and(crossed, _LOW, out=odd)
    return even, odd
