"""Every random draw is a function of (seed, purpose, place), never of a worker, a rank or what was drawn before."""

from __future__ import annotations

import hashlib

import numpy as np
from numba import njit


def derived_key(seed: int, purpose: str, *place: int | str) -> int:
    """Mix a seed with what the draw is for and where it stands.

    Parameters
    ----------
    seed : int
        The run's seed.
    purpose : str
        What is drawn (``"windows"``, ``"corruption"`` …), so that two purposes never share a stream.
    *place : int or str
        Position: a step, a chromosome, an index.

    Returns
    -------
    int
        63 bits, the same on every machine and in every process.

    Examples
    --------
    >>> derived_key(7, "windows", 3) == derived_key(7, "windows", 3) != derived_key(7, "windows", 4)
    True
    """
    text = "\x1f".join(str(part) for part in (seed, purpose, *place))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def derived_generator(seed: int, purpose: str, *place: int | str) -> np.random.Generator:
    """Give the numpy generator that belongs to one purpose and place; parameters as in `derived_key`.

    Returns
    -------
    numpy.random.Generator
        A counter-based (Philox) generator.

    Examples
    --------
    >>> draws = [derived_generator(7, "windows", 3).integers(1000) for _ in range(2)]
    >>> draws[0] == draws[1]
    np.True_
    """
    return np.random.Generator(np.random.Philox(derived_key(seed, purpose, *place)))


ROUNDS = 10
MULTIPLIER = 0xD256D193
KEY_STEP = 0x9E3779B9
LOW = 0xFFFFFFFF
"""The low 32 bits of a word."""

_MULTIPLIER, _KEY_STEP, _LOW, _HALF = np.uint64(MULTIPLIER), np.uint64(KEY_STEP), np.uint64(LOW), np.uint64(32)


@njit(cache=True, nogil=True)
def random_words(place: int, low: int, high: int) -> tuple[np.uint64, np.uint64]:
    """Give the two random words of one place.

    Parameters
    ----------
    place : int
        Which, below 2^32.
    low, high : int
        The low and the high 32 bits of the key.

    Returns
    -------
    tuple of uint64
        Two words of 32 bits.

    Examples
    --------
    >>> [hex(word) for word in random_words(0, 0, 0)]
    ['0xff1dae59', '0x6cd10df2']
    """
    left, right, key = np.uint64(place), np.uint64(high), np.uint64(low)
    for _ in range(ROUNDS):
        product = left * _MULTIPLIER
        left = (product >> _HALF) ^ key ^ right
        right = product & _LOW
        key = (key + _KEY_STEP) & _LOW
    return left, right


def key_words(key: int) -> tuple[int, int]:
    """Cut a key into its low and high 32 bits.

    Parameters
    ----------
    key : int
        From 0 to 2^64 - 1, as `random.derived_key` gives it.

    Returns
    -------
    tuple of int
        The words.

    Raises
    ------
    ValueError
        If the key does not fit.

    Examples
    --------
    >>> key_words(2**32 + 7)
    (7, 1)
    """
    if not 0 <= key < 1 << 64:
        raise ValueError(f"the key {key} is none of 64 bits")
    return key & LOW, key >> 32
