"""A genome in memory and a prepared one are the same to a task."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genolect.genome.genome import prepare_genome
from genolect.tables.table import Places
from genolect.tasks.assembly import Assembly
from tests.tasks.planted import LENGTHS, fasta, genome, letters


def places() -> Places:
    start = np.array([10, 900, 480, 0])
    return Places(
        np.array(["I", "II", "III", "I"]),
        start,
        start + np.array([7, 31, 200, 9001]),
        np.array([1, -1, -1, 0], dtype=np.int8),
    )


def test_both_forms_read_alike(tmp_path: Path) -> None:
    prepared = Assembly.of_genome(prepare_genome([fasta(tmp_path)], tmp_path / "prepared"))
    assert prepared.lengths == genome().lengths == LENGTHS
    ours, theirs = genome().sequences(places()), prepared.sequences(places())
    assert np.array_equal(ours.bases, theirs.bases)
    assert ours.letters(0) == letters()["I"][10:17]
    assert ours.letters(1)[0] == letters()["II"][930].translate(str.maketrans("acgt", "tgca"))
    assert np.array_equal(prepared.whole("II"), genome().whole("II"))


def test_places_outside_are_told() -> None:
    start = np.array([-1, 0, 9000, 9001, 3])
    found = Places(np.array(["I", "I", "I", "I", "IV"]), start, start + 1, np.ones(5, dtype=np.int8))
    assert genome().holds(found).tolist() == [False, True, True, False, False]
