"""A small random genome in memory and on disk, with starts, genes and an outside reader of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pyfaidx import Fasta

from genolect.sequence.alphabet import decode, encode
from genolect.sequence.interval import Feature, Interval
from genolect.tables.table import LabelledTable
from genolect.tasks.assembly import Assembly
from tests.sequence.written import format_fasta

LENGTHS = {"I": 9001, "II": 7003, "III": 5009}


def letters(seed: int = 3) -> dict[str, str]:
    """Three sequences of which GC changes along the way, one of them partly soft-masked and with Ns."""
    generator = np.random.default_rng(seed)
    found = {}
    for name, length in LENGTHS.items():
        gc = np.repeat(generator.uniform(0.25, 0.7, size=length // 50 + 1), 50)[:length]
        strong = generator.random(length) < gc
        found[name] = decode(
            np.where(strong, generator.integers(1, 3, length), 3 * generator.integers(0, 2, length)).astype(np.uint8)
        )
    found["II"] = found["II"][:900] + found["II"][900:2100].lower() + found["II"][2100:]
    found["III"] = found["III"][:500] + "N" * 137 + found["III"][637:]
    return found


def genome(seed: int = 3) -> Assembly:
    return Assembly.of_records({name: encode(text) for name, text in letters(seed).items()})


def fasta(folder: Path, seed: int = 3) -> Path:
    path = folder / "genome.fa"
    path.write_text("".join(format_fasta(name, encode(text)) for name, text in letters(seed).items()))
    return path


def bed(*rows: tuple[str, int, int, str, str]) -> list[Feature]:
    """Rows of name, start, end, identifier, strand."""
    return [
        Feature(Interval(name, start, end, strand), "region", identifier, None, line)  # type: ignore[arg-type]
        for line, (name, start, end, identifier, strand) in enumerate(rows, 1)
    ]


def starts(count: int = 40, seed: int = 5) -> list[Feature]:
    """Starts of one base each, on both strands."""
    generator = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        name = [*LENGTHS][number % 3]
        position = int(generator.integers(400, LENGTHS[name] - 400))
        rows.append((name, position, position + 1, f"g{number}", "+-"[int(generator.integers(2))]))
    return bed(*rows)


def gene(strand: str, *exons: tuple[int, int], name: str = "I", identifier: str = "t") -> list[Feature]:
    return [
        Feature(Interval(name, *exon, strand), "exon", identifier, None, line)  # type: ignore[arg-type]
        for line, exon in enumerate(exons, 1)
    ]


def expect_read_as_elsewhere(table: LabelledTable, path: Path) -> None:
    """Every known place holds, on its strand, what pyfaidx reads there."""
    with Fasta(str(path), as_raw=False) as reader:
        places = table.places
        for row in np.flatnonzero(places.known).tolist():
            piece = reader[str(places.name[row])][int(places.start[row]) : int(places.end[row])]
            read = piece.reverse.complement if places.strand[row] < 0 else piece
            assert read.seq == table.sequences.letters(row)
