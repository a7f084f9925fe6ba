"""The panel: one labelled task, every arm, every number with its interval and its baseline beside it.

Legend: n test examples, S runs of an arm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from pydantic import Field

from genolect.config import Configuration
from genolect.data.labelled_table import LabelledTable, Parts
from genolect.errors import ConfigurationError, InputError, shown
from genolect.evaluation.arm import Arm
from genolect.evaluation.comparison import Comparison
from genolect.evaluation.metric_set import metric_set
from genolect.evaluation.metrics import calibration_bins
from genolect.evaluation.power import bootstrap_error, detectable_difference
from genolect.evaluation.resampling_units import Units, units_of
from genolect.evaluation.running import ArmResult, Effort, run_arms
from genolect.evaluation.scores import Measured, compared, estimated, measure
from genolect.evaluation.sentences import (
    arm_name,
    best_sentence,
    caution_sentences,
    comparison_sentence,
    finding_sentences,
    metric_name,
)
from genolect.evaluation.statistics import MARGIN, RESAMPLES, Resamples, draw_blocks

Row = dict[str, str | float | int | None]

MAJORITY = "majority"
CONTROLS = ("permuted_labels",)


class PanelOptions(Configuration):
    """How a panel is run.

    Attributes
    ----------
    seed : int
        Seed of arms and resampling.
    seeds : int
        Runs of an arm that draws.
    resamples : int
        Of the bootstrap.
    margin : float
        Differences of the headline metric below it do not matter; declared before looking.
    units : {'auto', 'group', 'chromosome', 'place', 'example'}
        What is resampled (see `resampling_units.units_of`).
    processes : int
        Arms at work at a time (see `running.Effort`); it changes no answer.
    """

    seed: int = 0
    seeds: int = Field(3, ge=1)
    resamples: int = Field(RESAMPLES, ge=0)
    margin: float = Field(MARGIN, ge=0)
    units: str = "auto"
    processes: int = Field(1, ge=1)


@dataclass(frozen=True)
class PanelResult:
    """Everything that the panel found.

    Attributes
    ----------
    rows : list of dict
        ``task``, ``arm``, ``metric``, ``value``, ``low``, ``high``, ``n`` (test examples), ``split``. Rows whose metric
        ends on ``_difference`` hold the reference arm minus the named arm, on the same resamples.
    sentences : list of str
        The verdict in plain English.
    comparisons : dict of str to Comparison
        Per arm, how the reference arm compares with it.
    reference : str
        That arm.
    arms : dict of str to ArmResult
        What each did.
    calibration : dict of str to list of dict
        Per arm, from `genolect.evaluation.metrics.calibration_bins`; empty for numbers and several labels.
    units : Units
        What was resampled.
    blocks : int
        Resampling units in the test set.
    headline : str
        The metric that verdicts are about.
    """

    rows: list[Row]
    sentences: list[str]
    comparisons: dict[str, Comparison]
    reference: str
    arms: dict[str, ArmResult]
    calibration: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    units: Units = field(default_factory=lambda: Units(np.empty(0), ""))
    blocks: int = 0
    headline: str = "auroc"

    @property
    def verdicts(self) -> dict[str, str]:
        """Per arm, the word alone."""
        return {arm: comparison.verdict for arm, comparison in self.comparisons.items()}


def run_panel(
    table: LabelledTable,
    arms: Mapping[str, Arm],
    *,
    reference: str | None = None,
    options: PanelOptions | None = None,
    say: Callable[[str], None] = lambda sentence: None,
) -> PanelResult:
    """Let every arm answer the same task, and compare the reference arm with all others.

    Parameters
    ----------
    table : LabelledTable
        Examples with the roles train, validation and test.
    arms : mapping of str to Arm
        In the order in which they are to be listed. None of them sees a test label.
    reference : str, optional
        The arm that is compared; by default the one with the lowest validation loss.
    options : PanelOptions, optional
        How.
    say : callable
        Told which arm is at work.

    Returns
    -------
    PanelResult
        Rows, verdicts, sentences, and what each arm chose, tried and cost.

    Raises
    ------
    ConfigurationError
        If the table is not divided into these roles, the reference is not among the arms, or an arm answers something
        else than was asked.
    InputError
        If a class is not among the training examples, or the validation examples are all alike.

    Examples
    --------
    >>> from genolect.data.labelled_table import Places, Target
    >>> from genolect.data.ragged import RaggedBases
    >>> from genolect.evaluation.baselines import baseline_arms
    >>> label = np.arange(90) % 2
    >>> sequences = RaggedBases.of([np.full(9, 2 * one, dtype=np.uint8) for one in label])
    >>> names = np.arange(90).astype(str)
    >>> split, blank = np.repeat(["train", "validation", "test"], 30), np.full(90, "")
    >>> table = LabelledTable("toy", names, sequences, Target("classes", ("A", "G"), label), split, blank,
    ...     Places.unknown(90))
    >>> result = run_panel(table, baseline_arms(["majority", "composition"]))
    >>> result.reference, result.verdicts
    ('composition', {'majority': 'better'})
    """
    options = options or PanelOptions()
    parts = table.parts()
    check_task(parts)
    if reference is not None and reference not in arms:
        raise ConfigurationError(f"the reference {shown(reference)} is not run", fix="name one of the arms")
    units = units_of(parts.test, options.units)
    drawn = draw_blocks(units.group, seed=options.seed, resamples=options.resamples)
    effort = Effort(seed=options.seed, seeds=options.seeds, processes=options.processes)
    done = run_arms(arms, parts, effort, say)
    measured = {name: measure(parts, result.runs, drawn) for name, result in done.items()}
    metrics = metric_set(parts.test.target.kind)
    reference = reference or _foremost(done)
    ours = measured[reference]
    comparisons = {
        name: compared(ours[metrics.headline], theirs[metrics.headline], drawn, margin=options.margin)
        for name, theirs in measured.items()
        if name != reference
    }
    result = PanelResult(
        rows=_rows(parts, measured, comparisons, drawn),
        sentences=[],
        comparisons=comparisons,
        reference=reference,
        arms=done,
        calibration=_calibration(parts, done),
        units=units,
        blocks=drawn.blocks,
        headline=metrics.headline,
    )
    result.sentences.extend(_sentences(table.name, result, measured, drawn, chance=metrics.chance))
    return result


def check_task(parts: Parts) -> None:
    """Refuse a task that no arm could learn, or choose by.

    Raises
    ------
    InputError
        If a class is not among the training examples, or training or validation examples are all alike.

    Examples
    --------
    >>> from genolect.data.planted_signal import planted_signal
    >>> parts = planted_signal("length", n=60, length=20).table.parts()
    >>> check_task(parts)
    """
    target = parts.train.target
    if target.kind == "classes":
        absent = [name for name, count in target.count().items() if not count]
        if absent:
            what = f"{parts.train.name} has no training example of the class {shown(absent[0])}"
            raise InputError(what, fix="divide the table anew, or leave the class out")
    for role, part in zip(("training", "validation", "test"), parts, strict=True):
        values = part.target.values
        alike = values.ndim == 1 and np.unique(values).size < 2
        if alike:
            what = f"the {role} examples of {part.name} all have one label"
            raise InputError(what, fix="divide the table anew with genolect split")


def _foremost(done: Mapping[str, ArmResult]) -> str:
    """Name the arm that is best on the validation examples, controls aside."""
    rivals = [name for name in done if name not in (*CONTROLS, MAJORITY)] or [*done]
    return min(rivals, key=lambda name: done[name].validation_loss)


def _rows(
    parts: Parts, measured: Mapping[str, Measured], comparisons: Mapping[str, Comparison], drawn: Resamples
) -> list[Row]:
    headline = metric_set(parts.test.target.kind).headline
    found = [
        (arm, metric, estimated(runs, drawn, metric))
        for arm, metrics in measured.items()
        for metric, runs in metrics.items()
    ]
    found += [(arm, f"{headline}_difference", one.difference) for arm, one in comparisons.items()]
    return [
        {
            "task": parts.test.name,
            "arm": arm,
            "metric": metric,
            "value": one.value,
            "low": one.low,
            "high": one.high,
            "n": len(parts.test),
            "split": "test",
        }
        for arm, metric, one in found
    ]


def _calibration(parts: Parts, done: Mapping[str, ArmResult]) -> dict[str, list[dict[str, float]]]:
    """Compare confidence with accuracy, in the first run of each arm."""
    target = parts.test.target
    if target.kind != "classes":
        return {}
    labels = target.values.astype(np.int64)
    return {name: calibration_bins(labels, result.runs[0].test) for name, result in done.items()}


def _sentences(
    task: str, result: PanelResult, measured: Mapping[str, Measured], drawn: Resamples, *, chance: float
) -> list[str]:
    metric, reference, words = result.headline, result.reference, result.units.words
    values = {arm: estimated(metrics[metric], drawn, metric) for arm, metrics in measured.items()}
    examples = int(drawn.block_of_example.size)
    ranked = {arm: one for arm, one in values.items() if arm not in CONTROLS}
    said = [best_sentence(task, ranked, examples=examples, groups=drawn.blocks, words=words, metric=metric)]
    if result.comparisons.get(MAJORITY) is not None and result.comparisons[MAJORITY].verdict != "better":
        said.append(f"On {task}, {arm_name(reference)} is not shown to know anything: see the majority guess.")
    said += [
        comparison_sentence(task, reference, arm, one.difference, one.verdict, one.margin, metric=metric)
        for arm, one in reversed(result.comparisons.items())
        if arm not in CONTROLS
    ]
    said += finding_sentences(task, values, chance=chance, metric=metric)
    said += [f"{arm_name(arm)[:1].upper()}{arm_name(arm)[1:]}: {note}" for arm, note in _notes(result)]
    said += [one for one in (_power(result, measured, drawn),) if one]
    said += caution_sentences(groups=drawn.blocks, refusal=drawn.refusal, words=words)
    return said + ([result.units.note] if result.units.note else [])


def _notes(result: PanelResult) -> list[tuple[str, str]]:
    told = [(name, note) for name, arm in result.arms.items() for run in arm.runs for note in run.notes]
    return list(dict.fromkeys(told))


def _power(result: PanelResult, measured: Mapping[str, Measured], drawn: Resamples) -> str:
    """Say how large a difference from the strongest rival would have to be, to be found."""
    rivals = {name: result.arms[name] for name in result.comparisons if name not in (*CONTROLS, MAJORITY)}
    if not rivals or drawn.refusal is not None or not drawn.counts.shape[1]:
        return ""
    rival = min(rivals, key=lambda name: rivals[name].validation_loss)
    pair = [measured[name][result.headline].resampled for name in (result.reference, rival)]
    blocks = drawn.effective_blocks
    least = detectable_difference(bootstrap_error(pair[0][0] - pair[1][0], blocks), blocks)
    unit = metric_name(result.headline)
    return f"This test set would show a difference of {least:.3f} {unit} from {arm_name(rival)} four times in five."
