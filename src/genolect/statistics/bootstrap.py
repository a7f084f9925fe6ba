"""Intervals and verdicts from a block bootstrap.

Windows that lie close together share genes, composition and repeats. Resampling them one by one pretends that they are
independent and gives intervals that are too narrow; resampling whole blocks does not (Künsch 1989,
doi:10.1214/aos/1176347265).

Axes: n examples, R resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtrit

from genolect.arrays import Floats, Integers
from genolect.random import derived_generator

Groups = npt.NDArray[np.integer] | npt.NDArray[np.str_]
Verdict = Literal["better", "worse", "equivalent", "undecided"]
Metric = Callable[[Floats], Mapping[str, Floats]]
"""Takes weights of shape (n, R) and gives R values under each name."""

RESAMPLES = 1_000
LIMITS = (0.025, 0.975)
MARGIN = 0.01
"""Differences below one point are declared, before looking, too small to matter."""

FEWEST_BLOCKS = 5
"""Fewer say next to nothing about how blocks differ; their interval would be narrow by accident."""

FEWEST_EFFECTIVE = 3.0
"""Where one block holds most of the examples, resampling blocks repeats that one, however many others there are."""

FEWEST_DEFINED = 0.9
VALUES_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval.

    Attributes
    ----------
    value : float or None
        The value on the data as they are; None where it does not exist.
    low, high : float or None
        The interval; None where there are no resamples, or fewer than nine of ten of them have a value.
    """

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Resamples:
    """How often each block is drawn in each resample; sharing one object makes a comparison paired.

    Attributes
    ----------
    block_of_example : ndarray of int64, shape (n,)
        Row of `counts` for each example.
    counts : ndarray of float64, shape (number of blocks, R)
        Multiplicities; each column sums to the number of blocks. No columns where `refusal` says why, and so no
        intervals.
    """

    block_of_example: Integers
    counts: Floats

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return int(self.counts.shape[0])

    @property
    def effective_blocks(self) -> float:
        """Blocks of equal size that would resample as well: (Σ n_b)² / Σ n_b² over their numbers of examples."""
        return effective_number(np.bincount(self.block_of_example))

    @property
    def limits(self) -> tuple[float, float]:
        """Levels of `expanded_limits` for these blocks, to be given to `estimate`."""
        return expanded_limits(self.effective_blocks)

    @property
    def refusal(self) -> str | None:
        """Why there is no interval; None where there can be one."""
        return refusal(np.bincount(self.block_of_example))

    def weights(self) -> Iterator[Floats]:
        """Give each example's multiplicity, some resamples at a time, in arrays of shape (n, part of R)."""
        step = max(1, VALUES_AT_ONCE // max(1, self.block_of_example.size))
        for first in range(0, max(1, self.counts.shape[1]), step):
            yield self.counts[self.block_of_example, first : first + step]


def effective_number(sizes: Integers) -> float:
    """Count groups as if they were of one size (Kish 1965).

    Parameters
    ----------
    sizes : ndarray of int, shape (G,)
        Examples in each group.

    Returns
    -------
    float
        G where all are alike, 1 where one holds everything.

    Examples
    --------
    >>> effective_number(np.array([5, 5, 5])), effective_number(np.array([98, 1, 1])) < 1.05
    (3.0, True)
    """
    return float(sizes.sum()) ** 2 / float((sizes.astype(np.float64) ** 2).sum())


def refusal(sizes: Integers) -> str | None:
    """Say why groups of these sizes give no interval.

    Parameters
    ----------
    sizes : ndarray of int, shape (G,)
        Examples in each group.

    Returns
    -------
    str or None
        None where they give one.

    Examples
    --------
    >>> refusal(np.array([9, 9, 9, 9])), refusal(np.array([900, 9, 9, 9, 9, 9]))
    ('4 groups, and an interval needs 5', 'one of 6 groups holds 95 % of the examples')
    >>> refusal(np.array([9, 9, 9, 9, 12]))
    """
    if sizes.size < FEWEST_BLOCKS:
        return f"{sizes.size} group{'s' * (sizes.size != 1)}, and an interval needs {FEWEST_BLOCKS}"
    if effective_number(sizes) < FEWEST_EFFECTIVE:
        share = sizes.max() / sizes.sum()
        if share >= 0.5:
            return f"one of {sizes.size} groups holds {share:.0%} of the examples".replace("%", " %")
        return (
            f"{sizes.size} groups of so different size count as {effective_number(sizes):.1f} of {FEWEST_EFFECTIVE:g}"
        )
    return None


def expanded_limits(blocks: float) -> tuple[float, float]:
    """Levels between which a percentile interval covers 95 %, for few blocks as for many.

    The percentile interval behaves like one from the normal distribution and a variance that divides by G. With few
    blocks both are too small; the levels move outwards by what Student's t and G - 1 ask for. The interval still lies
    within the values that the metric can take.

    Parameters
    ----------
    blocks : float
        Effective number of blocks G.

    Returns
    -------
    tuple of float
        Lower and upper level; 0.025 and 0.975 for very many blocks, 0 and 1 for a single one.

    References
    ----------
    Hesterberg (2015), doi:10.1080/00031305.2015.1089789: the expanded percentile interval.

    Examples
    --------
    >>> [round(expanded_limits(blocks)[0], 4) for blocks in (5, 20, 1e9)]
    [0.001, 0.0159, 0.025]
    """
    if blocks <= 1:
        return 0.0, 1.0
    level = float(ndtr(-np.sqrt(blocks / (blocks - 1)) * stdtrit(blocks - 1, LIMITS[1])))
    return level, 1 - level


def draw_blocks(blocks: Groups, *, seed: int, resamples: int = RESAMPLES) -> Resamples:
    """Draw as many blocks as there are, with replacement, again and again.

    Parameters
    ----------
    blocks : ndarray of int or str, shape (n,)
        Block of each example: any column that says what belongs together (stretch, chromosome, gene, cluster).
    seed : int
        Seed of the draw.
    resamples : int
        Number of resamples R.

    Returns
    -------
    Resamples
        The multiplicities.

    Examples
    --------
    >>> drawn = draw_blocks(np.array([7, 7, 9, 2, 4, 3]), seed=1, resamples=4)
    >>> drawn.blocks, drawn.counts.sum(axis=0).tolist()
    (5, [5.0, 5.0, 5.0, 5.0])
    """
    names, block_of_example = np.unique(blocks, return_inverse=True)
    if refusal(np.bincount(block_of_example)) is not None:
        resamples = 0
    generator = derived_generator(seed, "block bootstrap")
    counts = generator.multinomial(names.size, np.full(names.size, 1 / names.size), size=resamples)
    return Resamples(block_of_example.astype(np.int64), counts.T.astype(np.float64))


def resampled_values(metric: Metric, resamples: Resamples) -> dict[str, Floats]:
    """Compute a metric on every resample.

    Parameters
    ----------
    metric : callable
        Takes weights of shape (n, R) and gives R values under each name.
    resamples : Resamples
        From `draw_blocks`.

    Returns
    -------
    dict of str to ndarray of float64, shape (R,)
        The values; NaN where a resample has none.

    Examples
    --------
    >>> drawn = draw_blocks(np.arange(5), seed=0, resamples=3)
    >>> resampled_values(lambda weights: {"n": weights.sum(axis=0)}, drawn)["n"].tolist()
    [5.0, 5.0, 5.0]
    """
    parts = [metric(weights) for weights in resamples.weights()]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def estimate(value: float, values: Floats, limits: tuple[float, float] = LIMITS) -> Estimate:
    """Put a percentile interval around a value.

    Parameters
    ----------
    value : float
        The value on the data as they are.
    values : ndarray of float64, shape (R,)
        Its resamples, or the difference of two arms on the same resamples.
    limits : tuple of float
        Levels of the quantiles. `Resamples.limits` also covers 95 % where there are few blocks; the plain ones, which
        are the default, do not (``benchmarks/coverage.py``).

    Returns
    -------
    Estimate
        The value and its 95 % interval.

    Examples
    --------
    >>> estimate(50.0, np.arange(0.0, 201.0))
    Estimate(value=50.0, low=5.0, high=195.0)
    """
    if not np.isfinite(value):
        return Estimate(None, None, None)
    defined = values[np.isfinite(values)]
    if defined.size == 0 or defined.size < FEWEST_DEFINED * values.size:
        return Estimate(float(value), None, None)
    low, high = np.quantile(defined, limits)
    return Estimate(float(value), float(low), float(high))


def decide(difference: Estimate, *, margin: float = MARGIN) -> Verdict:
    """Say what a difference means, given the margin below which it does not matter.

    Parameters
    ----------
    difference : Estimate
        First arm minus second arm, where more is better.
    margin : float
        Declared before looking.

    Returns
    -------
    {'better', 'worse', 'equivalent', 'undecided'}
        ``equivalent`` where the whole interval lies within the margin; else ``better`` or ``worse`` where it excludes
        zero; else ``undecided``, also where there is no interval.

    Examples
    --------
    >>> decide(Estimate(0.05, 0.02, 0.08)), decide(Estimate(0.0, -0.004, 0.005)), decide(Estimate(0.02, -0.01, 0.05))
    ('better', 'equivalent', 'undecided')
    """
    if difference.low is None or difference.high is None:
        return "undecided"
    if -margin < difference.low and difference.high < margin:
        return "equivalent"
    if difference.low > 0:
        return "better"
    return "worse" if difference.high < 0 else "undecided"
