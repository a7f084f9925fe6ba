"""Metrics of decided classes, and the threshold that decides between two.

A threshold belongs to the validation examples: chosen on the test examples it flatters whatever is measured there.

Axes: n examples, K classes, R sets of weights.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genolect.errors import ConfigurationError
from genolect.evaluation.metrics import macro, matthews
from genolect.evaluation.weighting import Floats, Integers, columns, indicator, mean, quotient


def accuracy(labels: Integers, predicted: Integers, weights: Floats | None = None) -> Floats:
    """Share of examples whose class is right.

    Parameters
    ----------
    labels, predicted : ndarray of int, shape (n,)
        True and predicted class codes, 0-based.
    weights : ndarray of float, shape (n,) or (n, R), optional
        Weight of each example; ones by default.

    Returns
    -------
    ndarray of float64, shape (R,)
        NaN where a set of weights is empty.

    Examples
    --------
    >>> accuracy(np.array([0, 1, 2, 2]), np.array([0, 1, 2, 0])).tolist()
    [0.75]
    """
    return mean((labels == predicted).astype(np.float64), weights)


def macro_f1(labels: Integers, predicted: Integers, weights: Floats | None = None) -> Floats:
    """F1, the harmonic mean of precision and recall, averaged over classes.

    Parameters
    ----------
    labels, predicted, weights
        As in `accuracy`.

    Returns
    -------
    ndarray of float64, shape (R,)
        Mean over the classes that occur in the truth or in the predictions.

    Examples
    --------
    >>> macro_f1(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])).round(4).tolist()
    [0.7333]
    """
    n_classes = int(max(labels.max(), predicted.max())) + 1
    weights = columns(weights, labels.size)
    told, guessed = indicator(labels, n_classes) @ weights, indicator(predicted, n_classes) @ weights
    right = indicator(labels, n_classes) @ (weights * (labels == predicted)[:, None])
    return macro(quotient(2 * right, told + guessed))


def choose_threshold(positive: npt.NDArray[np.bool_], scores: Floats) -> float:
    """Choose the threshold with the highest Matthews correlation, on validation examples.

    Parameters
    ----------
    positive : ndarray of bool, shape (n,)
        Which examples belong to the class.
    scores : ndarray of float, shape (n,)
        Scores, higher for the class.

    Returns
    -------
    float
        An example is called positive from it upwards (``scores >= threshold``). It lies half-way between the two scores
        that it parts; of equally good ones it is the highest.

    Raises
    ------
    ConfigurationError
        If all examples are of one class, so that no threshold is better than another.

    Examples
    --------
    >>> choose_threshold(np.array([True, False, True, False]), np.array([0.9, 0.2, 0.4, 0.1]))
    0.30000000000000004
    """
    if positive.all() or not positive.any():
        raise ConfigurationError(
            f"all {positive.size:,} validation examples are of one class, and a threshold parts two",
            fix="choose the threshold on examples of both classes",
        )
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last_of_tie = np.flatnonzero(np.append(np.diff(ranked) != 0, True))
    true = np.cumsum(positive[order])[last_of_tie].astype(np.float64)
    called, told, n = last_of_tie + 1.0, float(positive.sum()), float(positive.size)
    spread = called * (n - called) * told * (n - told)
    correlation = np.zeros(true.size)
    np.divide(true * n - called * told, np.sqrt(spread), out=correlation, where=spread > 0)
    best = int(correlation.argmax())
    lowest_called = float(ranked[last_of_tie[best]])
    if best + 1 == last_of_tie.size:
        return lowest_called
    highest_left = float(ranked[last_of_tie[best + 1]])
    half_way = lowest_called / 2 + highest_left / 2
    # Between neighbouring floats there is no half-way: rounding down would call the next example positive too.
    return half_way if half_way > highest_left else lowest_called


def matthews_at(
    positive: npt.NDArray[np.bool_], scores: Floats, threshold: float, weights: Floats | None = None
) -> Floats:
    """Matthews correlation of the calls that a threshold makes.

    Parameters
    ----------
    positive, scores
        As in `choose_threshold`, of the test examples.
    threshold : float
        From `choose_threshold` on other examples.
    weights : ndarray of float, shape (n,) or (n, R), optional
        As in `accuracy`.

    Returns
    -------
    ndarray of float64, shape (R,)
        Between -1 and 1; 0 where all are called alike.

    Examples
    --------
    >>> matthews_at(np.array([True, False, False]), np.array([0.9, 0.2, 0.4]), 0.3).tolist()
    [0.5]
    """
    return matthews(positive.astype(np.int64), (scores >= threshold).astype(np.int64), weights)
