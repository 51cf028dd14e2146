"""Philox by its published vectors; draws against TensorFlow's, with and without XLA."""

import keras
import numpy as np
import pytest

from dcvae.networks.in_numpy import draws

tf = pytest.importorskip("tensorflow")
if keras.backend.backend() != "tensorflow":
    pytest.skip("draws are those of TensorFlow", allow_module_level=True)

TWO_BLOCKS = (4 * draws._BLOCK + 3,)
SHAPES = [(1,), (7,), (8, 4, 2), (5, 3, 2), (3, 5, 7), (1, 1, 1), (), TWO_BLOCKS]
STATES = [(0, 0), (1337, 3), (2**31 - 3, 1), (2**31 - 2, 0), (4_000_000_000, 2**31)]


def generator_at(state):
    generator = keras.random.SeedGenerator(0)
    generator.state.assign(list(state))
    return generator


def units_apart(first, second):
    """Distance of float32 numbers, counted in the numbers between them."""
    assert np.array_equal(np.signbit(first), np.signbit(second))
    ints = [np.ascontiguousarray(x).view(np.int32).astype(np.int64) for x in (first, second)]
    return np.abs(ints[0] - ints[1])


# Salmon et al. publish them with their library Random123 1.14 (kat_vectors, philox4x32 10).
@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ([0] * 4, [0] * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_philox_by_its_published_vectors(counter, key, expected):
    words = np.array(counter, dtype=np.uint64)
    even, odd = draws._philox(words[0::2], words[1::2], np.array(key, dtype=np.uint64))
    assert " ".join(f"{x:08x}" for x in np.stack([even, odd], axis=1).ravel()) == expected


@pytest.mark.parametrize("state", STATES)
def test_uniform_numbers_are_those_of_keras(state):
    for shape in SHAPES:
        expected = keras.random.uniform(shape, -0.3, 0.7, seed=generator_at(state))
        drawn = draws.uniform(shape, state, -0.3, 0.7)
        assert drawn.dtype == np.float32
        assert np.array_equal(drawn, expected)


@pytest.mark.parametrize("state", STATES)
def test_normal_numbers_are_those_of_keras(state):
    for shape in SHAPES:
        expected = keras.ops.convert_to_numpy(keras.random.normal(shape, seed=generator_at(state)))
        drawn = draws.standard_normal(shape, state)
        assert drawn.dtype == np.float32
        assert drawn.shape == shape
        apart = units_apart(drawn, expected)
        assert apart.max() <= 3
        assert np.mean(apart > 0) <= 0.05 or drawn.size < 1000


@pytest.mark.parametrize("shape", SHAPES)
def test_normal_numbers_of_xla(shape):
    state = (1337, 3)
    generator = generator_at(state)
    draw = tf.function(lambda: keras.random.normal(shape, seed=generator), jit_compile=True)
    expected = draw().numpy()
    drawn = draws.standard_normal(shape, state, xla=True)
    assert drawn.shape == shape
    assert units_apart(drawn, expected).max() <= 4
    assert drawn.size == 1 or not np.allclose(drawn, draws.standard_normal(shape, state), atol=0.1)


@pytest.mark.parametrize("xla", [False, True])
@pytest.mark.parametrize("shape", [(3,), (8, 6), (130, 64)])
def test_steps_drawn_together_are_those_drawn_one_by_one(shape, xla):
    state = (5, 2**31 - 4)  # the number of draws passes the modulus
    together = draws.standard_normal_of_steps(shape, state, 5, xla=xla)
    for step, drawn in enumerate(together):
        alone = draws.standard_normal(shape, draws.advanced(state, step), xla=xla)
        assert np.array_equal(drawn, alone)


def test_a_state_advances_as_a_seed_generator_does():
    generator = keras.random.SeedGenerator(9)
    for _ in range(3):
        generator.next()
    assert tuple(generator.state.numpy()) == draws.advanced((9, 0), 3)


def test_the_least_uniform_number_makes_no_infinite_normal_number():
    mantissas = np.array([[0, 0], [2**23 - 1, 2**22]], dtype=np.uint32)
    numbers = draws._box_muller(mantissas)
    # (sin 0, cos 0) and (sin pi, cos pi) times sqrt(-2 ln u)
    expected = [[0, np.sqrt(-2 * np.log(1e-7))], [0, -np.sqrt(-2 * np.log(1 - 2.0**-23))]]
    assert np.allclose(numbers, expected, rtol=1e-6, atol=1e-6)
