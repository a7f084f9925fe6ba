"""How many labels an arm needs: every arm on the same few, more and all labels, and where it reaches the best baseline.

Features are computed once; what is chosen (words, states, penalty, rates of training) is chosen anew for every subset,
on the validation examples, whose number stays the same. To try settings once, with all labels, would cost less, but
tell those who learn from few what only many know. Legend: n training examples, D draws, S shares.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from genolect import files
from genolect.arrays import Floats, Integers
from genolect.config import Configuration
from genolect.errors import ConfigurationError
from genolect.evaluation.label_efficiency import (
    DRAWS,
    SHARES,
    Fit,
    LearningCurve,
    curve_differences,
    curve_estimates,
    label_subsets,
    learning_curve,
    needed_sentence,
    needed_share,
)
from genolect.evaluation.methods.baselines import baseline_arms
from genolect.evaluation.methods.features import word_frequencies
from genolect.evaluation.methods.finetuned import finetuned_arms
from genolect.evaluation.methods.frozen_probe import frozen_probe, table_states
from genolect.evaluation.methods.kmers import WORD_LENGTHS
from genolect.evaluation.methods.learners import ArmFeatures, best_linear
from genolect.evaluation.methods.method import Answers, Arm, blind, loss_of, truth_of
from genolect.evaluation.panel import check_task, units_of, within_range
from genolect.evaluation.sections import strands_of
from genolect.folders import RESULTS
from genolect.models.inference import this_machine
from genolect.models.model import SequenceModel, load_model, random_twin
from genolect.random import derived_key
from genolect.report.folder import new_results
from genolect.statistics.bootstrap import MARGIN, Resamples, decide, draw_blocks
from genolect.statistics.comparison import Scored
from genolect.statistics.metric_set import metric_set
from genolect.statistics.sentences import arm_name, comparison_sentence
from genolect.tables.table import Parts
from genolect.tables.task_file import TableTask

Row = dict[str, Any]

WORDS = "kmer_logistic"
TWINS = {"finetuned": "finetuned_twin"}
"""Arms that are also compared with another: the same network, trained alike, but from random weights."""


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
        What share of the labels each arm needs for what the best baseline reaches with all of them; a fine-tuned model
        also for what its twin reaches, and how the two compare at each share.
    notes : list of str
        What weakens it.
    comparisons : list of dict
        ``arm``, ``twin``, ``labels``, ``share``, ``value``, ``low``, ``high``, ``verdict``: arm minus twin.
    cpu_seconds : dict of str to list of float
        By arm and share: processor time of fitting, all draws together.
    """

    rows: list[Row]
    sentences: list[str]
    notes: list[str]
    comparisons: list[Row] = field(default_factory=list)
    cpu_seconds: dict[str, list[float]] = field(default_factory=dict, compare=False)


def label_curves(
    parts: Parts,
    models: Mapping[str, SequenceModel],
    baselines: Mapping[str, Arm],
    *,
    trained: Mapping[str, Arm] | None = None,
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
    trained : mapping of str to callable, optional
        The same, but of the model: trained in full, and its random twin likewise. Neither is ever the bar: a bar that
        came with the model would be another one for each.
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
    >>> from genolect.tables.table import LabelledTable, Places, Target
    >>> from genolect.sequence.ragged import RaggedBases
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
    learning = {**baselines, **(trained or {})}
    fits: dict[str, Fit] = {WORDS: _word_fit(parts)}
    fits |= {name: _model_fit(model, parts) for name, model in models.items()}
    fits |= {name: _arm_fit(name, arm, parts, options, say) for name, arm in learning.items()}
    curves, watched = {}, {}
    for name in (WORDS, *baselines, *models, *(trained or {})):
        say(f"{parts.train.name}: {name}, {len(subsets)} x {len(options.shares)} subsets")
        watched[name] = _Watched(fits[name], parts)
        score = partial(_score, parts)
        curves[name] = learning_curve(watched[name], score, subsets, drawn, chance=name in learning)
    bar = min((WORDS, *baselines), key=lambda name: np.mean(watched[name].losses[len(parts.train)]))
    notes = [f"Every choice is made on all {len(parts.validation):,} validation labels, however few train."]
    notes += [note for note in (units.note, drawn.refusal or "") if note]
    notes += [_refused(name, curve) for name, curve in curves.items() if curve.refused.any()]
    found = LabelCurves(
        rows=[row for name, curve in curves.items() for row in _rows(parts, name, curve, drawn)],
        sentences=[_sentence(name, bar, curves, drawn, options.seed) for name in curves if name != bar],
        notes=notes,
        cpu_seconds={name: [fit.seconds[rows.size] for rows in subsets[0]] for name, fit in watched.items()},
    )
    for name, twin in TWINS.items():
        if curves.keys() >= {name, twin}:
            found.sentences.append(_sentence(name, twin, curves, drawn, options.seed))
            _compare(found, name, twin, curves, parts, drawn)
    return found


class _Watched:
    """A fit of which is kept, by number of labels, what it reached on the validation examples and what it cost."""

    def __init__(self, fit: Fit, parts: Parts) -> None:
        self.fit, self.target = fit, parts.validation.target
        self.losses: dict[int, list[float]] = defaultdict(list)
        self.seconds: dict[int, float] = defaultdict(float)

    def __call__(self, rows: Integers) -> Floats:
        before, losses = time.process_time(), self.losses[rows.size]
        losses.append(np.inf)
        answers: Answers = self.fit(rows)
        self.seconds[rows.size] += time.process_time() - before
        losses[-1] = loss_of(self.target, answers.validation, scale=self.target.loss_scale)
        return answers.test


def _word_fit(parts: Parts) -> Fit:
    strands = strands_of(*parts)
    shortest = min(int(part.sequences.lengths.min()) for part in parts)
    counted = {
        f"words of {k}": ArmFeatures(*(word_frequencies(part.sequences, k, strands=strands) for part in parts))
        for k in WORD_LENGTHS
        if k <= max(shortest, 1)
    }

    def fit(rows: Integers) -> Answers:
        some = ((name, _train_rows(features, rows)) for name, features in counted.items())
        return best_linear(some, _subset(parts, rows))[1]

    return fit


def _model_fit(model: SequenceModel, parts: Parts) -> Fit:
    """Read once what every subset is probed with."""
    states = table_states(model, parts, strands_of(*parts), this_machine())
    return lambda rows: frozen_probe(_train_rows(states, rows), _subset(parts, rows)).answers


def _train_rows(features: ArmFeatures, rows: Integers) -> ArmFeatures:
    return features._replace(train=features.train[rows])


def _arm_fit(name: str, arm: Arm, parts: Parts, options: CurveOptions, say: Callable[[str], None]) -> Fit:
    """Train on some labels, from another seed for each draw; on all labels once for each draw, in one go."""
    waiting: list[Answers] = []
    done, every = 0, options.draws * len(options.shares)

    def fit(rows: Integers) -> Answers:
        nonlocal done
        done += 1
        if rows.size == len(parts.train):
            if not waiting:
                say(f"{name}: {done} of {every}, all {rows.size:,} labels, {options.draws} times")
                seeds = [derived_key(options.seed, "label curves", draw) for draw in range(options.draws)]
                runs = arm(blind(parts), seeds)
                waiting.extend(runs if len(runs) > 1 else runs * options.draws)
            return waiting.pop(0)
        say(f"{name}: {done} of {every}, {rows.size:,} labels")
        return arm(blind(_subset(parts, rows)), [derived_key(options.seed, "label curves", *rows.tolist())])[0]

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


def _score(parts: Parts, predicted: Floats, weights: Floats | None) -> Floats:
    target = parts.test.target
    metrics = metric_set(target.kind)
    return metrics.measure(truth_of(target), predicted, target.names, weights, None)[metrics.headline]


def _rows(parts: Parts, arm: str, curve: LearningCurve, drawn: Resamples) -> list[Row]:
    headline = metric_set(parts.test.target.kind).headline
    estimates = [within_range(one, headline) for one in curve_estimates(curve, drawn)]
    points = zip(curve.shares.tolist(), curve.labels.tolist(), estimates, strict=True)
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
    reached = Scored(float(baseline.values[:, -1].mean()), baseline.resampled[:, -1].mean(axis=0))
    return needed_sentence(arm, bar, needed_share(curves[arm], reached, drawn, seed=seed))


def _compare(
    found: LabelCurves, arm: str, twin: str, curves: Mapping[str, LearningCurve], parts: Parts, drawn: Resamples
) -> None:
    """Compare an arm with its twin at every share."""
    curve, headline = curves[arm], metric_set(parts.test.target.kind).headline
    differences = curve_differences(curve, curves[twin], drawn)
    for share, labels, one in zip(curve.shares.tolist(), curve.labels.tolist(), differences, strict=True):
        verdict, where = decide(one), f"{labels:,} labels of {parts.test.name}"
        told = {"value": one.value, "low": one.low, "high": one.high, "verdict": verdict}
        found.comparisons.append({"arm": arm, "twin": twin, "labels": labels, "share": share, **told})
        found.sentences.append(comparison_sentence(where, arm, twin, one, verdict, MARGIN, metric=headline))


def _refused(arm: str, curve: LearningCurve) -> str:
    few = [
        f"{count} of {len(curve.values)} draws of {labels:,}"
        for count, labels in zip(curve.refused, curve.labels, strict=True)
        if count
    ]
    return f"{arm_name(arm)[:1].upper()}{arm_name(arm)[1:]} could not learn from {', '.join(few)} labels."


PRETRAINED, TWIN, CNN = "pretrained_probe", "random_probe", "cnn"


def label_curve(
    task: TableTask,
    model: Path | None,
    out: Path,
    *,
    cnn: bool = False,
    finetune: bool = False,
    options: CurveOptions | None = None,
    command: str = "",
    say: Callable[[str], None] = lambda sentence: None,
) -> dict[str, Any]:
    """Draw the learning curves of a model, its random twin, words and a convolutional network.

    Parameters
    ----------
    task : TableTask
        A divided table.
    model : Path, optional
        Model directory; without it there are baselines only.
    out : Path
        Folder for ``results.json``.
    cnn : bool
        Whether the convolutional network is trained on every subset, which takes minutes.
    finetune : bool
        Whether the model and random twins of it are trained in full on every subset, which takes minutes to hours.
    options : CurveOptions, optional
        How.
    command : str
        As typed, for the record.
    say : callable
        Told what is being done.

    Returns
    -------
    dict
        The content of ``results.json``.

    Raises
    ------
    ConfigurationError
        If there is no model to fine-tune.
    GenolectError
        As the parts say.
    """
    if finetune and model is None:
        raise ConfigurationError("there is no model to fine-tune", fix="name a model folder, or leave fine-tuning out")
    options, before = options or CurveOptions(), time.process_time()
    parts = task.read().table.parts()
    strands = strands_of(*parts)
    models, trained = {}, {}
    if model is not None:
        own = load_model(model)
        twin = random_twin(own, seed=derived_key(options.seed, "random twin"), keep_counts=False)
        models = {PRETRAINED: own, TWIN: twin}
        trained = finetuned_arms(own, strands=strands) if finetune else {}
    baselines = baseline_arms([CNN], strands=strands) if cnn else {}
    found = label_curves(parts, models, baselines, trained=trained, options=options, say=say)
    results = new_results(
        command,
        {
            "title": f"genolect: labels needed for {parts.test.name}",
            "seed": options.seed,
            "inputs": [task.origin()],
            "model_folder": None if model is None else str(model),
            "evaluation": found.rows,
            "comparisons": found.comparisons,
            "sentences": found.sentences,
            "notes": found.notes,
            "cpu_seconds": {arm: [round(one, 2) for one in seconds] for arm, seconds in found.cpu_seconds.items()},
            "cpu_seconds_in_all": round(time.process_time() - before, 2),
        },
    )
    files.make_folder(out)
    files.write_json(out / RESULTS, results)
    return results
