"""Ridge regression: scikit-learn's solutions, penalties that follow the validation examples."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge as Peer

from genolect.errors import DivergenceError
from genolect.statistics.linear import SHARES, fit_ridge

GENERATOR = np.random.Generator(np.random.Philox(3))
FEATURES = GENERATOR.normal(size=(90, 7)) * [1, 2, 3, 4, 5, 6, 0] + 5
WEIGHTS = np.array([1.0, -2.0, 0.5, 0.0, 0.0, 0.0, 4.0])


def numbers(noise: float) -> np.ndarray:
    return FEATURES @ WEIGHTS + noise * np.random.Generator(np.random.Philox(4)).normal(size=90)


def test_the_solution_is_scikit_learns():
    told = numbers(1.0)
    fit = fit_ridge(FEATURES[:60], told[:60], FEATURES[60:], told[60:])
    standard = (FEATURES - FEATURES[:60].mean(axis=0)) / np.where(fit.scale == 1, 1, FEATURES[:60].std(axis=0))
    peer = Peer(alpha=fit.share * 60).fit(standard[:60], told[:60])
    np.testing.assert_allclose(fit.predict(FEATURES), peer.predict(standard), rtol=1e-8)


def test_the_penalty_follows_the_noise_and_is_the_best_on_validation():
    tables = (numbers(0.01), numbers(60.0))
    shares = [fit_ridge(FEATURES[:20], told[:20], FEATURES[60:], told[60:]).share for told in tables]
    assert shares[0] == min(SHARES)
    assert shares[1] >= 1.0


def test_the_numbers_may_lie_anywhere():
    told = numbers(0.1)
    near, far = (fit_ridge(FEATURES[:60], at + told[:60], FEATURES[60:], at + told[60:]) for at in (0.0, 1e4))
    np.testing.assert_allclose(far.predict(FEATURES) - 1e4, near.predict(FEATURES), atol=1e-6)
    assert far.intercept == pytest.approx(near.intercept + 1e4)


def test_features_that_are_no_numbers_are_refused():
    broken = FEATURES.copy()
    broken[3, 2] = np.nan
    with pytest.raises(DivergenceError, match="1 of 630 validation features are not finite"):
        fit_ridge(FEATURES, numbers(1.0), broken, numbers(1.0))
