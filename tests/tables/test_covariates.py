"""Covariates against Biopython and plain counting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from Bio.SeqUtils import gc_fraction
from hypothesis import given
from hypothesis import strategies as st

from genolect.sequence.alphabet import encode
from genolect.sequence.ragged import RaggedBases
from genolect.tables.covariates import covariates
from genolect.tables.table import Places, Target
from tests.tables.planted_table import planted_table


@given(st.lists(st.text("ACGTNacgtn", min_size=1, max_size=30), min_size=1, max_size=6))
def test_composition_is_that_of_counting(rows: list[str]) -> None:
    table = replace(
        planted_table(n=max(4, len(rows)), length=20).select(np.arange(len(rows))),
        sequences=RaggedBases.of(map(encode, rows)),
    )
    found = covariates(table)
    for number, letters in enumerate(rows):
        upper = letters.upper()
        known = len(letters) - upper.count("N")
        expected = upper.count("C") * upper.count("G") / max(1, known)
        assert found["length"][number] == len(letters)
        assert found["GC"][number] == pytest.approx(gc_fraction(upper, "remove") if known else 0)
        assert found["CpG"][number] == pytest.approx(upper.count("CG") / expected if expected else 0)
        assert found["N"][number] == pytest.approx(upper.count("N") / len(letters))
        if "repeats" in found:
            assert found["repeats"][number] == pytest.approx(sum(map(str.islower, letters)) / len(letters))
    assert ("repeats" in found) == any(letter.islower() for letters in rows for letter in letters)


def test_position_is_the_rank_along_the_genome() -> None:
    table = planted_table("position", n=20, length=30)
    ranks = covariates(table)["position"]
    order = np.argsort(ranks)
    assert sorted(ranks.tolist()) == list(range(20))
    keys = list(zip(table.places.name[order].tolist(), table.places.start[order].tolist(), strict=True))
    assert keys == sorted(keys)


def test_what_is_not_placed_has_no_position() -> None:
    table = planted_table(n=10, length=30)
    assert "position" not in covariates(table)
    start = np.full(10, -1)
    start[3] = 5
    places = Places(np.where(start >= 0, "I", ""), start, start + 30, np.zeros(10, dtype=np.int8))
    assert np.isfinite(covariates(replace(table, places=places))["position"]).sum() == 1


def test_repeats_of_the_genome_are_used_where_the_table_has_none() -> None:
    table = replace(planted_table(n=10, length=30), target=Target("number", ("y",), np.arange(10.0)))
    repeats = np.arange(10) / 10
    assert np.array_equal(covariates(table, repeats)["repeats"], repeats)
