"""Drawing and copying windows at the speed of memory: one pass copies, drops the soft-mask, turns the strand, counts N.

Legend: B windows, L bases per window, R stretches, S species.

The base codes are those of `sequence.alphabet`: A C G T N = 0 … 4, bit 3 the soft-mask. So bit 2 says N, and the
complement of a base that is not N is the code with its two lowest bits turned over.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from genolect.philox import random_words
from genolect.sequence.alphabet import Bases

BLOCK = 192
"""Bases whose Ns are counted in one byte, so that the compiler counts 64 of them at a time; at most 255."""


PLACES_PER_WINDOW = 64
"""Places of the random generator that belong to one window: one for its species, then two for every try."""

_FRACTION = 2.0**-53
_HALF, _SURPLUS = np.uint64(32), np.uint64(11)


@njit(cache=True, nogil=True)
def draw_windows(
    bases: Bases,
    stretches: npt.NDArray[np.int64],
    species: tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]],
    settings: tuple[int, int, int, int, int],
    windows: Bases,
    found: npt.NDArray[np.int64],
) -> None:
    """Draw windows: a species by its share, then one of its positions and a strand, again while there are too many Ns.

    Parameters
    ----------
    bases : ndarray of uint8
        All bases, record after record.
    stretches : ndarray of int64, shape (R, 4)
        Number of the positions up to the end of each stretch; its first base in its record; where its record begins and
        ends. The stretches of a species lie side by side.
    species : tuple of ndarray of shape (S,)
        Ends of the species' shares, ascending to 1, and number of the positions up to the end of each species.
    settings : tuple of int
        Low and high 32 bits of the key, tries (at most 31), largest number of Ns, bits of a base code that are kept.
    windows : ndarray of uint8, shape (B, L)
        Written in place.
    found : ndarray of int64, shape (B, 3)
        Written in place: the stretch, the first base in its record, and 1 for a window of the other strand.

    Examples
    --------
    >>> circle, windows = np.array([0, 0, 1, 4], dtype=np.uint8), np.empty((2, 4), dtype=np.uint8)
    >>> stretches, found = np.array([[4, 0, 0, 4]]), np.empty((2, 3), dtype=np.int64)
    >>> draw_windows(circle, stretches, (np.array([1.0]), np.array([4])), (7, 0, 20, 2, 15), windows, found)
    >>> found.tolist(), windows.tolist()
    ([[0, 3, 1], [0, 2, 0]], [[2, 3, 3, 4], [1, 4, 0, 0]])
    """
    low, high, tries, most_unknown, kept_bits = settings
    share_ends, species_ends = species
    for number in range(len(windows)):
        place = number * PLACES_PER_WINDOW
        own = np.searchsorted(share_ends, _uniform(place, low, high), side="right")
        first = species_ends[own - 1] if own else 0
        size = species_ends[own] - first
        for attempt in range(tries):
            position = first + np.int64(_uniform(place + 2 * attempt + 1, low, high) * size)
            stretch = np.searchsorted(stretches[:, 0], position, side="right")
            before = stretches[stretch - 1, 0] if stretch else 0
            start = stretches[stretch, 1] + position - before
            reverse = (random_words(place + 2 * attempt + 2, low, high)[0] & np.uint64(1)) == np.uint64(1)
            begin, end = stretches[stretch, 2], stretches[stretch, 3]
            unknown = copy_window(bases, (begin + start, begin, end), reverse, kept_bits, windows[number])
            found[number, 0], found[number, 1], found[number, 2] = stretch, start, reverse
            if unknown <= most_unknown:
                break


@njit(cache=True, nogil=True)
def _uniform(place: int, low: int, high: int) -> float:
    """Give a fraction of 53 bits, from 0 to just below 1."""
    left, right = random_words(place, low, high)
    return np.float64(((left << _HALF) | right) >> _SURPLUS) * _FRACTION


@njit(cache=True, nogil=True)
def copy_window(bases: Bases, place: tuple[int, int, int], reverse: bool, kept_bits: int, window: Bases) -> int:
    """Copy one window out of a genome.

    Parameters
    ----------
    bases : ndarray of uint8
        All bases, record after record.
    place : tuple of int
        Where the window begins, where its record begins, and where its record ends; a window that reaches beyond the
        end of its record goes on at the record's begin.
    reverse : bool
        Whether it is read from the other strand.
    kept_bits : int
        Bits of a base code that are kept: 15 for all, 7 to drop the soft-mask.
    window : ndarray of uint8, shape (L,)
        Written in place.

    Returns
    -------
    int
        Its Ns.

    Examples
    --------
    >>> circle, window = np.array([0, 0, 1, 4], dtype=np.uint8), np.empty(3, dtype=np.uint8)
    >>> copy_window(circle, (3, 0, 4), True, 15, window), window.tolist()
    (1, [3, 3, 4])
    """
    begin, first, end = place
    length, bits = len(window), np.uint8(kept_bits)
    head = min(length, end - begin)
    before, behind = bases[begin : begin + head], bases[first : first + length - head]
    if reverse:
        unknown = _copy_reversed(behind, bits, window[: length - head])
        return unknown + _copy_reversed(before, bits, window[length - head :])
    return _copy(before, bits, window[:head]) + _copy(behind, bits, window[head:])


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
