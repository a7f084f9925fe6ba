"""Metrics against scikit-learn: ties, weights, many sets of weights at once, and what does not exist."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn import metrics as oracle

from genolect.statistics.metrics import (
    all_metrics,
    auroc,
    brier,
    calibration_bins,
    expected_calibration_error,
    macro,
    matthews,
    ranking_areas,
)

CLOSE = {"rtol": 0, "atol": 1e-9}


@st.composite
def rankings(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, scores with many ties, and integer weights of shape (n, 3)."""
    n = draw(st.integers(2, 40))
    positive = draw(arrays.arrays(bool, n))
    scores = draw(arrays.arrays(np.int8, n, elements=st.integers(0, 6))) / 7
    weights = draw(arrays.arrays(np.int8, (n, 3), elements=st.integers(0, 3))).astype(float)
    return positive, scores, weights


@settings(deadline=None)
@given(rankings())
def test_ranking_metrics_are_those_of_the_examples_written_out(drawn):
    positive, scores, weights = drawn
    areas, precisions = ranking_areas(positive, scores, weights)
    for column in range(3):
        times = weights[:, column].astype(int)
        labels, written = np.repeat(positive, times), np.repeat(scores, times)
        if labels.any():
            np.testing.assert_allclose(precisions[column], oracle.average_precision_score(labels, written), **CLOSE)
        else:
            assert np.isnan(precisions[column])
        if labels.any() and not labels.all():
            np.testing.assert_allclose(areas[column], oracle.roc_auc_score(labels, written), **CLOSE)
        else:
            assert np.isnan(areas[column])


@settings(deadline=None)
@given(rankings())
def test_ranking_metrics_take_fractional_weights(drawn):
    positive, scores, weights = drawn
    weights = weights[:, 0] / 3 + 0.1
    assume(0 < positive.sum() < positive.size)
    expected = oracle.roc_auc_score(positive, scores, sample_weight=weights)
    np.testing.assert_allclose(auroc(positive, scores, weights), [expected], **CLOSE)
    expected = oracle.average_precision_score(positive, scores, sample_weight=weights)
    np.testing.assert_allclose(ranking_areas(positive, scores, weights)[1], [expected], **CLOSE)


@st.composite
def predictions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n, n_classes = draw(st.integers(3, 30)), draw(st.integers(2, 4))
    labels = draw(arrays.arrays(np.int64, n, elements=st.integers(0, n_classes - 1)))
    odds = draw(arrays.arrays(np.int64, (n, n_classes), elements=st.integers(1, 9))).astype(float)
    weights = draw(arrays.arrays(np.int64, (n, 2), elements=st.integers(0, 3))).astype(float)
    assume((weights.sum(axis=0) > 0).all())
    return labels, odds / odds.sum(axis=1, keepdims=True), weights


@settings(deadline=None)
@given(predictions())
def test_the_metrics_of_predictions_are_those_of_the_examples_written_out(drawn):
    labels, probabilities, weights = drawn
    n_classes = probabilities.shape[1]
    values = all_metrics(labels, probabilities, [f"c{code}" for code in range(n_classes)], weights)
    for column in range(2):
        times = weights[:, column].astype(int)
        told, given_ = np.repeat(labels, times), np.repeat(probabilities, times, axis=0)
        assume(len({*told, *given_.argmax(axis=1)}) > 1)  # scikit-learn warns of a lone class
        expected = oracle.matthews_corrcoef(told, given_.argmax(axis=1))
        np.testing.assert_allclose(values["mcc"][column], expected, **CLOSE)
        expected = oracle.brier_score_loss(told, given_, labels=range(n_classes), scale_by_half=False)
        np.testing.assert_allclose(values["brier"][column], expected, **CLOSE)
        np.testing.assert_allclose(values["ece"][column], plain_calibration_error(told, given_), **CLOSE)
        each = [auroc(told == code, given_[:, code])[0] for code in range(n_classes)]
        np.testing.assert_allclose([values[f"auroc[c{code}]"][column] for code in range(n_classes)], each, **CLOSE)
        if set(told) == set(range(n_classes)) and n_classes > 2:
            expected = oracle.roc_auc_score(told, given_, multi_class="ovr", average="macro")
            np.testing.assert_allclose(values["auroc"][column], expected, **CLOSE)


def plain_calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    total = 0.0
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    for low in range(10):
        inside = (confidence * 10 >= low) & ((confidence * 10 < low + 1) | (low == 9))
        if inside.any():
            total += inside.sum() * abs(right[inside].mean() - confidence[inside].mean())
    return total / labels.size


def test_calibration_bins_agree_with_scikit_learn():
    from sklearn.calibration import calibration_curve

    generator = np.random.Generator(np.random.Philox(8))
    chance = generator.uniform(0.5, 1, size=500)
    labels = (generator.random(500) > chance).astype(int)
    probabilities = np.stack([chance, 1 - chance], axis=1)
    bins = calibration_bins(labels, probabilities)
    accuracy, confidence = calibration_curve(labels == 0, chance, n_bins=10)
    np.testing.assert_allclose([one["accuracy"] for one in bins], accuracy, **CLOSE)
    np.testing.assert_allclose([one["confidence"] for one in bins], confidence, **CLOSE)
    assert sum(one["n"] for one in bins) == 500
    error = expected_calibration_error(labels, probabilities)[0]
    assert error == pytest.approx(sum(one["n"] * abs(one["accuracy"] - one["confidence"]) for one in bins) / 500)


def test_what_calibrated_and_overconfident_mean():
    generator = np.random.Generator(np.random.Philox(9))
    chance = generator.uniform(0.5, 1, size=20_000)
    labels = (generator.random(20_000) > chance).astype(int)
    honest = np.stack([chance, 1 - chance], axis=1)
    boastful = np.where(honest > 0.5, 0.99, 0.01)
    assert expected_calibration_error(labels, honest)[0] < 0.02
    assert expected_calibration_error(labels, boastful)[0] > 0.2
    assert brier(labels, honest)[0] < brier(labels, boastful)[0]


def test_scores_without_information_reach_one_half_and_the_prevalence():
    positive = np.arange(12) < 3
    assert auroc(positive, np.full(12, 0.25)).tolist() == [0.5]
    assert ranking_areas(positive, np.full(12, 0.25))[1].tolist() == [0.25]


def test_the_average_is_over_classes_that_exist():
    assert macro(np.array([[np.nan, 0.5], [np.nan, 1.0]])).tolist()[1] == 0.75
    assert np.isnan(macro(np.array([[np.nan, 0.5], [np.nan, 1.0]]))[0])


def test_one_class_predicted_always_has_no_correlation():
    assert matthews(np.array([0, 1, 2, 1]), np.array([1, 1, 1, 1])).tolist() == [0.0]
    assert matthews(np.array([0, 1, 2, 1]), np.array([1, 0, 1, 2]))[0] < 0


def test_no_sets_of_weights_give_no_values():
    probabilities = np.array([[0.8, 0.2], [0.4, 0.6], [0.5, 0.5]])
    values = all_metrics(np.array([0, 1, 1]), probabilities, ["a", "b"], np.ones((3, 0)))
    assert {value.shape for value in values.values()} == {(0,)}
