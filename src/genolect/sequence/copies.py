"""The same sequence again: equal letters, on either strand.

Axes: n sequences.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genolect.arrays import Integers
from genolect.sequence.alphabet import reverse_complement
from genolect.sequence.ragged import RaggedBases


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
