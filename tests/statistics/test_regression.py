"""Predicted numbers against scipy and scikit-learn, ties and weights included."""

from __future__ import annotations

import time

import numpy as np
from hypothesis import given, settings
from scipy import stats
from sklearn import metrics as oracle

from genolect.statistics.metrics import mean_absolute_error, pearson, r_squared, spearman
from tests.evaluation.written_out import CLOSE, tied_numbers, weighted


@settings(deadline=None)
@given(weighted(tied_numbers))
def test_numbers_are_scored_as_if_written_out(drawn):
    truth, predicted, weights = drawn
    found = {one: one(truth, predicted, weights) for one in (pearson, spearman, r_squared, mean_absolute_error)}
    for column in range(3):
        times = weights[:, column].astype(int)
        told, guessed = np.repeat(truth, times), np.repeat(predicted, times)
        expected = oracle.mean_absolute_error(told, guessed)
        np.testing.assert_allclose(found[mean_absolute_error][column], expected, **CLOSE)
        if np.ptp(told) == 0:
            assert np.isnan([found[one][column] for one in (pearson, spearman, r_squared)]).all()
            continue
        np.testing.assert_allclose(found[r_squared][column], oracle.r2_score(told, guessed), **CLOSE)
        if np.ptp(guessed) == 0:
            assert np.isnan([found[pearson][column], found[spearman][column]]).all()
            continue
        np.testing.assert_allclose(found[pearson][column], stats.pearsonr(told, guessed).statistic, **CLOSE)
        np.testing.assert_allclose(found[spearman][column], stats.spearmanr(told, guessed).statistic, **CLOSE)


def test_fractional_weights_scale_out():
    generator = np.random.Generator(np.random.Philox(2))
    truth, predicted, weights = generator.normal(size=23), generator.normal(size=23), generator.random(23)
    for one in (pearson, spearman, r_squared, mean_absolute_error):
        np.testing.assert_allclose(one(truth, predicted, weights), one(truth, predicted, 3 * weights), **CLOSE)
    expected = oracle.r2_score(truth, predicted, sample_weight=weights)
    np.testing.assert_allclose(r_squared(truth, predicted, weights), [expected], **CLOSE)
    covariance = np.cov(truth, predicted, aweights=weights)
    expected = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    np.testing.assert_allclose(pearson(truth, predicted, weights), [expected], **CLOSE)


def test_what_each_correlation_sees():
    truth = np.arange(1.0, 30.0)
    assert spearman(truth, np.exp(truth)).tolist() == [1.0]
    assert pearson(truth, np.exp(truth))[0] < 0.7
    np.testing.assert_allclose(pearson(truth, 3 - 2 * truth), [-1], **CLOSE)
    assert r_squared(truth, truth + 100)[0] < -50
    assert np.isnan(pearson(truth, np.full(29, 0.1))).all()


def test_twenty_thousand_numbers_take_seconds_for_two_hundred_resamples():
    generator = np.random.Generator(np.random.Philox(4))
    truth, weights = generator.normal(size=20_000), generator.integers(0, 3, size=(20_000, 200)).astype(float)
    start = time.process_time()
    assert np.isfinite(spearman(truth, truth + generator.normal(size=20_000), weights)).all()
    assert time.process_time() - start < 4
