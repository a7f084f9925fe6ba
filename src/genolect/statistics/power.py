"""How much a test set can tell: effective size, and the smallest difference that it would detect.

Axes: n examples, G groups, R resamples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import nctdtrinc, stdtrit

from genolect.arrays import Floats
from genolect.errors import ConfigurationError
from genolect.statistics.bootstrap import LIMITS, Groups

POWER = 0.8


@dataclass(frozen=True)
class EffectiveSize:
    """How many independent examples a clustered set is worth for a mean.

    Attributes
    ----------
    examples, groups : int
        As they are.
    correlation : float
        Intraclass correlation, from one-way analysis of variance; 0 where that is negative or every group is single.
    design_effect : float
        By how much clustering multiplies the variance of the mean.
    size : float
        Examples divided by the design effect.
    """

    examples: int
    groups: int
    correlation: float
    design_effect: float
    size: float


def effective_size(values: Floats, groups: Groups) -> EffectiveSize:
    """Estimate the effective sample size from how alike the members of groups are.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        What is averaged: a loss, or whether a prediction is right.
    groups : ndarray of int or str, shape (n,)
        Group of each example.

    Returns
    -------
    EffectiveSize
        With the design effect 1 + (Σ n_g² / n - 1) ρ (Kish 1965) for groups of any sizes.

    Examples
    --------
    >>> effective_size(np.repeat([0.0, 1.0, 3.0, 4.0], 25), np.repeat([1, 2, 3, 4], 25)).size
    4.0
    """
    group = np.unique(groups, return_inverse=True)[1]
    sizes = np.bincount(group).astype(np.float64)
    n, count = float(values.size), sizes.size
    correlation = 0.0
    if 1 < count < n:
        means = np.bincount(group, weights=values) / sizes
        between = float((sizes * (means - values.mean()) ** 2).sum()) / (count - 1)
        within = float(((values - means[group]) ** 2).sum()) / (n - count)
        typical = (n - (sizes**2).sum() / n) / (count - 1)
        spread = between + (typical - 1) * within
        correlation = max(0.0, (between - within) / spread) if spread > 0 else 0.0
    effect = 1 + ((sizes**2).sum() / n - 1) * correlation
    return EffectiveSize(values.size, int(count), float(correlation), float(effect), float(n / effect))


def bootstrap_error(values: Floats, blocks: float) -> float:
    """Standard error from resamples, without the bias of few groups.

    Parameters
    ----------
    values : ndarray of float64, shape (R,)
        A metric, or a paired difference, on every resample.
    blocks : float
        Effective number of blocks.

    Returns
    -------
    float
        In the metric's unit.

    Examples
    --------
    >>> bootstrap_error(np.array([1.0, 2.0, 3.0]), 1e9)
    1.0000000005
    """
    return float(values[np.isfinite(values)].std(ddof=1) * np.sqrt(blocks / (blocks - 1)))


def detectable_difference(error: float, blocks: float, *, planned: float | None = None, power: float = POWER) -> float:
    """Smallest true difference that would be found (two-sided, 5 %) four times in five.

    Parameters
    ----------
    error : float
        Standard error of the difference, from `bootstrap_error` or `foreseen_auroc_error`.
    blocks : float
        Effective number of groups on which it was found.
    planned : float, optional
        Number of groups of a test set that is yet to be made of more, or fewer, such groups; by default `blocks`.
    power : float
        Chance of finding it.

    Returns
    -------
    float
        In the metric's unit, by the noncentral t distribution.

    Raises
    ------
    ConfigurationError
        If there are two groups or fewer, or the power is not between 0.05 and 1.

    Examples
    --------
    >>> round(detectable_difference(0.01, 50), 4), round(detectable_difference(0.01, 50, planned=200), 4)
    (0.0286, 0.0141)
    """
    planned = blocks if planned is None else planned
    if planned <= 2 or blocks <= 2:
        raise ConfigurationError(f"{min(planned, blocks):g} test groups", fix="use three at least")
    if not 1 - (LIMITS[1] - LIMITS[0]) < power < 1:
        raise ConfigurationError(f"a power of {power:g}", fix="give one between 0.05 and 1")
    critical = float(stdtrit(planned - 1, LIMITS[1]))
    errors = float(nctdtrinc(planned - 1, 1 - power, critical))
    return errors * error * float(np.sqrt(blocks / planned))


def foreseen_auroc_error(positives: int, negatives: int, *, auroc: float = 0.8, design_effect: float = 1.0) -> float:
    """Standard error that an AUROC will have, before there is any model.

    Parameters
    ----------
    positives, negatives : int
        Test examples of either kind.
    auroc : float
        The value that is expected.
    design_effect : float
        From `effective_size` of a similar task; 1 is for independent examples and promises too much for others.

    Returns
    -------
    float
        Of one arm. The difference of two arms has at most √2 times it where they are not negatively correlated, and
        less the more alike they are.

    Raises
    ------
    ConfigurationError
        If there are no positives or no negatives.

    References
    ----------
    Hanley and McNeil (1982), doi:10.1148/radiology.143.1.7063747, equations 1 and 2.

    Examples
    --------
    >>> round(foreseen_auroc_error(121, 121), 3)
    0.029
    """
    if min(positives, negatives) < 1:
        raise ConfigurationError(f"{positives:,} positives and {negatives:,} negatives", fix="use some of either kind")
    first, second = auroc / (2 - auroc), 2 * auroc**2 / (1 + auroc)
    ranked = auroc * (1 - auroc) + (positives - 1) * (first - auroc**2) + (negatives - 1) * (second - auroc**2)
    return float(np.sqrt(design_effect * ranked / (positives * negatives)))
