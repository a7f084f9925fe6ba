"""The probe: what it learns, what it must not learn, and what it admits."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from genolect.errors import ConfigurationError, DivergenceError
from genolect.statistics import linear as logistic_module
from genolect.statistics import linear as probe_module
from genolect.statistics.linear import PENALTIES, fit_probe
from genolect.statistics.metrics import auroc, macro


def windows(
    n: int, *, seed: int, signal: float = 1.0, classes: int = 3, width: int = 7
) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.Generator(np.random.Philox(seed))
    labels = generator.permutation(np.arange(n) % classes)
    centres = np.random.Generator(np.random.Philox(99)).normal(size=(classes, width))
    return signal * centres[labels] + generator.normal(size=(n, width)), labels


def macro_auroc(labels: np.ndarray, probabilities: np.ndarray) -> float:
    each = [auroc(labels == code, probabilities[:, code]) for code in range(probabilities.shape[1])]
    return float(macro(np.stack(each))[0])


TRAIN, VALIDATION, TEST = windows(400, seed=1), windows(151, seed=2), windows(307, seed=3)


@pytest.mark.parametrize("classes", [2, 3])
def test_it_is_standardised_logistic_regression(classes: int):
    (features, labels), (others, told) = (windows(size, seed=size, classes=classes) for size in (390, 144))
    found = fit_probe(features, labels, others, told)
    scaler = StandardScaler().fit(features)
    plain = LogisticRegression(C=found.inverse_penalty, max_iter=5_000, tol=1e-8).fit(
        scaler.transform(features), labels
    )
    np.testing.assert_allclose(found.probabilities(others), plain.predict_proba(scaler.transform(others)), atol=1e-3)
    assert found.validation_auroc == pytest.approx(macro_auroc(told, found.probabilities(others)))
    assert found.converged


def test_the_unit_of_a_feature_does_not_matter():
    scale, shift = np.array([1e6, 1e-6, 1, 3, 40, 0.1, 1]), np.array([5, 0, 1e4, -7, 0, 2, 0])
    plain = fit_probe(*TRAIN, *VALIDATION)
    moved = fit_probe(TRAIN[0] * scale + shift, TRAIN[1], VALIDATION[0] * scale + shift, VALIDATION[1])
    assert moved.inverse_penalty == plain.inverse_penalty
    np.testing.assert_allclose(moved.probabilities(TEST[0] * scale + shift), plain.probabilities(TEST[0]), atol=1e-5)


def test_standardisation_knows_the_training_windows_only():
    shifted = fit_probe(*TRAIN, VALIDATION[0] + 3, VALIDATION[1])
    np.testing.assert_array_equal(shifted.mean, TRAIN[0].mean(axis=0))
    np.testing.assert_array_equal(shifted.scale, TRAIN[0].std(axis=0))


def test_signal_is_found_and_permuted_labels_are_at_chance():
    assert macro_auroc(TEST[1], fit_probe(*TRAIN, *VALIDATION).probabilities(TEST[0])) > 0.85
    generator = np.random.Generator(np.random.Philox(5))
    reached = []
    for _ in range(8):
        told, validated = generator.permutation(TRAIN[1]), generator.permutation(VALIDATION[1])
        found = fit_probe(TRAIN[0], told, VALIDATION[0], validated)
        reached.append(macro_auroc(generator.permutation(TEST[1]), found.probabilities(TEST[0])))
    assert abs(np.mean(reached) - 0.5) < 0.03


def test_noise_asks_for_a_strong_penalty_and_clear_signal_for_a_weak_one():
    noise = [windows(330, seed=seed, signal=0.0, width=60) for seed in (1, 2)]
    clear = [windows(900, seed=seed, signal=2.0) for seed in (1, 2)]
    assert fit_probe(*noise[0], *noise[1]).inverse_penalty <= PENALTIES[2]
    assert fit_probe(*clear[0], *clear[1]).inverse_penalty >= PENALTIES[-3]


def test_the_edge_of_the_grid_is_admitted(monkeypatch: pytest.MonkeyPatch):
    clear = [windows(900, seed=seed, signal=2.0) for seed in (1, 2)]
    assert not fit_probe(*TRAIN, *VALIDATION).at_grid_edge
    monkeypatch.setattr(probe_module, "PENALTIES", (1e-5, 1e-4, 1e-3))
    found = fit_probe(*clear[0], *clear[1])
    assert (found.inverse_penalty, found.at_grid_edge) == (1e-3, True)


def test_a_solver_that_does_not_finish_is_admitted_without_a_warning(monkeypatch: pytest.MonkeyPatch):
    assert fit_probe(*TRAIN, *VALIDATION).converged
    monkeypatch.setattr(logistic_module, "MOST_STEPS", 2)
    assert not fit_probe(*TRAIN, *VALIDATION).converged


def test_hard_features_converge():
    generator = np.random.Generator(np.random.Philox(6))
    features, labels = TRAIN
    twins = np.hstack([features, features * 1e8, np.full((400, 1), 0.1), np.ones((400, 2)), labels[:, None] * 5.0])
    found = fit_probe(twins, labels, twins, labels)
    assert found.converged
    assert macro_auroc(labels, found.probabilities(twins)) == 1.0
    assert np.isfinite(found.probabilities(generator.normal(size=(5, twins.shape[1])) * 1e9)).all()


def test_single_precision_features_are_taken():
    single = fit_probe(TRAIN[0].astype(np.float32), TRAIN[1], VALIDATION[0].astype(np.float32), VALIDATION[1])
    double = fit_probe(*TRAIN, *VALIDATION)
    np.testing.assert_allclose(single.probabilities(TEST[0]), double.probabilities(TEST[0]), atol=1e-4)
    rows = single.probabilities(TEST[0].astype(np.float32)).sum(axis=1)
    np.testing.assert_allclose(rows, 1, atol=1e-12)


def test_features_that_are_not_numbers_are_refused():
    broken = VALIDATION[0].copy()
    broken[3, 2] = np.nan
    with pytest.raises(DivergenceError, match="1 of 1057 validation features are not finite numbers"):
        fit_probe(*TRAIN, broken, VALIDATION[1])


def test_classes_without_windows_are_refused():
    some = TRAIN[1] != 1
    with pytest.raises(ConfigurationError, match="class 1 has no training window"):
        fit_probe(TRAIN[0][some], TRAIN[1][some], *VALIDATION)
    one = VALIDATION[1] == 2
    with pytest.raises(ConfigurationError, match="validation windows are all of one class"):
        fit_probe(*TRAIN, VALIDATION[0][one], VALIDATION[1][one])
