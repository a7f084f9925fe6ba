"""What becomes of each base, in one pass at the speed of memory: every draw a function of the key and a place.

Legend: B windows, W bases per window, C classes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from genolect.philox import random_words

Codes = npt.NDArray[np.uint8]
Keys = tuple[int, int, int, int]
Blocks = tuple[int, int]

UNSELECTED, HIDDEN, REPLACED, KEPT = range(4)
"""Fates of a base: not selected; hidden; shown as a random base; selected, but shown as it is."""

_HALF = np.uint64(32)
_FATES = (HIDDEN, REPLACED, KEPT)


@njit(cache=True, nogil=True)
def write_fates(
    bases: Codes,
    classes: Codes,
    firsts: npt.NDArray[np.int64],
    chances: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    draws: tuple[Keys, Blocks],
    out: npt.NDArray[Any],
) -> None:
    """Write the fate of each base, and the base that is shown.

    Parameters
    ----------
    bases : ndarray of uint8, shape (B, W)
        Base codes.
    classes : ndarray of uint8, shape (B, W) or (1, 1)
        Class of each base; (1, 1) where all are of class 0.
    firsts : ndarray of int64, shape (B, W), (1, W) or (1, 0)
        First base of the word that each base belongs to, where words are hidden whole; (1, 0) where they are not.
    chances : tuple of ndarray of int64
        Shape (C, 3): a base is selected where its draw lies below the third number, hidden below the first, replaced
        below the second. Shape (3,): a random base is A, C, G where its draw lies below them, else T.
    draws : tuple
        The key (low and high 32 bits) of the fates and that of the blocks; and the blocks: a base begins a block where
        its draw lies below the first number, or, if that is -1, every so many bases as the second says.
    out : ndarray of uint8, shape (2, B, W)
        Written in place: fates, and bases.

    Examples
    --------
    >>> bases, out = np.array([[0, 1, 4, 11]], dtype=np.uint8), np.empty((2, 1, 4), dtype=np.uint8)
    >>> all_hidden = np.full((1, 3), 2**32), np.array([2**30, 2**31, 3 * 2**30])
    >>> none = np.zeros((1, 1), dtype=np.uint8), np.zeros((1, 0), dtype=np.int64)
    >>> write_fates(bases, *none, all_hidden, ((1, 2, 3, 4), (2**32, 1)), out)
    >>> out.tolist()
    [[[1, 1, 0, 1]], [[4, 4, 4, 4]]]
    """
    limits, ends = chances
    (low, high, block_low, block_high), (block_limit, period) = draws
    whole = firsts.shape[1] > 0
    plain = not whole and block_limit > 0xFFFFFFFF
    for row in range(bases.shape[0]):
        start = row * bases.shape[1]
        words = firsts[min(row, firsts.shape[0] - 1)]
        phase = np.int64(0)
        if block_limit < 0:
            phase = np.int64((random_words(row, block_low, block_high)[0] * np.uint64(period)) >> _HALF)
        block = own = 0
        left, right = random_words(start, low, high)
        for place in range(bases.shape[1]):
            if plain:
                left, right = random_words(start + place, low, high)
                own = place
            else:
                if block_limit < 0:
                    begins = bool((place + phase) % period == 0)
                else:
                    begins = bool(np.int64(random_words(start + place, block_low, block_high)[0]) < block_limit)
                if begins:
                    block = place
                if (not whole or words[place] == place) and own != block:
                    own = block
                    left, right = random_words(start + own, low, high)
            base = bases[row, place] & 7
            kind = classes[row, place] if classes.shape[1] > 1 else 0
            draw = np.int64(left)
            fate = UNSELECTED
            if base < 4 and draw < limits[kind, 2]:
                fate = HIDDEN if draw < limits[kind, 0] else (REPLACED if draw < limits[kind, 1] else KEPT)
            if fate == HIDDEN:
                base = 4
            elif fate == REPLACED:
                stranger = right if own == place else random_words(start + place, low, high)[1]
                other = np.int64(stranger)
                base = (other >= ends[0]) + (other >= ends[1]) + (other >= ends[2])
            out[0, row, place] = fate
            out[1, row, place] = base
