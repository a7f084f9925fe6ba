"""Several trainings of one arm: where the score of a single run would lie.

A user trains once. What matters to him is the score of one run, so the spread between seeds is not divided by the
square root of their number: more seeds tell that spread better, they do not make it smaller.

Axes: S seeds, R resamples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from genolect.arrays import Floats
from genolect.errors import ConfigurationError
from genolect.statistics.bootstrap import LIMITS, Estimate, Resamples


@dataclass(frozen=True)
class Runs:
    """One metric of one arm, trained with several seeds and tested on the same examples.

    Attributes
    ----------
    values : ndarray of float64, shape (S,)
        On the test examples as they are.
    resampled : ndarray of float64, shape (S, R)
        On the same resamples for every seed.
    """

    values: Floats
    resampled: Floats


def single_run(runs: Runs, drawn: Resamples) -> Estimate:
    """Estimate the score of one run, with the variances of sampling and of seeds added.

    Parameters
    ----------
    runs : Runs
        At least two seeds.
    drawn : Resamples
        The resamples behind them.

    Returns
    -------
    Estimate
        Mean over seeds, and the interval in which one more run would score on the population: symmetric, with
        Satterthwaite's degrees of freedom. Without an interval where there are too few groups.

    Raises
    ------
    ConfigurationError
        If there is one seed, which tells nothing of their spread.

    References
    ----------
    Satterthwaite (1946), doi:10.2307/3002019.

    Examples
    --------
    >>> from genolect.statistics.bootstrap import draw_blocks
    >>> drawn = draw_blocks(np.arange(40), seed=0, resamples=3)
    >>> found = single_run(Runs(np.array([0.7, 0.8, 0.9]), np.array([[0.7] * 3, [0.8] * 3, [0.9] * 3])), drawn)
    >>> round(found.value, 3), found.high - found.low > 0.8
    (0.8, True)
    """
    sampling = float(np.mean(_variances(runs.resampled))) if runs.resampled.shape[1] else np.nan
    return _combined(float(runs.values.mean()), sampling, [runs], drawn)


def single_run_difference(ours: Runs, theirs: Runs, drawn: Resamples) -> Estimate:
    """Estimate the difference between one run of each of two arms, on the same examples.

    Parameters
    ----------
    ours, theirs : Runs
        At least two seeds each, on the same resamples; not paired seed by seed.
    drawn : Resamples
        The resamples behind them.

    Returns
    -------
    Estimate
        As from `single_run`; for `genolect.statistics.bootstrap.decide`.

    Raises
    ------
    ConfigurationError
        As from `single_run`.

    Examples
    --------
    >>> from genolect.statistics.bootstrap import draw_blocks
    >>> drawn = draw_blocks(np.arange(40), seed=0, resamples=3)
    >>> runs = Runs(np.array([0.7, 0.8]), np.array([[0.6, 0.7, 0.8], [0.7, 0.8, 0.9]]))
    >>> single_run_difference(runs, Runs(runs.values - 0.5, runs.resampled - 0.5), drawn).value
    0.5
    """
    sampling = np.nan
    if ours.resampled.shape[1]:
        shared = np.cov(ours.resampled.mean(axis=0), theirs.resampled.mean(axis=0))[0, 1]
        sampling = float(np.mean(_variances(ours.resampled)) + np.mean(_variances(theirs.resampled)) - 2 * shared)
    return _combined(float(ours.values.mean() - theirs.values.mean()), sampling, [ours, theirs], drawn)


def _variances(resampled: Floats) -> Floats:
    variances: Floats = resampled.var(axis=1, ddof=1)
    return variances


def _combined(value: float, sampling: float, arms: list[Runs], drawn: Resamples) -> Estimate:
    """Add the parts of the variance; the mean of S seeds is itself known only to a share 1 / S of theirs."""
    for runs in arms:
        if runs.values.size < 2:
            raise ConfigurationError(
                f"{runs.values.size} seed, and the spread between runs takes two",
                fix="train with more seeds, or report the interval of this one model",
            )
    if not np.isfinite(sampling):
        return Estimate(value if np.isfinite(value) else None, None, None)
    blocks = drawn.effective_blocks
    parts = [(max(sampling, 0.0) * blocks / (blocks - 1), blocks - 1)]
    parts += [(float(runs.values.var(ddof=1)) * (1 + 1 / runs.values.size), runs.values.size - 1) for runs in arms]
    variance = sum(part for part, _ in parts)
    weighed = sum(part**2 / freedom for part, freedom in parts)
    if weighed == 0:
        return Estimate(value, value, value)
    reach = float(stdtrit(variance**2 / weighed, LIMITS[1])) * float(np.sqrt(variance))
    return Estimate(value, value - reach, value + reach)
