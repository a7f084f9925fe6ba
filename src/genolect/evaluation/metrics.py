"""Classification metrics that take a weight per example, for many sets of weights at once.

A block bootstrap draws each example a whole number of times. Here that number is a weight: with weights of shape (n, R)
every metric gives R values in one pass, and each equals the metric of the examples written out that many times.

Axes: n examples, K classes, R sets of weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genolect.evaluation.weighting import Floats, Integers, columns, indicator, mean, quotient

CALIBRATION_BINS = 10


def _ranked(positive: npt.NDArray[np.bool_], scores: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Weights of true and false positives at every threshold, from the highest score down; ties share a threshold."""
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    ordered = weights[order]
    true = np.cumsum(ordered * positive[order, None], axis=0)[last_of_tie]
    return true, np.cumsum(ordered, axis=0)[last_of_tie] - true


def auroc(positive: npt.NDArray[np.bool_], scores: Floats, weights: Floats | None = None) -> Floats:
    """Area under the receiver operating characteristic: the chance that a positive scores above a negative.

    Parameters
    ----------
    positive : ndarray of bool, shape (n,)
        Which examples belong to the class.
    scores : ndarray of float, shape (n,)
        Scores, higher for the class. A tie counts one half.
    weights : ndarray of float, shape (n,) or (n, R), optional
        Weight of each example; ones by default.

    Returns
    -------
    ndarray of float64, shape (R,)
        One value per set of weights; NaN where it has no positives or no negatives.

    Examples
    --------
    >>> auroc(np.array([True, False, True]), np.array([0.9, 0.4, 0.4])).tolist()
    [0.75]
    """
    true, false = _ranked(positive, scores, columns(weights, scores.size))
    return _auroc_of(true, false)


def _auroc_of(true: Floats, false: Floats) -> Floats:
    widths = np.diff(false, axis=0, prepend=0.0)
    heights = true - np.diff(true, axis=0, prepend=0.0) / 2
    return quotient((widths * heights).sum(axis=0), true[-1] * false[-1])


def auprc(positive: npt.NDArray[np.bool_], scores: Floats, weights: Floats | None = None) -> Floats:
    """Area under the precision-recall curve, as average precision (no interpolation).

    Its value for scores without information is the prevalence of the class, not one half.

    Parameters
    ----------
    positive, scores, weights
        As in `auroc`.

    Returns
    -------
    ndarray of float64, shape (R,)
        One value per set of weights; NaN where it has no positives.

    Examples
    --------
    >>> auprc(np.array([True, False, True, False]), np.zeros(4)).tolist()
    [0.5]
    """
    true, false = _ranked(positive, scores, columns(weights, scores.size))
    return _auprc_of(true, false)


def _auprc_of(true: Floats, false: Floats) -> Floats:
    chosen = true + false
    precision = np.zeros_like(true)
    np.divide(true, chosen, out=precision, where=chosen > 0)
    return quotient((np.diff(true, axis=0, prepend=0.0) * precision).sum(axis=0), true[-1])


def ranking_areas(
    positive: npt.NDArray[np.bool_], scores: Floats, weights: Floats | None = None
) -> tuple[Floats, Floats]:
    """Both areas from one ranking, in the time of one.

    Parameters
    ----------
    positive, scores, weights
        As in `auroc`.

    Returns
    -------
    tuple of ndarray of float64, each of shape (R,)
        `auroc` and `auprc`.

    Examples
    --------
    >>> [area.tolist() for area in ranking_areas(np.array([True, False, True]), np.array([0.9, 0.4, 0.4]))]
    [[0.75], [0.8333333333333333]]
    """
    curve = _ranked(positive, scores, columns(weights, scores.size))
    return _auroc_of(*curve), _auprc_of(*curve)


def matthews(labels: Integers, predicted: Integers, weights: Floats | None = None) -> Floats:
    """Matthews correlation coefficient for any number of classes.

    Parameters
    ----------
    labels, predicted : ndarray of int, shape (n,)
        True and predicted class codes, 0-based.
    weights : ndarray of float, shape (n,) or (n, R), optional
        As in `auroc`.

    Returns
    -------
    ndarray of float64, shape (R,)
        Between -1 and 1; 0 where all labels or all predictions are one class.

    References
    ----------
    Gorodkin (2004), doi:10.1016/j.compbiolchem.2004.09.006.

    Examples
    --------
    >>> matthews(np.array([0, 1, 2]), np.array([0, 1, 2])).tolist()
    [1.0]
    """
    n_classes = int(max(labels.max(), predicted.max())) + 1
    weights = columns(weights, labels.size)
    pairs = indicator(labels * n_classes + predicted, n_classes**2)
    confusion = (pairs @ weights).reshape(n_classes, n_classes, -1)
    total = confusion.sum(axis=(0, 1))
    told, guessed = confusion.sum(axis=1), confusion.sum(axis=0)
    agreement = np.trace(confusion) * total - (told * guessed).sum(axis=0)
    spread = (total**2 - (told**2).sum(axis=0)) * (total**2 - (guessed**2).sum(axis=0))
    coefficient = np.zeros(total.size)
    np.divide(agreement, np.sqrt(spread), out=coefficient, where=spread > 0)
    return coefficient


def brier(labels: Integers, probabilities: Floats, weights: Floats | None = None) -> Floats:
    """Mean squared distance between the probabilities and the truth, summed over classes (0 best, 2 worst).

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        Class codes, 0-based.
    probabilities : ndarray of float, shape (n, K)
        Predicted probabilities.
    weights : ndarray of float, shape (n,) or (n, R), optional
        As in `auroc`.

    Returns
    -------
    ndarray of float64, shape (R,)
        One value per set of weights.

    Examples
    --------
    >>> brier(np.array([0, 1]), np.array([[1.0, 0.0], [0.5, 0.5]])).tolist()
    [0.25]
    """
    truth = np.eye(probabilities.shape[1])[labels]
    return mean(((probabilities - truth) ** 2).sum(axis=1), weights)


def expected_calibration_error(labels: Integers, probabilities: Floats, weights: Floats | None = None) -> Floats:
    """Mean distance between confidence and accuracy, over ten equal bins of the top class's probability.

    Resampling can only add distance, so an interval of this metric leans upwards.

    Parameters
    ----------
    labels, probabilities, weights
        As in `brier`.

    Returns
    -------
    ndarray of float64, shape (R,)
        Between 0 (calibrated) and 1.

    References
    ----------
    Guo et al. (2017), arXiv:1706.04599, equation 3.

    Examples
    --------
    >>> expected_calibration_error(np.array([0, 1]), np.array([[0.9, 0.1], [0.9, 0.1]])).round(12).tolist()
    [0.4]
    """
    weights = columns(weights, labels.size)
    confidence, correct, bins = _confidence(labels, probabilities)
    surplus = (correct - confidence)[:, None] * weights
    distances = np.abs(indicator(bins, CALIBRATION_BINS) @ surplus)
    return quotient(distances.sum(axis=0), weights.sum(axis=0))


def _confidence(labels: Integers, probabilities: Floats) -> tuple[Floats, Floats, Integers]:
    """Top probability, whether the top class is right, and the bin, for each example."""
    confidence = probabilities.max(axis=1)
    correct = (probabilities.argmax(axis=1) == labels).astype(np.float64)
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    return confidence, correct, bins


def calibration_bins(labels: Integers, probabilities: Floats) -> list[dict[str, float]]:
    """Confidence against accuracy, bin by bin, for plotting.

    Parameters
    ----------
    labels, probabilities
        As in `brier`.

    Returns
    -------
    list of dict
        One entry per bin that holds examples: its borders ``low`` and ``high``, ``n``, and the mean ``confidence`` and
        ``accuracy`` in it.

    Examples
    --------
    >>> calibration_bins(np.array([0, 1]), np.array([[0.75, 0.25], [0.75, 0.25]]))
    [{'low': 0.7, 'high': 0.8, 'n': 2, 'confidence': 0.75, 'accuracy': 0.5}]
    """
    confidence, correct, bins = _confidence(labels, probabilities)
    return [
        {
            "low": bin_number / CALIBRATION_BINS,
            "high": (bin_number + 1) / CALIBRATION_BINS,
            "n": int((bins == bin_number).sum()),
            "confidence": float(confidence[bins == bin_number].mean()),
            "accuracy": float(correct[bins == bin_number].mean()),
        }
        for bin_number in np.unique(bins).tolist()
    ]


def macro(values: Floats) -> Floats:
    """Average over the classes for which a metric exists.

    Parameters
    ----------
    values : ndarray of float, shape (K, R)
        One value per class; NaN where the class is absent.

    Returns
    -------
    ndarray of float64, shape (R,)
        NaN where no class has a value.

    Examples
    --------
    >>> macro(np.array([[0.5, 0.5], [1.0, np.nan]])).tolist()
    [0.75, 0.5]
    """
    exists = np.isfinite(values)
    return quotient(np.where(exists, values, 0.0).sum(axis=0), exists.sum(axis=0).astype(np.float64))


def all_metrics(
    labels: Integers, probabilities: Floats, classes: Sequence[str], weights: Floats | None = None
) -> dict[str, Floats]:
    """Ranking, calibration and correlation of predicted classes, by the names they have in the results.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        Class codes, 0-based.
    probabilities : ndarray of float, shape (n, K)
        Predicted probabilities.
    classes : sequence of str
        The K classes' names.
    weights : ndarray of float, shape (n,) or (n, R), optional
        As in `auroc`.

    Returns
    -------
    dict of str to ndarray of float64, shape (R,)
        ``auroc`` and ``auprc`` (one against the rest, averaged over classes), ``mcc``, ``brier``, ``ece``, and for each
        class ``auroc[name]`` and ``auprc[name]``.

    Examples
    --------
    >>> values = all_metrics(np.array([0, 1]), np.array([[0.8, 0.2], [0.4, 0.6]]), ["intron", "UTR"])
    >>> list(values)
    ['auroc', 'auprc', 'mcc', 'brier', 'ece', 'auroc[intron]', 'auprc[intron]', 'auroc[UTR]', 'auprc[UTR]']
    """
    weights = columns(weights, labels.size)
    areas = [ranking_areas(labels == code, probabilities[:, code], weights) for code in range(len(classes))]
    aurocs, auprcs = (np.stack(area) for area in zip(*areas, strict=True))
    values = {
        "auroc": macro(aurocs),
        "auprc": macro(auprcs),
        "mcc": matthews(labels, probabilities.argmax(axis=1), weights),
        "brier": brier(labels, probabilities, weights),
        "ece": expected_calibration_error(labels, probabilities, weights),
    }
    for code, name in enumerate(classes):
        values[f"auroc[{name}]"] = aurocs[code]
        values[f"auprc[{name}]"] = auprcs[code]
    return values
