"""The solver of many penalties, beside scikit-learn's."""

from __future__ import annotations

import time

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression as Reference
from threadpoolctl import threadpool_limits

from genolect.statistics import linear
from genolect.statistics.linear import LogisticRegression


def correlated(n: int, width: int, classes: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features with correlations as hidden states have them: variances over four orders of magnitude."""
    generator = np.random.Generator(np.random.Philox(seed))
    mixing = generator.normal(size=(width, width)) * np.logspace(0, -2, width)
    features = generator.normal(size=(n, width)) @ mixing.T
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    weights = generator.normal(size=(width, classes)) / np.sqrt(width)
    return features, (features @ weights + generator.gumbel(size=(n, classes))).argmax(axis=1)


def probabilities(weights: np.ndarray, intercepts: np.ndarray, features: np.ndarray) -> np.ndarray:
    logits = features @ weights + intercepts
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize(("widest", "tolerance"), [(None, 1e-3), (7, 5e-3)])
def test_every_penalty_gives_the_solution_of_scikit_learn(
    classes: int, widest: int | None, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    if widest is not None:
        monkeypatch.setattr(linear, "WIDEST_GRAM", widest)
    features, labels = correlated(301, 13, classes, seed=3)
    ours = LogisticRegression(features + 7, labels, classes)
    for penalty in (1e-4, 1e-2, 1.0, 100.0) if widest is None else (1e-4, 1e-2, 1.0):
        found = ours.solve(penalty)
        theirs = Reference(C=penalty, solver="newton-cg", tol=1e-9, max_iter=2_000).fit(features + 7, labels)
        expected = theirs.predict_proba(features + 7)
        np.testing.assert_allclose(
            probabilities(found.weights, found.intercepts, features + 7), expected, atol=tolerance
        )
        assert found.converged


def test_single_precision_is_close_to_double(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = correlated(900, 31, 3, seed=5)
    double = LogisticRegression(features, labels, 3).solve(0.1)
    monkeypatch.setattr(linear, "MOST_IN_DOUBLE", 0)
    single = LogisticRegression(features, labels, 3).solve(0.1)
    assert single.converged
    told = [probabilities(fit.weights, fit.intercepts, features) for fit in (single, double)]
    np.testing.assert_allclose(*told, atol=2e-3)


def test_more_features_than_examples_and_equal_features() -> None:
    features, labels = correlated(40, 90, 2, seed=7)
    twice = np.hstack([features, features, np.zeros((40, 3))])
    found = LogisticRegression(twice, labels, 2).solve(1.0)
    expected = Reference(C=1.0, solver="newton-cg", tol=1e-9, max_iter=2_000).fit(twice, labels).predict_proba(twice)
    np.testing.assert_allclose(probabilities(found.weights, found.intercepts, twice), expected, atol=1e-3)
    np.testing.assert_allclose(found.weights[:90], found.weights[90:180], atol=1e-3)


def test_the_order_of_penalties_does_not_matter() -> None:
    features, labels = correlated(300, 11, 3, seed=8)
    there, back = LogisticRegression(features, labels, 3), LogisticRegression(features, labels, 3)
    up = [there.solve(penalty).weights for penalty in (1e-3, 1e-1, 10.0)]
    down = [back.solve(penalty).weights for penalty in (10.0, 1e-1, 1e-3)]
    for one, other in zip(up, reversed(down), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3 * np.abs(one).max() + 1e-5)


def test_a_whole_grid_costs_less_than_scikit_learn() -> None:
    features, labels = correlated(6_000, 256, 2, seed=9)
    grid = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
    with threadpool_limits(1, "blas"):
        started = time.process_time()
        ours = LogisticRegression(features, labels, 2)
        for penalty in grid:
            assert ours.solve(penalty).converged
        spent = time.process_time() - started
        started = time.process_time()
        theirs = Reference(tol=1e-4, max_iter=2_000, warm_start=True)
        for penalty in grid:
            theirs.set_params(C=penalty).fit(features, labels)
        assert spent < time.process_time() - started
