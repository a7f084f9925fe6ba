"""Which examples lie on the same bases of a genome, and which lie near each other.

Axes: n examples, P pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genolect.data.labelled_table import Places

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PlacePairs:
    """Pairs of examples whose places overlap, or lie no further apart than a margin.

    Attributes
    ----------
    first, second : ndarray of int64, shape (P,)
        The examples, first before second.
    bases : ndarray of int64, shape (P,)
        Bases that both cover; 0 or negative for neighbours: minus the number of bases between them.
    share : ndarray of float64, shape (P,)
        Those bases over the length of the shorter.
    """

    first: Integers
    second: Integers
    bases: Integers
    share: npt.NDArray[np.float64]


def place_pairs(places: Places, margin: int = 0) -> PlacePairs:
    """Find all pairs of places that overlap, on whichever strands.

    Parameters
    ----------
    places : Places
        Where the examples lie; those without a place have no partner.
    margin : int
        Neighbours with fewer bases than this between them count too.

    Returns
    -------
    PlacePairs
        Each pair once.

    Examples
    --------
    >>> name, strand = np.array(["I", "I", "II", "I"]), np.zeros(4, dtype=np.int8)
    >>> places = Places(name, np.array([0, 6, 6, 15]), np.array([10, 16, 16, 20]), strand)
    >>> pairs = place_pairs(places)
    >>> pairs.first.tolist(), pairs.second.tolist(), pairs.bases.tolist(), pairs.share.tolist()
    ([0, 1], [1, 3], [4, 1], [0.4, 0.2])
    """
    order = genome_order(places)
    names = np.unique(places.name[order], return_inverse=True)[1]
    start, end = places.start[order], places.end[order]
    # One line for all sequences: each begins where no place of the one before can reach.
    room = int(end.max(initial=0)) + margin + 1
    begins = start + names * room
    reach = np.searchsorted(begins, end + margin + names * room, side="left")
    partners = reach - np.arange(order.size) - 1
    one = np.repeat(np.arange(order.size), partners)
    two = np.arange(one.size) - np.repeat(np.cumsum(partners) - partners, partners) + one + 1
    bases = np.minimum(end[one], end[two]) - start[two]
    share = np.maximum(bases, 0) / np.minimum(end[one] - start[one], end[two] - start[two])
    first, second = np.minimum(order[one], order[two]), np.maximum(order[one], order[two])
    sort = np.lexsort((second, first))
    return PlacePairs(first[sort], second[sort], bases[sort], share[sort])


def genome_order(places: Places) -> Integers:
    """Give the examples that have a place in the order of a genome: by name, start and end.

    Examples
    --------
    >>> name, strand = np.array(["b", "a", "", "a"]), np.zeros(4, dtype=np.int8)
    >>> genome_order(Places(name, np.array([3, 7, -1, 2]), np.array([9, 9, -1, 9]), strand)).tolist()
    [3, 1, 0]
    """
    known = np.flatnonzero(places.known)
    order: Integers = known[np.lexsort((places.end[known], places.start[known], places.name[known]))]
    return order
