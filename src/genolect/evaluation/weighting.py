"""Sums over examples under many sets of weights at once: what every metric of this room is made of.

Axes: n examples, G groups, R sets of weights.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def columns(weights: Floats | None, n: int) -> Floats:
    """Bring the weights to two axes; None is one set of ones.

    Parameters
    ----------
    weights : ndarray of float, shape (n,) or (n, R), optional
        Weight of each example.
    n : int
        Number of examples.

    Returns
    -------
    ndarray of float64, shape (n, R)
        One column per set.

    Examples
    --------
    >>> columns(None, 2).tolist(), columns(np.array([3.0, 4.0]), 2).shape
    ([[1.0], [1.0]], (2, 1))
    """
    if weights is None:
        return np.ones((n, 1))
    return weights.reshape(n, -1)


def quotient(numerator: Floats, denominator: Floats) -> Floats:
    """Divide, giving NaN where the denominator is not positive: what is measured does not exist there.

    Parameters
    ----------
    numerator, denominator : ndarray of float64, same shape
        What is divided, and by what.

    Returns
    -------
    ndarray of float64
        Of that shape.

    Examples
    --------
    >>> quotient(np.array([3.0, 3.0]), np.array([2.0, 0.0])).tolist()
    [1.5, nan]
    """
    result = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result


def mean(values: Floats, weights: Floats | None = None) -> Floats:
    """Weighted mean over examples.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        One value per example.
    weights : ndarray of float, shape (n,) or (n, R), optional
        As in `columns`.

    Returns
    -------
    ndarray of float64, shape (R,)
        NaN where a set of weights is empty.

    Examples
    --------
    >>> mean(np.array([1.0, 4.0]), np.array([2.0, 1.0])).tolist()
    [2.0]
    """
    weights = columns(weights, values.size)
    return quotient(values @ weights, weights.sum(axis=0))


def indicator(groups: Integers, n_groups: int) -> sparse.csr_matrix:
    """Matrix that sums the examples of each group.

    Parameters
    ----------
    groups : ndarray of int, shape (n,)
        Group of each example, 0 to G - 1.
    n_groups : int
        G; a group may be empty.

    Returns
    -------
    scipy.sparse.csr_matrix, shape (G, n)
        To be multiplied from the left.

    Examples
    --------
    >>> (indicator(np.array([0, 2, 0]), 3) @ np.array([1.0, 10.0, 100.0])).tolist()
    [101.0, 0.0, 10.0]
    """
    return sparse.csr_matrix((np.ones(groups.size), (groups, np.arange(groups.size))), shape=(n_groups, groups.size))
