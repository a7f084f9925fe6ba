"""How many labels an arm needs: scores against shares of the labels, and where they reach a bar.

Axes: n training examples, D draws of subsets, S shares, R resamples of the test examples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression

from genolect.arrays import Floats, Integers
from genolect.errors import ConfigurationError
from genolect.random import derived_generator
from genolect.statistics.bootstrap import Estimate, Groups, Resamples, resampled_values
from genolect.statistics.comparison import Scored
from genolect.statistics.runs import Runs, single_run
from genolect.statistics.sentences import arm_name

SHARES = (0.01, 0.03, 0.1, 0.3, 1.0)
DRAWS = 5

Fit = Callable[[Integers], Any]
"""Fits on the training examples of these rows, and gives its predictions of all test examples."""

Score = Callable[[Any, Floats | None], Floats]
"""Takes those predictions and weights of the test examples, and gives R values, more being better."""


@dataclass(frozen=True)
class LearningCurve:
    """Scores of one arm on the test examples, by draw and share of the labels.

    Attributes
    ----------
    shares : ndarray of float64, shape (S,)
        Ascending.
    labels : ndarray of int64, shape (S,)
        Training examples at each share.
    values : ndarray of float64, shape (D, S)
        NaN where the arm refused so few labels, or the metric does not exist.
    resampled : ndarray of float64, shape (D, S, R)
        On the resamples of the test examples.
    refused : ndarray of int64, shape (S,)
        Draws at each share on which the arm could not be fitted, such as those without an example of some class.
    """

    shares: Floats
    labels: Integers
    values: Floats
    resampled: Floats
    refused: Integers


class NeededShare(NamedTuple):
    """The share of the labels with which an arm reaches a bar.

    Attributes
    ----------
    value : float
        Infinite where it does not with the labels there are; the smallest share tried where it already does there.
    low, high : float or None
        95 % interval, over test examples and draws of subsets; infinite for never. None where there are too few groups.
    smallest : float
        The smallest share tried: a result equal to it may be smaller in truth.
    """

    value: float
    low: float | None
    high: float | None
    smallest: float


def label_subsets(
    groups: Groups, *, shares: Sequence[float] = SHARES, draws: int = DRAWS, seed: int = 0
) -> list[list[Integers]]:
    """Draw nested subsets of the labels, one group after the other.

    Labels are made stretch by stretch, or gene by gene, so that a few of them come from few groups: a subset takes
    groups in random order, the last one in part.

    Parameters
    ----------
    groups : ndarray of int or str, shape (n,)
        Group of each training example.
    shares : sequence of float
        Shares S of the n labels, ascending, the last one 1.
    draws : int
        Number of orders D.
    seed : int
        Of the orders.

    Returns
    -------
    list of list of ndarray of int64
        By draw and share, sorted rows; each subset holds the one before it.

    Raises
    ------
    ConfigurationError
        If the shares do not ascend from above 0 to 1.

    Examples
    --------
    >>> [rows.size for rows in label_subsets(np.arange(200) // 10, draws=1)[0]]
    [2, 6, 20, 60, 200]
    """
    ascending = all(low < high for low, high in zip([0.0, *shares], shares, strict=False))
    if not shares or not ascending or shares[-1] != 1:
        raise ConfigurationError(
            f"shares of the labels {', '.join(f'{share:g}' for share in shares)}",
            fix="let them ascend, from more than 0 to 1",
        )
    names, group = np.unique(groups, return_inverse=True)
    sizes = [int(np.ceil(share * group.size - 1e-9)) for share in shares]
    subsets = []
    for draw in range(draws):
        generator = derived_generator(seed, "label subsets", draw)
        order = np.lexsort((generator.random(group.size), generator.permutation(names.size)[group]))
        subsets.append([np.sort(order[:size]).astype(np.int64) for size in sizes])
    return subsets


def learning_curve(
    fit: Fit, score: Score, subsets: Sequence[Sequence[Integers]], drawn: Resamples, *, chance: bool = False
) -> LearningCurve:
    """Fit an arm on every subset and score it on the test examples.

    Parameters
    ----------
    fit : callable
        Takes rows of the training examples and gives predictions of all test examples. What it chooses, such as a
        penalty, it must choose on other examples than these; a `ConfigurationError` of it leaves the point out.
    score : callable
        Takes those predictions and weights, of shape (number of test examples, R) or None; gives R values.
    subsets : sequence of sequence of ndarray
        From `label_subsets`, the same for every arm that is compared.
    drawn : Resamples
        Of the test examples.
    chance : bool
        Whether there is chance in fitting itself. Then all labels, the same in every draw, are fitted in each of them,
        so that this chance shows; without it once is enough.

    Returns
    -------
    LearningCurve
        Every value.

    Examples
    --------
    >>> from genolect.statistics.bootstrap import draw_blocks
    >>> drawn = draw_blocks(np.arange(6), seed=1, resamples=20)
    >>> def score(labels, weights):
    ...     return np.full(1 if weights is None else weights.shape[1], float(labels))
    >>> curve = learning_curve(lambda rows: rows.size, score, label_subsets(np.arange(40) // 4), drawn)
    >>> curve.labels.tolist(), curve.values[0].tolist(), curve.resampled.shape
    ([1, 2, 4, 12, 40], [1.0, 2.0, 4.0, 12.0, 40.0], (5, 5, 20))
    """
    n = max(rows[-1].size for rows in subsets)
    labels = np.array([rows.size for rows in subsets[0]])
    values = np.full((len(subsets), labels.size), np.nan)
    resampled = np.full((*values.shape, drawn.counts.shape[1]), np.nan)
    refused = np.zeros(labels.size, dtype=np.int64)
    for draw, shares in enumerate(subsets):
        for place, rows in enumerate(shares):
            if draw and rows.size == n and not chance:
                values[draw, place], resampled[draw, place] = values[0, place], resampled[0, place]
                refused[place] += refused[place] > 0
                continue
            try:
                predicted = fit(rows)
            except ConfigurationError:
                refused[place] += 1
                continue
            scored = _scored(score, predicted, drawn)
            values[draw, place], resampled[draw, place] = scored.value, scored.values
    return LearningCurve(labels / n, labels, values, resampled, refused)


def _scored(score: Score, predicted: Any, drawn: Resamples) -> Scored:
    values = resampled_values(lambda weights: {"": score(predicted, weights)}, drawn)[""]
    return Scored(float(score(predicted, None)[0]), values)


def curve_estimates(curve: LearningCurve, drawn: Resamples) -> list[Estimate]:
    """Put an interval around every point of a curve.

    Parameters
    ----------
    curve : LearningCurve
        From `learning_curve`.
    drawn : Resamples
        The resamples behind it.

    Returns
    -------
    list of Estimate
        Per share, the mean over draws, and where the score of one draw would lie on the population
        (`genolect.statistics.runs.single_run`); no interval where fewer than two draws could be fitted.

    Examples
    --------
    >>> from genolect.statistics.bootstrap import draw_blocks
    >>> drawn = draw_blocks(np.arange(6), seed=1, resamples=3)
    >>> ones = LearningCurve(np.ones(1), np.array([40]), np.ones((2, 1)), np.ones((2, 1, 3)), np.zeros(1, dtype=int))
    >>> curve_estimates(ones, drawn)
    [Estimate(value=1.0, low=1.0, high=1.0)]
    """
    found = []
    for values, resampled in zip(curve.values.T, curve.resampled.swapaxes(0, 1), strict=True):
        fitted = np.isfinite(values)
        if fitted.sum() > 1:
            one = single_run(Runs(values[fitted], resampled[fitted]), drawn)
            # The mean of equal values may differ from them in its last bit; an arm without chance has one score.
            found.append(replace(one, value=float(values[fitted][0])) if np.ptp(values[fitted]) == 0 else one)
        else:
            found.append(Estimate(float(values[fitted][0]) if fitted.any() else None, None, None))
    return found


def curve_differences(ours: LearningCurve, theirs: LearningCurve, drawn: Resamples) -> list[Estimate]:
    """Compare two arms at every share, each time on the same labels.

    Parameters
    ----------
    ours, theirs : LearningCurve
        From `learning_curve`, of the same subsets.
    drawn : Resamples
        The resamples behind both.

    Returns
    -------
    list of Estimate
        Per share, ours minus theirs: the mean over draws, and where the difference would lie if both learned from one
        more draw, since what makes a draw lucky is lucky for both. For `genolect.statistics.bootstrap.decide`.

    Examples
    --------
    >>> from genolect.statistics.bootstrap import draw_blocks
    >>> drawn = draw_blocks(np.arange(6), seed=1, resamples=3)
    >>> ones = LearningCurve(np.ones(1), np.array([40]), np.ones((2, 1)), np.ones((2, 1, 3)), np.zeros(1, dtype=int))
    >>> curve_differences(ones, ones, drawn)
    [Estimate(value=0.0, low=0.0, high=0.0)]
    """
    values, resampled = ours.values - theirs.values, ours.resampled - theirs.resampled
    return curve_estimates(replace(ours, values=values, resampled=resampled), drawn)


def needed_share(curve: LearningCurve, bar: Scored, drawn: Resamples, *, seed: int = 0) -> NeededShare:
    """Find the share of the labels from which on an arm scores no less than a bar.

    The curve is made monotone (isotonic regression: more labels do not hurt but by chance) and read on a logarithmic
    axis between the shares tried. Each resample takes one draw of subsets and one resample of the test examples, which
    the bar shares.

    Parameters
    ----------
    curve : LearningCurve
        From `learning_curve`.
    bar : Scored
        What is to be reached, on the same resamples: as a rule the baseline with all labels.
    drawn : Resamples
        The resamples behind both.
    seed : int
        Of which draw of subsets goes with which resample.

    Returns
    -------
    NeededShare
        The share and its interval.

    Examples
    --------
    >>> from genolect.statistics.bootstrap import draw_blocks
    >>> drawn = draw_blocks(np.arange(6), seed=1, resamples=2)
    >>> values = np.array([[0.6, 0.8]])
    >>> curve = LearningCurve(np.array([0.01, 1.0]), np.array([9, 900]), values, values[:, :, None] * [1, 1], None)
    >>> needed = needed_share(curve, Scored(0.7, np.array([0.7, 0.9])), drawn)
    >>> round(needed.value, 6), round(needed.low, 6), needed.high
    (0.1, 0.1, inf)
    """
    points = np.array(
        [column[np.isfinite(column)].mean() if np.isfinite(column).any() else np.nan for column in curve.values.T]
    )
    value, smallest = _reached(curve.shares, points, bar.value), float(curve.shares[0])
    count = bar.values.size
    if not count:
        return NeededShare(value, None, None, smallest)
    draws = derived_generator(seed, "needed share").integers(curve.values.shape[0], size=count)
    crossings = [
        _reached(curve.shares, curve.resampled[draw, :, at], float(bar.values[at])) for at, draw in enumerate(draws)
    ]
    # Nearest, since there is nothing half-way between a share and never.
    low, high = np.quantile(crossings, drawn.limits, method="nearest")
    return NeededShare(value, float(low), float(high), smallest)


def _reached(shares: Floats, values: npt.NDArray[np.float64], bar: float) -> float:
    known = np.isfinite(values)
    if not known.any():
        return np.inf
    shares, rising = shares[known], isotonic_regression(values[known]).x
    # Rounding in the means of isotonic regression must not hide that an arm equals the bar.
    above = np.flatnonzero(rising >= bar - 1e-12)
    if not above.size:
        return np.inf
    first = int(above[0])
    if first == 0:
        return float(shares[0])
    part = min(1.0, (bar - rising[first - 1]) / (rising[first] - rising[first - 1]))
    return float(np.exp((1 - part) * np.log(shares[first - 1]) + part * np.log(shares[first])))


def needed_sentence(arm: str, baseline: str, needed: NeededShare) -> str:
    """Say how many of the labels an arm needs.

    Parameters
    ----------
    arm, baseline : str
        The arms.
    needed : NeededShare
        From `needed_share`, with the baseline at all labels as the bar.

    Returns
    -------
    str
        One sentence.

    Examples
    --------
    >>> needed_sentence("pretrained_probe", "kmer_logistic", NeededShare(0.12, 0.04, np.inf, 0.01))
    'With 12 % of the labels the pretrained probe reaches what k-mer counting reaches with all of them (95 % interval:
    4 % or more, or never within the labels there are).'
    """
    ours, theirs = arm_name(arm), arm_name(baseline)
    if np.isinf(needed.value):
        said = f"With the labels there are, {ours} does not reach what {theirs} reaches with all of them"
    else:
        said = (
            f"With {_percent(needed.value, needed)} of the labels {ours} reaches what {theirs} reaches with all of them"
        )
    if needed.low is None or needed.high is None:
        return f"{said} (no interval: too few groups)."
    if np.isinf(needed.low):
        interval = "never within the labels there are"
    elif np.isinf(needed.high):
        interval = f"{_percent(needed.low, needed, more=True)}, or never within the labels there are"
    else:
        ends = _percent(needed.low, needed), _percent(needed.high, needed)
        interval = ends[0] if ends[0] == ends[1] else " to ".join(ends)
    return f"{said} (95 % interval: {interval})."


def _percent(share: float, needed: NeededShare, *, more: bool = False) -> str:
    text = f"{100 * share:.2g} %" if share < 0.995 else "100 %"
    if share <= needed.smallest:
        return "any share" if more else f"{text} or less"
    return f"{text} or more" if more else text
