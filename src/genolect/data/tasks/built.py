"""A finished task: the table, what else is known of each example, and what a reader should know of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from genolect.data.labelled_table import LabelledTable, Target, Texts
from genolect.data.ragged import RaggedBases
from genolect.data.table_file import MOST_CLASSES
from genolect.data.tasks.assembly import Assembly
from genolect.data.tasks.background import MOST_N
from genolect.data.tasks.covariates import COVARIATES, Balance, balance, covariates
from genolect.data.tasks.grouping import blocks, linked_groups
from genolect.data.tasks.windows import Windows
from genolect.errors import InputError
from genolect.sequence.alphabet import reverse_complement

Floats = npt.NDArray[np.float64]

BLOCK_BASES = 100_000


@dataclass(frozen=True)
class BuiltTask:
    """A task.

    Attributes
    ----------
    table : LabelledTable
        The examples; every split is ''.
    columns : dict of str to ndarray of str, shape (n,)
        Further columns: parent, block, covariates, and what the kind of task adds.
    balance : Balance
        How much covariates tell about the label.
    notes : tuple of str
        What was left out or could not be had, counted.
    """

    table: LabelledTable
    columns: dict[str, Texts]
    balance: Balance
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Draft:
    """Examples before they are a table.

    Attributes
    ----------
    windows : Windows
        Where they lie, and what they belong to.
    sequences : RaggedBases
        Their sequences.
    target : Target
        What is to be predicted.
    columns : dict of str to ndarray of str
        Further columns.
    before : ndarray of float64, optional
        Covariates of an unmatched background.
    notes : tuple of str
        See `BuiltTask`.
    linked : ndarray of str, shape (n,), optional
        A further key: examples that share it are one group; '' links nothing.
    """

    windows: Windows
    sequences: RaggedBases
    target: Target
    columns: Mapping[str, Texts] = field(default_factory=dict)
    before: Floats | None = None
    notes: tuple[str, ...] = ()
    linked: Texts | None = None


def finish(name: str, draft: Draft) -> BuiltTask:
    """Make the table: a name, a group, a block and the covariates of each example.

    Parameters
    ----------
    name : str
        Name of the task.
    draft : Draft
        The examples.

    Returns
    -------
    BuiltTask
        The task. A group holds the examples that overlap, share a parent or are linked, or have one sequence on
        either strand.

    Raises
    ------
    InputError
        If there is no example, or only one class.

    Examples
    --------
    >>> from genolect.data.tasks.windows import Sites, windows_around
    >>> from genolect.sequence.alphabet import encode
    >>> windows = windows_around(Sites.of([("I", 4, 1, "a"), ("I", 9, -1, "b")]), 2, 3)
    >>> genome = Assembly.of_records({"I": encode("ACGTTACGGATTACA")})
    >>> target = Target("classes", ("no", "yes"), np.array([1, 0]))
    >>> task = finish("toy", Draft(windows, genome.sequences(windows.places), target))
    >>> task.table.identifier.tolist(), task.table.group.tolist(), task.columns["gc"].tolist()
    (['toy_1', 'toy_2'], ['a', 'b'], ['0.4', '0.4'])
    """
    places, parent, target = draft.windows.places, draft.windows.parent, draft.target
    if not parent.size:
        raise InputError(f"no example is left: {'; '.join(draft.notes)}", fix="ask for less, or give more")
    if target.kind == "classes" and (len(target.names) < 2 or min(target.count().values()) == 0):
        counted = ", ".join(f"{count:,} {label}" for label, count in target.count().items())
        raise InputError(f"there is nothing to tell apart: {counted}", fix="give examples of two classes at least")
    blank = np.full(parent.size, "", dtype=np.str_)
    linked = blank if draft.linked is None else draft.linked
    group = linked_groups(places, parent, _either_strand(draft.sequences), linked)
    identifier = np.array([f"{name}_{number}" for number in range(1, parent.size + 1)])
    table = LabelledTable(name, identifier, draft.sequences, target, blank, group, places)
    values = covariates(draft.sequences)
    measured = {key: _texts(values[:, COVARIATES.index(key)]) for key in COVARIATES[1:]}
    columns = {"parent": parent, "block": blocks(places, BLOCK_BASES), **draft.columns, **measured}
    return BuiltTask(table, columns, balance(values, target, draft.before), (*draft.notes, *_warning(target)))


def _warning(target: Target) -> tuple[str, ...]:
    """Say where whoever reads the table will take its numbers for classes."""
    if target.kind != "number" or (target.values % 1).any() or np.unique(target.values).size > MOST_CLASSES:
        return ()
    return ("the labels are few whole numbers: whoever reads them has to be told that they are a quantity",)


def usable(genome: Assembly, windows: Windows) -> tuple[Windows, npt.NDArray[np.int64], tuple[str, ...]]:
    """Leave out windows that leave their sequence, and those with more than 5 % N.

    Parameters
    ----------
    genome : Assembly
        The genome.
    windows : Windows
        n windows.

    Returns
    -------
    tuple
        The windows that are left, their indices, and what was left out, counted.

    Raises
    ------
    InputError
        If none is left.

    Examples
    --------
    >>> from genolect.data.tasks.windows import Sites, windows_around
    >>> from genolect.sequence.alphabet import encode
    >>> windows = windows_around(Sites.of([("I", 4, 1, "a"), ("I", 1, 1, "b")]), 2, 3)
    >>> left, indices, notes = usable(Assembly.of_records({"I": encode("ACGTTACGG")}), windows)
    >>> len(left), indices.tolist(), notes
    (1, [0], ('1 window leaves its sequence',))
    """
    inside = np.flatnonzero(genome.holds(windows.places))
    left = windows.select(inside)
    shares = covariates(genome.sequences(left.places))[:, COVARIATES.index("n")]
    known = shares <= MOST_N
    kept = inside[known]
    notes = []
    if gone := len(windows) - inside.size:
        notes.append(f"{gone:,} window{'s leave their' if gone > 1 else ' leaves its'} sequence")
    if unknown := int((~known).sum()):
        notes.append(f"{unknown:,} window{'s have' if unknown > 1 else ' has'} more than {MOST_N:.0%} N")
    if not kept.size:
        what = f"none of {len(windows):,} windows can be used: {', '.join(notes) or 'nothing was given'}"
        raise InputError(what, fix="use shorter windows, or places of exactly this genome")
    return windows.select(kept), kept, tuple(notes)


def two_classes(positives: int, negatives: int) -> Target:
    """Give the label of examples that stand before their background: 1 and 0.

    Examples
    --------
    >>> two_classes(2, 1).values.tolist()
    [1, 1, 0]
    """
    return Target("classes", ("0", "1"), np.repeat(np.array([1, 0], dtype=np.int64), [positives, negatives]))


def _either_strand(sequences: RaggedBases) -> Texts:
    """Give sequences that are equal, or each other's reverse complement, one key."""
    read = ((bases.tobytes(), reverse_complement(bases).tobytes()) for bases in sequences.plain())
    return np.array([blake2b(min(pair), digest_size=16).hexdigest() for pair in read], dtype=np.str_)


def _texts(values: Floats) -> Texts:
    return np.array([f"{value:.4g}" for value in values.tolist()], dtype=np.str_)
