"""How many labels an arm needs: every arm on the same few, more and all labels, and where it reaches the best baseline.

Features are computed once; what is chosen (words, layer, penalty) is chosen anew for every subset, on the validation
examples, whose number stays the same. Legend: n training examples, D draws, S shares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from pydantic import Field

from genolect.config import Configuration
from genolect.data.labelled_table import Parts
from genolect.embedding import layer_embeddings
from genolect.errors import ConfigurationError
from genolect.evaluation.arm import Answers, Arm, Features, Floats, best_of, blind, loss_of, truth_of
from genolect.evaluation.baselines import WORD_LENGTHS
from genolect.evaluation.comparison import Scored
from genolect.evaluation.label_efficiency import (
    DRAWS,
    SHARES,
    Fit,
    LearningCurve,
    curve_estimates,
    label_subsets,
    learning_curve,
    needed_sentence,
    needed_share,
)
from genolect.evaluation.learners import ArmFeatures, learn, linear
from genolect.evaluation.metric_set import metric_set
from genolect.evaluation.panel import check_task
from genolect.evaluation.resampling_units import units_of
from genolect.evaluation.sentences import arm_name
from genolect.evaluation.statistics import Resamples, draw_blocks
from genolect.evaluation.table_panel import strands_of
from genolect.evaluation.weighting import Integers
from genolect.evaluation.words import word_frequencies
from genolect.inference import this_machine
from genolect.model import SequenceModel
from genolect.randomness import derived_key

Row = dict[str, Any]

WORDS = "kmer_logistic"


class CurveOptions(Configuration):
    """How curves are drawn.

    Attributes
    ----------
    shares : tuple of float
        Shares of the labels, ascending, the last one 1.
    draws : int
        Orders in which labels are taken.
    seed : int
        Of subsets, arms and intervals.
    """

    shares: tuple[float, ...] = SHARES
    draws: int = Field(DRAWS, ge=2)
    seed: int = 0


@dataclass(frozen=True)
class LabelCurves:
    """What was found.

    Attributes
    ----------
    rows : list of dict
        ``task``, ``arm``, ``metric``, ``value``, ``low``, ``high``, ``n``, ``split``, ``labels``, ``share``.
    sentences : list of str
        What share of the labels each arm needs for what the best baseline reaches with all of them.
    notes : list of str
        What weakens it.
    """

    rows: list[Row]
    sentences: list[str]
    notes: list[str]


def label_curves(
    parts: Parts,
    models: Mapping[str, SequenceModel],
    baselines: Mapping[str, Arm],
    *,
    options: CurveOptions | None = None,
    say: Callable[[str], None] = lambda sentence: None,
) -> LabelCurves:
    """Draw the curves of frozen models, of words, and of other arms.

    Parameters
    ----------
    parts : Parts
        The task.
    models : mapping of str to SequenceModel
        Frozen models by arm.
    baselines : mapping of str to callable
        Arms that learn from sequences, trained anew on every subset. Words are always there.
    options : CurveOptions, optional
        How.
    say : callable
        Told which arm is at work.

    Returns
    -------
    LabelCurves
        Rows and sentences; the bar is the baseline that the validation examples like best at all labels.

    Raises
    ------
    GenolectError
        As from `genolect.evaluation.panel.check_task`.

    Examples
    --------
    >>> from genolect.data.labelled_table import LabelledTable, Places, Target
    >>> from genolect.data.ragged import RaggedBases
    >>> label = np.arange(200) % 2
    >>> sequences = RaggedBases.of([np.array([2 * one] * 9, dtype=np.uint8) for one in label])
    >>> split, group = np.repeat(["train", "validation", "test", "train"], 50), (np.arange(200) // 5).astype(str)
    >>> table = LabelledTable("toy", np.arange(200).astype(str), sequences, Target("classes", ("A", "G"), label),
    ...     split, group, Places.unknown(200))
    >>> found = label_curves(table.parts(), {}, {}, options=CurveOptions(shares=(0.2, 1.0), draws=2))
    >>> [(row["arm"], row["labels"], row["value"]) for row in found.rows]
    [('kmer_logistic', 20, 1.0), ('kmer_logistic', 100, 1.0)]
    """
    options = options or CurveOptions()
    check_task(parts)
    units, train_units = units_of(parts.test), units_of(parts.train)
    drawn = draw_blocks(units.group, seed=options.seed)
    subsets = label_subsets(
        train_units.group, shares=options.shares, draws=options.draws, seed=derived_key(options.seed, "label curves")
    )
    fits: dict[str, Fit] = {WORDS: _word_fit(parts)}
    fits |= {name: _arm_fit(arm, parts, options.seed) for name, arm in baselines.items()}
    references = [*fits]
    fits |= {name: _model_fit(model, parts) for name, model in models.items()}
    curves, reached = {}, {}
    for name, fit in fits.items():
        say(f"{parts.train.name}: {name}, {len(subsets)} x {len(options.shares)} subsets")
        losses: list[float] = []
        curves[name] = learning_curve(partial(_noted, fit, parts, losses), partial(_score, parts), subsets, drawn)
        reached[name] = losses[len(options.shares) - 1]  # Of the first draw, which ends with all labels.
    bar = min(references, key=lambda name: reached[name])
    notes = [f"Every choice is made on all {len(parts.validation):,} validation labels, however few train."]
    notes += [note for note in (units.note, drawn.refusal or "") if note]
    notes += [_refused(name, curve) for name, curve in curves.items() if curve.refused.any()]
    return LabelCurves(
        rows=[row for name, curve in curves.items() for row in _rows(parts, name, curve, drawn)],
        sentences=[_sentence(name, bar, curves, drawn, options.seed) for name in curves if name != bar],
        notes=notes,
    )


def _word_fit(parts: Parts) -> Fit:
    strands = strands_of(parts.train)
    shortest = min(int(part.sequences.lengths.min()) for part in parts)
    lengths = [length for length in WORD_LENGTHS if length <= max(shortest, 1)]
    return _feature_fit(
        [ArmFeatures(*(word_frequencies(part.sequences, k, strands=strands) for part in parts)) for k in lengths],
        parts,
    )


def _model_fit(model: SequenceModel, parts: Parts) -> Fit:
    """Embed once: the mean of every layer, over both strands where these mean the same."""
    machine, both = this_machine(), strands_of(parts.train) == "both"

    def embedded(part: int) -> Features:
        sequences = parts[part].sequences
        states = layer_embeddings(model, sequences, machine)
        return (states + layer_embeddings(model, sequences.reverse_complement(), machine)) / 2 if both else states

    every = [embedded(part) for part in range(len(parts))]
    layers = range(every[0].shape[1])
    return _feature_fit([ArmFeatures(*(states[:, layer] for states in every)) for layer in layers], parts)


def _feature_fit(candidates: Sequence[ArmFeatures], parts: Parts) -> Fit:
    """Probe each of several descriptions on some labels; keep what the validation examples like best."""

    def fit(rows: Integers) -> Answers:
        some = _subset(parts, rows)
        target = some.train.target
        variance = float(target.values.var()) if target.kind == "number" else 1.0
        found = []
        for features in candidates:
            [answers] = learn(linear, features._replace(train=features.train[rows]), some, [0])
            found.append((loss_of(parts.validation.target, answers.validation, scale=variance or 1.0), answers))
        return best_of(found)

    return fit


def _arm_fit(arm: Arm, parts: Parts, seed: int) -> Fit:
    def fit(rows: Integers) -> Answers:
        return arm(blind(_subset(parts, rows)), [derived_key(seed, "label curves", rows.size)])[0]

    return fit


def _subset(parts: Parts, rows: Integers) -> Parts:
    """Keep some training examples; refuse those that show too little to learn from."""
    train = parts.train.select(rows)
    values = train.target.values
    if train.target.kind == "classes" and np.unique(values).size < len(train.target.names):
        raise ConfigurationError("a class has no example among these labels", fix="take more of them")
    if train.target.kind == "number" and np.unique(values).size < 2:
        raise ConfigurationError("these labels are all alike", fix="take more of them")
    return parts._replace(train=train)


def _noted(fit: Fit, parts: Parts, losses: list[float], rows: Integers) -> Floats:
    """Fit, and remember the validation loss."""
    losses.append(np.inf)
    answers: Answers = fit(rows)
    target = parts.validation.target
    variance = float(target.values.var()) if target.kind == "number" else 1.0
    losses[-1] = loss_of(target, answers.validation, scale=variance or 1.0)
    return answers.test


def _score(parts: Parts, predicted: Floats, weights: Floats | None) -> Floats:
    target = parts.test.target
    metrics = metric_set(target.kind)
    return metrics.measure(truth_of(target), predicted, target.names, weights, None)[metrics.headline]


def _rows(parts: Parts, arm: str, curve: LearningCurve, drawn: Resamples) -> list[Row]:
    headline = metric_set(parts.test.target.kind).headline
    points = zip(curve.shares.tolist(), curve.labels.tolist(), curve_estimates(curve, drawn), strict=True)
    return [
        {
            "task": parts.test.name,
            "arm": arm,
            "metric": headline,
            "value": one.value,
            "low": one.low,
            "high": one.high,
            "n": len(parts.test),
            "split": "test",
            "labels": labels,
            "share": share,
        }
        for share, labels, one in points
    ]


def _sentence(arm: str, bar: str, curves: Mapping[str, LearningCurve], drawn: Resamples, seed: int) -> str:
    baseline = curves[bar]
    reached = Scored(float(baseline.values[0, -1]), baseline.resampled[0, -1])
    return needed_sentence(arm, bar, needed_share(curves[arm], reached, drawn, seed=seed))


def _refused(arm: str, curve: LearningCurve) -> str:
    few = [
        f"{count} of {len(curve.values)} draws of {labels:,}"
        for count, labels in zip(curve.refused, curve.labels, strict=True)
        if count
    ]
    return f"{arm_name(arm)[:1].upper()}{arm_name(arm)[1:]} could not learn from {', '.join(few)} labels."
