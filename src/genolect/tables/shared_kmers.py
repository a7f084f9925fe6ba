"""How much of each sequence occurs in given stretches of a genome, on either strand, wherever it stands.

Axes: n sequences.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numba import njit

from genolect.arrays import Integers
from genolect.genome.genome import PreparedGenome
from genolect.sequence.alphabet import Bases
from genolect.sequence.interval import Interval
from genolect.sequence.ragged import RaggedBases
from genolect.tables.similarity import bucket_of, canonical_codes

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
        Bases and starts, as in `sequence.ragged.RaggedBases`.
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


WORD = 21
"""Letters of a word: in three gigabases one that is not there by descent is met once in seven hundred."""

MOST_WORDS = 1 << 25
BASES_AT_ONCE = 1 << 22


def shared_share(
    sequences: RaggedBases, genome: PreparedGenome, regions: Sequence[Interval]
) -> npt.NDArray[np.float64]:
    r"""Give the share of each sequence's words that occur in the regions.

    Parameters
    ----------
    sequences : RaggedBases
        The sequences.
    genome : PreparedGenome
        The genome.
    regions : sequence of Interval
        Stretches of it.

    Returns
    -------
    ndarray of float64, shape (n,)
        From 0 to 1; NaN for a sequence without 21 known bases in a row. Of more than 33 million words one in two, four,
        … is looked up.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from genolect import files
    >>> from genolect.genome.genome import prepare_genome
    >>> from genolect.sequence.alphabet import encode
    >>> with TemporaryDirectory() as folder:
    ...     files.write_file(Path(folder, "tiny.fa"), ">a\nACGTTGCAATCGGATTACAGCCATGTCAAGTCCGATAGCTTACG\n")
    ...     genome = prepare_genome([Path(folder, "tiny.fa")], Path(folder, "prepared"))
    ...     sequences = RaggedBases.of([encode("TTGCAATCGGATTACAGCCATGTC"), encode("ACGT")])
    ...     [shared_share(sequences, genome, [Interval("a", 0, end)]).tolist() for end in (44, 25)]
    [[1.0, nan], [0.5, nan]]
    """
    thin = max(0, (sequences.bases.size // MOST_WORDS).bit_length())
    room = 1 << max(4, (2 * sequences.bases.size >> thin).bit_length())
    room *= 2 if thin else 1  # Repeated words may be kept more often than their due.
    table = np.full(room, -1, dtype=np.int64)
    for sequence in sequences:
        put_words(sequence, WORD, thin, table)
    tags = np.zeros(room, dtype=np.bool_)
    for region in regions:
        bases = genome.bases(region.name, region.start, region.end)
        for first in range(0, bases.size, BASES_AT_ONCE):
            tag_words(bases[first : first + BASES_AT_ONCE + WORD - 1], WORD, thin, table, tags)
    counts = np.zeros((len(sequences), 2), dtype=np.int64)
    if len(sequences):
        count_tagged((sequences.bases, sequences.starts), WORD, thin, table, tags, counts)
    share: npt.NDArray[np.float64] = np.full(len(sequences), np.nan)
    np.divide(counts[:, 1], counts[:, 0], out=share, where=counts[:, 0] > 0)
    return share
