"""How features become answers: the linear probe, and the linear support vector machine.

Every learner takes features and labels, chooses on the validation examples, and answers; `learn` lets each of them take
several labels, column by column.

Legend: n examples, D features, K classes or labels.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC, LinearSVR
from threadpoolctl import threadpool_limits

from genolect.arrays import Floats
from genolect.evaluation.methods.method import Answers, Features, base_rate, best_of, loss_of
from genolect.statistics.linear import LogisticRegression, fit_probe, fit_ridge, standardisation
from genolect.tables.table import Parts, Target

MARGIN_PENALTIES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Grid of C of the support vector machine, from strong to weak."""

MARGIN_STEPS = 100


class ArmFeatures(NamedTuple):
    """What one arm knows of the examples: one row of features for each, in their order."""

    train: Features
    validation: Features
    test: Features


class Labels(NamedTuple):
    """What a learner is told."""

    train: Target
    validation: Target


Learner = Callable[[ArmFeatures, Labels, Sequence[int]], list[Answers]]


def learn(learner: Learner, features: ArmFeatures, parts: Parts, seeds: Sequence[int]) -> list[Answers]:
    """Let a learner answer a task of any kind; of several labels each is a task of its own, where it is known.

    Parameters
    ----------
    learner : callable
        Takes features, labels (classes or numbers) and seeds.
    features : ArmFeatures
        Of the parts.
    parts : Parts
        The task.
    seeds : sequence of int
        Of the runs, for learners that draw.

    Returns
    -------
    list of Answers
        For all labels; the settings are those of the first label that could be learned.

    Examples
    --------
    >>> from genolect.tables.table import LabelledTable, Places
    >>> from genolect.sequence.ragged import RaggedBases
    >>> row = np.array(["x", "y", "z", "u"])
    >>> table = LabelledTable("toy", row, RaggedBases.of([np.zeros(3, dtype=np.uint8)] * 4),
    ...     Target("classes", ("no", "yes"), np.array([1, 0, 1, 0])), row, row, Places.unknown(4))
    >>> features = np.array([[2.0], [1.0], [2.0], [1.0]])
    >>> [answers] = learn(linear, ArmFeatures(features, features, features), Parts(table, table, table), [0])
    >>> (answers.test[:, 1] > 0.5).tolist()
    [True, False, True, False]
    """
    labels = Labels(parts.train.target, parts.validation.target)
    with threadpool_limits(1, "blas"):
        if labels.train.kind != "multilabel":
            return learner(features, labels, seeds)
        return _by_column(learner, features, labels, seeds)


def _by_column(learner: Learner, features: ArmFeatures, labels: Labels, seeds: Sequence[int]) -> list[Answers]:
    found: dict[int, list[Answers]] = {}
    notes = []
    for column, name in enumerate(labels.train.names):
        values = [target.values[:, column] for target in labels]
        known = [np.isfinite(value) for value in values]
        if any(np.unique(value[which]).size < 2 for value, which in zip(values, known, strict=True)):
            notes.append(f"The label {name} is all alike in training or validation; it gets its base rate.")
            continue
        asked = ArmFeatures(
            features.train[known[0]],
            features.validation[known[1]],
            np.concatenate([features.test, features.validation]),
        )
        told = Labels(*(_yes_or_no(value[which]) for value, which in zip(values, known, strict=True)))
        found[column] = learner(asked, told, seeds)
    validation, test = (base_rate(labels.train, len(part)) for part in features[1:])
    if not found:
        return [Answers(validation, test, notes=tuple(notes))]
    runs = []
    for first, *others in zip(*found.values(), strict=True):
        answers = Answers(validation.copy(), test.copy(), first.setting, first.tried, notes=(*notes, *first.notes))
        for column, one in zip(found, (first, *others), strict=True):
            answers.test[:, column], answers.validation[:, column] = np.split(one.test[:, 1], [len(test)])
        runs.append(answers)
    return runs


def _yes_or_no(values: npt.NDArray[Any]) -> Target:
    return Target("classes", ("no", "yes"), values.astype(np.int64))


def linear(features: ArmFeatures, labels: Labels, seeds: Sequence[int]) -> list[Answers]:
    """Answer by the probe: logistic regression, or ridge regression of numbers, along a path of penalties.

    Parameters
    ----------
    features : ArmFeatures
        Features of the parts.
    labels : Labels
        Classes or numbers.
    seeds : sequence of int
        Not used: there is no chance in it.

    Returns
    -------
    list of Answers
        A single run of one setting; the path does not count.

    Examples
    --------
    >>> told = Labels(*[Target("number", ("y",), np.arange(9.0))] * 2)
    >>> linear(ArmFeatures(*[np.arange(9.0)[:, None]] * 3), told, [0])[0].test.round().tolist()[-1]
    8.0
    """
    if labels.train.kind == "number":
        numbers = [target.values.astype(np.float64) for target in labels]
        ridge = fit_ridge(features.train, numbers[0], features.validation, numbers[1])
        answers = [ridge.predict(part) for part in features[1:]]
        return [Answers(answers[0], answers[1], setting=f"penalty {ridge.share:g} n")]
    told = [target.values.astype(np.int64) for target in labels]
    probe = fit_probe(features.train, told[0], features.validation, told[1])
    notes = [] if probe.converged else ["The probe did not converge."]
    if probe.at_grid_edge:
        notes.append(f"The best penalty lies at the edge of the path (C = {probe.inverse_penalty:g}).")
    answers = [probe.probabilities(part) for part in features[1:]]
    return [Answers(answers[0], answers[1], setting=f"C = {probe.inverse_penalty:g}", notes=tuple(notes))]


def best_linear(candidates: Iterable[tuple[str, ArmFeatures]], parts: Parts) -> tuple[int, Answers]:
    """Probe several descriptions of the examples and keep the one that suits the validation examples best.

    Parameters
    ----------
    candidates : iterable of (str, ArmFeatures)
        Each with its name.
    parts : Parts
        The task.

    Returns
    -------
    tuple of int and Answers
        Which one, and its answers; their setting names it. Of equals the first.
    """
    target = parts.train.target
    variance = float(target.values.var()) if target.kind == "number" else 1.0
    tried = []
    for name, features in candidates:
        [answers] = learn(linear, features, parts, ())
        loss = loss_of(parts.validation.target, answers.validation, scale=variance or 1.0)
        tried.append((loss, replace(answers, setting=f"{name}, {answers.setting}")))
    place = min(range(len(tried)), key=lambda one: tried[one][0])
    return place, replace(tried[place][1], tried=len(tried))


def margin(features: ArmFeatures, labels: Labels, seeds: Sequence[int]) -> list[Answers]:
    """Answer by a linear support vector machine on standardised features.

    Margins become probabilities by logistic regression on the validation examples (Platt 1999).

    Parameters
    ----------
    features, labels, seeds
        As in `linear`.

    Returns
    -------
    list of Answers
        A single run, the best of six penalties; the weakest are passed over once the loss has risen twice.

    Examples
    --------
    >>> told = Labels(*[Target("classes", ("a", "b"), np.arange(40) % 2)] * 2)
    >>> margin(ArmFeatures(*[np.arange(40)[:, None] % 2 * 1.0] * 3), told, [0])[0].test.argmax(axis=1)[:4].tolist()
    [0, 1, 0, 1]
    """
    mean, scale = (part.astype(features.train.dtype) for part in standardisation(features.train))
    train, validation, test = ((part - mean) / scale for part in features)
    number = labels.train.kind == "number"
    variance = float(labels.train.values.var()) or 1.0
    candidates = []
    for penalty in MARGIN_PENALTIES:
        options = {"C": penalty, "dual": False, "max_iter": MARGIN_STEPS, "tol": 1e-2}
        if number:
            machine = LinearSVR(loss="squared_epsilon_insensitive", intercept_scaling=10.0, random_state=0, **options)
        else:
            machine = LinearSVC(random_state=0, **options)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", ConvergenceWarning)
            machine.fit(train, labels.train.values)
        notes = ("The support vector machine did not converge.",) if said else ()
        raw = [machine.predict(part) if number else machine.decision_function(part) for part in (validation, test)]
        answers = raw if number else _calibrated(raw[0], labels.validation, raw)
        chosen = Answers(answers[0], answers[1], setting=f"C = {penalty:g}", notes=notes)
        candidates.append((loss_of(labels.validation, chosen.validation, scale=variance), chosen))
        losses = [loss for loss, _ in candidates]
        if len(losses) > 2 and losses[-3] < losses[-2] < losses[-1]:  # The weaker, the slower, and the worse.
            break
    return [replace(best_of(candidates), tried=len(MARGIN_PENALTIES))]


def _calibrated(margins: Floats, target: Target, parts: list[Floats]) -> list[Floats]:
    """Turn margins, shape (n,) or (n, K), into probabilities."""
    columns = margins.reshape(len(target), -1)
    mean, scale = standardisation(columns)
    fit = LogisticRegression((columns - mean) / scale, target.values.astype(np.int64), len(target.names)).solve(1.0)
    return [
        softmax((part.reshape(len(part), -1) - mean) / scale @ fit.weights + fit.intercepts, axis=1) for part in parts
    ]
