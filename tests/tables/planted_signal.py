"""Labelled tables of random sequences whose best possible score is known: what a panel must find, and what it must not.

Legend: n examples, L bases.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np

from genolect.random import derived_generator
from genolect.sequence.alphabet import Bases, encode
from genolect.sequence.ragged import RaggedBases
from genolect.statistics.names import ROLES
from genolect.tables.table import LabelledTable, Places, Target

Signal = Literal["motif", "spacing", "GC", "length", "copies", "noise"]
SIGNALS: tuple[Signal, ...] = get_args(Signal)

FIRST, SECOND = encode("TGACGTCAT"), encode("GGATTACG")
RIGHT_GAP, WRONG_GAPS = 20, (8, 14, 26, 32)
WRONG_LABELS = 0.1
SHARES = (0.7, 0.1, 0.2)
GC_SHIFT = 0.06
LENGTH_SHIFT = 0.25
COPIED = 0.4


class Planted(NamedTuple):
    """A table, and what can be reached on it.

    Attributes
    ----------
    table : LabelledTable
        Divided into train, validation and test.
    ceiling : float or None
        AUROC that nobody can beat by more than chance; None where it has no simple form.
    """

    table: LabelledTable
    ceiling: float | None


def planted_signal(signal: Signal, *, n: int = 1_500, length: int = 100, seed: int = 0) -> Planted:
    """Make a task of two classes.

    Parameters
    ----------
    signal : str
        One of `SIGNALS`. A motif of nine bases at any place; two motifs in either class, twenty bases apart in one and
        nearer or farther in the other, so that no word tells; more GC; greater length; labels without meaning, but four
        in ten test examples copied from training with their labels; labels without meaning. Of motif and spacing every
        tenth label is wrong.
    n, length : int
        Examples, and their bases.
    seed : int
        Of everything random.

    Returns
    -------
    Planted
        Table and ceiling.

    Examples
    --------
    >>> planted = planted_signal("motif", n=50)
    >>> planted.ceiling, len(planted.table), planted.table.name
    (0.9, 50, 'motif')
    """
    generator = derived_generator(seed, "planted signal", signal)
    kinds = generator.permutation(np.arange(n) % 2)
    roles = np.repeat(ROLES, np.diff([0, *(np.cumsum(SHARES) * n).round().astype(int)]))
    rows = [_sequence(signal, int(kind), length, generator) for kind in kinds]
    if signal == "copies":
        train, test = np.flatnonzero(roles == ROLES[0]), np.flatnonzero(roles == ROLES[2])
        for row in test[: int(COPIED * test.size)].tolist():
            model = int(generator.choice(train))
            rows[row], kinds[row] = rows[model], kinds[model]
    wrong = generator.random(n) < WRONG_LABELS
    labels = np.where(wrong, 1 - kinds, kinds) if signal in ("motif", "spacing") else kinds
    blank = np.full(n, "")
    names = np.array([f"{signal} {number}" for number in range(n)])
    target = Target("classes", ("no", "yes"), labels.astype(np.int64))
    table = LabelledTable(signal, names, RaggedBases.of(rows), target, roles, blank, Places.unknown(n))
    ceilings = {"motif": 1 - WRONG_LABELS, "spacing": 1 - WRONG_LABELS, "noise": 0.5}
    return Planted(table, ceilings.get(signal))


def _sequence(signal: Signal, kind: int, length: int, generator: np.random.Generator) -> Bases:
    if signal == "length":
        length = round(length * (1 + LENGTH_SHIFT * (kind + generator.random() - 1)))
    strong = 0.5 + (GC_SHIFT * (2 * kind - 1) if signal == "GC" else 0)
    shares = [(1 - strong) / 2, strong / 2, strong / 2, (1 - strong) / 2]
    row: Bases = generator.choice(4, size=length, p=shares).astype(np.uint8)
    if signal == "motif" and kind:
        _plant(row, FIRST, int(generator.integers(length - FIRST.size)))
    if signal == "spacing":
        gap = RIGHT_GAP if kind else int(generator.choice(WRONG_GAPS))
        whole = FIRST.size + max(WRONG_GAPS) + SECOND.size
        place = int(generator.integers(length - whole))
        _plant(row, FIRST, place)
        _plant(row, SECOND, place + FIRST.size + gap)
    return row


def _plant(row: Bases, motif: Bases, place: int) -> None:
    row[place : place + motif.size] = motif
