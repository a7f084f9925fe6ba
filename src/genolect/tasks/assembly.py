"""A genome as task builders see it: lengths, and the bases of any place on its strand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genolect.arrays import Integers
from genolect.genome.genome import PreparedGenome
from genolect.sequence.alphabet import Bases, reverse_complement
from genolect.sequence.coding import Reader
from genolect.sequence.interval import Feature
from genolect.sequence.ragged import RaggedBases
from genolect.tables.table import Places, Texts, Which


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


SIGNS = {"+": 1, "-": -1, ".": 0}


@dataclass(frozen=True)
class Windows:
    """n windows, and what each belongs to.

    Attributes
    ----------
    places : Places
        Where they lie.
    parent : ndarray of str, shape (n,)
        Gene, region or transcript; '' where there is none.
    """

    places: Places
    parent: Texts

    def __len__(self) -> int:
        """Return the number of windows."""
        return int(self.parent.size)

    def select(self, which: Which) -> Windows:
        """Take some of them, by a mask or by indices."""
        return Windows(self.places.select(which), self.parent[which])


@dataclass(frozen=True)
class Sites:
    """n single bases of a genome, each with a strand; 0-based.

    Attributes
    ----------
    name : ndarray of str, shape (n,)
        Sequence.
    position : ndarray of int64, shape (n,)
        The base.
    strand : ndarray of int8, shape (n,)
        +1, -1, or 0 where there is none, which is read as the plus strand.
    parent : ndarray of str, shape (n,)
        What each belongs to.
    """

    name: Texts
    position: Integers
    strand: npt.NDArray[np.int8]
    parent: Texts

    @classmethod
    def of(cls, rows: Sequence[tuple[str, int, int, str]]) -> Sites:
        """Make them of rows of name, position, strand and parent."""
        name, position, strand, parent = zip(*rows, strict=True) if rows else ((), (), (), ())
        return cls(
            np.array(name, dtype=np.str_),
            np.array(position, dtype=np.int64),
            np.array(strand, dtype=np.int8),
            np.array(parent, dtype=np.str_),
        )

    def __len__(self) -> int:
        """Return the number of sites."""
        return int(self.position.size)

    def select(self, which: Which) -> Sites:
        """Take some of them, by a mask or by indices."""
        return Sites(self.name[which], self.position[which], self.strand[which], self.parent[which])


def windows_around(sites: Sites, before: int, after: int) -> Windows:
    """Give the windows that begin some bases before each site, and hold some from the site on, as its strand is read.

    Parameters
    ----------
    sites : Sites
        The sites; each becomes base `before` (0-based) of its window.
    before, after : int
        Bases before the site, and from the site on.

    Returns
    -------
    Windows
        ``before + after`` bases each; some may leave their sequence.

    Examples
    --------
    >>> windows = windows_around(Sites.of([("I", 9, 1, "a"), ("I", 9, -1, "b")]), 3, 2)
    >>> windows.places.start.tolist(), windows.places.end.tolist()
    ([6, 8], [11, 13])
    """
    start = np.where(sites.strand < 0, sites.position - after + 1, sites.position - before)
    return Windows(Places(sites.name, start, start + before + after, sites.strand), sites.parent)


def five_prime_ends(features: Sequence[Feature], offset: int = 0) -> Sites:
    """Give the first base of each feature on its strand, or one further on.

    Parameters
    ----------
    features : sequence of Feature
        The features; without a strand they are read on the plus strand.
    offset : int
        Bases from the 5' end on.

    Returns
    -------
    Sites
        One for each; the parent is the feature's identifier.

    Examples
    --------
    >>> from genolect.sequence.interval import Interval
    >>> rows = [Feature(Interval("I", 4, 9, strand), "gene", "a", None, line=1) for strand in "+-"]
    >>> five_prime_ends(rows).position.tolist(), five_prime_ends(rows, 2).position.tolist()
    ([4, 8], [6, 6])
    """
    rows = []
    for feature in features:
        place = feature.interval
        position = place.end - 1 - offset if place.strand == "-" else place.start + offset
        rows.append((place.name, position, SIGNS[place.strand], feature.identifier))
    return Sites.of(rows)


def joined(parts: Sequence[Windows]) -> Windows:
    """Put windows one after the other.

    Examples
    --------
    >>> some = windows_around(Sites.of([("I", 9, 1, "a")]), 3, 2)
    >>> len(joined([some, some]))
    2
    """
    columns = [
        np.concatenate([getattr(part.places, key) for part in parts]) for key in ("name", "start", "end", "strand")
    ]
    return Windows(Places(*columns), np.concatenate([part.parent for part in parts]))
