"""Who is related to whom in a labelled table, and what relatives in other parts give away.

Axes: n examples, G groups of exact copies, K classes or label columns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix, csr_matrix

from genolect.data.homology import linked, same_name
from genolect.data.labelled_table import LabelledTable, Target
from genolect.data.mmseqs import RemotePairs, remote_pairs
from genolect.data.overlap import PlacePairs, place_pairs
from genolect.data.similarity import THRESHOLD, Copies, NearPairs, exact_copies, near_pairs

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

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
    >>> from genolect.data.labelled_table import Places, Target
    >>> from genolect.data.ragged import RaggedBases
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
