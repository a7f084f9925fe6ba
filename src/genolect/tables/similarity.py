"""Copies in a set of sequences: the same one again, on either strand, and those that share a part of their words.

Two sequences are as alike as the share of the different words of one that the other has too, counted for the one with
fewer (containment; Broder 1997, doi:10.1109/SEQUEN.1997.666900). A word and its reverse complement are one. A copy in
which a share m of the bases was substituted keeps (1 - m)^k of its words, two windows that overlap by a share keep
about that share: at k = 10 a containment of 0.2 is a copy with 15 % of its bases changed, or an overlap of about a
fifth. By chance, two windows of a few hundred bases have one word in a thousand in common.

Axes: n sequences, P pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from genolect.arrays import Floats, Integers
from genolect.errors import ConfigurationError
from genolect.sequence.alphabet import BASE_BITS, Bases, N
from genolect.sequence.copies import Copies, exact_copies
from genolect.sequence.ragged import RaggedBases

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
        The sequences, as in `sequence.ragged.RaggedBases`.
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


THRESHOLD = 0.2
"""Least containment of a near copy."""

WORD = 10
LONGEST_WORD = 13
CHANCE_WORDS = 0.02
"""Most words of the longest sequence per word that there is; longer sequences are compared by longer words."""

FEWEST_WORDS = 20
"""A sequence with fewer different words (too short, too simple) is compared with its exact copies only."""

FEWEST_SHARED = 12
LONGEST_SEED = 16
MOST_MEETINGS = 1e8
MOST_BUCKETS = 25
MOST_VISITS = 4e9
ROOM = 1_000_000


@dataclass(frozen=True)
class NearPairs:
    """Pairs of sequences that share words; exact copies are represented by the first of them.

    Attributes
    ----------
    first, second : ndarray of int64, shape (P,)
        The sequences, first before second.
    containment : ndarray of float64, shape (P,)
        At least `threshold`.
    threshold : float
        Least containment that counted.
    word, seed : int
        Letters of the words that are counted, and of those by which pairs are found. Where both are the same no pair is
        missed; a longer seed misses pairs without a stretch of its length, and one base more, in common.
    incomparable : ndarray of bool, shape (n,)
        Sequences with too few different words.
    seeds_passed : int
        Seeds of sequences that so many others have that they were not looked up: a pair with nothing else in common is
        missed.
    """

    first: Integers
    second: Integers
    containment: Floats
    threshold: float
    word: int
    seed: int
    incomparable: npt.NDArray[np.bool_]
    seeds_passed: int


def near_pairs(
    sequences: RaggedBases, threshold: float = THRESHOLD, *, copies: Copies | None = None, seed: int | None = None
) -> NearPairs:
    """Find the sequences that share words, on either strand.

    Parameters
    ----------
    sequences : RaggedBases
        The sequences; the soft-mask is ignored.
    threshold : float
        Least containment, above 0 and at most 1.
    copies : Copies, optional
        From `exact_copies`, where it is known already.
    seed : int, optional
        Letters of the words by which pairs are found; by default as few as the number of bases allows.

    Returns
    -------
    NearPairs
        Pairs of sequences that are not exact copies; of exact copies the first stands for all.

    Raises
    ------
    ConfigurationError
        If the threshold is none.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> whole = encode("ACGTTGCAATCGGATTACAGCCATGTCAAGTCCGATAGCTTACG")
    >>> part = encode("CGTAAGCTATCGGACTTGACATGGCTGTAATCC")  # the other strand of its last 33 bases
    >>> pairs = near_pairs(RaggedBases.of([whole, part]))
    >>> pairs.first.tolist(), pairs.second.tolist(), pairs.containment.tolist()
    ([0], [1], [1.0])
    """
    if not 0 < threshold <= 1:
        fix = "give one above 0 and at most 1, e.g. 0.2"
        raise ConfigurationError(f"{threshold:g} is no share of words", fix=fix)
    copies = exact_copies(sequences) if copies is None else copies
    chosen = np.unique(copies.group, return_index=True)[1]
    distinct = sequences.select(chosen) if chosen.size < len(sequences) else sequences
    longest = int(distinct.lengths.max(initial=1))
    word = word_length(longest)
    mark = np.zeros(4**word, dtype=np.int32)
    different = np.zeros(len(distinct), dtype=np.int64)
    if len(distinct):
        count_different(distinct.bases, distinct.starts, word, mark, different)
    poor = different < FEWEST_WORDS
    different[poor] = 0
    seed = seed or _seed_length(int(different.sum()), word)
    pairs, passed = _compare(distinct, different, (word, seed, threshold), mark)
    incomparable = np.zeros(len(sequences), dtype=np.bool_)
    incomparable[chosen[poor]] = True
    shared = pairs[:, 2] / np.minimum(different[pairs[:, 0]], different[pairs[:, 1]])
    one, two = chosen[pairs[:, 0]], chosen[pairs[:, 1]]
    first, second = np.minimum(one, two), np.maximum(one, two)
    order = np.lexsort((second, first))
    return NearPairs(
        first[order], second[order], shared[order], threshold, word, seed, incomparable[chosen][copies.group], passed
    )


def word_length(longest: int) -> int:
    """Give the letters of a word that sequences of a length hardly share by chance.

    Parameters
    ----------
    longest : int
        Bases of the longest sequence.

    Returns
    -------
    int
        From 10 to 13.

    Examples
    --------
    >>> word_length(200), word_length(5_400), word_length(100_000), word_length(10_000_000)
    (10, 10, 12, 13)
    """
    word = WORD
    while word < LONGEST_WORD and 2 * longest > CHANCE_WORDS * 4**word:
        word += 1
    return word


def _seed_length(words: int, word: int) -> int:
    """Give the shortest seed by which few sequences meet by chance."""
    seed = word
    while seed < LONGEST_SEED and words**2 > MOST_MEETINGS * 4**seed:
        seed += 1
    return seed


def _compare(
    sequences: RaggedBases, different: Integers, settings: tuple[int, int, float], mark: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int32], int]:
    """Give pairs of rows with the number of words that they share, and the seeds that were passed over."""
    word, seed, threshold = settings
    if not different.any():
        return np.empty((0, 3), dtype=np.int32), 0
    bits = min(2 * seed, MOST_BUCKETS)
    begins = np.zeros((1 << bits) + 1, dtype=np.int64)
    count_words(sequences.bases, sequences.starts, seed, bits, begins)
    crowd = _crowd(begins)
    np.cumsum(begins, out=begins)
    members = np.empty(int(begins[-1]), dtype=np.int32)
    fill_index(sequences.bases, sequences.starts, seed, begins[:-1].copy(), members)
    state = np.zeros(4, dtype=np.int64)
    found = np.empty((max(ROOM, len(sequences)), 3), dtype=np.int32)
    parts = [found[:0]]
    while state[0] < len(sequences):
        find_partners(
            (sequences.bases, sequences.starts, different),
            (begins, members),
            (word, seed, crowd, FEWEST_SHARED, threshold),
            mark,
            state,
            found,
        )
        parts.append(found[: state[1]].copy())
    return np.concatenate(parts), int(state[3])


def _crowd(counts: Integers) -> int:
    """Give the most members of a bucket that can be looked at without the visits growing out of hand."""
    sizes, buckets = np.unique(counts, return_counts=True)
    visits = np.cumsum(sizes.astype(np.float64) ** 2 * buckets)
    return int(sizes[max(0, int(np.searchsorted(visits, MOST_VISITS, side="right")) - 1)])
