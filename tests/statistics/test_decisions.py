"""Decided classes against scikit-learn, and the threshold against every other one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn import metrics as oracle

from genolect.errors import ConfigurationError
from genolect.statistics.metrics import accuracy, choose_threshold, macro_f1, matthews_at
from tests.evaluation.written_out import CLOSE, codes, weighted


@settings(deadline=None)
@given(weighted(codes))
def test_decisions_are_scored_as_by_scikit_learn(drawn):
    labels, predicted, weights = drawn
    scores, shares = macro_f1(labels, predicted, weights), accuracy(labels, predicted, weights)
    for column in range(3):
        times = weights[:, column].astype(int)
        told, called = np.repeat(labels, times), np.repeat(predicted, times)
        np.testing.assert_allclose(shares[column], oracle.accuracy_score(told, called), **CLOSE)
        expected = oracle.f1_score(told, called, average="macro", zero_division=0)
        np.testing.assert_allclose(scores[column], expected, **CLOSE)
    whole = oracle.f1_score(labels, predicted, average="macro", zero_division=0, sample_weight=weights[:, 0] + 0.25)
    np.testing.assert_allclose(macro_f1(labels, predicted, weights[:, 0] + 0.25), [whole], **CLOSE)


@st.composite
def two_classes(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n = draw(st.integers(2, 40))
    positive = draw(arrays.arrays(bool, n))
    positive[0], positive[1] = True, False
    return positive, draw(arrays.arrays(np.int64, n, elements=st.integers(0, 9))) / 10


@settings(deadline=None)
@given(two_classes())
def test_no_threshold_is_better_on_the_examples_it_was_chosen_on(drawn):
    positive, scores = drawn
    chosen = matthews_at(positive, scores, choose_threshold(positive, scores))[0]
    others = [oracle.matthews_corrcoef(positive, scores >= other) for other in np.unique(scores)]
    np.testing.assert_allclose(chosen, max(others), **CLOSE)


def test_of_equal_thresholds_the_highest_is_taken_and_it_lies_between_the_scores():
    assert choose_threshold(np.array([True, False]), np.array([0.75, 0.25])) == 0.5
    # Scores that know nothing: every threshold is worth 0, so the highest score is the last that is called.
    assert choose_threshold(np.array([True, False, True, False]), np.array([2.0, 2.0, 1.0, 1.0])) == 1.5
    assert choose_threshold(np.array([True, False, False]), np.full(3, 0.5)) == 0.5


def test_neighbouring_floats_are_still_parted():
    low = 0.3
    high = np.nextafter(low, 1)
    threshold = choose_threshold(np.array([True, False]), np.array([high, low]))
    assert low < threshold <= high


def test_a_threshold_of_other_examples_does_not_flatter():
    generator = np.random.Generator(np.random.Philox(3))
    gains = []
    for _ in range(200):
        positive, scores = generator.random(30) < 0.5, generator.normal(size=30)
        other, other_scores = generator.random(30) < 0.5, generator.normal(size=30)
        if 0 < positive.sum() < 30 and 0 < other.sum() < 30:
            own, foreign = choose_threshold(positive, scores), choose_threshold(other, other_scores)
            gains.append((matthews_at(positive, scores, own)[0], matthews_at(positive, scores, foreign)[0]))
    chosen_here, chosen_elsewhere = np.mean(gains, axis=0)
    assert chosen_here > 0.2
    assert abs(chosen_elsewhere) < 0.05


@pytest.mark.parametrize("positive", [np.ones(7, dtype=bool), np.zeros(7, dtype=bool)])
def test_one_class_has_no_threshold(positive):
    with pytest.raises(ConfigurationError, match="all 7 validation examples are of one class"):
        choose_threshold(positive, np.arange(7.0))
