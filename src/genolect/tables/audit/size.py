"""Findings about size: how many independent examples a part is worth, and what difference it could show.

Axes: n examples, G clusters.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from genolect.arrays import Integers
from genolect.statistics.power import POWER, detectable_difference, foreseen_auroc_error
from genolect.tables.audit.finding import Examined, Finding, look, percent
from genolect.tables.relatives import TableParts
from genolect.tables.table import LabelledTable

LEVEL = 0.05
EXPECTED_AUROC = 0.8
EXPECTED_CORRELATION = 0.5
FINE_DIFFERENCE = 0.05
"""A difference that a test set should be able to show."""

UNDIVIDED_SHARE = 0.2


def kish_size(cluster: Integers) -> float:
    """Give the number of independent examples that clustered ones are worth if the members of a cluster are all alike.

    Parameters
    ----------
    cluster : ndarray of int64, shape (n,)
        Cluster of each example.

    Returns
    -------
    float
        (Σ n_g)² / Σ n_g² (Kish 1965), between 1 and n.

    Examples
    --------
    >>> kish_size(np.array([0, 1, 2, 3])), kish_size(np.array([0, 0, 0, 1]))
    (4.0, 1.6)
    """
    sizes = np.unique(cluster, return_counts=True)[1].astype(np.float64)
    return float(sizes.sum() ** 2 / (sizes**2).sum()) if sizes.size else 0.0


def detectable_auroc(positives: int, negatives: int, size: float, *, expected: float = EXPECTED_AUROC) -> float:
    """Give the smallest difference of two AUROCs that is found with 80 % power (two-sided, 5 %).

    Parameters
    ----------
    positives, negatives : int
        Examples of either kind.
    size : float
        How many independent examples they are worth, more than two.
    expected : float
        The AUROC that is expected.

    Returns
    -------
    float
        For two models that err independently. Asked about the same examples they err alike, so that less is enough:
        this is a limit from above.

    Examples
    --------
    >>> round(detectable_auroc(121, 121, 242), 3), round(detectable_auroc(121, 121, 121), 3)
    (0.113, 0.161)
    """
    effect = (positives + negatives) / size
    error = foreseen_auroc_error(positives, negatives, auroc=expected, design_effect=effect)
    return detectable_difference(float(np.sqrt(2)) * error, size, power=POWER)


def detectable_correlation(n: float, expected: float = EXPECTED_CORRELATION) -> float:
    """Give the smallest difference of two independent correlations that is found with 80 % power (two-sided, 5 %).

    Parameters
    ----------
    n : float
        Independent examples, more than three.
    expected : float
        The correlation that is expected.

    Returns
    -------
    float
        By Fisher's transformation (1921).

    Examples
    --------
    >>> round(detectable_correlation(200), 3)
    0.212
    """
    return float(_quantiles() * np.sqrt(2 / (n - 3)) * (1 - expected**2))


def _quantiles() -> float:
    return float(norm.isf(LEVEL / 2) + norm.ppf(POWER))


def size_finding(table: LabelledTable, cluster: Integers, parts: TableParts) -> Finding:
    """Say how much the tested part can tell.

    Parameters
    ----------
    table : LabelledTable
        The table.
    cluster : ndarray of int64, shape (n,)
        What is linked by copies, places or groups.
    parts : TableParts
        Its parts.

    Returns
    -------
    Finding
        A note where a difference of 0.05 could not be shown, or one cluster holds more than a fifth of the table.
    """
    part = min(parts.tested, key=lambda number: parts.sizes[number])
    share = 1.0 if parts.divided else UNDIVIDED_SHARE
    here = parts.code == part
    n, size, clusters = int(here.sum() * share), kish_size(cluster[here]) * share, int(np.unique(cluster[here]).size)
    largest = float(np.bincount(cluster).max() / len(table))
    smallest = _smallest(table, here, size, float(here.sum()))
    numbers: dict[str, Any] = {
        "part": parts.shown(part) if parts.divided else "",
        "n": n,
        "effective_size": size,
        "design_effect": n / size if size else None,
        "clusters": clusters,
        "largest_cluster_share": largest,
        "smallest_detectable": smallest,
        "power": POWER,
    }
    name = parts.shown(part) if parts.divided else "a fifth of the table as test"
    sentence = f"{name}: {n:,} examples, worth {size:,.0f} independent ones at worst"
    measure = "Pearson" if table.target.kind == "number" else "AUROC"
    sentence += f" ({clusters:,} clusters{'' if parts.divided else ' in all'}, the largest {percent(largest)})"
    found = "no difference can be told" if smallest is None else f"a difference of {smallest:.3f} {measure} or more"
    sentence += f"; {found}{'' if smallest is None else ' is found four times in five'}."
    if largest > UNDIVIDED_SHARE:
        fix = "one cluster cannot be divided: raise --threshold, or remove what links it"
        return Finding("effective size", "note", sentence, fix, numbers)
    poor = smallest is None or smallest > FINE_DIFFERENCE
    return Finding("effective size", "note" if poor else "ok", sentence, "test on more" if poor else "", numbers)


def _smallest(table: LabelledTable, here: npt.NDArray[np.bool_], size: float, n: float) -> float | None:
    """Give the smallest detectable difference, for classes that of the rarest against the rest."""
    if table.target.kind == "number":
        return detectable_correlation(size) if size > 4 else None
    counts = [count for count in table.target.select(here).count().values() if count]
    if table.target.kind == "classes" and len(counts) < 2:
        return None
    rare = min(counts, default=0)
    if min(rare, n - rare) * size / n <= 1 or size <= 2:
        return None
    smallest = detectable_auroc(rare, int(n) - rare, size)
    return smallest if smallest < 0.5 else None


@look(80)
def _size(examined: Examined) -> list[Finding]:
    return [size_finding(examined.table, examined.kinship.cluster, examined.parts)]
