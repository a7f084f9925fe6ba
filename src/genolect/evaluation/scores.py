"""Runs of arms become figures with intervals, and differences with verdicts; all arms on the same resamples.

Legend: n test examples, S runs of an arm, R resamples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import stdtr, stdtrit

from genolect.data.labelled_table import Parts
from genolect.evaluation.arm import Answers, truth_of
from genolect.evaluation.comparison import Comparison, Scored, compare
from genolect.evaluation.metric_set import RANGES, SMALLER_IS_BETTER, metric_set
from genolect.evaluation.runs import Runs, single_run, single_run_difference
from genolect.evaluation.statistics import LIMITS, MARGIN, Estimate, Resamples, decide, estimate, resampled_values

Measured = Mapping[str, Runs]

CORRELATIONS = ("pearson", "spearman")
"""Of a constant answer these do not exist; here they are 0, as its Matthews correlation is, and can be beaten."""


def measure(parts: Parts, runs: Sequence[Answers], drawn: Resamples) -> dict[str, Runs]:
    """Compute every metric of every run, on the test examples as they are and resampled.

    Parameters
    ----------
    parts : Parts
        The task, with its test labels.
    runs : sequence of Answers
        S runs of one arm; thresholds are chosen on the validation examples of each.
    drawn : Resamples
        The resamples of the task.

    Returns
    -------
    dict of str to Runs
        By metric.

    Examples
    --------
    >>> from genolect.data.planted_signal import planted_signal
    >>> parts = planted_signal("length", n=60, length=20).table.parts()
    >>> half = Answers(np.full((6, 2), 0.5), np.full((12, 2), 0.5))
    >>> from genolect.evaluation.statistics import draw_blocks
    >>> measure(parts, [half], draw_blocks(np.arange(12), seed=0, resamples=2))["auroc"].values.tolist()
    [0.5]
    """
    test, metrics = parts.test.target, metric_set(parts.test.target.kind)
    truth, told = truth_of(test), truth_of(parts.validation.target)
    found: dict[str, list[tuple[float, np.ndarray]]] = {}
    for run in runs:
        thresholds = metrics.thresholds(told, run.validation)

        def of(weights: np.ndarray, run: Answers = run, thresholds: np.ndarray = thresholds) -> dict[str, np.ndarray]:
            return metrics.measure(truth, run.test, test.names, weights, thresholds)

        resampled = resampled_values(of, drawn)
        for name, value in metrics.measure(truth, run.test, test.names, None, thresholds).items():
            values = np.append(value, resampled[name])
            if name in CORRELATIONS and np.ptp(run.test) == 0:
                values = np.zeros(values.size)
            found.setdefault(name, []).append((float(values[0]), values[1:]))
    return {
        name: Runs(np.array([value for value, _ in pairs]), np.stack([values for _, values in pairs]))
        for name, pairs in found.items()
    }


def estimated(runs: Runs, drawn: Resamples, metric: str = "") -> Estimate:
    """Put an interval around a metric: that of the one run there is, or that in which one more run would score.

    Parameters
    ----------
    runs : Runs
        Of one arm.
    drawn : Resamples
        The resamples behind them.
    metric : str
        Its name, by which the interval ends where the metric does (see `within_range`).

    Returns
    -------
    Estimate
        The mean over runs, with its interval.

    Examples
    --------
    >>> from genolect.evaluation.statistics import draw_blocks
    >>> drawn = draw_blocks(np.arange(9), seed=0, resamples=2)
    >>> estimated(Runs(np.array([0.5]), np.array([[0.5, 0.5]])), drawn)
    Estimate(value=0.5, low=0.5, high=0.5)
    """
    if runs.values.size == 1:
        return within_range(estimate(float(runs.values[0]), runs.resampled[0], drawn.limits), metric)
    return within_range(single_run(runs, drawn), metric)


def within_range(found: Estimate, metric: str) -> Estimate:
    """Cut an interval where no true value can lie: it covers the truth as often as before.

    Examples
    --------
    >>> within_range(Estimate(0.9, 0.7, 1.1), "auroc[donor]"), within_range(Estimate(0.9, 0.7, 1.1), "unheard of")
    (Estimate(value=0.9, low=0.7, high=1.0), Estimate(value=0.9, low=0.7, high=1.1))
    """
    if found.low is None or found.high is None:
        return found
    name = metric.partition("[")[0]
    least, most = RANGES.get(name, RANGES.get(name.removesuffix("_micro"), (-np.inf, np.inf)))
    return Estimate(found.value, max(found.low, least), min(found.high, most))


def compared(ours: Runs, theirs: Runs, drawn: Resamples, *, margin: float = MARGIN, metric: str = "") -> Comparison:
    """Compare two arms on the same resamples; where either was run several times, one run of each.

    Parameters
    ----------
    ours, theirs : Runs
        The same metric of both.
    drawn : Resamples
        The resamples of the task.
    margin : float
        Differences below it do not matter.
    metric : str
        Its name, which says whether smaller is better.

    Returns
    -------
    Comparison
        Interval, p-value and verdict.

    Examples
    --------
    >>> from genolect.evaluation.statistics import draw_blocks
    >>> drawn = draw_blocks(np.arange(9), seed=0, resamples=3)
    >>> good, bad = (Runs(np.array([at, at]), np.full((2, 3), at) + [-0.01, 0.0, 0.01]) for at in (0.9, 0.6))
    >>> compared(good, bad, drawn).verdict
    'better'
    """
    smaller = metric in SMALLER_IS_BETTER
    if ours.values.size == theirs.values.size == 1:
        first, second = (Scored(float(one.values[0]), one.resampled[0]) for one in (ours, theirs))
        return compare(first, second, drawn, margin=margin, smaller_is_better=smaller)
    difference = single_run_difference(_twice(ours), _twice(theirs), drawn)
    if smaller and difference.value is not None:
        difference = Estimate(-difference.value, _negative(difference.high), _negative(difference.low))
    return Comparison(difference, _p_value(difference, drawn), decide(difference, margin=margin), margin)


def _twice(runs: Runs) -> Runs:
    """Let an arm without chance stand for two runs that agree."""
    if runs.values.size > 1:
        return runs
    return Runs(np.repeat(runs.values, 2), np.repeat(runs.resampled, 2, axis=0))


def _negative(value: float | None) -> float | None:
    return None if value is None else -value


def _p_value(difference: Estimate, drawn: Resamples) -> float | None:
    """Give the level at which a symmetric interval comes to touch zero."""
    value, high = difference.value, difference.high
    if value is None or high is None:
        return None
    if high == value:
        return float(value == 0)
    freedom = drawn.effective_blocks - 1
    return float(2 * stdtr(freedom, -abs(value) / (high - value) * stdtrit(freedom, LIMITS[1])))
