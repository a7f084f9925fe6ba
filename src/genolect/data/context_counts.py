"""How often each base follows each context, on both strands of some stretches of a genome.

One pass over the bases: the word that ends with a base grows to the left by one base per length. The other strand needs
no second pass: it holds the reverse complement of every word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from genolect.data.genome import PreparedGenome
from genolect.sequence.alphabet import BASE_BITS, Bases, N
from genolect.sequence.interval import Interval

Counts = npt.NDArray[np.int64]

OFFERED_LENGTHS = (3, 5, 7, 9, 11)
BLOCK_BASES = 1 << 23


def context_lengths(bases: int) -> tuple[int, ...]:
    """Choose the context lengths that a genome can fill: about one occurrence per context of the longest.

    Parameters
    ----------
    bases : int
        Bases to count, one strand.

    Returns
    -------
    tuple of int
        Some of 3, 5, 7, 9, 11; at least the 3.

    Examples
    --------
    >>> context_lengths(1_500_000), context_lengths(12_000_000)
    ((3, 5, 7, 9), (3, 5, 7, 9, 11))
    """
    fitting = tuple(k for k in OFFERED_LENGTHS if 4**k <= 2 * bases)
    return fitting or OFFERED_LENGTHS[:1]


def count_contexts(genome: PreparedGenome, regions: Iterable[Interval], longest: int) -> dict[int, Counts]:
    r"""Count which base follows each context, on both strands.

    Parameters
    ----------
    genome : PreparedGenome
        Where the bases are.
    regions : iterable of Interval
        The stretches to count (the training ones: held-out bases must never be counted).
    longest : int
        The longest context, k.

    Returns
    -------
    dict of int to ndarray of int64, shape (4**k, 4)
        For k = 0 … longest: row = context read as a base-4 number (A C G T = 0 1 2 3, leftmost base first),
        column = the base that follows it. Words that hold an N or leave their stretch are not counted.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from genolect.data.genome import prepare_genome
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "tiny.fa").write_bytes(b">a\nAAC\n")
    ...     genome = prepare_genome([Path(folder, "tiny.fa")], Path(folder, "prepared"))
    >>> count_contexts(genome, [Interval("a", 0, 3)], longest=1)[1].tolist()  # AA AC on one strand, GT TT on the other
    [[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]]
    """
    words = [np.zeros(4 ** (k + 1), dtype=np.int64) for k in range(longest + 1)]
    for block in _blocks(genome, regions, overlap=longest):
        count = len(block) - longest
        number = np.zeros(count, dtype=np.int32)
        clean = np.ones(count, dtype=bool)
        for k in range(longest + 1):
            base = block[longest - k :][:count]
            clean &= base < N
            number += base * np.int32(4**k)
            words[k] += np.bincount(number[clean], minlength=4 ** (k + 1))
    return {k: _both_strands(counts, k + 1).reshape(-1, 4) for k, counts in enumerate(words)}


def _blocks(genome: PreparedGenome, regions: Iterable[Interval], *, overlap: int) -> Iterator[Bases]:
    """Join the stretches, with N between them that no word crosses; cut the whole into blocks that overlap."""
    pieces, size = [np.full(overlap, N, dtype=np.uint8)], 0
    for region in regions:
        pieces.append(np.full(1, N, dtype=np.uint8))
        for start in range(region.start, region.end, BLOCK_BASES):
            bases = genome.bases(region.name, start, min(start + BLOCK_BASES, region.end))
            pieces.append(bases & np.uint8(BASE_BITS))
            size += len(bases)
            if size >= BLOCK_BASES:
                block = np.concatenate(pieces)
                yield block
                pieces, size = [block[len(block) - overlap :]], 0
    if len(pieces) > 1:
        yield np.concatenate(pieces)


def _both_strands(words: npt.NDArray[np.int64], length: int) -> npt.NDArray[np.int64]:
    """Add to each word's count that of its reverse complement: reverse the axes, and each axis (A C G T -> T G C A)."""
    axes = words.reshape((4,) * length)
    other: npt.NDArray[np.int64] = axes.transpose(range(length - 1, -1, -1))[(slice(None, None, -1),) * length]
    return words + other.reshape(-1)
