"""A finished task: the table, what else is known of each example, and what a reader should know of the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from genolect.arrays import Floats, Integers
from genolect.config import Configuration
from genolect.errors import InputError
from genolect.random import derived_generator
from genolect.sequence.alphabet import reverse_complement
from genolect.sequence.ragged import RaggedBases
from genolect.sequence.shuffle import shuffle_doublets
from genolect.tables.table import LabelledTable, Places, Target, Texts
from genolect.tables.table_file import MOST_CLASSES
from genolect.tasks.assembly import Assembly, Windows, joined
from genolect.tasks.background import COVARIATES, MOST_N, Balance, balance, covariates, matched_background


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
    >>> from genolect.tasks.assembly import Sites, windows_around
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
    >>> from genolect.tasks.assembly import Sites, windows_around
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


def counted(count: int, what: str) -> tuple[str, ...]:
    """Give the note on what was left out, and none where nothing was.

    Examples
    --------
    >>> counted(2, "sites overlap"), counted(0, "sites overlap")
    (('2 sites overlap',), ())
    """
    return (f"{count:,} {what}",) if count else ()


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


class NegativeOptions(Configuration):
    """What examples are compared with."""

    negatives: Literal["matched", "shuffled", "both"] = Field(
        "matched", description="Places of the genome, shuffles that keep doublets, or as many of each."
    )
    per_positive: int = Field(1, ge=1, description="How many of a kind for each example.")
    margin: int | None = Field(
        None, ge=0, description="Bases between matched places and examples (default: the longest example)."
    )
    seed: int = Field(0, description="Seed of everything random.")


def with_negatives(
    genome: Assembly, positives: Windows, options: NegativeOptions, avoid: Sequence[Places] = ()
) -> Draft:
    """Put examples (class 1) and what they are compared with (class 0) together.

    Parameters
    ----------
    genome : Assembly
        The genome.
    positives : Windows
        The examples.
    options : NegativeOptions
        What they are compared with.
    avoid : sequence of Places
        Places that matched background keeps away from, beside the examples.

    Returns
    -------
    Draft
        Examples, then matched places, then shuffles; the column ``negative`` tells which. A shuffle belongs to the
        parent of its example, so that a split by group keeps both on one side.

    Raises
    ------
    InputError
        If the genome has no free place.

    Examples
    --------
    >>> from genolect.tasks.assembly import Sites, windows_around
    >>> from genolect.sequence.alphabet import encode
    >>> genome = Assembly.of_records({"I": encode("ACGTTACGGA" * 9)})
    >>> windows = windows_around(Sites.of([("I", 40, 1, "a"), ("I", 50, -1, "b")]), 4, 3)
    >>> draft = with_negatives(genome, windows, NegativeOptions(negatives="both", margin=0))
    >>> draft.target.values.tolist(), draft.columns["negative"].tolist()
    ([1, 1, 0, 0, 0, 0], ['', '', 'matched', 'matched', 'shuffled', 'shuffled'])
    """
    positives = Windows(positives.places, _parents(positives))
    parts, kinds = [positives], [np.full(len(positives), "", dtype="<U8")]
    sequences = [*genome.sequences(positives.places)]
    before, notes = None, []
    if options.negatives != "shuffled":
        lengths = positives.places.end - positives.places.start
        margin = int(lengths.max(initial=0)) if options.margin is None else options.margin
        found = matched_background(
            genome, positives.places, avoid=avoid, margin=margin, seed=options.seed, per_example=options.per_positive
        )
        parts.append(Windows(found.places, np.full(found.example.size, "", dtype=np.str_)))
        sequences += genome.sequences(found.places)
        kinds.append(np.full(found.example.size, "matched"))
        before, notes = found.candidates, found.notes()
    if options.negatives != "matched":
        rows = np.repeat(np.arange(len(positives)), options.per_positive)
        sequences += [
            shuffle_doublets(sequences[row], derived_generator(options.seed, "doublet shuffle", number))
            for number, row in enumerate(rows.tolist())
        ]
        parts.append(Windows(Places.unknown(rows.size), positives.parent[rows]))
        kinds.append(np.full(rows.size, "shuffled"))
    windows = joined(parts)
    return Draft(
        windows=windows,
        sequences=RaggedBases.of(sequences),
        target=two_classes(len(positives), len(windows) - len(positives)),
        columns={"negative": np.concatenate(kinds)},
        before=before,
        notes=tuple(notes),
    )


def _parents(windows: Windows) -> Texts:
    """Give every window a parent: where it has none, its own place."""
    places = windows.places
    spans = zip(places.name.tolist(), places.start.tolist(), places.end.tolist(), strict=True)
    own = np.array([f"{name}:{start}-{end}" for name, start, end in spans], dtype=np.str_)
    return np.where(windows.parent == "", own, windows.parent)
