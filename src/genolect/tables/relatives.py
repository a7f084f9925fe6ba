"""Who is related to whom in a labelled table, and what relatives in other parts give away.

Axes: n examples, G groups of exact copies, K classes or label columns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

from genolect.arrays import Floats, Integers
from genolect.sequence.copies import Copies, exact_copies
from genolect.tables.mmseqs import RemotePairs, remote_pairs
from genolect.tables.similarity import THRESHOLD, NearPairs, near_pairs
from genolect.tables.table import LabelledTable, Places, Target


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


TRAINING_NAMES = ("train", "training")


@dataclass(frozen=True)
class Kinship:
    """All relations in a table.

    Attributes
    ----------
    copies : Copies
        Equal sequences, on either strand.
    pairs : NearPairs
        Sequences that share words.
    overlaps : PlacePairs
        Examples that share bases of the genome.
    cluster : ndarray of int64, shape (n,)
        What any chain of these, or the same group, links.
    remote : RemotePairs, optional
        Sequences that align, where they were looked for.
    """

    copies: Copies
    pairs: NearPairs
    overlaps: PlacePairs
    cluster: Integers
    remote: RemotePairs | None = None

    @property
    def links(self) -> list[tuple[Integers, Integers]]:
        """Pairs of all relations but the groups, which together link every relative."""
        known = [(self.pairs.first, self.pairs.second), (self.overlaps.first, self.overlaps.second)]
        if self.remote is not None:
            known.append((self.remote.first, self.remote.second))
        return [same_name(self.copies.group), *known]


def find_kinship(table: LabelledTable, threshold: float = THRESHOLD, *, remote: bool = False) -> Kinship:
    """Find all relations in a table.

    Parameters
    ----------
    table : LabelledTable
        The table.
    threshold : float
        Least containment of a near copy.
    remote : bool
        Whether relatives too remote for that are looked for, with MMseqs2.

    Returns
    -------
    Kinship
        The relations.

    Raises
    ------
    MachineError
        If MMseqs2 is asked for and not installed, or fails.

    Examples
    --------
    >>> from genolect.tables.table import Places, Target
    >>> from genolect.sequence.ragged import RaggedBases
    >>> from genolect.sequence.alphabet import encode
    >>> blank, label = np.array(["", "", ""]), Target("number", ("y",), np.arange(3.0))
    >>> sequences = RaggedBases.of(map(encode, ("ACGG", "TTTT", "CCGT")))
    >>> table = LabelledTable("toy", np.array(["a", "b", "c"]), sequences, label, blank, blank, Places.unknown(3))
    >>> find_kinship(table).cluster.tolist()
    [0, 1, 0]
    """
    copies = exact_copies(table.sequences)
    pairs = near_pairs(table.sequences, threshold, copies=copies)
    overlaps = place_pairs(table.places)
    far = remote_pairs(table.sequences, copies=copies) if remote else None
    alone = Kinship(copies, pairs, overlaps, np.arange(len(table)), far)
    return replace(alone, cluster=linked(len(table), *alone.links, same_name(table.group)))


@dataclass(frozen=True)
class TableParts:
    """The parts that a table has, whatever they are called.

    Attributes
    ----------
    names : tuple of str
        The parts; one alone where there is no split.
    code : ndarray of int64, shape (n,)
        Part of each example.
    """

    names: tuple[str, ...]
    code: Integers

    @classmethod
    def of(cls, table: LabelledTable) -> TableParts:
        """Read the parts of a table."""
        names, code = np.unique(table.split, return_inverse=True)
        return cls(tuple(names.tolist()), code.astype(np.int64))

    @property
    def divided(self) -> bool:
        """Whether there is more than one."""
        return len(self.names) > 1

    @cached_property
    def sizes(self) -> list[int]:
        """Examples of each part."""
        return [int(size) for size in np.bincount(self.code, minlength=len(self.names))]

    @property
    def training(self) -> int:
        """The part that is taken for training: the one called so, else the largest."""
        for number, name in enumerate(self.names):
            if name.lower() in TRAINING_NAMES:
                return number
        return int(np.argmax(self.sizes))

    @property
    def tested(self) -> list[int]:
        """The other parts; where there is no split, the one that there is."""
        others = [number for number in range(len(self.names)) if number != self.training]
        return others or [0]

    def shown(self, number: int) -> str:
        """Name a part in a sentence."""
        return self.names[number] or "(no part named)"


def label_matrix(target: Target) -> Floats:
    """Write labels as numbers: one column per class or label, NaN where not known.

    Parameters
    ----------
    target : Target
        The labels.

    Returns
    -------
    ndarray of float64, shape (n, K)
        0 and 1 for classes and yes-or-no labels; the number itself.

    Examples
    --------
    >>> label_matrix(Target("classes", ("a", "b"), np.array([1, 0]))).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    if target.kind == "classes":
        return np.eye(len(target.names))[target.values.astype(np.int64)]
    return target.values.astype(np.float64).reshape(len(target), -1)


class Seen(NamedTuple):
    """What the relatives of examples in other parts say.

    Attributes
    ----------
    relatives : ndarray of int64, shape (n,)
        How many there are; where the table has one part only, in the whole table.
    labels : ndarray of float64, shape (n, K)
        Mean of their labels, weighted by how alike they are; NaN where there is none.
    """

    relatives: Integers
    labels: Floats


def seen_elsewhere(
    parts: TableParts, labels: Floats, group: Integers, links: tuple[Integers, Integers, Floats], *, own: bool = True
) -> Seen:
    """Collect what the relatives in other parts are labelled as.

    Parameters
    ----------
    parts : TableParts
        The parts.
    labels : ndarray of float64, shape (n, K)
        From `label_matrix`.
    group : ndarray of int64, shape (n,)
        Group of each example, 0-based without holes.
    links : tuple of ndarray
        Pairs of groups, and their weights.
    own : bool
        Whether members of the same group are relatives.

    Returns
    -------
    Seen
        For each example.

    Examples
    --------
    >>> parts = TableParts(("test", "train"), np.array([0, 1, 1]))
    >>> nothing = np.empty(0, dtype=np.int64)
    >>> seen = seen_elsewhere(parts, np.array([[1.0], [1.0], [0.0]]), np.array([0, 0, 1]), (nothing, nothing, nothing))
    >>> seen.relatives.tolist(), seen.labels.ravel().tolist()
    ([1, 1, 0], [1.0, 1.0, nan])
    """
    n, count = group.size, int(group.max(initial=-1)) + 1
    first, second, weight = links
    itself = np.arange(count if own else 0)
    rows, columns = np.concatenate([first, second, itself]), np.concatenate([second, first, itself])
    weights = np.concatenate([weight, weight, np.ones(itself.size)])
    closeness = csr_matrix(coo_matrix((weights, (rows, columns)), shape=(count, count)))
    linkage = closeness.astype(bool).astype(np.float64)
    known, given = np.isfinite(labels), np.nan_to_num(labels)
    relatives, means = np.zeros(n, dtype=np.int64), np.full(labels.shape, np.nan)
    for part in range(len(parts.names)):
        here = parts.code == part
        others = np.ones(n, dtype=np.bool_) if not parts.divided else ~here
        gather = csr_matrix((others.astype(np.float64), (group, np.arange(n))), shape=(count, n))
        met = (linkage @ (gather @ np.ones(n)))[group]
        total = (closeness @ (gather @ given))[group]
        mass = (closeness @ (gather @ known.astype(np.float64)))[group]
        if not parts.divided and own:
            met, total, mass = met - 1, total - given, mass - known
        relatives[here] = np.rint(met[here]).astype(np.int64)
        mean = np.full(labels.shape, np.nan)
        np.divide(total, mass, out=mean, where=mass > 1e-9)
        means[here] = mean[here]
    return Seen(relatives, means)


def copier_score(target: Target, seen: Seen, where: npt.NDArray[np.bool_]) -> dict[str, Any] | None:
    """Score the guess that an example has the label of its relatives, where it has some.

    Parameters
    ----------
    target : Target
        The labels.
    seen : Seen
        What the relatives are labelled as.
    where : ndarray of bool, shape (n,)
        The examples that are asked about.

    Returns
    -------
    dict or None
        ``metric``, ``value`` on those with relatives, ``majority`` (the most frequent class among the same), and ``n``;
        of classes also ``overall``, with the most frequent class of the others for these. None where fewer than five
        have relatives, or the labels do not differ.

    Examples
    --------
    >>> target = Target("classes", ("a", "b"), np.array([0, 0, 1, 1, 0]))
    >>> relatives = Seen(np.ones(5, dtype=np.int64), np.eye(2)[[0, 0, 1, 0, 0]])
    >>> copier_score(target, relatives, np.ones(5, dtype=bool))
    {'metric': 'accuracy', 'value': 0.8, 'majority': 0.6, 'n': 5, 'overall': 0.8}
    """
    truth = label_matrix(target)
    told = where & np.isfinite(seen.labels).all(axis=1) & np.isfinite(truth).all(axis=1)
    n = int(told.sum())
    if n < 5:
        return None
    truth, guess = truth[told], seen.labels[told]
    if target.kind == "number":
        if min(float(truth.std()), float(guess.std())) == 0:
            return None
        value = float(np.corrcoef(truth[:, 0], guess[:, 0])[0, 1])
        return {"metric": "Pearson", "value": value, "majority": 0.0, "n": n}
    if target.kind == "classes":
        right = truth.argmax(axis=1) == guess.argmax(axis=1)
        others = label_matrix(target)[where & ~told].sum(axis=0).max(initial=0)
        overall = float((right.sum() + others) / where.sum())
        common = float(truth.mean(axis=0).max())
        return {"metric": "accuracy", "value": float(right.mean()), "majority": common, "n": n, "overall": overall}
    common = float(np.maximum(truth.mean(axis=0), 1 - truth.mean(axis=0)).mean())
    return {"metric": "accuracy", "value": float(((guess > 0.5) == (truth > 0.5)).mean()), "majority": common, "n": n}
