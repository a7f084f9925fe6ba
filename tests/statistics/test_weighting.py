"""Weighted sums: what a weight means, and what an empty set of weights gives."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from genolect.statistics.metrics import columns, indicator, mean, quotient
from tests.evaluation.written_out import CLOSE, codes, tied_numbers, weighted


@given(weighted(tied_numbers))
def test_a_mean_is_that_of_the_examples_written_out(drawn):
    values, _, weights = drawn
    expected = [np.repeat(values, column.astype(int)).mean() for column in weights.T]
    np.testing.assert_allclose(mean(values, weights), expected, **CLOSE)


@given(weighted(codes))
def test_groups_are_summed_one_by_one(drawn):
    groups, _, weights = drawn
    sums = indicator(groups, 5) @ weights
    assert sums.shape == (5, 3)
    for group in range(5):
        np.testing.assert_array_equal(sums[group], weights[groups == group].sum(axis=0))


def test_what_does_not_exist_is_no_number():
    assert np.isnan(mean(np.array([1.0, 2.0]), np.zeros(2))).all()
    assert np.isnan(quotient(np.array([1.0, 0.0]), np.array([0.0, -1.0]))).all()
    assert columns(np.ones((5, 0)), 5).shape == (5, 0)
