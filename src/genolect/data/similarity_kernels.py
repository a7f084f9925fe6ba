"""Which sequences share words, compiled: an index of words, and for each sequence the earlier ones that share enough.

Legend: n sequences, W words of all of them, H buckets.

A word and its reverse complement have one number, the smaller of the two in base 4; a word with an N has none. The
index is made in two passes, one that counts and one that fills, so that it takes four bytes per word and nothing is
sorted.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from genolect.sequence.alphabet import BASE_BITS, Bases, N

Integers = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]

_SCATTER = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio: multiplying by it spreads neighbouring numbers over all buckets (Knuth, vol. 3, 6.4)."""


@njit(cache=True, nogil=True)
def canonical_codes(bases: Bases, length: int, codes: Integers) -> int:
    """Number the words of one sequence, the same for both strands.

    Parameters
    ----------
    bases : ndarray of uint8, shape (L,)
        Base codes; the soft-mask is ignored.
    length : int
        Letters per word, at most 31.
    codes : ndarray of int64, shape (L,) or longer
        Written in place.

    Returns
    -------
    int
        How many words there are; those with an N are left out.

    Examples
    --------
    >>> codes = np.empty(9, dtype=np.int64)
    >>> count = canonical_codes(np.array([0, 3, 1, 4, 2, 0, 3], dtype=np.uint8), 2, codes)
    >>> count, codes[:count].tolist()
    (4, [3, 8, 8, 3])
    """
    mask = (np.int64(1) << (2 * length)) - 1
    top = 2 * (length - 1)
    forward, backward, known, count = np.int64(0), np.int64(0), 0, 0
    for place in range(bases.size):
        base = np.int64(bases[place] & BASE_BITS)
        if base >= N:
            known = 0
            continue
        forward = ((forward << 2) | base) & mask
        backward = (backward >> 2) | ((3 - base) << top)
        known += 1
        if known >= length:
            codes[count] = min(forward, backward)
            count += 1
    return count


@njit(cache=True, nogil=True)
def bucket_of(code: np.int64, length: int, bits: int) -> np.int64:
    """Spread the numbers of words over 2 ** bits buckets; where there is a bucket for each, it is the number itself.

    Examples
    --------
    >>> int(bucket_of(9, 2, 4)), int(bucket_of(9, 3, 4))
    (9, 8)
    """
    if 2 * length <= bits:
        return code
    return np.int64((np.uint64(code) * _SCATTER) >> np.uint64(64 - bits))


@njit(cache=True, nogil=True)
def count_words(bases: Bases, starts: Integers, length: int, bits: int, counts: Integers) -> None:
    """Count the sequences of each bucket; a sequence counts once.

    Parameters
    ----------
    bases, starts : ndarray
        The sequences, as in `data.ragged.RaggedBases`.
    length, bits : int
        Letters per word; there are 2 ** bits buckets.
    counts : ndarray of int64, shape (H + 1,)
        Written in place, one further on than the bucket, so that their running sum says where each bucket begins.

    Examples
    --------
    >>> counts = np.zeros(17, dtype=np.int64)
    >>> count_words(np.array([0, 3, 0, 3, 0, 3], dtype=np.uint8), np.array([0, 4, 6]), 2, 4, counts)
    >>> np.flatnonzero(counts).tolist(), counts[4]
    ([4, 13], np.int64(2))
    """
    last = np.full(counts.size - 1, -1, dtype=np.int32)
    codes = np.empty(np.max(starts[1:] - starts[:-1]), dtype=np.int64)
    for row in range(starts.size - 1):
        found = canonical_codes(bases[starts[row] : starts[row + 1]], length, codes)
        for place in range(found):
            bucket = bucket_of(codes[place], length, bits)
            if last[bucket] != row:
                last[bucket] = row
                counts[bucket + 1] += 1


@njit(cache=True, nogil=True)
def fill_index(bases: Bases, starts: Integers, length: int, ends: Integers, members: Small) -> None:
    """Write the sequences of each bucket, in their order.

    Parameters
    ----------
    bases, starts, length
        As in `count_words`.
    ends : ndarray of int64, shape (H,)
        Where each bucket begins; afterwards, where it ends.
    members : ndarray of int32, shape (W,)
        Written in place.

    Examples
    --------
    >>> ends, members = np.zeros(16, dtype=np.int64), np.empty(3, dtype=np.int32)
    >>> ends[4:] = 2  # two sequences with AT, then one with TA
    >>> fill_index(np.array([0, 3, 0, 3, 0, 3], dtype=np.uint8), np.array([0, 4, 6]), 2, ends, members)
    >>> members.tolist()
    [0, 1, 0]
    """
    bits = 0
    while (1 << bits) < ends.size:
        bits += 1
    last = np.full(ends.size, -1, dtype=np.int32)
    codes = np.empty(np.max(starts[1:] - starts[:-1]), dtype=np.int64)
    for row in range(starts.size - 1):
        found = canonical_codes(bases[starts[row] : starts[row + 1]], length, codes)
        for place in range(found):
            bucket = bucket_of(codes[place], length, bits)
            if last[bucket] != row:
                last[bucket] = row
                members[ends[bucket]] = row
                ends[bucket] += 1


@njit(cache=True, nogil=True)
def _mark(codes: Integers, mark: Small, row: int) -> int:
    """Mark the words of a sequence; give how many differ."""
    different = 0
    for code in codes:
        if mark[code] != row + 1:
            mark[code] = row + 1
            different += 1
    return different


@njit(cache=True, nogil=True)
def count_different(bases: Bases, starts: Integers, length: int, mark: Small, different: Integers) -> None:
    """Count the different words of each sequence.

    Parameters
    ----------
    bases, starts, length
        As in `count_words`.
    mark : ndarray of int32, shape (4 ** length,)
        Zeros; left dirty.
    different : ndarray of int64, shape (n,)
        Written in place.

    Examples
    --------
    >>> different = np.empty(2, dtype=np.int64)
    >>> sequences = np.array([0, 3, 0, 3, 1, 2], dtype=np.uint8), np.array([0, 4, 6])
    >>> count_different(*sequences, 2, np.zeros(16, dtype=np.int32), different)
    >>> different.tolist()
    [2, 1]
    """
    codes = np.empty(np.max(starts[1:] - starts[:-1]), dtype=np.int64)
    for row in range(starts.size - 1):
        found = canonical_codes(bases[starts[row] : starts[row + 1]], length, codes)
        different[row] = _mark(codes[:found], mark, row)


@njit(cache=True, nogil=True)
def _shared(codes: Integers, mark: Small, row: int) -> int:
    """Count the different words that carry the mark of a sequence; the marks stay."""
    shared = 0
    for code in codes:
        if mark[code] == row + 1:
            mark[code] = -row - 1
            shared += 1
    for code in codes:
        if mark[code] == -row - 1:
            mark[code] = row + 1
    return shared


@njit(cache=True, nogil=True)
def find_partners(
    sequences: tuple[Bases, Integers, Integers],
    index: tuple[Integers, Small],
    settings: tuple[int, int, int, int, float],
    mark: Small,
    state: Integers,
    found: Small,
) -> None:
    """Find for each sequence the earlier ones that it shares enough words with, until the room is used up.

    Parameters
    ----------
    sequences : tuple of ndarray
        Bases and starts, and the different words of each sequence, from `count_different`.
    index : tuple of ndarray
        Where each bucket of seeds begins, shape (H + 1,), and the members, from `fill_index`.
    settings : tuple
        Letters of a word and of a seed; most members of a bucket that is looked at; fewest words that a pair must
        share; least share of the words of the one with fewer.
    mark : ndarray of int32, shape (4 ** letters of a word,)
        Left dirty.
    state : ndarray of int64, shape (4,)
        The next sequence, pairs written (each call starts anew), pairs compared, seeds passed over; changed in place.
    found : ndarray of int32, shape (room, 3)
        Written in place: two sequences and the number of words that they share.

    Examples
    --------
    >>> bases, starts = np.array([0, 0, 1, 2, 0, 0, 1], dtype=np.uint8), np.array([0, 4, 7])
    >>> beginnings = np.zeros(17, dtype=np.int64)
    >>> count_words(bases, starts, 2, 4, beginnings)
    >>> beginnings, members = np.cumsum(beginnings), np.empty(5, dtype=np.int32)
    >>> fill_index(bases, starts, 2, beginnings[:-1].copy(), members)
    >>> state, found = np.zeros(4, dtype=np.int64), np.empty((2, 3), dtype=np.int32)
    >>> find_partners((bases, starts, np.array([3, 2])), (beginnings, members), (2, 2, 9, 1, 0.5),
    ...     np.zeros(16, dtype=np.int32), state, found)
    >>> found[: state[1]].tolist()
    [[1, 0, 2]]
    """
    bases, starts, different = sequences
    begins, _ = index
    length, seed, crowd, fewest, share = settings
    bits = 0
    while (1 << bits) < begins.size - 1:
        bits += 1
    n = starts.size - 1
    longest = np.max(starts[1:] - starts[:-1])
    codes, others = np.empty(longest, dtype=np.int64), np.empty(longest, dtype=np.int64)
    hits, touched = np.zeros(n, dtype=np.int32), np.empty(n, dtype=np.int32)
    state[1] = 0
    for row in range(state[0], n):
        state[0] = row
        if different[row] == 0:
            continue
        if state[1] + row > found.shape[0]:
            return
        own = bases[starts[row] : starts[row + 1]]
        met, passed = _touch(codes[: canonical_codes(own, seed, codes)], row, (seed, bits, crowd), index, hits, touched)
        state[3] += passed
        marked = False
        for place in range(met):
            other = touched[place]
            least = max(fewest, int(np.ceil(share * min(different[row], different[other]))))
            # A word that is its own seed is counted here already; a longer seed needs company to be no coincidence.
            enough = hits[other] >= (least - passed if seed == length else 2)
            hits[other] = 0
            if not enough or different[other] == 0:
                continue
            if not marked:
                _mark(codes[: canonical_codes(own, length, codes)], mark, row)
                marked = True
            words = canonical_codes(bases[starts[other] : starts[other + 1]], length, others)
            shared = _shared(others[:words], mark, row)
            state[2] += 1
            if shared >= least:
                found[state[1], 0], found[state[1], 1], found[state[1], 2] = row, other, shared
                state[1] += 1
    state[0] = n


@njit(cache=True, nogil=True)
def _touch(
    codes: Integers,
    row: int,
    settings: tuple[int, int, int],
    index: tuple[Integers, Small],
    hits: Small,
    touched: Small,
) -> tuple[int, int]:
    """Count the seeds that earlier sequences share with this one; say how many of them, and how many seeds were not."""
    seed, bits, crowd = settings
    begins, members = index
    met, passed = 0, 0
    for code in codes:
        bucket = bucket_of(code, seed, bits)
        first, last = begins[bucket], begins[bucket + 1]
        if last - first > crowd:
            passed += 1
            continue
        for place in range(first, last):
            other = members[place]
            if other >= row:
                break
            if hits[other] == 0:
                touched[met] = other
                met += 1
            hits[other] += 1
    return met, passed
