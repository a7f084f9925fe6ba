"""Two tripwires: arms that remember the training examples and understand nothing.

Where one of them answers well, test examples were seen in training: they overlap on the genome, or are copies.

Legend: n examples, m training examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genolect.arrays import Floats, Integers
from genolect.evaluation.methods.features import word_frequencies
from genolect.evaluation.methods.method import Answers, Arm, PanelContext, Strands, base_rate, baseline, truth_of
from genolect.tables.table import Parts, Places, Target

WORD_LENGTH = 6
TWIN = 0.9
"""Cosine of 6-mer frequencies from which two sequences are called near twins; unrelated ones of 200 bases reach 0.3."""

PAIRS_AT_ONCE = 1 << 25


class Nearest(NamedTuple):
    """The training example nearest to each of n.

    Attributes
    ----------
    row : ndarray of int64, shape (n,)
        Which; anything where the likeness is 0.
    likeness : ndarray of float64, shape (n,)
        Between 0, nothing in common, and 1.
    """

    row: Integers
    likeness: Floats


def overlapping(places: Places, others: Places) -> Nearest:
    """Find for each place the other one that covers most of it, on either strand.

    Parameters
    ----------
    places, others : Places
        n asked about, m remembered; an unknown place overlaps nothing.

    Returns
    -------
    Nearest
        Likeness is the overlap as a share of the longer of the two.

    Examples
    --------
    >>> def on_chr1(*spans):
    ...     start, end = np.array(spans).T
    ...     return Places(np.full(start.size, "chr1"), start, end, np.zeros(start.size, dtype=np.int8))
    >>> overlapping(on_chr1((10, 20), (50, 60)), on_chr1((0, 5), (12, 22)))
    Nearest(row=array([1, 0]), likeness=array([0.8, 0. ]))
    """
    row, likeness = np.zeros(places.start.size, dtype=np.int64), np.zeros(places.start.size)
    for name in np.unique(places.name[places.known]):
        theirs = np.flatnonzero(others.known & (others.name == name))
        if not theirs.size:
            continue
        theirs = theirs[np.argsort(others.start[theirs], kind="stable")]
        start, end = others.start[theirs], others.end[theirs]
        longest = int((end - start).max())
        for one in np.flatnonzero(places.known & (places.name == name)):
            begin, stop = int(places.start[one]), int(places.end[one])
            first, last = np.searchsorted(start, [begin - longest, stop])
            shared = np.minimum(end[first:last], stop) - np.maximum(start[first:last], begin)
            share = shared / np.maximum(end[first:last] - start[first:last], stop - begin)
            if share.size and share.max() > 0:
                row[one], likeness[one] = theirs[first + int(share.argmax())], share.max()
    return Nearest(row, likeness)


def most_alike(vectors: npt.NDArray[np.float32], others: npt.NDArray[np.float32]) -> Nearest:
    """Find for each vector the other one with the highest cosine.

    Parameters
    ----------
    vectors, others : ndarray of float32, shapes (n, D) and (m, D)
        Word frequencies; a vector of zeros is like none.

    Returns
    -------
    Nearest
        Likeness is the cosine.

    Examples
    --------
    >>> vectors = np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32)
    >>> most_alike(vectors, np.array([[1.0, 0.0], [6.0, 8.0]], dtype=np.float32)).likeness.round(3).tolist()
    [1.0, 0.0]
    """
    own, theirs = (part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-12) for part in (vectors, others))
    row, likeness = np.zeros(len(own), dtype=np.int64), np.zeros(len(own))
    step = max(1, PAIRS_AT_ONCE // max(1, len(theirs)))
    for first in range(0, len(own), step):
        cosines = own[first : first + step] @ theirs.T
        best = cosines.argmax(axis=1)
        row[first : first + step] = best
        likeness[first : first + step] = np.take_along_axis(cosines, best[:, None], axis=1)[:, 0]
    return Nearest(row, np.clip(likeness, 0.0, 1.0))


def coordinate_memoriser(parts: Parts, seeds: Sequence[int]) -> list[Answers]:
    """Answer with the label of the training example that overlaps most; without one, with the base rate.

    Parameters
    ----------
    parts : Parts
        The task; sequences are not read.
    seeds : sequence of int
        Not used.

    Returns
    -------
    list of Answers
        A single run; base rates where nothing overlaps.
    """
    found = [overlapping(part.places, parts.train.places) for part in (parts.validation, parts.test)]
    answers = [_remembered(parts.train.target, nearest) for nearest in found]
    share = float((found[1].likeness > 0).mean())
    notes = (f"{share:.1%} of the test examples overlap a training example.",) if share else ()
    return [Answers(answers[0], answers[1], setting="overlap", notes=tuple(note.replace("%", " %") for note in notes))]


def nearest_neighbour(parts: Parts, seeds: Sequence[int], *, strands: Strands = "both") -> list[Answers]:
    """Answer with the label of the training example whose 6-mers are most alike, the surer the more alike.

    Parameters
    ----------
    parts : Parts
        The task.
    seeds : sequence of int
        Not used.
    strands : {'one', 'both'}
        Whether the other strand of a training example counts as alike.

    Returns
    -------
    list of Answers
        A single run, with a note where test examples have near twins in training.
    """
    words = [word_frequencies(part.sequences, WORD_LENGTH, strands=strands) for part in parts]
    found = [most_alike(part, words[0]) for part in words[1:]]
    answers = [_remembered(parts.train.target, nearest) for nearest in found]
    twins = int((found[1].likeness >= TWIN).sum())
    notes = [f"{twins:,} of {len(parts.test):,} test examples have a near twin in training."] if twins else []
    return [Answers(answers[0], answers[1], setting=f"cosine of {WORD_LENGTH}-mers", notes=tuple(notes))]


def _remembered(target: Target, nearest: Nearest) -> Floats:
    """Mix the neighbour's label with the base rate, by likeness."""
    rate = base_rate(target, nearest.row.size)
    truth: npt.NDArray[Any] = truth_of(target)[nearest.row]
    weight = nearest.likeness
    if target.kind == "number":
        mixed: Floats = rate + weight * (truth - rate)
        return mixed
    told = np.eye(len(target.names))[truth] if target.kind == "classes" else np.where(truth < 0, rate, truth)
    mixed = rate + weight[:, None] * (told - rate)
    return mixed


@baseline("coordinate_memoriser", 30)
def _coordinates(context: PanelContext) -> Arm:
    return coordinate_memoriser


@baseline("nearest_neighbour", 40)
def _nearest(context: PanelContext) -> Arm:
    return partial(nearest_neighbour, strands=context.strands)
