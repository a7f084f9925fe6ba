"""Classification metrics that take a weight per example, for many sets of weights at once.

A block bootstrap draws each example a whole number of times. Here that number is a weight: with weights of shape (n, R)
every metric gives R values in one pass, and each equals the metric of the examples written out that many times.

Axes: n examples, K classes, R sets of weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from genolect.arrays import Floats, Integers
from genolect.errors import ConfigurationError


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
        `auroc`, and the area under the precision-recall curve as average precision (no interpolation): for scores
        without information the prevalence of the class, not one half. NaN where there are no positives.

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


UNKNOWN = -1
"""A label that nobody determined; it counts neither for nor against a prediction."""


def multilabel_metrics(
    labels: Integers,
    scores: Floats,
    names: Sequence[str],
    weights: Floats | None = None,
    *,
    thresholds: Floats | None = None,
) -> dict[str, Floats]:
    """Ranking metrics of every label, their average, and of all pairs of example and label together.

    Parameters
    ----------
    labels : ndarray of int, shape (n, K)
        1 where the example carries the label, 0 where not, -1 where that is unknown.
    scores : ndarray of float, shape (n, K)
        Scores, higher for carrying the label; on one scale for all labels, or the micro averages mean little.
    names : sequence of str
        The K labels' names.
    weights : ndarray of float, shape (n,) or (n, R), optional
        Weight of each example; ones by default.
    thresholds : ndarray of float, shape (K,), optional
        From `label_thresholds` on validation examples; NaN for a label that has none.

    Returns
    -------
    dict of str to ndarray of float64, shape (R,)
        ``auroc`` and ``auprc`` (means over the labels that have a value), ``auroc_micro`` and ``auprc_micro`` (pairs
        pooled), ``mcc`` (mean over labels with a threshold; only where thresholds are given), ``auroc[name]`` and
        ``auprc[name]``.

    Examples
    --------
    >>> labels = np.array([[1, 0], [0, 1], [0, -1]])
    >>> scores = np.array([[0.9, 0.3], [0.2, 0.1], [0.5, 0.7]])
    >>> values = multilabel_metrics(labels, scores, ["liver", "brain"])
    >>> values["auroc[liver]"].tolist(), values["auroc[brain]"].tolist(), values["auroc"].tolist()
    ([1.0], [0.0], [0.5])
    """
    weights = columns(weights, labels.shape[0])
    known = labels != UNKNOWN
    kept = [np.flatnonzero(known[:, label]) for label in range(len(names))]
    areas = [_ranking(labels[rows, at], scores[rows, at], weights[rows]) for at, rows in enumerate(kept)]
    values = {
        "auroc": macro(np.stack([area[0] for area in areas])),
        "auprc": macro(np.stack([area[1] for area in areas])),
    }
    values["auroc_micro"], values["auprc_micro"] = _ranking(labels[known], scores[known], weights[known.nonzero()[0]])
    if thresholds is not None:
        calls = [
            matthews_at(labels[rows, at] == 1, scores[rows, at], float(thresholds[at]), weights[rows])
            if rows.size and np.isfinite(thresholds[at])
            else np.full(weights.shape[1], np.nan)
            for at, rows in enumerate(kept)
        ]
        values["mcc"] = macro(np.stack(calls))
    for name, (area, precision) in zip(names, areas, strict=True):
        values[f"auroc[{name}]"] = area
        values[f"auprc[{name}]"] = precision
    return values


def _ranking(labels: Integers, scores: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """AUROC and AUPRC of one label's known examples, of which there may be none."""
    if not labels.size:
        return np.full(weights.shape[1], np.nan), np.full(weights.shape[1], np.nan)
    return ranking_areas(labels == 1, scores, weights)


def label_thresholds(labels: Integers, scores: Floats) -> Floats:
    """Choose a threshold for every label on validation examples.

    Parameters
    ----------
    labels, scores
        As in `multilabel_metrics`, of the validation examples.

    Returns
    -------
    ndarray of float64, shape (K,)
        From `genolect.statistics.metrics.choose_threshold`; NaN for a label that validation has or lacks everywhere.

    Examples
    --------
    >>> label_thresholds(np.array([[1, 0], [0, 0]]), np.array([[0.75, 0.3], [0.25, 0.1]])).tolist()
    [0.5, nan]
    """
    thresholds = np.full(labels.shape[1], np.nan)
    for label in range(labels.shape[1]):
        known = labels[:, label] != UNKNOWN
        positive = labels[known, label] == 1
        if positive.any() and not positive.all():
            thresholds[label] = choose_threshold(positive, scores[known, label])
    return thresholds


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
