"""A genome as task builders see it: lengths, and the bases of any place on its strand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genolect.data.genome import PreparedGenome
from genolect.data.labelled_table import Places
from genolect.data.ragged import RaggedBases
from genolect.sequence.alphabet import Bases, reverse_complement
from genolect.sequence.coding import Reader


@dataclass(frozen=True)
class Assembly:
    """A genome.

    Attributes
    ----------
    lengths : dict of str to int
        Bases of each sequence, in file order.
    read : callable
        Gives the bases of a stretch: name, start, end, 0-based half-open.
    """

    lengths: dict[str, int]
    read: Reader

    @classmethod
    def of_records(cls, records: Mapping[str, Bases]) -> Assembly:
        """Make one of sequences in memory."""
        return cls(
            {name: bases.size for name, bases in records.items()}, lambda name, start, end: records[name][start:end]
        )

    @classmethod
    def of_genome(cls, genome: PreparedGenome) -> Assembly:
        """Make one of a prepared genome."""
        return cls(genome.lengths, genome.bases)

    def whole(self, name: str) -> Bases:
        """Give a whole sequence."""
        return self.read(name, 0, self.lengths[name])

    def holds(self, places: Places) -> npt.NDArray[np.bool_]:
        """Tell which places lie inside their sequence, shape (n,); nothing wraps round the origin of a circle."""
        limits = np.array([self.lengths.get(name, 0) for name in places.name.tolist()], dtype=np.int64)
        inside: npt.NDArray[np.bool_] = (places.start >= 0) & (places.end <= limits)
        return inside

    def sequences(self, places: Places) -> RaggedBases:
        """Read places on their strands."""
        rows = zip(places.name.tolist(), places.start.tolist(), places.end.tolist(), strict=True)
        read = (self.read(*row) for row in rows)
        return RaggedBases.of(
            reverse_complement(bases) if strand < 0 else bases
            for bases, strand in zip(read, places.strand.tolist(), strict=True)
        )
