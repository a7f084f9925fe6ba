"""What another program reads in the FASTA and GFF3 texts of a synthetic genome."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from io import StringIO

import numpy as np
from Bio import SeqIO
from Bio.Seq import Seq

from genolect.genome.synthetic import SyntheticConfig, SyntheticGenome, fasta_text, generate, gff_text

CONFIG = SyntheticConfig(seed=3, chromosomes=3, bases_per_chromosome=160_000, gaps_per_megabase=60)
TANDEM = ("microsatellite", "minisatellite")
REPEATS = ("dispersed_repeat", *TANDEM)


@dataclass(frozen=True)
class Row:
    """One GFF3 line as the format defines it: 1-based, both ends included."""

    name: str
    kind: str
    start: int
    end: int
    strand: str
    phase: str
    attributes: dict[str, str]


def gff_rows(text: str) -> Iterator[Row]:
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, kind, start, end, _, strand, phase, column = line.split("\t")
            attributes = dict(pair.split("=") for pair in column.split(";")) if column != "." else {}
            yield Row(name, kind, int(start), int(end), strand, phase, attributes)


class Reading:
    """Sequences and rows of one genome, and how they belong together."""

    def __init__(self, genome: SyntheticGenome) -> None:
        self.genome = genome
        self.sequences = {record.id: str(record.seq) for record in SeqIO.parse(StringIO(fasta_text(genome)), "fasta")}
        self.rows = list(gff_rows(gff_text(genome)))

    @cached_property
    def of_kind(self) -> dict[str, list[Row]]:
        kinds: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            kinds[row.kind].append(row)
        return kinds

    @cached_property
    def parts(self) -> dict[tuple[str, str], list[Row]]:
        """Rows by parent and kind, from 5' to 3' on their strand."""
        parts: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in self.rows:
            if "Parent" in row.attributes:
                parts[row.attributes["Parent"], row.kind].append(row)
        for rows in parts.values():
            rows.sort(key=lambda row: row.start, reverse=rows[0].strand == "-")
        return parts

    def letters(self, row: Row) -> str:
        stretch = Seq(self.sequences[row.name][row.start - 1 : row.end])
        return str(stretch.reverse_complement() if row.strand == "-" else stretch).upper()

    def coding(self, messenger: str) -> str:
        return "".join(self.letters(row) for row in self.parts[messenger, "CDS"])

    def covered(self, name: str, *kinds: str) -> np.ndarray:
        depth = np.zeros(len(self.sequences[name]), dtype=int)
        for row in self.rows:
            if row.name == name and (not kinds or row.kind in kinds):
                depth[row.start - 1 : row.end] += 1
        return depth


@lru_cache(maxsize=1)
def example() -> Reading:
    """Give one genome for all tests that only look."""
    return Reading(generate(CONFIG))


def five_prime(row: Row) -> int:
    return -row.end if row.strand == "-" else row.start


def three_prime(row: Row) -> int:
    return -row.start if row.strand == "-" else row.end


def inside(row: Row, whole: Row) -> bool:
    return row.name == whole.name and whole.start <= row.start and row.end <= whole.end
