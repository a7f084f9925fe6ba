"""Selecting and replacing tokens in one pass at the speed of memory, each token a function of the key and its place.

The generator is Philox2x32 with ten rounds (Salmon et al. 2011, doi:10.1145/2063384.2063405): a function from a key and
a counter to two words of 32 bits that pass every statistical test. There is no state that one token leaves to the next,
so a processor computes many tokens at a time, and any device the same.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

ROUNDS = 10
MULTIPLIER = 0xD256D193
KEY_STEP = 0x9E3779B9
LOW = 0xFFFFFFFF

_MULTIPLIER, _KEY_STEP, _LOW, _HALF = np.uint64(MULTIPLIER), np.uint64(KEY_STEP), np.uint64(LOW), np.uint64(32)

Ids = npt.NDArray[np.int64]


@njit(cache=True, nogil=True)
def replace_selected(
    ids: Ids, words: tuple[int, int], limits: tuple[int, int, int], choice: tuple[int, int, int, int], out: Ids
) -> None:
    """Write what is shown, and what was true where a token was selected.

    Parameters
    ----------
    ids : ndarray of int64, shape (number of tokens,)
        True tokens.
    words : tuple of int
        Low and high 32 bits of the key.
    limits : tuple of int
        A token is selected where its first word of 32 bits lies below the third limit; below the first it is hidden,
        below the second replaced by a random one.
    choice : tuple of int
        First id that can be selected, how many of them there are, the id that hides, the id that means "not selected".
    out : ndarray of int64, shape (2, number of tokens)
        Written in place: what is shown, and the truth.

    Examples
    --------
    >>> ids, out = np.array([0, 1, 2, 3, 4]), np.empty((2, 5), dtype=np.int64)
    >>> replace_selected(ids, (1, 2), (2**32, 2**32, 2**32), (0, 4, 5, -100), out)
    >>> out.tolist()
    [[5, 5, 5, 5, 4], [0, 1, 2, 3, -100]]
    """
    first, many, hiding, unselected = choice
    hidden, replaced, selected = np.uint64(limits[0]), np.uint64(limits[1]), np.uint64(limits[2])
    low, high = np.uint64(words[0]), np.uint64(words[1])
    shown, truth = out[0], out[1]
    for place in range(len(ids)):
        left, right, key = np.uint64(place), high, low
        for _ in range(ROUNDS):
            product = left * _MULTIPLIER
            left = (product >> _HALF) ^ key ^ right
            right = product & _LOW
            key = (key + _KEY_STEP) & _LOW
        token = ids[place]
        stranger = first + np.int64((right * np.uint64(many)) >> _HALF)
        appearance = hiding if left < hidden else (stranger if left < replaced else token)
        chosen = (left < selected) & (token >= first) & (token < first + many)
        shown[place] = appearance if chosen else token
        truth[place] = token if chosen else unselected
