"""What can be known of an example without reading its sequence: length, composition, repeats, where it lies.

Axes: n examples.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genolect.arrays import Floats
from genolect.sequence.alphabet import BASE_BITS, SOFT_MASK, C, G, N
from genolect.sequence.ragged import RaggedBases
from genolect.tables.relatives import genome_order
from genolect.tables.table import LabelledTable

POSITION = "position"
REPEATS = "repeats"


def covariates(table: LabelledTable, repeats: Floats | None = None) -> dict[str, Floats]:
    """Give the covariates of a table by name.

    Parameters
    ----------
    table : LabelledTable
        The table.
    repeats : ndarray of float64, shape (n,), optional
        Share of soft-masked bases, where the sequences of the table do not have the mask.

    Returns
    -------
    dict of str to ndarray of float64, shape (n,)
        ``length`` in bases; ``GC`` share of the known bases; ``CpG`` observed over expected; share of ``N``;
        ``repeats``, share of soft-masked bases, where there are any; ``position``, the rank along the genome, where
        places are known, else NaN.

    Examples
    --------
    >>> from genolect.tables.table import Places, Target
    >>> from genolect.sequence.alphabet import encode
    >>> blank, label = np.array(["", ""]), Target("number", ("y",), np.arange(2.0))
    >>> sequences = RaggedBases.of(map(encode, ("ACGGcaN", "TTTT")))
    >>> table = LabelledTable("toy", np.array(["a", "b"]), sequences, label, blank, blank, Places.unknown(2))
    >>> {name: values.round(3).tolist() for name, values in covariates(table).items()}
    {'length': [7.0, 4.0], 'GC': [0.667, 0.0], 'CpG': [1.5, 0.0], 'N': [0.143, 0.0], 'repeats': [0.286, 0.0]}
    """
    sequences = table.sequences
    lengths = np.maximum(sequences.lengths, 1)
    codes = sequences.bases & BASE_BITS
    cytosines, guanines = _count(sequences, codes == C), _count(sequences, codes == G)
    unknown = _count(sequences, codes == N)
    pairs = np.zeros(codes.size, dtype=np.bool_)
    pairs[:-1] = (codes[:-1] == C) & (codes[1:] == G)
    pairs[sequences.starts[1:] - 1] = False
    known = lengths - unknown
    expected = cytosines * guanines / np.maximum(known, 1)
    found = {
        "length": sequences.lengths.astype(np.float64),
        "GC": (cytosines + guanines) / np.maximum(known, 1),
        "CpG": np.divide(_count(sequences, pairs), expected, out=np.zeros(len(table)), where=expected > 0),
        "N": unknown / lengths,
    }
    masked = (sequences.bases & SOFT_MASK) > 0
    if masked.any():
        found[REPEATS] = _count(sequences, masked) / lengths
    elif repeats is not None:
        found[REPEATS] = repeats
    if table.places.known.any():
        order = genome_order(table.places)
        found[POSITION] = np.full(len(table), np.nan)
        found[POSITION][order] = np.arange(order.size)
    return found


def _count(sequences: RaggedBases, which: npt.NDArray[np.bool_]) -> Floats:
    """Count marked bases by sequence."""
    counts = np.zeros(len(sequences))
    filled = sequences.lengths > 0
    if filled.any():
        counts[filled] = np.add.reduceat(which, sequences.starts[:-1][filled], dtype=np.int64)
    return counts
