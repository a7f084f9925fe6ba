"""What must stay together when examples are divided: everything that is linked, by any chain of links.

Single linkage is the only clustering after which no pair above the threshold is torn apart; its price is that chains of
links can make one large cluster, and how large the largest is must be said.

Axes: n examples, P pairs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from genolect.data.ragged import RaggedBases
from genolect.data.similarity import THRESHOLD, Copies, NearPairs, exact_copies, near_pairs

Integers = npt.NDArray[np.int64]


def linked(n: int, *pairs: tuple[Integers, Integers]) -> Integers:
    """Put together whatever is linked, directly or by others.

    Parameters
    ----------
    n : int
        Examples.
    *pairs : tuple of ndarray of int, each of shape (P,)
        Links between examples; any number of sets.

    Returns
    -------
    ndarray of int64, shape (n,)
        Component of each example: 0-based without holes, in the order of first members.

    Examples
    --------
    >>> linked(5, (np.array([0]), np.array([3])), (np.array([4]), np.array([3]))).tolist()
    [0, 1, 2, 0, 0]
    """
    first, second = (np.concatenate([np.empty(0, dtype=np.int64), *ends]) for ends in zip(*pairs, strict=True))
    graph = coo_matrix((np.ones(first.size, dtype=np.bool_), (first, second)), shape=(n, n))
    return in_order(connected_components(graph, directed=False)[1])


def same_name(names: npt.NDArray[np.str_] | Integers) -> tuple[Integers, Integers]:
    """Link the examples of the same name; an empty name links nothing.

    Parameters
    ----------
    names : ndarray of str or int, shape (n,)
        Name or number of each example.

    Returns
    -------
    tuple of ndarray of int64
        Links, each from an example to the next with its name.

    Examples
    --------
    >>> [ends.tolist() for ends in same_name(np.array(["a", "", "b", "a", ""]))]
    [[0], [3]]
    """
    order = np.argsort(names, kind="stable")
    ordered = names[order]
    same = ordered[1:] == ordered[:-1]
    if names.dtype.kind == "U":
        same &= ordered[1:] != ""
    return order[:-1][same].astype(np.int64), order[1:][same].astype(np.int64)


def in_order(groups: npt.NDArray[np.generic]) -> Integers:
    """Number groups in the order of their first members.

    Examples
    --------
    >>> in_order(np.array([7, 2, 7, 5])).tolist()
    [0, 1, 0, 2]
    """
    _, first, number = np.unique(groups, return_index=True, return_inverse=True)
    rank = np.empty(first.size, dtype=np.int64)
    rank[np.argsort(first)] = np.arange(first.size)
    return rank[number]


def homology_clusters(
    sequences: RaggedBases,
    threshold: float = THRESHOLD,
    *,
    copies: Copies | None = None,
    pairs: NearPairs | None = None,
) -> Integers:
    """Cluster sequences by single linkage over pairs that share words, on either strand.

    Parameters
    ----------
    sequences : RaggedBases
        The sequences.
    threshold : float
        Least containment that links two.
    copies, pairs : optional
        From `data.similarity`, where they are known already; `pairs` at this threshold or a lower one.

    Returns
    -------
    ndarray of int64, shape (n,)
        Cluster of each, numbered in the order of first members.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> one = encode("ACGTTGCAATCGGATTACAGCCATGTCAAGTCCGATAGCTTACG")
    >>> two = encode("TTTTGGGCACCCAGTGAGATATAACGCGGCTAGAAACAACTGTA")
    >>> homology_clusters(RaggedBases.of([one, two, one[3:], two[::-1]])).tolist()
    [0, 1, 0, 2]
    """
    copies = exact_copies(sequences) if copies is None else copies
    pairs = near_pairs(sequences, threshold, copies=copies) if pairs is None else pairs
    strong = pairs.containment >= threshold
    return linked(len(sequences), same_name(copies.group), (pairs.first[strong], pairs.second[strong]))
