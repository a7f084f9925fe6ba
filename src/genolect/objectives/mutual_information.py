"""Mutual information and ratios, estimated from draws that come in groups, with intervals of 95 %.

Legend: n draws, G groups.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genolect.randomness import derived_generator

PERMUTATIONS = 40
_NORMAL = 1.96

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval.

    Attributes
    ----------
    value : float
        The estimate.
    low, high : float
        95 % interval.
    """

    value: float
    low: float
    high: float


def mutual_information(first: Counts, second: Counts, groups: Counts, *, seed: int = 0) -> Estimate:
    """Estimate how many bits one variable tells of another.

    The plug-in estimate is too large, most of all where both take many values; the mean over 40 random permutations of
    the second variable, which tell nothing, is subtracted. The interval joins the spread over the groups and that of
    the permutations, and may reach below 0.

    Parameters
    ----------
    first, second : ndarray of int64, shape (n,)
        The variables; any codes, not negative.
    groups : ndarray of int64, shape (n,)
        What each draw belongs to (its window); draws of a group may depend on each other.
    seed : int
        Of the permutations.

    Returns
    -------
    Estimate
        In bits; NaN where there is no draw.

    Examples
    --------
    >>> one, groups = np.arange(4000) % 4, np.arange(4000) // 100
    >>> round(mutual_information(one, one, groups).value, 2), mutual_information(one, one // 4, groups).value
    (2.0, 0.0)
    """
    if not len(first):
        return Estimate(np.nan, np.nan, np.nan)
    first, second = (np.unique(codes, return_inverse=True)[1].astype(np.int64) for codes in (first, second))
    shape = int(first.max()) + 1, int(second.max()) + 1
    pointwise = _pointwise(first, second, shape)
    value = float(pointwise.mean())
    generator = derived_generator(seed, "permutations")
    chance = [float(_pointwise(first, generator.permutation(second), shape).mean()) for _ in range(PERMUTATIONS)]
    spread = np.bincount(np.unique(groups, return_inverse=True)[1], weights=pointwise - value)
    deviation = np.hypot(np.sqrt((spread**2).sum()) / len(first), np.std(chance, ddof=1))
    return _estimate(value - float(np.mean(chance)), float(deviation))


def ratio(sums: npt.ArrayLike, counts: npt.ArrayLike) -> Estimate:
    """Estimate a mean from the sums and counts of groups.

    Parameters
    ----------
    sums, counts : array_like, shape (G,)
        What was summed up in each group, and over how many.

    Returns
    -------
    Estimate
        All sums by all counts; NaN where nothing was counted.

    Examples
    --------
    >>> ratio([1, 1, 1], [4, 4, 4])
    Estimate(value=0.25, low=0.25, high=0.25)
    """
    tops, bottoms = np.asarray(sums, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    if not bottoms.sum():
        return Estimate(np.nan, np.nan, np.nan)
    value = tops.sum() / bottoms.sum()
    return _estimate(float(value), float(np.sqrt(((tops - value * bottoms) ** 2).sum()) / bottoms.sum()))


def _estimate(value: float, deviation: float) -> Estimate:
    return Estimate(value, value - _NORMAL * deviation, value + _NORMAL * deviation)


def _pointwise(first: Counts, second: Counts, shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Give log2 of how much more often than by chance each draw's pair occurs."""
    pairs = first * shape[1] + second
    together = np.bincount(pairs, minlength=shape[0] * shape[1])
    alone = np.bincount(first, minlength=shape[0]).astype(np.float64), np.bincount(second, minlength=shape[1])
    found: npt.NDArray[np.float64] = np.log2(together[pairs] * len(pairs) / (alone[0][first] * alone[1][second]))
    return found
