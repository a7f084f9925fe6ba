"""What pretraining read is found by coordinates, and by words where there are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from genolect.genome.genome import prepare_genome
from genolect.sequence.alphabet import decode, reverse_complement
from genolect.sequence.interval import Interval
from genolect.sequence.ragged import RaggedBases
from genolect.tables.audit.pretraining import pretraining_finding, read_before
from genolect.tables.relatives import TableParts
from genolect.tables.table import Places
from tests.tables.planted_table import planted_table

REGIONS = [Interval("I", 500, 2_000)]


def material(folder: Path):
    generator = np.random.Generator(np.random.Philox(3))
    (folder / "toy.fa").write_text(f">I\n{decode(generator.integers(0, 4, 4_000, dtype=np.uint8))}\n")
    genome = prepare_genome([folder / "toy.fa"], folder / "prepared")
    start = np.arange(40) * 95
    rows = [genome.bases("I", first, first + 80) for first in start.tolist()]
    table = replace(planted_table(n=40, length=80), sequences=RaggedBases.of(rows))
    return genome, table, Places(np.full(40, "I"), start, start + 80, np.ones(40, dtype=np.int8))


def test_coordinates_and_words_agree(tmp_path: Path) -> None:
    genome, table, places = material(tmp_path)
    exact, how = read_before(replace(table, places=places), genome, REGIONS)
    assert how == "coordinates"
    assert np.array_equal(exact, (places.start < 2_000) & (places.end > 500))
    turned = replace(table, sequences=RaggedBases.of([reverse_complement(row) for row in table.sequences]))
    by_words, how = read_before(turned, genome, REGIONS)
    assert how == "words"
    assert (exact != by_words).sum() <= 2  # those on the edges
    assert by_words.sum() > 10


def test_coordinates_of_another_genome_are_not_believed(tmp_path: Path) -> None:
    genome, table, places = material(tmp_path)
    shifted = replace(places, start=places.start + 7, end=places.end + 7)
    read, how = read_before(replace(table, places=shifted), genome, REGIONS)
    assert how == "words"
    assert np.array_equal(read, read_before(table, genome, REGIONS)[0])


def test_a_tested_part_that_was_read_is_a_leak(tmp_path: Path) -> None:
    genome, table, _ = material(tmp_path)
    found = pretraining_finding(table, TableParts.of(table), genome, [Interval("I", 3_000, 4_000)], chosen="run")
    assert (found.judgement, found.numbers["how"]) == ("leak", "words")
    assert found.numbers["share_read"]["train"] == 0
    ok = pretraining_finding(table, TableParts.of(table), genome, [Interval("I", 0, 1_000)], chosen="run")
    assert ok.judgement == "ok"
    assert ok.numbers["share_read"]["train"] > 0.3
    alone = replace(table, split=np.full(40, ""))
    found = pretraining_finding(alone, TableParts.of(alone), genome, [Interval("I", 0, 1_000)], chosen="run")
    assert found.judgement == "note"
