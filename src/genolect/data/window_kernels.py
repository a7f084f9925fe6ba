"""Copying windows at the speed of memory: one pass copies, drops the soft-mask, turns the strand and counts N.

Legend: B windows, L bases per window.

The base codes are those of `sequence.alphabet`: A C G T N = 0 … 4, bit 3 the soft-mask. So bit 2 says N, and the
complement of a base that is not N is the code with its two lowest bits turned over.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from genolect.sequence.alphabet import Bases

BLOCK = 192
"""Bases whose Ns are counted in one byte, so that the compiler counts 64 of them at a time; at most 255."""


@njit(cache=True, nogil=True)
def gather_windows(
    bases: Bases,
    places: npt.NDArray[np.int64],
    reverse: npt.NDArray[np.bool_],
    kept_bits: int,
    rows: npt.NDArray[np.int64],
    windows: Bases,
) -> npt.NDArray[np.int64]:
    """Copy windows out of a genome.

    Parameters
    ----------
    bases : ndarray of uint8
        All bases, record after record.
    places : ndarray of int64, shape (number of rows, 3)
        Where each window begins, where its record begins, and where its record ends; a window that reaches beyond the
        end of its record goes on at the record's begin.
    reverse : ndarray of bool, shape (number of rows,)
        Which windows are read from the other strand.
    kept_bits : int
        Bits of a base code that are kept: 15 for all, 7 to drop the soft-mask.
    rows : ndarray of int64
        Rows of `windows` to be written.
    windows : ndarray of uint8, shape (B, L)
        Written in place.

    Returns
    -------
    ndarray of int64, shape (number of rows,)
        Number of Ns per window.

    Examples
    --------
    >>> circle, windows = np.array([0, 0, 1, 4], dtype=np.uint8), np.empty((2, 3), dtype=np.uint8)
    >>> places, rows = np.array([[1, 0, 4], [3, 0, 4]]), np.arange(2)
    >>> gather_windows(circle, places, np.array([False, True]), 15, rows, windows).tolist(), windows.tolist()
    ([1, 1], [[0, 1, 4], [3, 3, 4]])
    """
    length = windows.shape[1]
    bits = np.uint8(kept_bits)
    unknown = np.zeros(len(rows), dtype=np.int64)
    for number in range(len(rows)):
        begin, first, end = places[number]
        window = windows[rows[number]]
        head = min(length, end - begin)
        before, behind = bases[begin : begin + head], bases[first : first + length - head]
        if reverse[number]:
            unknown[number] = _copy_reversed(behind, bits, window[: length - head])
            unknown[number] += _copy_reversed(before, bits, window[length - head :])
        else:
            unknown[number] = _copy(before, bits, window[:head]) + _copy(behind, bits, window[head:])
    return unknown


@njit(cache=True, nogil=True)
def _copy(source: Bases, bits: np.uint8, target: Bases) -> int:
    unknown, length = 0, len(source)
    for start in range(0, length, BLOCK):
        stop = min(start + BLOCK, length)
        piece, place = source[start:stop], target[start:stop]
        count = np.uint8(0)
        for position in range(stop - start):
            base = np.uint8(piece[position] & bits)
            place[position] = base
            count = np.uint8(count + np.uint8((base >> np.uint8(2)) & np.uint8(1)))
        unknown += int(count)
    return unknown


@njit(cache=True, nogil=True)
def _copy_reversed(source: Bases, bits: np.uint8, target: Bases) -> int:
    unknown, length = 0, len(source)
    for start in range(0, length, BLOCK):
        stop = min(start + BLOCK, length)
        width = stop - start
        piece, place = source[length - stop : length - start], target[start:stop]
        count = np.uint8(0)
        for position in range(width):
            base = np.uint8(piece[width - 1 - position] & bits)
            is_unknown = np.uint8((base >> np.uint8(2)) & np.uint8(1))
            place[position] = np.uint8(base ^ np.uint8(np.uint8(is_unknown - np.uint8(1)) & np.uint8(3)))
            count = np.uint8(count + is_unknown)
        unknown += int(count)
    return unknown
