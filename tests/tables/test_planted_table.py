"""A planted fault is there, and only it."""

from __future__ import annotations

import numpy as np
import pytest
from Bio.Align import PairwiseAligner

from genolect.sequence.copies import exact_copies
from tests.tables.planted_table import FAULTS, RELATIVES, Fault, planted_table, remote_relative


@pytest.mark.parametrize("fault", FAULTS)
def test_a_table_follows_from_its_seed(fault: Fault) -> None:
    one, again, other = (planted_table(fault, n=90, length=70, seed=seed) for seed in (4, 4, 5))
    assert np.array_equal(one.sequences.bases, again.sequences.bases)
    assert not np.array_equal(one.sequences.bases, other.sequences.bases)
    assert (len(one), int((one.split == "test").sum())) == (90, 27)


def test_the_clean_table_has_no_copies_and_equal_classes() -> None:
    table = planted_table(n=90, length=70)
    assert exact_copies(table.sequences).group.max() == 89
    assert table.target.count() == {"no": 45, "yes": 45}
    assert not table.places.known.any()


@pytest.mark.parametrize("fault", RELATIVES)
def test_relatives_have_the_same_label(fault: Fault) -> None:
    table = planted_table(fault, n=90, length=70)
    assert np.array_equal(table.target.values[63:66], table.target.values[:3])


def test_near_copies_have_as_many_changes_as_they_say() -> None:
    table = planted_table("near copies 10 %", n=90, length=70, seed=1)
    turned = table.sequences.reverse_complement()
    for number in range(3):
        copies = (table.sequences[63 + number], turned[63 + number])
        assert min(int((copy != table.sequences[number]).sum()) for copy in copies) == 7


def test_remote_relatives_have_the_changes_that_are_asked_for() -> None:
    """Biopython's aligner is the outside reference; it can only miss changes, where two fall together."""
    aligner = PairwiseAligner(match_score=2, mismatch_score=-3, open_gap_score=-5, extend_gap_score=-2)
    letters = np.array(list("ACGT"))
    for changed in (0.1, 0.2):
        substituted, gaps, strands = [], [], set()
        for seed in range(12):
            generator = np.random.Generator(np.random.Philox(seed))
            one = generator.integers(0, 4, 400, dtype=np.uint8)
            other = remote_relative(one, changed, generator)
            readings = ("".join(letters[reading]) for reading in (other, 3 - other[::-1]))
            best = [aligner.align("".join(letters[one]), reading)[0] for reading in readings]
            strand = int(best[1].score > best[0].score)
            counts = best[strand].counts()
            strands.add(strand)
            substituted.append(counts.mismatches / 400)
            gaps.append(counts.gaps / 400)
        assert strands == {0, 1}
        assert 0.7 * 0.85 * changed < np.mean(substituted) < 1.05 * 0.85 * changed
        assert 0.7 < np.mean(gaps) / (0.15 * changed * 2.5) < 1.5
    same = np.arange(400, dtype=np.uint8) % 4
    assert remote_relative(same[:0], 0.5, np.random.Generator(np.random.Philox(1))).size == 0
