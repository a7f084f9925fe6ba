"""What a split must not tear apart: windows that overlap, or that belong to one gene or region."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from genolect.data.labelled_table import Places, Texts

Integers = npt.NDArray[np.int64]


def overlap_clusters(places: Places, apart: int = 0) -> Integers:
    """Number the clusters of places that overlap, whatever their strands.

    Parameters
    ----------
    places : Places
        n places; those that are not known are alone.
    apart : int
        Bases between two places that still count as overlapping are fewer than this.

    Returns
    -------
    ndarray of int64, shape (n,)
        Cluster of each place.

    Examples
    --------
    >>> start = np.array([10, 4, 20])
    >>> places = Places(np.array(["I", "I", "I"]), start, start + 7, np.ones(3, dtype=np.int8))
    >>> overlap_clusters(places).tolist(), overlap_clusters(places, 4).tolist()
    ([0, 0, 1], [0, 0, 0])
    """
    order = np.lexsort((places.start, places.name))
    name, start, end, known = places.name[order], places.start[order], places.end[order], places.known[order]
    clusters = np.empty(order.size, dtype=np.int64)
    number, reach = -1, -1
    before = ""
    for place, (here, first, last, there) in enumerate(
        zip(name.tolist(), start.tolist(), end.tolist(), known.tolist(), strict=True)
    ):
        if not there or here != before or first >= reach + apart:
            number, reach = number + 1, last
        reach, before = max(reach, last), here
        clusters[order[place]] = number
    return clusters


def linked_groups(places: Places, parents: Texts, *further: Texts) -> Texts:
    """Group windows that overlap or share a parent, and everything that is linked through them.

    Parameters
    ----------
    places : Places
        n windows.
    parents : ndarray of str, shape (n,)
        Gene or region of each; '' links nothing.
    *further : ndarray of str, shape (n,)
        Further keys of the same kind.

    Returns
    -------
    ndarray of str, shape (n,)
        A name for each group: the first parent in it, or the place of its first window.

    Examples
    --------
    >>> start = np.array([0, 90, 5, 40])
    >>> places = Places(np.array(["I"] * 4), start, start + 9, np.ones(4, dtype=np.int8))
    >>> linked_groups(places, np.array(["a", "a", "b", ""])).tolist()
    ['a', 'a', 'a', 'I:40-49']
    """
    n = parents.size
    edges = [(np.arange(n), overlap_clusters(places))]
    for keys in (parents, *further):
        rows = np.flatnonzero(keys != "")
        edges.append((rows, np.unique(keys[rows], return_inverse=True)[1].astype(np.int64)))
    size = n
    shifted = []
    for _, numbers in edges:
        shifted.append(numbers + size)
        size += int(numbers.max(initial=-1)) + 1
    left, right = np.concatenate([members for members, _ in edges]), np.concatenate(shifted)
    graph = coo_array((np.ones(left.size, dtype=np.int8), (left, right)), shape=(size, size))
    component = connected_components(graph, directed=False)[1][:n]
    return _named(component.astype(np.int64), places, parents)


def _named(component: Integers, places: Places, parents: Texts) -> Texts:
    names: dict[int, str] = {}
    for number, parent in zip(component.tolist(), parents.tolist(), strict=True):
        if parent:
            names.setdefault(number, parent)
    spans = zip(component.tolist(), places.name.tolist(), places.start.tolist(), places.end.tolist(), strict=True)
    for number, name, start, end in spans:
        names.setdefault(number, f"{name}:{start}-{end}")
    return np.array([names[number] for number in component.tolist()], dtype=np.str_)


def blocks(places: Places, block_bases: int) -> Texts:
    """Name the stretch of the genome that holds the middle of each window: the unit to resample in statistics.

    Parameters
    ----------
    places : Places
        n windows.
    block_bases : int
        Bases per stretch.

    Returns
    -------
    ndarray of str, shape (n,)
        '' where the place is not known.

    Examples
    --------
    >>> places = Places(np.array(["I", ""]), np.array([95, -1]), np.array([109, -1]), np.zeros(2, dtype=np.int8))
    >>> blocks(places, 100).tolist()
    ['I:100', '']
    """
    first = (places.start + places.end) // 2 // block_bases * block_bases
    named = [f"{name}:{start}" for name, start in zip(places.name.tolist(), first.tolist(), strict=True)]
    return np.where(places.known, np.array(named, dtype=np.str_), "")
