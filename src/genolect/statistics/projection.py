"""A flat picture of many-dimensional features."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genolect.arrays import Floats
from genolect.random import derived_generator

MOST_POINTS = 1_500
"""More windows than this do not change the two directions, and only take time."""


def embedding_map(features: npt.NDArray[np.floating], seed: int) -> Floats:
    """Lay features out on a plane, by the first two principal components of the standardised features.

    Parameters
    ----------
    features : ndarray of float, shape (n, number of features)
        One row per window.
    seed : int
        Seed of the choice of the 1,500 windows that set the components where there are more.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        First and second component of each window. The largest loading of each component is positive, so that the same
        features give the same picture on every machine; a missing second component is zero.

    Examples
    --------
    >>> embedding_map(np.array([[0.0, 1.0], [2.0, 5.0], [4.0, 9.0]]), seed=0).round(3).tolist()
    [[-1.732, 0.0], [0.0, 0.0], [1.732, 0.0]]
    """
    wide = features.astype(np.float64)
    chosen = derived_generator(seed, "embedding map").permutation(wide.shape[0])[:MOST_POINTS]
    mean, spread = wide[chosen].mean(axis=0), wide[chosen].std(axis=0)
    standardised = (wide - mean) / np.where(spread > 0, spread, 1.0)
    _, strengths, loadings = np.linalg.svd(standardised[np.sort(chosen)], full_matrices=False)
    loadings = loadings[:2] * (strengths[:2, None] > 1e-9 * strengths[0])
    largest = np.abs(loadings).argmax(axis=1)
    signs = np.where(loadings[np.arange(loadings.shape[0]), largest] < 0, -1.0, 1.0)
    places = np.zeros((wide.shape[0], 2))
    places[:, : loadings.shape[0]] = standardised @ (loadings * signs[:, None]).T
    return places
