"""What two sets of sequences can differ in without any biology: length, GC, CpG, N, repeats; and by how much they do.

Axes: n sequences, C covariates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genolect.data.labelled_table import Target
from genolect.data.ragged import RaggedBases
from genolect.sequence.alphabet import BASE_BITS, SOFT_MASK, C, G, N

Floats = npt.NDArray[np.float64]

COVARIATES = ("length", "gc", "cpg", "n", "repeats")


def covariates(sequences: RaggedBases) -> Floats:
    """Measure sequences.

    Parameters
    ----------
    sequences : RaggedBases
        n sequences, none of them empty.

    Returns
    -------
    ndarray of float64, shape (n, C)
        In the order of `COVARIATES`: bases; share of G and C among the bases that are not N; CpG per base; share of N;
        share of soft-masked bases.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> covariates(RaggedBases.of([encode("ACgtN"), encode("CG"), encode("AA")])).tolist()
    [[5.0, 0.5, 0.2, 0.2, 0.4], [2.0, 1.0, 0.5, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0, 0.0]]
    """
    plain = sequences.bases & BASE_BITS
    starts, lengths = sequences.starts, sequences.lengths
    if not len(sequences):
        return np.empty((0, len(COVARIATES)))
    cpg = np.zeros(plain.size, dtype=np.int64)
    cpg[:-1] = (plain[:-1] == C) & (plain[1:] == G)
    cpg[starts[1:] - 1] = 0
    flags = ((plain == C) | (plain == G), cpg, plain == N, sequences.bases & SOFT_MASK > 0)
    strong, pairs, unknown, masked = (np.add.reduceat(flag.astype(np.int64), starts[:-1]) for flag in flags)
    gc = strong / np.maximum(1, lengths - unknown)
    return np.column_stack([lengths, gc, pairs / lengths, unknown / lengths, masked / lengths]).astype(np.float64)


@dataclass(frozen=True)
class Balance:
    """How much covariates tell about a label.

    Attributes
    ----------
    measure : str
        What the numbers are.
    after : dict of str to float
        The table's own, by covariate.
    before : dict of str to float, optional
        What random background instead of the matched one would have had.
    """

    measure: str
    after: dict[str, float]
    before: dict[str, float] | None = None

    def lines(self) -> list[str]:
        """Give it as text, a line for each covariate."""
        if self.before is None:
            return [
                f"balance: {self.measure}",
                *(f"balance: {name} {value:+.3f}" for name, value in self.after.items()),
            ]
        rows = (f"balance: {name} {self.before[name]:+.3f} -> {value:+.3f}" for name, value in self.after.items())
        return [f"balance: {self.measure}, random -> matched background", *rows]


def standardised_difference(first: Floats, second: Floats) -> Floats:
    """Give the difference of means in units of the standard deviation, per column.

    Parameters
    ----------
    first, second : ndarray of float64, shape (n, C) and (m, C)
        Two sets.

    Returns
    -------
    ndarray of float64, shape (C,)
        Positive where the first is larger; 0 where both are constant and equal, infinite where constant and different.

    References
    ----------
    Austin 2009, doi:10.1002/sim.3697, equation 1: below 0.1 two groups pass as balanced.

    Examples
    --------
    >>> standardised_difference(np.array([[1.0], [3.0]]), np.array([[0.0], [2.0]])).round(3).tolist()
    [0.707]
    """
    difference = first.mean(axis=0) - second.mean(axis=0)
    spreads = [part.var(axis=0, ddof=1) if len(part) > 1 else np.zeros(part.shape[1]) for part in (first, second)]
    spread = np.sqrt((spreads[0] + spreads[1]) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled: Floats = np.where(difference == 0, 0.0, difference / spread)
    return scaled


def balance(values: Floats, target: Target, before: Floats | None = None) -> Balance:
    """Tell how much the covariates of a table differ between its classes, or go with its number.

    Parameters
    ----------
    values : ndarray of float64, shape (n, C)
        As `covariates` gives them.
    target : Target
        Classes or a number.
    before : ndarray of float64, shape (m, C), optional
        Covariates of random background; only for two classes, of which the first is the background.

    Returns
    -------
    Balance
        Standardised mean differences (of more than two classes the largest), or rank correlations.

    Examples
    --------
    >>> values = np.array([[9.0, 0.1, 0, 0, 0], [9.0, 0.2, 0, 0, 0], [9.0, 0.4, 0, 0, 0], [9.0, 0.5, 0, 0, 0]])
    >>> found = balance(values, Target("classes", ("no", "yes"), np.array([0, 0, 1, 1])))
    >>> found.after["length"], round(found.after["gc"], 2)
    (0.0, 4.24)
    """
    if target.kind == "number":
        return Balance("rank correlation with the label", _named(_correlations(values, target.values)))
    sets = [values[target.values == code] for code in range(len(target.names))]
    sets = [part for part in sets if len(part)]
    if len(sets) == 2:
        earlier = None if before is None or not len(before) else _named(standardised_difference(sets[1], before))
        what = f"standardised mean difference, {target.names[-1]} less {target.names[0]}"
        return Balance(what, _named(standardised_difference(sets[1], sets[0])), earlier)
    largest = np.zeros(values.shape[1])
    for number, first in enumerate(sets):
        for second in sets[:number]:
            largest = np.maximum(largest, abs(standardised_difference(first, second)))
    return Balance("largest standardised mean difference between two classes", _named(largest))


def _named(values: Sequence[float] | Floats) -> dict[str, float]:
    return dict(zip(COVARIATES, (float(value) for value in values), strict=True))


def _correlations(values: Floats, label: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> list[float]:
    from scipy.stats import rankdata

    ranks = rankdata(label)
    return [
        float(np.corrcoef(rankdata(column), ranks)[0, 1]) if np.ptp(column) > 0 and np.ptp(ranks) > 0 else 0.0
        for column in values.T
    ]
