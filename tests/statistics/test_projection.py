"""The map against scikit-learn's principal components, and its habits."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from genolect.statistics.projection import MOST_POINTS, embedding_map


def cloud(n: int, width: int = 6) -> np.ndarray:
    generator = np.random.Generator(np.random.Philox(n))
    return generator.normal(size=(n, 3)) @ generator.normal(size=(3, width)) + 0.1 * generator.normal(size=(n, width))


def test_it_is_the_first_two_principal_components():
    features = cloud(200)
    places = embedding_map(features, seed=1)
    expected = PCA(2).fit_transform(StandardScaler().fit_transform(features))
    np.testing.assert_allclose(np.abs(places), np.abs(expected), atol=1e-9)


def test_it_does_not_depend_on_units_or_on_the_machine_s_signs(monkeypatch: pytest.MonkeyPatch):
    features = cloud(70)
    places = embedding_map(features, seed=1)
    np.testing.assert_allclose(embedding_map(features * 1e3 + 7, seed=1), places, atol=1e-9)
    plain = np.linalg.svd

    def negated(matrix, **options):
        left, strengths, right = plain(matrix, **options)
        return -left, strengths, -right

    monkeypatch.setattr(np.linalg, "svd", negated)
    np.testing.assert_allclose(embedding_map(features, seed=1), places, atol=1e-12)


def test_of_large_sets_the_seed_chooses_who_sets_the_components():
    features = cloud(MOST_POINTS + 211)
    first, again, other = (embedding_map(features, seed=seed) for seed in (1, 1, 2))
    assert first.shape == (MOST_POINTS + 211, 2)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.abs(np.corrcoef(first[:, 0], other[:, 0])[0, 1]) > 0.99


@pytest.mark.parametrize("features", [np.ones((5, 3)), np.arange(4.0)[:, None], np.zeros((1, 8))])
def test_flat_features_have_flat_maps(features: np.ndarray):
    places = embedding_map(features, seed=1)
    assert places.shape == (features.shape[0], 2)
    assert np.isfinite(places).all()
    assert not places[:, 1].any()
