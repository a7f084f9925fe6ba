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

from genolect.data.ragged import RaggedBases
from genolect.data.similarity_kernels import count_different, count_words, fill_index, find_partners
from genolect.errors import ConfigurationError
from genolect.sequence.alphabet import reverse_complement

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

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
class Copies:
    """Which sequences are the same, on either strand.

    Attributes
    ----------
    group : ndarray of int64, shape (n,)
        Equal for equal sequences; 0-based, without holes.
    flipped : ndarray of bool, shape (n,)
        Whether the other strand comes first in the alphabet. Members of a group that differ in it are reverse
        complements of each other.
    """

    group: Integers
    flipped: npt.NDArray[np.bool_]


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


def exact_copies(sequences: RaggedBases) -> Copies:
    """Find equal sequences, and those equal to another's reverse complement.

    Parameters
    ----------
    sequences : RaggedBases
        The sequences; the soft-mask is ignored.

    Returns
    -------
    Copies
        Their groups.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> copies = exact_copies(RaggedBases.of([encode("AAC"), encode("gtt"), encode("AC"), encode("aac")]))
    >>> copies.group.tolist(), copies.flipped.tolist()
    ([0, 0, 1, 0], [False, True, False, False])
    """
    plain = sequences.plain()
    other = reverse_complement(plain.bases)
    back = plain.starts[-1] - plain.starts
    numbers: dict[bytes, int] = {}
    group = np.empty(len(plain), dtype=np.int64)
    flipped = np.empty(len(plain), dtype=np.bool_)
    for row in range(len(plain)):
        given, turned = plain[row].tobytes(), other[back[row + 1] : back[row]].tobytes()
        flipped[row] = turned < given
        group[row] = numbers.setdefault(min(given, turned), len(numbers))
    return Copies(group, flipped)


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
