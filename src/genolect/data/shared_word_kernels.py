"""Which words of many sequences occur in a genome, compiled: a table of words that is filled once and then only read.

Legend: n sequences. Words are numbered as in `data.similarity_kernels`. Of many words one in 2 ** thin is kept, by its
number, so that a word is kept wherever it occurs or nowhere.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from genolect.data.similarity_kernels import Integers, bucket_of, canonical_codes
from genolect.sequence.alphabet import Bases

Tags = npt.NDArray[np.bool_]


_THINNING = np.uint64(0xD6E8FEB86659FD93)
"""Any odd number far from that of the buckets, so that kept words still spread."""


@njit(cache=True, nogil=True)
def _kept_codes(bases: Bases, length: int, thin: int, codes: Integers) -> int:
    """Number the words of a stretch that are kept; say how many."""
    kept = 0
    for place in range(canonical_codes(bases, length, codes)):
        code = codes[place]
        if thin == 0 or (np.uint64(code) * _THINNING) >> np.uint64(64 - thin) == 0:
            codes[kept] = code
            kept += 1
    return kept


@njit(cache=True, nogil=True)
def _slot(code: np.int64, length: int, table: Integers) -> np.int64:
    """Find the place of a word in a table by open addressing, or the free place where it would stand."""
    bits = 0
    while (1 << bits) < table.size:
        bits += 1
    slot = bucket_of(code, length, bits)
    while table[slot] != code and table[slot] != -1:
        slot = (slot + 1) & (table.size - 1)
    return slot


@njit(cache=True, nogil=True)
def put_words(bases: Bases, length: int, thin: int, table: Integers) -> int:
    """Put the words of a stretch into a table.

    Parameters
    ----------
    bases : ndarray of uint8, shape (L,)
        Base codes.
    length, thin : int
        Letters per word, at most 31; 0 to keep all words.
    table : ndarray of int64, shape (a power of two,)
        Words, changed in place; -1 where there is none. It must stay half empty.

    Returns
    -------
    int
        How many words were not there before.

    Examples
    --------
    >>> table = np.full(16, -1, dtype=np.int64)
    >>> put_words(np.array([0, 0, 1, 2], dtype=np.uint8), 2, 0, table)
    3
    >>> put_words(np.array([2, 3, 3], dtype=np.uint8), 2, 0, table)
    0
    """
    codes = np.empty(bases.size, dtype=np.int64)
    count = 0
    for code in codes[: _kept_codes(bases, length, thin, codes)]:
        slot = _slot(code, length, table)
        if table[slot] == -1:
            table[slot] = code
            count += 1
    return count


@njit(cache=True, nogil=True)
def tag_words(bases: Bases, length: int, thin: int, table: Integers, tags: Tags) -> None:
    """Tag the words of a table that occur in a stretch.

    Parameters
    ----------
    bases, length, thin, table
        As in `put_words`; the table stays.
    tags : ndarray of bool, shape as `table`
        Changed in place.

    Examples
    --------
    >>> table, tags = np.full(16, -1, dtype=np.int64), np.zeros(16, dtype=np.bool_)
    >>> _ = put_words(np.array([0, 0, 1, 2], dtype=np.uint8), 2, 0, table)
    >>> tag_words(np.array([2, 3, 3, 3], dtype=np.uint8), 2, 0, table, tags)
    >>> int(tags.sum())
    2
    """
    codes = np.empty(bases.size, dtype=np.int64)
    for code in codes[: _kept_codes(bases, length, thin, codes)]:
        slot = _slot(code, length, table)
        if table[slot] == code:
            tags[slot] = True


@njit(cache=True, nogil=True)
def count_tagged(
    sequences: tuple[Bases, Integers], length: int, thin: int, table: Integers, tags: Tags, counts: Integers
) -> None:
    """Count for each sequence its words, and those with a tag.

    Parameters
    ----------
    sequences : tuple of ndarray
        Bases and starts, as in `data.ragged.RaggedBases`.
    length, thin, table, tags
        As in `tag_words`.
    counts : ndarray of int64, shape (n, 2)
        Written in place: words, and words with a tag.

    Examples
    --------
    >>> table, tags = np.full(16, -1, dtype=np.int64), np.zeros(16, dtype=np.bool_)
    >>> bases, counts = np.array([0, 0, 1, 2], dtype=np.uint8), np.zeros((1, 2), dtype=np.int64)
    >>> _ = put_words(bases, 2, 0, table)
    >>> tag_words(bases[:2], 2, 0, table, tags)
    >>> count_tagged((bases, np.array([0, 4])), 2, 0, table, tags, counts)
    >>> counts.tolist()
    [[3, 1]]
    """
    bases, starts = sequences
    codes = np.empty(bases.size, dtype=np.int64)
    for row in range(starts.size - 1):
        words = _kept_codes(bases[starts[row] : starts[row + 1]], length, thin, codes)
        counts[row, 0] = words
        for code in codes[:words]:
            slot = _slot(code, length, table)
            if table[slot] == code and tags[slot]:
                counts[row, 1] += 1
