"""The nearest unused candidate for each example: how a background is made alike without looking at any label.

Axes: n examples, m candidates, F features.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

NEIGHBOURS = 32
"""Candidates looked at for one example before all of them are."""


class Occupied:
    """Stretches of one sequence that are taken; none of them overlap.

    Examples
    --------
    >>> taken = Occupied()
    >>> taken.claim(3, 9), taken.claim(8, 11), taken.claim(9, 11)
    (True, False, True)
    """

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []

    def claim(self, start: int, end: int) -> bool:
        """Take a stretch if all of it is free, and say whether it was."""
        at = bisect_left(self._spans, (start, end))
        if at < len(self._spans) and self._spans[at][0] < end:
            return False
        if at > 0 and self._spans[at - 1][1] > start:
            return False
        insort(self._spans, (start, end))
        return True


def match_nearest(
    wanted: Floats,
    offered: Floats,
    claim: Callable[[int], bool],
    generator: np.random.Generator,
) -> Integers:
    """Give each example, in random order, the nearest candidate that can still be claimed.

    Parameters
    ----------
    wanted : ndarray of float64, shape (n, F)
        Features of the examples, in units in which they count alike.
    offered : ndarray of float64, shape (m, F)
        Features of the candidates.
    claim : callable
        Takes a candidate and says whether it was free.
    generator : numpy.random.Generator
        Draws the order.

    Returns
    -------
    ndarray of int64, shape (n,)
        The candidate of each example; -1 where none was left.

    Examples
    --------
    >>> free = {0, 1, 2}
    >>> def claim(candidate):
    ...     found = candidate in free
    ...     free.discard(candidate)
    ...     return found
    >>> wanted, offered = np.array([[0.1], [0.9]]), np.array([[1.0], [0.0], [5.0]])
    >>> match_nearest(wanted, offered, claim, np.random.default_rng(3)).tolist()
    [1, 0]
    """
    matches = np.full(len(wanted), -1, dtype=np.int64)
    if not len(offered):
        return matches
    near = KDTree(offered).query(wanted, k=min(NEIGHBOURS, len(offered)))[1].reshape(len(wanted), -1)
    for example in generator.permutation(len(wanted)).tolist():
        found = next((candidate for candidate in near[example].tolist() if claim(candidate)), -1)
        if found < 0 and len(offered) > NEIGHBOURS:
            order = np.argsort(((offered - wanted[example]) ** 2).sum(axis=1), kind="stable")
            found = next((candidate for candidate in order.tolist() if claim(candidate)), -1)
        matches[example] = found
    return matches
