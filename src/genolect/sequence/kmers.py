"""K-mers counted: the one place where their frequencies come from.

Legend: B sequences of one length, L bases.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from genolect.arrays import Floats
from genolect.sequence.alphabet import BASE_BITS, Bases, N

BASES_AT_ONCE = 1 << 22


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
