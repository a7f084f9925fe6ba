"""What sequences of any length hold, without a model: words, composition.

Legend: n sequences, V words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genolect.arrays import Floats, Integers
from genolect.evaluation.methods.method import Strands
from genolect.sequence.alphabet import BASE_BITS, Bases, C, G, N
from genolect.sequence.kmers import canonical_words, kmer_frequencies
from genolect.sequence.ragged import RaggedBases
from genolect.statistics.linear import fit_probe

WORD_LENGTHS = (3, 4, 5, 6)


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


Features = npt.NDArray[np.floating[Any]]

CELLS_AT_ONCE = 1 << 25


def word_frequencies(sequences: RaggedBases, length: int, *, strands: Strands = "both") -> npt.NDArray[np.float32]:
    """Give the share of every word in every sequence; overlapping, and words with an N are skipped.

    Parameters
    ----------
    sequences : RaggedBases
        n sequences; the soft-mask is ignored.
    length : int
        Letters per word, at most 8.
    strands : {'one', 'both'}
        Whether a word and its reverse complement are two words or one.

    Returns
    -------
    ndarray of float32, shape (n, V)
        Each row sums to 1; a row without any word is all zeros.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> sequences = RaggedBases.of([encode("ATCNA"), encode("G")])
    >>> word_frequencies(sequences, 1).tolist()
    [[0.75, 0.25], [0.0, 1.0]]
    >>> word_frequencies(sequences, 1, strands="one").tolist()
    [[0.5, 0.25, 0.0, 0.25], [0.0, 0.0, 1.0, 0.0]]
    """
    number_of = canonical_words(length) if strands == "both" else np.arange(4**length, dtype=np.int32)
    n_words = int(number_of.max()) + 1
    found = np.zeros((len(sequences), n_words), dtype=np.float32)
    step = max(1, CELLS_AT_ONCE // n_words)
    for first in range(0, len(sequences), step):
        starts = sequences.starts[first : first + step + 1]
        rows = starts.size - 1
        codes = (sequences.bases[starts[0] : starts[-1]] & BASE_BITS).astype(np.int32)
        if codes.size < length:
            continue
        row, word = _words(codes, starts - starts[0], length)
        counts = np.bincount(row * n_words + number_of[word], minlength=rows * n_words).reshape(rows, n_words)
        found[first : first + rows] = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return found


def _words(
    codes: npt.NDArray[np.int32], starts: npt.NDArray[np.int64], length: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Give the sequence and the number of every word that lies in one sequence and has no N."""
    last = codes.size - length + 1
    word = np.zeros(last, dtype=np.int32)
    kept = np.ones(last, dtype=bool)
    for place in range(length):
        letter = codes[place : place + last]
        kept &= letter != N
        word = word * 4 + (letter & 3)
    row = np.repeat(np.arange(starts.size - 1), np.diff(starts))[:last]
    kept &= np.arange(last) + length <= starts[1:][row]
    return row[kept], word[kept]


def composition_of(sequences: RaggedBases) -> Floats:
    """Give what can be known of sequences without reading them: GC, CpG, N and length.

    Parameters
    ----------
    sequences : RaggedBases
        n sequences; the soft-mask is ignored.

    Returns
    -------
    ndarray of float64, shape (n, 4)
        GC fraction of the bases that are not N, CpG per base, fraction of N, logarithm of the length.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> composition_of(RaggedBases.of([encode("CGATN"), encode("A")])).round(2).tolist()
    [[0.5, 0.2, 0.2, 1.61], [0.0, 0.0, 0.0, 0.0]]
    """
    codes = sequences.bases & BASE_BITS
    lengths = np.maximum(sequences.lengths, 1)
    strong, unknown = (codes == C) | (codes == G), codes == N
    pairs = np.zeros(codes.size, dtype=bool)
    pairs[:-1] = (codes[:-1] == C) & (codes[1:] == G)
    ends = sequences.starts[1:] - 1
    pairs[ends[sequences.lengths > 0]] = False  # Its second base is that of the next sequence.
    counts = [_summed(kind, sequences) for kind in (strong, pairs, unknown)]
    known = np.maximum(lengths - counts[2], 1)
    return np.stack([counts[0] / known, counts[1] / lengths, counts[2] / lengths, np.log(lengths)], axis=1)


def _summed(which: npt.NDArray[np.bool_], sequences: RaggedBases) -> npt.NDArray[np.int64]:
    """Count within each sequence."""
    running = np.concatenate([[0], np.cumsum(which)])
    counts: npt.NDArray[np.int64] = running[sequences.starts[1:]] - running[sequences.starts[:-1]]
    return counts
