"""A labelled task as a table: for each example its sequence, its label, and what a fair split has to know of it.

Axes: n examples, K classes or label columns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genolect.arrays import Integers
from genolect.errors import ConfigurationError
from genolect.sequence.ragged import RaggedBases
from genolect.statistics.names import ROLES, Kind

Texts = npt.NDArray[np.str_]
Which = npt.NDArray[np.bool_] | Integers

UNKNOWN = -1


@dataclass(frozen=True)
class Target:
    """What is to be predicted.

    Attributes
    ----------
    kind : {'classes', 'multilabel', 'number'}
        One of K classes; K yes-or-no columns; one number.
    names : tuple of str
        The classes, sorted; the columns; the one column.
    values : ndarray
        Class codes, int64, shape (n,); or float64, shape (n, K), of 0, 1 and NaN where unknown; or float64, shape (n,).

    Examples
    --------
    >>> target = Target("classes", ("a", "b"), np.array([1, 0, 1]))
    >>> target.count(), target.select(np.array([0, 2])).count()
    ({'a': 1, 'b': 2}, {'a': 0, 'b': 2})
    """

    kind: Kind
    names: tuple[str, ...]
    values: npt.NDArray[np.int64] | npt.NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.values)

    def select(self, which: Which) -> Target:
        """Give that of some examples; the names stay."""
        return replace(self, values=self.values[which])

    @property
    def loss_scale(self) -> float:
        """What losses are divided by: the variance of numbers, so that guessing their mean costs 1; 1 for labels."""
        return (float(self.values.var()) if self.kind == "number" else 1.0) or 1.0

    def count(self) -> dict[str, int]:
        """Give the examples of each class, the positives of each column, or the examples."""
        if self.kind == "classes":
            counts = np.bincount(self.values.astype(np.int64), minlength=len(self.names)).tolist()
        elif self.kind == "multilabel":
            counts = np.nansum(self.values, axis=0).astype(int).tolist()
        else:
            counts = [len(self)]
        return dict(zip(self.names, counts, strict=True))


@dataclass(frozen=True)
class Places:
    """Where examples lie on a genome; 0-based half-open.

    Attributes
    ----------
    name : ndarray of str, shape (n,)
        Sequence of the genome; '' where not known.
    start, end : ndarray of int64, shape (n,)
        Place on the plus strand; -1 where not known.
    strand : ndarray of int8, shape (n,)
        +1, -1, or 0 where there is none; it may be known where the place is not.
    """

    name: Texts
    start: Integers
    end: Integers
    strand: npt.NDArray[np.int8]

    @classmethod
    def unknown(cls, n: int, strand: int = 0) -> Places:
        """Give n examples of which no place is known; they may all be known to be written on one strand."""
        nowhere = np.full(n, UNKNOWN, dtype=np.int64)
        return cls(np.full(n, "", dtype=np.str_), nowhere, nowhere, np.full(n, strand, dtype=np.int8))

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Which examples have a place, shape (n,)."""
        known: npt.NDArray[np.bool_] = (self.name != "") & (self.start >= 0)
        return known

    def select(self, which: Which) -> Places:
        """Give those of some examples."""
        return Places(self.name[which], self.start[which], self.end[which], self.strand[which])


@dataclass(frozen=True)
class LabelledTable:
    """n labelled examples.

    Attributes
    ----------
    name : str
        What reports call the task.
    identifier : ndarray of str, shape (n,)
        Name of each example, unique.
    sequences : RaggedBases
        The sequences, 5' to 3' on the strand of the example.
    target : Target
        What is to be predicted.
    split : ndarray of str, shape (n,)
        Part that each example belongs to; '' where the table says none.
    group : ndarray of str, shape (n,)
        What must not be torn apart by a split (gene, element, cluster); '' where the table says none.
    places : Places
        Where the examples lie.
    remarks : tuple of str
        What the table says of itself, e.g. of leaks that were allowed when it was divided; to be shown beside every
        figure.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> sequences = RaggedBases.of([encode("ACGT"), encode("GG")])
    >>> blank = np.array(["", ""])
    >>> table = LabelledTable("toy", np.array(["x", "y"]), sequences,
    ...     Target("number", ("score",), np.array([0.5, 2.0])), blank, blank, Places.unknown(2))
    >>> len(table), table.select(np.array([1])).sequences.letters(0)
    (2, 'GG')
    """

    name: str
    identifier: Texts
    sequences: RaggedBases
    target: Target
    split: Texts
    group: Texts
    places: Places
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of examples."""
        return int(self.identifier.size)

    def select(self, which: Which) -> LabelledTable:
        """Take some of the examples, by a mask or by indices, in that order.

        Parameters
        ----------
        which : ndarray of bool, shape (n,), or of int
            Which.

        Returns
        -------
        LabelledTable
            The same columns.
        """
        return replace(
            self,
            identifier=self.identifier[which],
            sequences=self.sequences.select(which),
            target=self.target.select(which),
            split=self.split[which],
            group=self.group[which],
            places=self.places.select(which),
        )

    def parts(self) -> Parts:
        """Divide by the roles train, validation and test.

        Raises
        ------
        ConfigurationError
            If a role has no examples, or an example has another role or none.
        """
        found = np.unique(self.split).tolist()
        if sorted(found) != sorted(ROLES):
            given = ", ".join(repr(role) for role in found)
            fix = "divide it with genolect split, or name the parts train, validation and test in the column split"
            raise ConfigurationError(f"{self.name} has the parts {given}", fix=fix)
        return Parts(*(self.select(self.split == role) for role in ROLES))


class Parts(NamedTuple):
    """A table divided."""

    train: LabelledTable
    validation: LabelledTable
    test: LabelledTable
