"""The repeats and gaps of the synthetic genome, read back from its files: is the truth true."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from genolect.genome.synthetic_gene import interspersed, repeat_families
from genolect.genome.synthetic_grammar import Stretch, marked
from genolect.sequence.alphabet import decode, encode
from tests.genome.synthetic_reading import REPEATS, TANDEM, Reading, example, inside


@pytest.fixture(scope="module")
def reading() -> Reading:
    return example()


def test_interspersed_copies_are_as_far_from_their_consensus_as_stated(reading: Reading) -> None:
    families = {family.name: family for family in reading.genome.families}
    letters_of = {name: decode(family.consensus) for name, family in families.items()}
    changed, bases, whole = Counter(), Counter(), Counter()
    for row in reading.of_kind["dispersed_repeat"]:
        name, copy = row.attributes["Name"], reading.letters(row)
        consensus = letters_of[name][-len(copy) :]
        differing = sum(a != b for a, b in zip(copy, consensus, strict=True))
        assert differing / len(copy) == pytest.approx(float(row.attributes["divergence"]), abs=1e-4)
        rate = families[name].divergence
        assert abs(differing - rate * len(copy)) < 5 * math.sqrt(rate * (1 - rate) * len(copy)) + 1
        changed[name] += differing
        bases[name] += len(copy)
        whole[len(copy) == len(letters_of[name])] += 1
    assert set(changed) == set(families)
    for name, family in families.items():
        assert stats.binomtest(changed[name], bases[name], family.divergence).pvalue > 1e-4
    assert abs(whole[True] - whole[False]) < 5 * math.sqrt(whole.total())
    assert {row.strand for row in reading.of_kind["dispersed_repeat"]} == {"+", "-"}


def test_tandem_repeats_repeat_their_unit(reading: Reading) -> None:
    for kind in TANDEM:
        changed = bases = 0
        for row in reading.of_kind[kind]:
            copy, unit = reading.letters(row), row.attributes["Name"][1:-2]
            differing = sum(letter != unit[place % len(unit)] for place, letter in enumerate(copy))
            assert differing / len(copy) == pytest.approx(float(row.attributes["divergence"]), abs=1e-4)
            changed, bases = changed + differing, bases + len(copy)
        assert stats.binomtest(changed, bases, 0.04).pvalue > 1e-4


def test_masks_and_gaps_are_the_stated_ones_and_spare_exons(reading: Reading) -> None:
    for name, sequence in reading.sequences.items():
        letters = np.frombuffer(sequence.encode(), dtype=np.uint8)
        repeats, gaps = reading.covered(name, *REPEATS), reading.covered(name, "gap")
        np.testing.assert_array_equal(letters >= ord("a"), repeats == 1)
        np.testing.assert_array_equal(letters == ord("N"), gaps == 1)
        exons = reading.covered(name, "exon", "promoter", "CpG_island") > 0
        assert not np.any(exons & (repeats + gaps > 0))
    introns = reading.of_kind["intron"]
    assert any(inside(row, intron) for row in reading.of_kind["dispersed_repeat"] for intron in introns)


def test_inserts_interrupt_their_host_and_leave_it_whole() -> None:
    inserts = [marked(Stretch(encode(letters)), "gap") for letters in ("nn", "nnn", "nnnnn")]
    whole = interspersed(encode("ACGTTGCAACG"), inserts, np.random.Generator(np.random.Philox(11)))
    assert decode(whole.bases).replace("n", "") == "ACGTTGCAACG"
    assert [planted.interval.length for planted in whole.features] == [2, 3, 5]
    for planted in whole.features:
        assert set(decode(whole.bases)[planted.interval.start : planted.interval.end]) == {"n"}


def test_families_are_unlike_each_other_and_of_the_asked_ages() -> None:
    families = repeat_families(0.02, 0.3, np.random.Generator(np.random.Philox(11)))
    words = [
        {decode(family.consensus)[start : start + 16] for start in range(len(family.consensus) - 27)}
        for family in families
    ]
    assert sum(map(len, words)) == len(set.union(*words))
    assert [family.divergence for family in families] == pytest.approx(np.linspace(0.02, 0.3, len(families)))
