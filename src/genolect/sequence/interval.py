"""Stretches of a sequence. One convention everywhere: 0-based, half-open, with a strand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Strand = Literal["+", "-", "."]
STRANDS: tuple[Strand, ...] = get_args(Strand)


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of one sequence.

    Attributes
    ----------
    name : str
        Name of the sequence (chromosome, contig).
    start : int
        First base, 0-based.
    end : int
        One past the last base, 0-based.
    strand : {'+', '-', '.'}
        The strand; ``.`` where it has none.

    Raises
    ------
    ValueError
        If the coordinates are negative or empty, or the strand is none of the three.

    Examples
    --------
    >>> Interval("chrI", 10, 25, "-").length
    15
    """

    name: str
    start: int
    end: int
    strand: Strand = "."

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"interval {self.name}:{self.start}-{self.end} needs 0 <= start < end")
        if self.strand not in STRANDS:
            raise ValueError(f"strand {self.strand!r} is none of {' '.join(STRANDS)}")

    @property
    def length(self) -> int:
        """Number of bases."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Feature:
    """One annotated stretch: a row of a GFF3, GTF or BED file.

    Attributes
    ----------
    interval : Interval
        Where it is.
    kind : str
        The feature type as the file names it (``gene``, ``CDS`` …); for BED, ``region``.
    identifier : str
        What groups rows: the GTF ``transcript_id`` (else ``gene_id``), the GFF3 ``Parent`` (else ``ID``),
        the BED name; may be empty.
    phase : int or None
        GFF/GTF phase of a CDS row, 0, 1 or 2: how many bases to skip, from the row's 5' end on its own strand,
        to reach the first base of a codon. None where the file says ``.``.
    line : int
        1-based line of the file.
    own_identifier : str
        The GFF3 ``ID`` of a row whose `identifier` is its parent, else empty: it tells several products of one gene
        apart.
    """

    interval: Interval
    kind: str
    identifier: str
    phase: int | None
    line: int
    own_identifier: str = ""
