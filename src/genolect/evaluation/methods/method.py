"""An arm of the panel: one way to answer a labelled task, and what it must keep to.

It learns from the training examples, chooses by the validation examples, and answers the test examples, whose labels it
never sees. It says how many settings it tried and which it chose.

Legend: n examples, K classes or labels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from genolect.arrays import Floats
from genolect.tables.table import Parts, Target

Features = npt.NDArray[np.floating[Any]]

SURE = 1e-6
"""Probabilities are kept this far from 0 and 1: one bold mistake would else outweigh everything."""


class LossPoint(NamedTuple):
    """One point of a learning curve.

    Attributes
    ----------
    step : int
        Steps done.
    training, validation : float
        Loss since the last point, and on the validation examples: nats, or the squared error in units of the variance.
    """

    step: int
    training: float
    validation: float


@dataclass(frozen=True)
class Answers:
    """What one run of an arm answers.

    Attributes
    ----------
    validation, test : ndarray of float64
        Probabilities, shape (n, K), of classes or of yes for each label; or numbers, shape (n,).
    setting : str
        What was chosen on the validation examples, in words.
    tried : int
        Of how many settings.
    curve : tuple of LossPoint
        How the loss fell; empty where nothing was trained step by step.
    notes : tuple of str
        What weakens it, in sentences.
    """

    validation: Floats
    test: Floats
    setting: str = ""
    tried: int = 1
    curve: tuple[LossPoint, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())


Arm = Callable[[Parts, Sequence[int]], list[Answers]]
"""Takes a task whose test labels are blank, and seeds; gives a run per seed, or one where there is no chance."""


def blind(parts: Parts) -> Parts:
    """Blank the labels of the test examples: code -1, or NaN.

    Examples
    --------
    >>> from genolect.tables.table import LabelledTable, Places
    >>> from genolect.sequence.ragged import RaggedBases
    >>> row = np.array(["x"])
    >>> table = LabelledTable("toy", row, RaggedBases.of([np.zeros(3, dtype=np.uint8)]),
    ...     Target("classes", ("no", "yes"), np.array([1])), row, row, Places.unknown(1))
    >>> blind(Parts(table, table, table)).test.target.values.tolist()
    [-1]
    """
    target = parts.test.target
    values = np.full_like(target.values, -1 if target.kind == "classes" else np.nan)
    return parts._replace(test=replace(parts.test, target=replace(target, values=values)))


def truth_of(target: Target) -> npt.NDArray[Any]:
    """Give labels as the metrics read them: codes; 0, 1 and -1 for unknown; numbers.

    Examples
    --------
    >>> truth_of(Target("multilabel", ("a", "b"), np.array([[1.0, np.nan]]))).tolist()
    [[1, -1]]
    """
    if target.kind == "multilabel":
        return np.nan_to_num(target.values, nan=-1).astype(np.int64)
    return target.values


def loss_of(target: Target, answers: Floats, *, scale: float = 1.0) -> float:
    """Judge answers by the loss that all choices are made by.

    Parameters
    ----------
    target : Target
        The truth.
    answers : ndarray of float64
        As in `Answers`.
    scale : float
        Variance of the numbers of the training part.

    Returns
    -------
    float
        Mean log loss in nats, of the class or of each known label; or the mean squared error divided by `scale`.

    Examples
    --------
    >>> round(loss_of(Target("classes", ("a", "b"), np.array([0, 1])), np.array([[0.5, 0.5], [0.0, 1.0]])), 3)
    0.347
    """
    if target.kind == "number":
        return float(((target.values - answers) ** 2).mean() / scale)
    sure = np.clip(answers, SURE, 1 - SURE)
    if target.kind == "classes":
        return float(-np.log(sure[np.arange(len(target)), target.values.astype(np.int64)]).mean())
    known = np.isfinite(target.values)
    losses = np.where(target.values > 0.5, -np.log(sure), -np.log(1 - sure))
    return float(losses[known].mean())


def base_rate(target: Target, n: int) -> Floats:
    """Give every example what the training labels say on average: frequencies, or the mean.

    Parameters
    ----------
    target : Target
        Labels of the training part.
    n : int
        How many to answer.

    Returns
    -------
    ndarray of float64
        As in `Answers`.

    Examples
    --------
    >>> base_rate(Target("classes", ("a", "b"), np.array([0, 0, 0, 1])), 2).tolist()
    [[0.75, 0.25], [0.75, 0.25]]
    """
    if target.kind == "number":
        return np.full(n, float(target.values.mean()))
    if target.kind == "classes":
        rates = np.bincount(target.values.astype(np.int64), minlength=len(target.names)) / len(target)
    else:
        known = np.isfinite(target.values)
        rates = np.nansum(target.values, axis=0) / np.maximum(known.sum(axis=0), 1)
    rates_of_all: Floats = np.tile(rates, (n, 1))
    return rates_of_all


def best_of(candidates: list[tuple[float, Answers]]) -> Answers:
    """Take the answers with the lowest validation loss, of equals the first; say how many were tried.

    Examples
    --------
    >>> none = np.zeros(1)
    >>> best_of([(0.7, Answers(none, none, "a")), (0.3, Answers(none, none, "b"))]).setting
    'b'
    """
    _, best = min(candidates, key=lambda pair: pair[0])
    return replace(best, tried=len(candidates))


Strands = Literal["one", "both"]


class PanelContext:
    """What the baselines of one panel share.

    Parameters
    ----------
    strands : {'one', 'both'}
        Whether a sequence and its reverse complement mean the same.
    """

    def __init__(self, strands: Strands) -> None:
        self.strands: Strands = strands
        self._shared: dict[str, Any] = {}

    def share(self, name: str, make: Callable[[], Shared]) -> Shared:
        """Make something once for all baselines that use it."""
        if name not in self._shared:
            self._shared[name] = make()
        shared: Shared = self._shared[name]
        return shared


class Baseline(NamedTuple):
    """A way to answer that needs no model: its place on the page, and what makes its arm."""

    order: int
    build: Callable[[PanelContext], Arm]


Shared = TypeVar("Shared")
Build = TypeVar("Build", bound=Callable[[PanelContext], Arm])
REGISTERED: dict[str, Baseline] = {}


def baseline(name: str, order: int) -> Callable[[Build], Build]:
    """Make a function that builds an arm one of the baselines; those below 0 are controls, run beside all others.

    Parameters
    ----------
    name : str
        What options, tables and results call it.
    order : int
        From the simplest to the strongest.
    """

    def add(build: Build) -> Build:
        REGISTERED[name] = Baseline(order, build)
        return build

    return add
