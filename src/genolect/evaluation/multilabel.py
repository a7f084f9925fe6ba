"""Metrics of examples that carry any number of labels at once, some of them unknown.

Axes: n examples, K labels, R sets of weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genolect.evaluation.decisions import choose_threshold, matthews_at
from genolect.evaluation.metrics import macro, ranking_areas
from genolect.evaluation.weighting import Floats, Integers, columns

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
        From `genolect.evaluation.decisions.choose_threshold`; NaN for a label that validation has or lacks everywhere.

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
