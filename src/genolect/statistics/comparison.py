"""Two arms on the same resamples: difference, p-value and verdict, for one task and for many.

Axes: R resamples, T tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri, stdtr

from genolect.arrays import Floats
from genolect.statistics.bootstrap import LIMITS, MARGIN, Estimate, Resamples, Verdict, decide, estimate

SIGNIFICANT = 1 - (LIMITS[1] - LIMITS[0])


class Scored(NamedTuple):
    """A metric of one arm: on the data as they are, and on every resample, shape (R,)."""

    value: float
    values: Floats


@dataclass(frozen=True)
class Comparison:
    """How one arm compares with another on one task.

    Attributes
    ----------
    difference : Estimate
        Positive where the first arm is better, also for metrics of which less is better.
    p_value : float or None
        Of no difference, two-sided; None where there is no interval.
    verdict : {'better', 'worse', 'equivalent', 'undecided'}
        From `genolect.statistics.bootstrap.decide`.
    margin : float
        The margin that it used.
    """

    difference: Estimate
    p_value: float | None
    verdict: Verdict
    margin: float


class WinRate(NamedTuple):
    """How often one arm wins, each dataset counting once.

    Attributes
    ----------
    rate : float
        Share of wins plus half the share of ties.
    wins, ties, losses : float
        Shares; a dataset's tasks share its one vote.
    datasets : int
        Number of votes.
    """

    rate: float
    wins: float
    ties: float
    losses: float
    datasets: int


def compare(
    ours: Scored, theirs: Scored, drawn: Resamples, *, margin: float = MARGIN, smaller_is_better: bool = False
) -> Comparison:
    """Compare two arms on the same resamples, so that what makes examples hard for both drops out.

    Parameters
    ----------
    ours, theirs : Scored
        The same metric of both arms.
    drawn : Resamples
        The resamples on which both were computed.
    margin : float
        Differences below it do not matter; declared before looking.
    smaller_is_better : bool
        Whether the metric is a loss or an error.

    Returns
    -------
    Comparison
        Interval, p-value and verdict; undecided where there are too few groups.

    Examples
    --------
    >>> from genolect.statistics.bootstrap import draw_blocks
    >>> drawn = draw_blocks(np.arange(8), seed=1, resamples=200)
    >>> noise = np.linspace(-0.1, 0.1, 200)
    >>> compare(Scored(0.9, 0.9 + noise), Scored(0.8, 0.8 + noise), drawn).verdict
    'better'
    """
    sign = -1.0 if smaller_is_better else 1.0
    value, values = sign * (ours.value - theirs.value), sign * (ours.values - theirs.values)
    difference = estimate(value, values, drawn.limits)
    p_value = None if difference.low is None else bootstrap_p_value(values, drawn.effective_blocks)
    return Comparison(difference, p_value, decide(difference, margin=margin), margin)


def bootstrap_p_value(values: Floats, blocks: float) -> float:
    """Two-sided p-value of no difference: the level at which the expanded percentile interval comes to touch zero.

    Parameters
    ----------
    values : ndarray of float64, shape (R,)
        Resampled differences; those that do not exist are left out.
    blocks : float
        Effective number of blocks.

    Returns
    -------
    float
        Below 0.05 where the interval of `genolect.statistics.bootstrap.expanded_limits` excludes zero, up to the
        steps of 1 / R. Never 0: with R resamples a tail is at least 1 / (R + 1).

    Examples
    --------
    >>> round(bootstrap_p_value(np.linspace(-1.0, 39.0, 2001), 1e9), 2)
    0.05
    """
    defined = values[np.isfinite(values)]
    beyond = min(int((defined <= 0).sum()), int((defined >= 0).sum()))
    tail = min((1 + beyond) / (1 + defined.size), 0.5)
    return float(2 * stdtr(blocks - 1, ndtri(tail) / np.sqrt(blocks / (blocks - 1))))


def holm(p_values: Floats) -> Floats:
    """Adjust p-values for having looked at many tasks (Holm 1979, doi:10.2307/4615733).

    Parameters
    ----------
    p_values : ndarray of float, shape (T,)
        One per task, of one family of questions.

    Returns
    -------
    ndarray of float64, shape (T,)
        Calling those below 0.05 significant errs anywhere at most once in twenty times, however the tasks depend on
        each other.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    scaled = p_values[order] * np.arange(p_values.size, 0, -1)
    adjusted = np.empty(p_values.size)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return adjusted


def decide_all(comparisons: Mapping[str, Comparison]) -> dict[str, Verdict]:
    """Verdicts of all tasks together: a win or a loss must hold after Holm's adjustment.

    Parameters
    ----------
    comparisons : mapping of str to Comparison
        Per task, the same two arms.

    Returns
    -------
    dict of str to {'better', 'worse', 'equivalent', 'undecided'}
        As before, but ``undecided`` where a difference is no longer significant.

    Examples
    --------
    >>> sure = Comparison(Estimate(0.1, 0.05, 0.2), 0.001, "better", 0.01)
    >>> unsure = Comparison(Estimate(0.1, 0.01, 0.2), 0.04, "better", 0.01)
    >>> decide_all({"genes": sure, "enhancers": unsure, "promoters": unsure})
    {'genes': 'better', 'enhancers': 'undecided', 'promoters': 'undecided'}
    """
    known = {task: one.p_value for task, one in comparisons.items() if one.p_value is not None}
    adjusted = dict(zip(known, holm(np.array(list(known.values()))).tolist(), strict=True))
    verdicts: dict[str, Verdict] = {}
    for task, one in comparisons.items():
        unsure = one.verdict in ("better", "worse") and adjusted.get(task, 1.0) >= SIGNIFICANT
        verdicts[task] = "undecided" if unsure else one.verdict
    return verdicts


def win_rate(verdicts: Mapping[str, Verdict], datasets: Mapping[str, str] | None = None) -> WinRate:
    """Count wins over tasks; tasks made from one dataset share one vote.

    Parameters
    ----------
    verdicts : mapping of str to str
        Per task, from `decide_all`. Equivalent and undecided are ties.
    datasets : mapping of str to str, optional
        Per task, the dataset it was made from; by default each task is its own.

    Returns
    -------
    WinRate
        Rate and shares; NaN without tasks.

    Examples
    --------
    >>> win_rate({"H3": "better", "H3 again": "better", "genes": "worse"}, {"H3": "yeast", "H3 again": "yeast"}).rate
    0.5
    """
    named = {task: (datasets or {}).get(task, task) for task in verdicts}
    sizes = {name: list(named.values()).count(name) for name in named.values()}
    votes = {"better": 0.0, "worse": 0.0, "equivalent": 0.0, "undecided": 0.0}
    for task, verdict in verdicts.items():
        votes[verdict] += 1 / sizes[named[task]]
    total = len(sizes) or np.nan
    wins, losses = votes["better"] / total, votes["worse"] / total
    ties = (votes["equivalent"] + votes["undecided"]) / total
    return WinRate(wins + ties / 2, wins, ties, losses, len(sizes))
