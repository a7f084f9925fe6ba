"""Labelled tables of random sequences with one planted fault, or none: what an audit must find, and must not."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from genolect.random import derived_generator
from genolect.sequence.alphabet import Bases, reverse_complement
from genolect.sequence.ragged import RaggedBases
from genolect.tables.table import LabelledTable, Places, Target

Fault = Literal[
    "none",
    "copies",
    "reverse complements",
    "near copies 5 %",
    "near copies 10 %",
    "partial overlaps",
    "conflicting labels",
    "GC",
    "length",
    "position",
    "overlapping places",
]
FAULTS: tuple[Fault, ...] = get_args(Fault)

RELATIVES: tuple[Fault, ...] = (*FAULTS[1:6], FAULTS[-1])
"""Faults that give tested examples a relative in training."""

TEST_SHARE = 0.3
PLANTED_SHARE = 0.1
"""Share of the tested examples that have a relative in training."""

GC_DIFFERENCE = 0.08
LENGTH_DIFFERENCE = 0.2
PLACE_STEP = 1_000
CHROMOSOMES = ("I", "II", "III")
INDELS = 0.15
"""Share of the changes of a remote relative that insert or delete bases, …"""
LONGEST_INDEL = 4
"""… and the most bases that one does."""


def planted_table(fault: Fault = "none", *, n: int = 600, length: int = 150, seed: int = 0) -> LabelledTable:
    """Make a table of two classes with one fault.

    Parameters
    ----------
    fault : str
        One of `FAULTS`. Copies, near copies (so many of their bases substituted, either strand) and partial overlaps
        (half of the bases) are between train and test, with the label of the relative; so are overlapping places.
    n : int
        Examples; three in ten are to test.
    length : int
        Bases of each.
    seed : int
        Of everything random.

    Returns
    -------
    LabelledTable
        The parts are called train and test.

    Examples
    --------
    >>> table = planted_table("copies", n=40, length=60)
    >>> len(table), (table.split == "test").sum(), len({table.sequences.letters(row) for row in range(40)})
    (40, np.int64(12), 39)
    """
    generator = derived_generator(seed, "planted table", fault)
    label = generator.permutation(np.arange(n) % 2)
    split = np.where(np.arange(n) < round(n * (1 - TEST_SHARE)), "train", "test")
    rows = [*generator.integers(0, 4, (n, length), dtype=np.uint8)]
    first = int((split == "train").sum())
    count = max(1, round(PLANTED_SHARE * (n - first)))
    for number in range(count):
        rows[first + number] = _relative(fault, rows[number], rows[first + number], generator)
    if fault in RELATIVES:
        label[first : first + count] = label[:count]
    if fault == "conflicting labels":
        for number in range(count):
            rows[number] = rows[count + number].copy()
            label[number] = 1 - label[count + number]
    if fault in ("GC", "length"):
        rows = [_marked(fault, row, int(own), generator) for row, own in zip(rows, label, strict=True)]
    blank, names = np.full(n, ""), np.array([f"example {number}" for number in range(n)])
    target = Target("classes", ("no", "yes"), label.astype(np.int64))
    table = LabelledTable("planted", names, RaggedBases.of(rows), target, split, blank, Places.unknown(n))
    return (
        replace(table, places=_places(fault, table, generator))
        if fault in ("position", "overlapping places")
        else table
    )


def remote_relative(other: Bases, changed: float, generator: np.random.Generator) -> Bases:
    """Make a relative that differs by substitutions, insertions and deletions, on either strand.

    Parameters
    ----------
    other : ndarray of uint8
        The sequence.
    changed : float
        Chance of each base to be changed: three in twenty changes insert or delete one to four bases.
    generator : numpy.random.Generator
        Of everything random.

    Returns
    -------
    ndarray of uint8
        About as many bases.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> one = np.tile(encode("ACGTTGCA"), 9)
    >>> changed = remote_relative(one, 0.2, np.random.Generator(np.random.Philox(2)))
    >>> 50 < changed.size < 94, np.array_equal(changed, one)
    (True, False)
    """
    parts: list[Bases] = []
    place = 0
    while place < other.size:
        base = other[place : place + 1]
        kind, place = generator.random() / changed, place + 1
        if kind >= 1:
            parts.append(base)
        elif kind >= INDELS:
            parts.append((base + generator.integers(1, 4, dtype=np.uint8)) % 4)
        elif kind >= INDELS / 2:
            parts += [base, generator.integers(0, 4, generator.integers(1, LONGEST_INDEL + 1), dtype=np.uint8)]
        else:
            place += int(generator.integers(LONGEST_INDEL))
    relative = np.concatenate([other[:0], *parts])
    return reverse_complement(relative) if generator.integers(2) else relative


def _relative(fault: Fault, other: Bases, own: Bases, generator: np.random.Generator) -> Bases:
    if fault == "copies":
        return other.copy()
    if fault == "reverse complements":
        return reverse_complement(other)
    if fault == "partial overlaps":
        half = own.size // 2
        return np.concatenate([other[half:], own[: half + own.size % 2]])[: own.size]
    if fault.startswith("near copies"):
        share = float(fault.split()[2]) / 100
        changed = other.copy()
        places = generator.choice(own.size, round(share * own.size), replace=False)
        changed[places] = (changed[places] + generator.integers(1, 4, places.size)) % 4
        return reverse_complement(changed) if generator.integers(2) else changed
    return own


def _marked(fault: Fault, row: Bases, label: int, generator: np.random.Generator) -> Bases:
    """Give the sequences of one class more G and C, or fewer bases."""
    if fault == "length":
        least = 1 - LENGTH_DIFFERENCE * (1 + label)
        return row[: int(row.size * generator.uniform(least, 1.0))]
    strong = generator.random(row.size) < 0.5 + GC_DIFFERENCE * (2 * label - 1)
    drawn: Bases = np.where(strong, 1 + row % 2, 3 * (row % 2)).astype(np.uint8)
    return drawn


def _places(fault: Fault, table: LabelledTable, generator: np.random.Generator) -> Places:
    """Put the examples on chromosomes: each class more often in its half, or some to test upon some to train."""
    n, length = len(table), int(table.sequences.lengths.max())
    slots: npt.NDArray[np.int64] = generator.permutation(n).astype(np.int64)
    if fault == "position":
        side = (table.target.values.astype(np.int64) + (generator.random(n) < 0.2)) % 2
        slots[np.lexsort((slots, side))] = np.arange(n)
    chromosome = slots * len(CHROMOSOMES) // n
    start = (slots * PLACE_STEP).astype(np.int64)
    if fault == "overlapping places":
        first = int((table.split == "train").sum())
        count = max(1, round(PLANTED_SHARE * (n - first)))
        chromosome[first : first + count] = chromosome[:count]
        start[first : first + count] = start[:count] + length // 3
    end = start + table.sequences.lengths
    return Places(np.array(CHROMOSOMES)[chromosome], start, end, np.ones(n, dtype=np.int8))
