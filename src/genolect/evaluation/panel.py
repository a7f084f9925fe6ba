"""The panel: one labelled task, every arm, every number with its interval and its baseline beside it.

Legend: n test examples, S runs of an arm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.special import stdtr, stdtrit

from genolect.config import Configuration
from genolect.errors import ConfigurationError, InputError, shown
from genolect.evaluation.methods.method import Answers, Arm, truth_of
from genolect.evaluation.running import ArmResult, Effort, run_arms
from genolect.statistics.bootstrap import (
    LIMITS,
    MARGIN,
    RESAMPLES,
    Estimate,
    Resamples,
    decide,
    draw_blocks,
    estimate,
    resampled_values,
)
from genolect.statistics.comparison import Comparison, Scored, compare
from genolect.statistics.metric_set import RANGES, metric_set
from genolect.statistics.metrics import calibration_bins
from genolect.statistics.names import ROLES, SMALLER_IS_BETTER
from genolect.statistics.power import bootstrap_error, detectable_difference
from genolect.statistics.runs import Runs, single_run, single_run_difference
from genolect.statistics.sentences import (
    arm_name,
    best_sentence,
    caution_sentences,
    comparison_sentence,
    finding_sentences,
    metric_name,
)
from genolect.tables.table import LabelledTable, Parts, Places

LENGTHS_PER_BLOCK = 20
MOST_BLOCKS = 100
"""Places are cut into blocks of twenty lengths, or a hundredth of what the examples span, whichever is more."""


class Units(NamedTuple):
    """Groups of test examples that stand or fall together.

    Attributes
    ----------
    group : ndarray, shape (n,)
        Group of each example.
    words : str
        What the groups are: ``groups``, ``chromosomes``, ``blocks of neighbouring places`` or ``examples``.
    note : str
        What weakens intervals made from them; '' where nothing does.
    """

    group: npt.NDArray[Any]
    words: str
    note: str = ""


def units_of(test: LabelledTable, by: str = "auto") -> Units:
    """Say what belongs together.

    Parameters
    ----------
    test : LabelledTable
        The test examples.
    by : {'auto', 'group', 'chromosome', 'place', 'example'}
        ``auto``: the column group where it says something, else blocks of places where they are known, else single
        examples, with a note.

    Returns
    -------
    Units
        Groups of the examples; one that has no group, or no place, is its own.

    Raises
    ------
    ConfigurationError
        If the table does not hold what is asked for.

    Examples
    --------
    >>> from genolect.tables.table import Target
    >>> from genolect.sequence.ragged import RaggedBases
    >>> names = np.array(["x", "y", "z"])
    >>> table = LabelledTable("toy", names, RaggedBases.of([np.zeros(3, dtype=np.uint8)] * 3),
    ...     Target("number", ("y",), np.arange(3.0)), names, np.array(["a", "a", ""]), Places.unknown(3))
    >>> units_of(table).group.tolist()
    ['group a', 'group a', 'example z']
    """
    grouped, placed = bool((test.group != "").any()), bool(test.places.known.any())
    if by == "auto":
        by = "group" if grouped else "place" if placed else "example"
    alone = np.char.add("example ", test.identifier)
    if by == "group" and grouped:
        named = np.char.add("group ", test.group)
        return Units(np.where(test.group != "", named, alone), "groups")
    if by == "chromosome" and placed:
        return Units(np.where(test.places.known, np.char.add("chromosome ", test.places.name), alone), "chromosomes")
    if by == "place" and placed:
        return Units(np.where(test.places.known, _blocks(test.places), alone), "blocks of neighbouring places")
    if by == "example":
        note = (
            "Nothing says which examples belong together, so they are resampled one by one: intervals are too narrow."
        )
        return Units(alone, "examples", note)
    fix = "give the column group, or chrom, start and end; or resample by example"
    raise ConfigurationError(f"{test.name} cannot be resampled by {by}: its test part does not say it", fix=fix)


def _blocks(places: Places) -> npt.NDArray[np.str_]:
    known = places.known
    typical = float(np.median((places.end - places.start)[known]))
    spans = [
        int(places.end[known & (places.name == name)].max() - places.start[known & (places.name == name)].min())
        for name in np.unique(places.name[known])
    ]
    size = int(max(LENGTHS_PER_BLOCK * typical, sum(spans) / MOST_BLOCKS, 1))
    return np.char.add(np.char.add(places.name, " "), (places.start // size).astype(np.str_))


Measured = Mapping[str, Runs]

CORRELATIONS = ("pearson", "spearman")
"""Of a constant answer these do not exist; here they are 0, as its Matthews correlation is, and can be beaten."""


def measure(parts: Parts, runs: Sequence[Answers], drawn: Resamples) -> dict[str, Runs]:
    """Compute every metric of every run, on the test examples as they are and resampled.

    Parameters
    ----------
    parts : Parts
        The task, with its test labels.
    runs : sequence of Answers
        S runs of one arm; thresholds are chosen on the validation examples of each.
    drawn : Resamples
        The resamples of the task.

    Returns
    -------
    dict of str to Runs
        By metric.
    """
    test, metrics = parts.test.target, metric_set(parts.test.target.kind)
    truth, told = truth_of(test), truth_of(parts.validation.target)
    found: dict[str, list[tuple[float, np.ndarray]]] = {}
    for run in runs:
        thresholds = metrics.thresholds(told, run.validation)

        def of(weights: np.ndarray, run: Answers = run, thresholds: np.ndarray = thresholds) -> dict[str, np.ndarray]:
            return metrics.measure(truth, run.test, test.names, weights, thresholds)

        resampled = resampled_values(of, drawn)
        for name, value in metrics.measure(truth, run.test, test.names, None, thresholds).items():
            values = np.append(value, resampled[name])
            if name in CORRELATIONS and np.ptp(run.test) == 0:
                values = np.zeros(values.size)
            found.setdefault(name, []).append((float(values[0]), values[1:]))
    return {
        name: Runs(np.array([value for value, _ in pairs]), np.stack([values for _, values in pairs]))
        for name, pairs in found.items()
    }


def estimated(runs: Runs, drawn: Resamples, metric: str = "") -> Estimate:
    """Put an interval around a metric: that of the one run there is, or that in which one more run would score.

    Parameters
    ----------
    runs : Runs
        Of one arm.
    drawn : Resamples
        The resamples behind them.
    metric : str
        Its name, by which the interval ends where the metric does (see `within_range`).

    Returns
    -------
    Estimate
        The mean over runs, with its interval.

    Examples
    --------
    >>> from genolect.statistics.bootstrap import draw_blocks
    >>> drawn = draw_blocks(np.arange(9), seed=0, resamples=2)
    >>> estimated(Runs(np.array([0.5]), np.array([[0.5, 0.5]])), drawn)
    Estimate(value=0.5, low=0.5, high=0.5)
    """
    if runs.values.size == 1:
        return within_range(estimate(float(runs.values[0]), runs.resampled[0], drawn.limits), metric)
    return within_range(single_run(runs, drawn), metric)


def within_range(found: Estimate, metric: str) -> Estimate:
    """Cut an interval where no true value can lie: it covers the truth as often as before.

    Examples
    --------
    >>> within_range(Estimate(0.9, 0.7, 1.1), "auroc[donor]"), within_range(Estimate(0.9, 0.7, 1.1), "unheard of")
    (Estimate(value=0.9, low=0.7, high=1.0), Estimate(value=0.9, low=0.7, high=1.1))
    """
    if found.low is None or found.high is None:
        return found
    name = metric.partition("[")[0]
    least, most = RANGES.get(name, RANGES.get(name.removesuffix("_micro"), (-np.inf, np.inf)))
    return Estimate(found.value, max(found.low, least), min(found.high, most))


def compared(ours: Runs, theirs: Runs, drawn: Resamples, *, margin: float = MARGIN, metric: str = "") -> Comparison:
    """Compare two arms on the same resamples; where either was run several times, one run of each.

    Parameters
    ----------
    ours, theirs : Runs
        The same metric of both.
    drawn : Resamples
        The resamples of the task.
    margin : float
        Differences below it do not matter.
    metric : str
        Its name, which says whether smaller is better.

    Returns
    -------
    Comparison
        Interval, p-value and verdict.

    Examples
    --------
    >>> from genolect.statistics.bootstrap import draw_blocks
    >>> drawn = draw_blocks(np.arange(9), seed=0, resamples=3)
    >>> good, bad = (Runs(np.array([at, at]), np.full((2, 3), at) + [-0.01, 0.0, 0.01]) for at in (0.9, 0.6))
    >>> compared(good, bad, drawn).verdict
    'better'
    """
    smaller = metric in SMALLER_IS_BETTER
    if ours.values.size == theirs.values.size == 1:
        first, second = (Scored(float(one.values[0]), one.resampled[0]) for one in (ours, theirs))
        return compare(first, second, drawn, margin=margin, smaller_is_better=smaller)
    difference = single_run_difference(_twice(ours), _twice(theirs), drawn)
    if smaller and difference.value is not None:
        difference = Estimate(-difference.value, _negative(difference.high), _negative(difference.low))
    return Comparison(difference, _p_value(difference, drawn), decide(difference, margin=margin), margin)


def _twice(runs: Runs) -> Runs:
    """Let an arm without chance stand for two runs that agree."""
    if runs.values.size > 1:
        return runs
    return Runs(np.repeat(runs.values, 2), np.repeat(runs.resampled, 2, axis=0))


def _negative(value: float | None) -> float | None:
    return None if value is None else -value


def _p_value(difference: Estimate, drawn: Resamples) -> float | None:
    """Give the level at which a symmetric interval comes to touch zero."""
    value, high = difference.value, difference.high
    if value is None or high is None:
        return None
    if high == value:
        return float(value == 0)
    freedom = drawn.effective_blocks - 1
    return float(2 * stdtr(freedom, -abs(value) / (high - value) * stdtrit(freedom, LIMITS[1])))


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
        Per arm, from `genolect.statistics.metrics.calibration_bins`; empty for numbers and several labels.
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
    >>> from genolect.tables.table import Places, Target
    >>> from genolect.sequence.ragged import RaggedBases
    >>> from genolect.evaluation.methods.baselines import baseline_arms
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
    """
    target = parts.train.target
    if target.kind == "classes":
        absent = [name for name, count in target.count().items() if not count]
        if absent:
            what = f"{parts.train.name} has no training example of the class {shown(absent[0])}"
            raise InputError(what, fix="divide the table anew, or leave the class out")
    for role, part in zip(ROLES, parts, strict=True):
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
