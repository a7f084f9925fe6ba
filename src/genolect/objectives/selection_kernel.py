"""Selecting and replacing tokens in one pass at the speed of memory, each token a function of the key and its place."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from genolect.philox import random_words

Ids = npt.NDArray[np.int64]

_HALF = np.uint64(32)


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
    low, high = words
    shown, truth = out[0], out[1]
    for place in range(len(ids)):
        left, right = random_words(place, low, high)
        token = ids[place]
        stranger = first + np.int64((right * np.uint64(many)) >> _HALF)
        appearance = hiding if left < hidden else (stranger if left < replaced else token)
        chosen = (left < selected) & (token >= first) & (token < first + many)
        shown[place] = appearance if chosen else token
        truth[place] = token if chosen else unselected
