"""Sequences of different lengths, end to end in one array."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from genolect.arrays import Integers
from genolect.sequence.alphabet import BASE_BITS, Bases, decode, reverse_complement

Floating = TypeVar("Floating", bound=np.floating[Any])


@dataclass(frozen=True)
class RaggedBases:
    """n sequences.

    Attributes
    ----------
    bases : ndarray of uint8, shape (total,)
        Base codes of all of them, one after the other.
    starts : ndarray of int64, shape (n + 1,)
        Where each begins; the last entry is the total.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> ragged = RaggedBases.of([encode("ACGT"), encode("GG")])
    >>> len(ragged), ragged.lengths.tolist(), ragged.letters(1)
    (2, [4, 2], 'GG')
    """

    bases: Bases
    starts: Integers

    @classmethod
    def of(cls, sequences: Iterable[Bases]) -> RaggedBases:
        """Lay sequences end to end."""
        rows = list(sequences)
        starts = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([row.size for row in rows], out=starts[1:])
        return cls(np.concatenate(rows) if rows else np.empty(0, dtype=np.uint8), starts)

    def __len__(self) -> int:
        """Return the number of sequences."""
        return self.starts.size - 1

    def __getitem__(self, row: int) -> Bases:
        """Give one sequence, a view."""
        return self.bases[self.starts[row] : self.starts[row + 1]]

    def __iter__(self) -> Iterator[Bases]:
        """Give the sequences one by one, as views."""
        return (self[row] for row in range(len(self)))

    @property
    def lengths(self) -> Integers:
        """Bases of each sequence, shape (n,)."""
        return np.diff(self.starts)

    def letters(self, row: int) -> str:
        """Give one sequence as text, lower case where soft-masked."""
        return decode(self[row])

    def select(self, which: npt.NDArray[np.bool_] | Integers) -> RaggedBases:
        """Copy some of the sequences, by a mask or by indices, in that order."""
        rows = np.arange(len(self))[which]
        lengths = self.lengths[rows]
        starts = np.zeros(rows.size + 1, dtype=np.int64)
        np.cumsum(lengths, out=starts[1:])
        # Slice by slice: an index of every base would take sixteen times the memory of the bases.
        parts = [self[row] for row in rows.tolist()]
        return RaggedBases(np.concatenate(parts) if parts else self.bases[:0], starts)

    def reverse_complement(self) -> RaggedBases:
        """Give each sequence from the other strand."""
        ends = self.starts[-1] - self.starts[::-1]
        flipped = RaggedBases(reverse_complement(self.bases), ends)
        return flipped.select(np.arange(len(self))[::-1])

    def plain(self) -> RaggedBases:
        """Give the sequences without soft-mask."""
        return RaggedBases(np.bitwise_and(self.bases, BASE_BITS, dtype=np.uint8), self.starts)

    def by_length(self) -> Iterator[tuple[Integers, npt.NDArray[np.uint8]]]:
        """Give, for each length, the rows that have it and their bases, shape (rows, length); copies."""
        lengths = self.lengths
        for length in np.unique(lengths).tolist():
            rows = np.flatnonzero(lengths == length)
            yield rows, self.bases[self.starts[rows][:, None] + np.arange(length)]


def over_strands(
    read: Callable[[RaggedBases], npt.NDArray[Floating]], sequences: RaggedBases, *, both: bool = True
) -> npt.NDArray[Floating]:
    """Average over the strands: then it no longer matters which of them was given.

    It costs a second reading, and is wrong for what depends on the strand, such as splice donors.

    Parameters
    ----------
    read : callable
        Any model: takes n sequences, gives vectors or probabilities, shape (n, ...).
    sequences : RaggedBases
        n sequences.
    both : bool
        False to read them as they are given, without an average.

    Returns
    -------
    ndarray of float, shape (n, ...)
        The means.

    Examples
    --------
    >>> sequences = RaggedBases.of([np.array([0, 0, 1], dtype=np.uint8), np.array([2, 3, 3], dtype=np.uint8)])
    >>> over_strands(lambda some: np.array([(bases == 0).mean() for bases in some]), sequences).round(2).tolist()
    [0.33, 0.33]
    """
    given = read(sequences)
    return ((given + read(sequences.reverse_complement())) / 2).astype(given.dtype, copy=False) if both else given
