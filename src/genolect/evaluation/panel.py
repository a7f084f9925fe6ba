"""The panel: one task, every arm through the same probe, every number with its interval and its baseline beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genolect.data.labelled_windows import LabelledWindows
from genolect.errors import ConfigurationError
from genolect.evaluation.metrics import all_metrics, calibration_bins
from genolect.evaluation.probe import Probe, fit_probe
from genolect.evaluation.sentences import best_sentence, caution_sentences, comparison_sentence
from genolect.evaluation.statistics import (
    MARGIN,
    RESAMPLES,
    Estimate,
    Resamples,
    Verdict,
    decide,
    draw_blocks,
    estimate,
    resampled_values,
)

Floats = npt.NDArray[np.float64]
Row = dict[str, str | float | int | None]

MAJORITY = "majority"
REFERENCE = "pretrained_probe"


class Task(NamedTuple):
    """A labelled task, split.

    Attributes
    ----------
    name : str
        As it is to be called in sentences.
    train, validation, test : LabelledWindows
        The parts, with the same classes; the test windows' blocks are the resampling units.
    """

    name: str
    train: LabelledWindows
    validation: LabelledWindows
    test: LabelledWindows


class ArmFeatures(NamedTuple):
    """What one arm knows of the windows: one row of features per window, in the windows' order."""

    train: npt.NDArray[np.floating]
    validation: npt.NDArray[np.floating]
    test: npt.NDArray[np.floating]


@dataclass(frozen=True)
class PanelResult:
    """Everything that the panel found.

    Attributes
    ----------
    rows : list of dict
        ``task``, ``arm``, ``metric``, ``value``, ``low``, ``high``, ``n`` (test windows), ``split``. Rows with the
        metric ``auroc_difference`` hold the reference arm minus the named arm, on the same resamples.
    calibration : dict of str to list of dict
        Per arm, from `genolect.evaluation.metrics.calibration_bins`.
    sentences : list of str
        The verdict in plain English.
    verdicts : dict of str to str
        Per arm, how the reference arm compares with it.
    probes : dict of str to Probe
        The fitted probes.
    blocks : int
        Resampling units in the test set.
    """

    rows: list[Row]
    calibration: dict[str, list[dict[str, float]]]
    sentences: list[str]
    verdicts: dict[str, Verdict]
    probes: dict[str, Probe]
    blocks: int


def run_panel(
    task: Task,
    arms: Mapping[str, ArmFeatures],
    *,
    reference: str = REFERENCE,
    seed: int = 0,
    resamples: int = RESAMPLES,
    margin: float = MARGIN,
) -> PanelResult:
    """Probe every arm in the same way and compare the reference arm with all others.

    The arm ``majority`` is always there and needs no features: it gives every window the class frequencies of the
    training windows, so that its AUROC is one half and its AUPRC the prevalence.

    Parameters
    ----------
    task : Task
        Labelled windows, split.
    arms : mapping of str to ArmFeatures
        Features by arm, in the order in which they are to be listed.
    reference : str
        The arm that is compared with all others; without it there are no comparisons.
    seed : int
        Seed of the bootstrap.
    resamples : int
        Number of resamples.
    margin : float
        Differences in AUROC below it do not matter.

    Returns
    -------
    PanelResult
        Rows, calibration, verdicts and sentences.

    Raises
    ------
    ConfigurationError
        If an arm's features do not match the windows, or the parts differ in their classes.

    Examples
    --------
    >>> place, strand = np.arange(120), np.ones(120, dtype=np.int8)
    >>> label = place % 2
    >>> windows = LabelledWindows(("a", "b"), np.full(120, "chrI"), place, place + 1, strand, label, place // 8)
    >>> features = ArmFeatures(*[label[:, None] * 1.0] * 3)
    >>> run_panel(Task("toy", windows, windows, windows), {"pretrained_probe": features}).verdicts
    {'majority': 'better'}
    """
    _check(task, arms)
    resampled = draw_blocks(task.test.block, seed=seed, resamples=resamples)
    probes = {
        arm: fit_probe(features.train, task.train.label, features.validation, task.validation.label)
        for arm, features in arms.items()
    }
    probabilities = {MAJORITY: _majority(task)}
    probabilities |= {arm: probes[arm].probabilities(features.test) for arm, features in arms.items()}
    measured = {arm: _measure(task, predicted, resampled) for arm, predicted in probabilities.items()}
    rows = [
        _row(task, arm, metric, estimate(value, values))
        for arm, metrics in measured.items()
        for metric, (value, values) in metrics.items()
    ]
    differences = _differences(measured, reference)
    verdicts = {arm: decide(difference, margin=margin) for arm, difference in differences.items()}
    rows += [_row(task, arm, "auroc_difference", difference) for arm, difference in differences.items()]
    aurocs = {arm: estimate(*metrics["auroc"]) for arm, metrics in measured.items()}
    return PanelResult(
        rows=rows,
        calibration={arm: calibration_bins(task.test.label, predicted) for arm, predicted in probabilities.items()},
        sentences=[
            best_sentence(task.name, aurocs, windows=len(task.test), blocks=resampled.blocks),
            *(
                comparison_sentence(task.name, reference, arm, difference, verdicts[arm], margin)
                for arm, difference in reversed(differences.items())
            ),
            *caution_sentences(probes, blocks=resampled.blocks),
        ],
        verdicts=verdicts,
        probes=probes,
        blocks=resampled.blocks,
    )


def _check(task: Task, arms: Mapping[str, ArmFeatures]) -> None:
    parts = {"train": task.train, "validation": task.validation, "test": task.test}
    for name, part in parts.items():
        if part.classes != task.train.classes:
            raise ConfigurationError(
                f"the classes of {name} are {', '.join(part.classes)}",
                fix=f"use those of train: {', '.join(task.train.classes)}",
            )
        for arm, features in arms.items():
            rows = getattr(features, name).shape[0]
            if rows != len(part):
                raise ConfigurationError(
                    f"arm {arm!r} has features of {rows} windows, and {name} has {len(part)}",
                    fix="give one row per window",
                )
    if MAJORITY in arms:
        raise ConfigurationError(f"arm {MAJORITY!r} was given features", fix="leave it out; it is always there")


def _majority(task: Task) -> Floats:
    frequencies = np.bincount(task.train.label, minlength=len(task.train.classes)) / len(task.train)
    return np.tile(frequencies, (len(task.test), 1))


def _measure(task: Task, predicted: Floats, resampled: Resamples) -> dict[str, tuple[float, Floats]]:
    """Each metric on the test windows, and on every resample of them."""
    labels, classes = task.test.label, task.test.classes
    values = resampled_values(lambda weights: all_metrics(labels, predicted, classes, weights), resampled)
    return {name: (float(value[0]), values[name]) for name, value in all_metrics(labels, predicted, classes).items()}


def _differences(measured: dict[str, dict[str, tuple[float, Floats]]], reference: str) -> dict[str, Estimate]:
    if reference not in measured:
        return {}
    ours, our_values = measured[reference]["auroc"]
    aurocs = {arm: metrics["auroc"] for arm, metrics in measured.items() if arm != reference}
    return {arm: estimate(ours - theirs, our_values - values) for arm, (theirs, values) in aurocs.items()}


def _row(task: Task, arm: str, metric: str, result: Estimate) -> Row:
    return {
        "task": task.name,
        "arm": arm,
        "metric": metric,
        "value": result.value,
        "low": result.low,
        "high": result.high,
        "n": len(task.test),
        "split": "test",
    }
