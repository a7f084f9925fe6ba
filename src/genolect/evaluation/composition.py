"""Features that need no model: base composition, and counts of words that read the same on both strands.

Axes: B windows, L bases.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from genolect.evaluation.probe import fit_probe
from genolect.sequence.alphabet import BASE_BITS, Bases, C, G, N

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

WORD_LENGTHS = (3, 4, 5, 6)
BASES_AT_ONCE = 1 << 22


def composition_features(bases: Bases) -> Floats:
    """GC content, length and share of N: what any classifier can know without reading the sequence.

    Parameters
    ----------
    bases : ndarray of uint8, shape (B, L)
        Base codes; the soft-mask is ignored.

    Returns
    -------
    ndarray of float64, shape (B, 3)
        GC fraction of the bases that are not N (0 where all are), number of bases that are not N, fraction of N.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> composition_features(encode("GCCATNNN")[None]).tolist()
    [[0.6, 5.0, 0.375]]
    """
    codes = bases & BASE_BITS
    known = (codes != N).sum(axis=1)
    strong = ((codes == C) | (codes == G)).sum(axis=1)
    return np.stack([strong / np.maximum(known, 1), known, (codes == N).mean(axis=1)], axis=1)


@cache
def canonical_words(length: int) -> npt.NDArray[np.int32]:
    """Number words so that a word and its reverse complement have the same number.

    Parameters
    ----------
    length : int
        Letters per word, at most 8.

    Returns
    -------
    ndarray of int32, shape (4 ** length,)
        Number of each word, 0-based and without holes, in alphabetical order of the smaller of the two.

    Examples
    --------
    >>> canonical_words(1).tolist()
    [0, 1, 1, 0]
    """
    words = np.arange(4**length)
    partner = np.zeros_like(words)
    for place in range(length):
        partner = partner * 4 + 3 - words // 4**place % 4
    numbers = np.unique(np.minimum(words, partner), return_inverse=True)[1].astype(np.int32)
    numbers.flags.writeable = False
    return numbers


def kmer_frequencies(bases: Bases, length: int) -> Floats:
    """Frequencies of canonical words; overlapping, and words with an N are skipped.

    Parameters
    ----------
    bases : ndarray of uint8, shape (B, L)
        Base codes; the soft-mask is ignored.
    length : int
        Letters per word.

    Returns
    -------
    ndarray of float64, shape (B, number of canonical words)
        Each row sums to 1; a row without any word is all zeros.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> kmer_frequencies(encode("ATCNA")[None], 1).tolist()
    [[0.75, 0.25]]
    """
    number_of = canonical_words(length)
    n_words = int(number_of.max()) + 1
    counts = np.zeros((bases.shape[0], n_words))
    step = max(1, BASES_AT_ONCE // max(1, bases.shape[1]))
    for first in range(0, bases.shape[0] if bases.shape[1] >= length else 0, step):
        codes = (bases[first : first + step] & BASE_BITS).astype(np.int32)
        last = codes.shape[1] - length + 1
        words = np.zeros((codes.shape[0], last), dtype=np.int32)
        known = np.ones(words.shape, dtype=bool)
        for place in range(length):
            letter = codes[:, place : place + last]
            known &= letter != N
            words = words * 4 + (letter & 3)
        rows = np.broadcast_to(np.arange(codes.shape[0])[:, None], words.shape)
        cells = rows[known] * n_words + number_of[words[known]]
        counts[first : first + step] = np.bincount(cells, minlength=codes.shape[0] * n_words).reshape(-1, n_words)
    counts /= np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return counts


@dataclass(frozen=True)
class WordChoice:
    """The length of word that tells the classes apart best on the validation windows.

    Attributes
    ----------
    length : int
        Letters per word.
    validation_auroc : dict of int to float
        Macro AUROC that each length reached.
    """

    length: int
    validation_auroc: dict[int, float]


def choose_word_length(
    bases: Bases, labels: Integers, validation_bases: Bases, validation_labels: Integers
) -> WordChoice:
    """Choose the word length of the k-mer baseline by the probe itself, on validation windows.

    Parameters
    ----------
    bases : ndarray of uint8, shape (B, L)
        Training windows.
    labels : ndarray of int, shape (B,)
        Their class codes.
    validation_bases : ndarray of uint8, shape (M, L)
        Validation windows.
    validation_labels : ndarray of int, shape (M,)
        Their class codes.

    Returns
    -------
    WordChoice
        The best of `WORD_LENGTHS`; of equals the shortest.

    Examples
    --------
    >>> bases = np.random.Generator(np.random.Philox(5)).integers(0, 4, size=(40, 60), dtype=np.uint8)
    >>> labels = np.arange(40) % 2
    >>> bases[labels == 1] //= 2
    >>> choose_word_length(bases, labels, bases, labels).length
    3
    """
    reached = {}
    for length in WORD_LENGTHS:
        features, validation = kmer_frequencies(bases, length), kmer_frequencies(validation_bases, length)
        reached[length] = fit_probe(features, labels, validation, validation_labels).validation_auroc
    return WordChoice(max(reached, key=lambda length: (reached[length], -length)), reached)
