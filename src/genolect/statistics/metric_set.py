"""Which metrics belong to which kind of prediction, and which of them the verdict is about.

Axes: n examples, K classes or labels, R sets of weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genolect.arrays import Floats, Integers
from genolect.errors import ConfigurationError
from genolect.statistics.metrics import (
    accuracy,
    all_metrics,
    choose_threshold,
    label_thresholds,
    macro_f1,
    matthews_at,
    mean_absolute_error,
    multilabel_metrics,
    pearson,
    r_squared,
    spearman,
)
from genolect.statistics.names import Kind

Truth = npt.NDArray[Any]

RANGES = {
    **dict.fromkeys(("auroc", "auprc", "accuracy", "macro_f1", "ece"), (0.0, 1.0)),
    **dict.fromkeys(("mcc", "mcc_at_threshold", "pearson", "spearman"), (-1.0, 1.0)),
    **dict.fromkeys(("brier", "mean_absolute_error"), (0.0, np.inf)),
    "r_squared": (-np.inf, 1.0),
}
"""Where the true value of a metric can lie; of averages and of single classes as of the metric itself."""


@dataclass(frozen=True)
class MetricSet:
    """The metrics of one kind of prediction.

    Attributes
    ----------
    kind : {'classes', 'multilabel', 'number'}
        What is predicted.
    headline : str
        The metric that verdicts are about.
    chance : float
        Its value for predictions that know nothing.
    thresholds : callable
        ``thresholds(truth, predicted)`` of the validation examples gives what `measure` takes as `thresholds`: one for
        two classes, one per label, none for more classes (the most probable is called) and for numbers.
    measure : callable
        ``measure(truth, predicted, names, weights, thresholds)`` of the test examples gives R values under each
        metric's name; weights and thresholds may be None. For classes, truth is codes of shape (n,) and predictions are
        probabilities of shape (n, K); for several labels both have shape (n, K), with -1 for unknown; for numbers both
        have shape (n,) and `names` is not read.
    """

    kind: Kind
    headline: str
    chance: float
    thresholds: Callable[[Truth, Floats], Floats]
    measure: Callable[[Truth, Floats, Sequence[str], Floats | None, Floats | None], dict[str, Floats]]


def metric_set(kind: str) -> MetricSet:
    """Give the metrics for one kind of prediction.

    Parameters
    ----------
    kind : {'classes', 'multilabel', 'number'}
        What is predicted: one of K classes, any of K labels, or a number.

    Returns
    -------
    MetricSet
        Headline ``auroc`` (mean over classes or labels) for the first two, ``pearson`` for numbers.

    Raises
    ------
    ConfigurationError
        If there is no such kind.

    Examples
    --------
    >>> numbers = metric_set("number")
    >>> truth, predicted = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 1.0])
    >>> {name: value.round(3).tolist() for name, value in numbers.measure(truth, predicted, (), None, None).items()}
    {'pearson': [0.866], 'spearman': [0.866], 'r_squared': [0.5], 'mean_absolute_error': [0.333]}
    """
    sets = {
        "classes": MetricSet("classes", "auroc", 0.5, _class_threshold, _class_metrics),
        "multilabel": MetricSet("multilabel", "auroc", 0.5, label_thresholds, _label_metrics),
        "number": MetricSet("number", "pearson", 0.0, _no_threshold, _number_metrics),
    }
    if kind not in sets:
        raise ConfigurationError(f"kind of prediction {kind!r}", fix=f"use one of {', '.join(sets)}")
    return sets[kind]


def _class_threshold(truth: Integers, predicted: Floats) -> Floats:
    if predicted.shape[1] != 2:
        return np.empty(0)
    return np.array([choose_threshold(truth == 1, predicted[:, 1])])


def _no_threshold(truth: Floats, predicted: Floats) -> Floats:
    return np.empty(0)


def _class_metrics(
    truth: Integers, predicted: Floats, names: Sequence[str], weights: Floats | None, thresholds: Floats | None
) -> dict[str, Floats]:
    values = all_metrics(truth, predicted, names, weights)
    called = predicted.argmax(axis=1)
    values["accuracy"] = accuracy(truth, called, weights)
    values["macro_f1"] = macro_f1(truth, called, weights)
    if thresholds is not None and thresholds.size:
        values["mcc_at_threshold"] = matthews_at(truth == 1, predicted[:, 1], float(thresholds[0]), weights)
    return values


def _label_metrics(
    truth: Integers, predicted: Floats, names: Sequence[str], weights: Floats | None, thresholds: Floats | None
) -> dict[str, Floats]:
    return multilabel_metrics(truth, predicted, names, weights, thresholds=thresholds)


def _number_metrics(
    truth: Floats, predicted: Floats, names: Sequence[str], weights: Floats | None, thresholds: Floats | None
) -> dict[str, Floats]:
    return {
        "pearson": pearson(truth, predicted, weights),
        "spearman": spearman(truth, predicted, weights),
        "r_squared": r_squared(truth, predicted, weights),
        "mean_absolute_error": mean_absolute_error(truth, predicted, weights),
    }
