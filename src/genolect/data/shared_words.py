"""How much of each sequence occurs in given stretches of a genome, on either strand, wherever it stands.

Axes: n sequences.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genolect.data.genome import PreparedGenome
from genolect.data.ragged import RaggedBases
from genolect.data.shared_word_kernels import count_tagged, put_words, tag_words
from genolect.sequence.interval import Interval

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
    >>> from genolect import durable
    >>> from genolect.data.genome import prepare_genome
    >>> from genolect.sequence.alphabet import encode
    >>> with TemporaryDirectory() as folder:
    ...     durable.write_file(Path(folder, "tiny.fa"), ">a\nACGTTGCAATCGGATTACAGCCATGTCAAGTCCGATAGCTTACG\n")
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
