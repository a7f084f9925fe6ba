"""Metrics of predicted numbers, weighted, for many sets of weights at once.

Axes: n examples, U distinct values, R sets of weights.
"""

from __future__ import annotations

import numpy as np

from genolect.evaluation.weighting import Floats, columns, indicator, mean, quotient

ROUNDING = 1e-13
"""A variance below this share of the second moment is rounding, not spread."""


def pearson(truth: Floats, predicted: Floats, weights: Floats | None = None) -> Floats:
    """Pearson correlation.

    Parameters
    ----------
    truth, predicted : ndarray of float, shape (n,)
        True and predicted numbers.
    weights : ndarray of float, shape (n,) or (n, R), optional
        Weight of each example; ones by default.

    Returns
    -------
    ndarray of float64, shape (R,)
        Between -1 and 1; NaN where truth or predictions are all alike.

    Examples
    --------
    >>> pearson(np.array([0.0, 1.0, 2.0]), np.array([5.0, 3.0, 4.0])).round(12).tolist()
    [-0.5]
    """
    weights = columns(weights, truth.size)
    first, second = truth - truth.mean(), predicted - predicted.mean()
    moments = np.stack([first, second, first * first, second * second, first * second]) @ weights
    moments = quotient(moments, np.broadcast_to(weights.sum(axis=0), moments.shape))
    spread_first = _variance(moments[2], moments[0])
    spread_second = _variance(moments[3], moments[1])
    together = moments[4] - moments[0] * moments[1]
    return np.clip(quotient(together, np.sqrt(spread_first * spread_second)), -1, 1)


def _variance(second_moment: Floats, first_moment: Floats) -> Floats:
    variance = second_moment - first_moment**2
    return np.where(variance > ROUNDING * second_moment, variance, 0.0)


def spearman(truth: Floats, predicted: Floats, weights: Floats | None = None) -> Floats:
    """Spearman correlation: Pearson correlation of the ranks, which are drawn up anew for every set of weights.

    Parameters
    ----------
    truth, predicted, weights
        As in `pearson`. Ties share the mean of their ranks.

    Returns
    -------
    ndarray of float64, shape (R,)
        As in `pearson`.

    Examples
    --------
    >>> spearman(np.array([1.0, 2.0, 300.0]), np.array([0.1, 0.2, 0.3])).tolist()
    [1.0]
    """
    weights = columns(weights, truth.size)
    first, second = _centred_ranks(truth, weights), _centred_ranks(predicted, weights)
    together = np.einsum("ij,ij,ij->j", weights, first, second)
    spread_first = np.einsum("ij,ij,ij->j", weights, first, first)
    spread_second = np.einsum("ij,ij,ij->j", weights, second, second)
    return np.clip(quotient(together, np.sqrt(spread_first * spread_second)), -1, 1)


def _centred_ranks(values: Floats, weights: Floats) -> Floats:
    """Rank of each example among the examples written out, minus the mean rank; shape (n, R)."""
    distinct, place = np.unique(values, return_inverse=True)
    held = indicator(place, distinct.size) @ weights
    # The weight below plus half of the tie's own; the mean of that is half of all weight, whatever the ties.
    middle = np.cumsum(held, axis=0) - held / 2 - held.sum(axis=0) / 2
    ranks: Floats = middle[place]
    return ranks


def r_squared(truth: Floats, predicted: Floats, weights: Floats | None = None) -> Floats:
    """Share of the variance that the predictions explain (coefficient of determination).

    Parameters
    ----------
    truth, predicted, weights
        As in `pearson`.

    Returns
    -------
    ndarray of float64, shape (R,)
        1 at best, 0 for the mean of the truth, negative for worse; NaN where the truth is all alike.

    Examples
    --------
    >>> r_squared(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 1.0])).tolist()
    [0.5]
    """
    weights = columns(weights, truth.size)
    centred = truth - truth.mean()
    spread = _variance(mean(centred**2, weights), mean(centred, weights))
    return 1 - quotient(mean((truth - predicted) ** 2, weights), spread)


def mean_absolute_error(truth: Floats, predicted: Floats, weights: Floats | None = None) -> Floats:
    """Mean distance between prediction and truth, in the unit of the truth.

    Parameters
    ----------
    truth, predicted, weights
        As in `pearson`.

    Returns
    -------
    ndarray of float64, shape (R,)
        0 at best.

    Examples
    --------
    >>> mean_absolute_error(np.array([0.0, 1.0]), np.array([0.5, 3.0])).tolist()
    [1.25]
    """
    return mean(np.abs(truth - predicted), weights)
