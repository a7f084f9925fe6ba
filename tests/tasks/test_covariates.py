"""Covariates against counting by hand, differences against statsmodels' formula written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from genolect.sequence.alphabet import encode
from genolect.sequence.ragged import RaggedBases
from genolect.tables.table import Target
from genolect.tasks.background import COVARIATES, balance, covariates, standardised_difference

TEXTS = st.lists(st.text("ACGTNacgtn", min_size=1, max_size=40), min_size=1, max_size=9)


@given(texts=TEXTS)
def test_each_sequence_is_counted_alone(texts):
    found = covariates(RaggedBases.of([encode(text) for text in texts]))
    for row, text in zip(found, texts, strict=True):
        upper = text.upper()
        known = len(text) - upper.count("N")
        gc = (upper.count("G") + upper.count("C")) / max(1, known)
        masked = sum(letter.islower() for letter in text)
        assert row.tolist() == pytest.approx(
            [len(text), gc, upper.count("CG") / len(text), upper.count("N") / len(text), masked / len(text)]
        )


@given(texts=TEXTS)
def test_the_other_strand_measures_the_same(texts):
    sequences = RaggedBases.of([encode(text) for text in texts])
    assert np.allclose(covariates(sequences), covariates(sequences.reverse_complement()))


def test_nothing_is_measured_of_nothing() -> None:
    assert covariates(RaggedBases.of([])).shape == (0, len(COVARIATES))


def test_the_difference_is_in_standard_deviations() -> None:
    generator = np.random.default_rng(1)
    first, second = generator.normal(1.0, 2.0, (7000, 1)), generator.normal(0.0, 2.0, (5000, 1))
    assert standardised_difference(first, second)[0] == pytest.approx(0.5, abs=0.05)
    assert standardised_difference(first * 9, second * 9)[0] == pytest.approx(standardised_difference(first, second)[0])
    assert standardised_difference(second, first)[0] == pytest.approx(-standardised_difference(first, second)[0])


def test_constants_are_equal_or_infinitely_apart() -> None:
    same, other = np.full((3, 1), 2.0), np.full((4, 1), 3.0)
    assert standardised_difference(same, same[:2])[0] == 0
    assert standardised_difference(other, same)[0] == np.inf


def test_a_number_is_told_by_rank_correlation() -> None:
    generator = np.random.default_rng(2)
    values = generator.random((50, len(COVARIATES)))
    values[:, 0] = 7
    label = np.exp(values[:, 1]) + 0.2 * generator.random(50)
    found = balance(values, Target("number", ("label",), label)).after
    assert found["length"] == 0
    assert found["gc"] == pytest.approx(spearmanr(values[:, 1], label).statistic)


def test_of_three_classes_the_largest_difference_counts() -> None:
    generator = np.random.default_rng(3)
    values = generator.normal(size=(90, len(COVARIATES)))
    values[60:, 2] += 3
    codes = np.repeat([0, 1, 2], 30)
    found = balance(values, Target("classes", ("a", "b", "c"), codes)).after
    pairs = [(0, 1), (0, 2), (1, 2)]
    expected = max(abs(standardised_difference(values[codes == a], values[codes == b])[2]) for a, b in pairs)
    assert found["cpg"] == pytest.approx(expected)


def test_text_tells_before_and_after() -> None:
    values = np.tile(np.array([[9.0, 0.4, 0, 0, 0], [9.0, 0.6, 0, 0, 0]]), (4, 1))
    target = Target("classes", ("0", "1"), np.tile([0, 1], 4))
    lines = balance(values + np.arange(8)[:, None] / 100, target, before=values).lines()
    assert lines[0] == "balance: standardised mean difference, 1 less 0, random -> matched background"
    assert [line.split()[1] for line in lines[1:]] == list(COVARIATES)
    assert all("->" in line for line in lines)
