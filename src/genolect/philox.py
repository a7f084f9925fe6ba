"""Random numbers as a function of a key and a place, with no state: Philox2x32 with ten rounds.

Salmon et al. 2011, doi:10.1145/2063384.2063405. Since no number depends on the one before it, a processor computes many
at a time, any device computes the same, and any part of a batch can be computed alone.
"""

from __future__ import annotations

import numpy as np
from numba import njit

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
        From 0 to 2^64 - 1, as `randomness.derived_key` gives it.

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
