"""The probe for many classes beside scikit-learn's, and where features tell nothing."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from genolect.errors import DivergenceError
from genolect.evaluation.studies import kmer_models
from genolect.evaluation.studies.kmer_models import fit_kmer_probe

CLASSES = 16


def drawn(n: int, strength: float, seed: int, features: int = 9):
    """Features, and classes that depend on them linearly."""
    generator = np.random.Generator(np.random.Philox(seed))
    weights = np.random.Generator(np.random.Philox(1)).normal(size=(features, CLASSES)) * strength
    given = generator.normal(size=(n, features)) * np.arange(1, features + 1) + 5
    logits = (given - 5) / np.arange(1, features + 1) @ weights
    gumbel = generator.gumbel(size=logits.shape)
    return given, (logits + gumbel).argmax(axis=1)


def fitted(strength: float, **changes):
    train, validation = drawn(6_000, strength, 2), drawn(1_500, strength, 3)
    return fit_kmer_probe(
        *train, *validation, log_prior=np.log(np.full(CLASSES, 1 / CLASSES)), **({"seed": 4} | changes)
    )


def log_loss(log_probabilities: np.ndarray, truth: np.ndarray) -> float:
    return float(-log_probabilities[np.arange(len(truth)), truth].mean() / np.log(2))


def test_it_does_what_scikit_learn_does(monkeypatch):
    monkeypatch.setattr(kmer_models, "EPOCHS", 60)
    monkeypatch.setattr(kmer_models, "LEARNING_RATE", 2e-3)
    probe = fitted(0.5)
    test, truth = drawn(3_000, 0.5, 5)
    oracle = LogisticRegression(max_iter=2_000).fit(*drawn(6_000, 0.5, 2))
    own, theirs = log_loss(probe.log_probabilities(test), truth), log_loss(oracle.predict_log_proba(test), truth)
    assert own == pytest.approx(theirs, abs=0.02)
    assert own < 3.6  # of 4 bits
    np.testing.assert_allclose(np.exp(probe.log_probabilities(test)).sum(axis=1), 1, rtol=1e-4)


def test_features_that_tell_nothing_leave_the_frequencies():
    probe = fitted(0.0)
    test, truth = drawn(3_000, 0.0, 5)
    assert probe.validation_bits < 4.0 + 1e-5
    assert log_loss(probe.log_probabilities(test), truth) == pytest.approx(4.0, abs=0.01)


def test_the_same_seed_gives_the_same_probe_and_scale_plays_no_part():
    test, _ = drawn(50, 0.5, 5)
    one, other, third = fitted(0.5), fitted(0.5), fitted(0.5, seed=6)
    np.testing.assert_array_equal(one.log_probabilities(test), other.log_probabilities(test))
    assert (one.log_probabilities(test) != third.log_probabilities(test)).any()
    train, validation = drawn(6_000, 0.5, 2), drawn(1_500, 0.5, 3)
    scaled = fit_kmer_probe(
        train[0] * 100, train[1], validation[0] * 100, validation[1], log_prior=np.log(np.full(16, 1 / 16)), seed=4
    )
    np.testing.assert_allclose(scaled.log_probabilities(test * 100), one.log_probabilities(test), atol=1e-3)


def test_constant_and_repeated_features_do_no_harm():
    train, validation = drawn(900, 0.5, 2), drawn(300, 0.5, 3)
    wide = [np.concatenate([part, part, np.full((len(part), 2), 7.0)], axis=1) for part in (train[0], validation[0])]
    prior = np.log(np.full(CLASSES, 1 / CLASSES))
    probe = fit_kmer_probe(wide[0], train[1], wide[1], validation[1], log_prior=prior, seed=4)
    assert probe.directions.shape == (20, 9)
    assert np.isfinite(probe.log_probabilities(wide[1])).all()


@pytest.mark.parametrize("which", [0, 2])
def test_a_feature_that_is_no_number_is_refused(which):
    given = [*drawn(90, 0.5, 2), *drawn(40, 0.5, 3)]
    given[which][3, 1] = np.nan
    with pytest.raises(DivergenceError, match=r"1 of \d+ \w+ features are not finite"):
        fit_kmer_probe(*given, log_prior=np.zeros(CLASSES), seed=1)
