"""Overlaps across parts, and sequences that are not what the genome has there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.sequence.alphabet import decode, reverse_complement
from genolect.sequence.ragged import RaggedBases
from genolect.tables.audit.places import genome_finding, overlap_finding
from genolect.tables.relatives import TableParts, find_kinship
from genolect.tables.table import LabelledTable, Places
from tests.tables.planted_table import planted_table


def overlaps(table: LabelledTable):
    return overlap_finding(table, find_kinship(table), TableParts.of(table))


def test_overlaps_across_parts_are_a_leak_and_memorised() -> None:
    found = overlaps(planted_table("overlapping places", n=300))
    assert found.judgement == "leak"
    assert found.numbers["share_overlapping"] == {"test": 0.1}
    assert found.numbers["memoriser"]["value"] == 1.0
    assert overlaps(planted_table("position", n=300)).judgement == "ok"


def test_overlaps_inside_a_part_are_no_leak() -> None:
    table = planted_table("overlapping places", n=300)
    inside = replace(table, split=np.where((np.arange(300) < 219), "train", "test"))
    assert overlaps(inside).judgement == "ok"
    assert overlaps(replace(table, split=np.full(300, ""))).judgement == "note"


def test_classes_are_told_apart() -> None:
    table = planted_table("overlapping places", n=300)
    found = overlaps(table)
    tested = table.target.values[210:]
    seen = np.arange(90) < 9
    for code, name in enumerate(table.target.names):
        assert found.numbers["by_class"][name] == pytest.approx(seen[tested == code].mean())


@pytest.fixture
def placed(tmp_path: Path) -> tuple[LabelledTable, PreparedGenome]:
    """A table whose sequences are cut out of a genome, on both strands."""
    generator = np.random.Generator(np.random.Philox(3))
    (tmp_path / "toy.fa").write_text(f">I\n{decode(generator.integers(0, 4, 900, dtype=np.uint8))}\n")
    genome = prepare_genome([tmp_path / "toy.fa"], tmp_path / "prepared", circular={"I"})
    start = generator.integers(0, 880, 40)
    strand = np.where(np.arange(40) % 2, 1, -1).astype(np.int8)
    cut = [genome.bases("I", first, first + 50) for first in start.tolist()]
    rows = [bases if side > 0 else reverse_complement(bases) for bases, side in zip(cut, strand, strict=True)]
    table = planted_table(n=40, length=50)
    places = Places(np.full(40, "I"), start, start + 50, strand)
    return replace(table, sequences=RaggedBases.of(rows), places=places), genome


def test_what_the_genome_has_there_is_fine_round_the_origin_too(placed) -> None:
    table, genome = placed
    found = genome_finding(table, genome)
    assert (found.judgement, found.numbers) == ("ok", {"placed": 40, "different": 0})
    assert (table.places.end > 900).any()


@pytest.mark.parametrize("change", ["base", "strand", "shift", "length", "name", "beyond"])
def test_what_differs_is_found(placed, change) -> None:
    table, genome = placed
    bases, places = table.sequences.bases.copy(), vars(table.places).copy()
    if change == "base":
        bases[60] = (bases[60] + 1) % 4
    elif change == "strand":
        places["strand"] = -places["strand"]
    elif change == "shift":
        places |= {"start": places["start"] + 1, "end": places["end"] + 1}
    elif change == "length":
        places["end"] = places["end"] + 1
    elif change == "name":
        places["name"] = np.full(40, "II")
    else:
        places |= {"start": places["start"] + 900, "end": places["end"] + 900}
    changed = replace(table, sequences=replace(table.sequences, bases=bases), places=Places(**places))
    found = genome_finding(changed, genome)
    assert found.judgement == "fault"
    assert found.numbers["different"] == (1 if change == "base" else 40)


def test_a_base_that_is_not_known_does_not_differ(placed) -> None:
    table, genome = placed
    bases = table.sequences.bases.copy()
    bases[::9] = 4
    assert genome_finding(replace(table, sequences=replace(table.sequences, bases=bases)), genome).judgement == "ok"
