"""The evaluation as panels: one per metric (and class), one row per arm, a dot on an interval in each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from genolect.report.notation import (
    METRICS,
    arm_order,
    arm_title,
    count,
    duration,
    metric_named,
    number,
    signed,
    span,
    split_metric,
)
from genolect.report.plots import SQUARE, Axis, axis_over, element, interval_axis, interval_row, picture, thinned
from genolect.report.results import ArmRecord, LossPoint, PanelTask, Results, Score

MOST_ROWS = 300  # of dots; what is beyond stays in results.json, and the page says so
MAIN = "auroc"
DIFFERENCE = "auroc_difference"
HEADLINES = (MAIN, "pearson")
FOREMOST = (*HEADLINES, *(f"{name}_difference" for name in HEADLINES))
OURS = "pretrained_probe"


@dataclass(frozen=True)
class Row:
    """One arm of a panel, written and drawn."""

    title: str
    value: str
    interval: str
    n: str
    drawing: Markup
    ours: bool


@dataclass(frozen=True)
class Panel:
    """One metric: its rows, their common axis, and the n that they share (or None where they differ)."""

    metric: str
    title: str
    lower_is_better: bool
    n: str | None
    rows: tuple[Row, ...]
    ticks: Markup


@dataclass(frozen=True)
class Task:
    """All panels of a task on one split; those by class show AUROC on one axis."""

    title: str
    split: str
    main: tuple[Panel, ...]
    others: tuple[Panel, ...]
    by_class: tuple[Panel, ...]


def tasks_of(scores: Sequence[Score]) -> tuple[tuple[Task, ...], int]:
    """Arrange the evaluation for the page.

    Parameters
    ----------
    scores : sequence of Score
        The rows of the results.

    Returns
    -------
    tuple of Task, int
        The tasks in the order in which they appear, and how many rows are not drawn: beyond the number that a page can
        show, and all metrics by class but AUROC.

    Examples
    --------
    >>> tasks, left_out = tasks_of([Score(task="class", arm="majority", metric="auroc", value=0.5)])
    >>> tasks[0].main[0].rows[0].title
    'Majority guess'
    """
    overall = [score for score in scores if _part(score) is None]
    by_class = [score for score in scores if _part(score) is not None and _metric(score) == MAIN]
    kept = [*overall, *by_class][:MOST_ROWS]
    places = list(dict.fromkeys((score.task, score.split) for score in kept))
    tasks = [_task(*place, [score for score in kept if (score.task, score.split) == place]) for place in places]
    return tuple(tasks), len(scores) - len(kept)


def _metric(score: Score) -> str:
    return split_metric(score.metric)[0]


def _part(score: Score) -> str | None:
    return split_metric(score.metric)[1]


def _task(title: str, split: str | None, scores: list[Score]) -> Task:
    overall = [score for score in scores if _part(score) is None]
    by_class = [score for score in scores if _part(score) is not None]
    panels = []
    for name in _in_order(map(_metric, overall)):
        rows = [score for score in overall if _metric(score) == name]
        panels.append(_panel(metric_named(name).title, name, rows, _axis(name, rows)))
    common = _axis(MAIN, by_class)
    parts = dict.fromkeys(str(_part(score)) for score in by_class)
    return Task(
        title=title,
        split=split or "unnamed",
        main=tuple(panel for panel in panels if panel.metric in FOREMOST),
        others=tuple(panel for panel in panels if panel.metric not in FOREMOST),
        by_class=tuple(
            _panel(part, MAIN, [score for score in by_class if _part(score) == part], common) for part in parts
        ),
    )


def _in_order(names: Iterable[str]) -> list[str]:
    """Known metrics first, in our order; each name once."""
    given = dict.fromkeys(names)
    return [name for name in METRICS if name in given] + [name for name in given if name not in METRICS]


def _axis(name: str, scores: Iterable[Score]) -> Axis:
    reference = metric_named(name).reference
    marks = [mark for score in scores for mark in (score.value, score.low, score.high) if mark is not None]
    return axis_over(marks if reference is None else [*marks, reference])


def _panel(title: str, name: str, scores: Sequence[Score], axis: Axis) -> Panel:
    metric = metric_named(name)
    sizes = {score.n for score in scores}
    write = signed if name.endswith("_difference") else number
    rows = [
        Row(
            title=arm_title(score.arm),
            value=write(score.value),
            interval=span(score.low, score.high),
            n=count(score.n),
            drawing=interval_row(score.value, score.low, score.high, axis=axis, reference=metric.reference),
            ours=score.arm.startswith(OURS),
        )
        for score in sorted(scores, key=lambda score: arm_order(score.arm))
    ]
    shared = count(sizes.pop()) if len(sizes) == 1 else None
    return Panel(name, title, metric.lower_is_better, shared, tuple(rows), interval_axis(axis))


MOST_POINTS = 200
MARK = "†"
"""Stands beside every figure of a table that is known to leak."""


@dataclass(frozen=True)
class ArmLine:
    """One arm, written."""

    title: str
    value: str
    interval: str
    difference: str
    verdict: str
    setting: str
    tried: str
    runs: str
    time: str


@dataclass(frozen=True)
class Curve:
    """How one arm learned."""

    title: str
    drawing: Markup
    runs: int


@dataclass(frozen=True)
class TaskTable:
    """One task of the panel."""

    title: str
    metric: str
    reference: str
    sizes: str
    independent: str
    remarks: tuple[str, ...]
    published: tuple[tuple[str, str, str, str, str], ...]
    lines: tuple[ArmLine, ...]
    curves: tuple[Curve, ...]


def task_tables(results: Results) -> list[TaskTable]:
    """Arrange the panel's tasks for the page.

    Parameters
    ----------
    results : Results
        The run's results.

    Returns
    -------
    list of TaskTable
        Empty where there is no panel.

    Examples
    --------
    >>> panel = {"tasks": [{"task": "genes", "arms": [{"arm": "cnn", "tried": 6}]}]}
    >>> task_tables(Results.model_validate({"panel": panel}))[0].lines[0].title
    'CNN'
    """
    tasks = [] if results.panel is None else results.panel.tasks
    return [_table(task, [row for row in results.evaluation if row.task == task.task]) for task in tasks]


def _table(task: PanelTask, rows: Sequence[Score]) -> TaskTable:
    values = {row.arm: row for row in rows if row.metric == task.headline}
    sizes = " · ".join(f"{count(size)} {role}" for role, size in task.examples.items())
    units = "" if task.groups is None else f"{count(task.groups)} {task.units or 'groups'}"
    return TaskTable(
        title=task.task,
        metric=metric_named(task.headline).title,
        reference=arm_title(task.reference or ""),
        sizes=sizes,
        independent=units,
        remarks=tuple(task.remarks),
        published=tuple((one.task, one.model, one.metric, number(one.value), one.source) for one in task.published),
        lines=tuple(_line(task, arm, values.get(arm.arm)) for arm in task.arms),
        curves=tuple(_curves(task.arms)),
    )


def _line(task: PanelTask, arm: ArmRecord, score: Score | None) -> ArmLine:
    difference = next((one for one in task.comparisons if one.arm == arm.arm), None)
    told = ("", "reference" if arm.arm == task.reference else "")
    if difference is not None:
        told = (f"{signed(difference.value)} {span(difference.low, difference.high)}", difference.verdict)
    value = number(None if score is None else score.value)
    return ArmLine(
        title=arm_title(arm.arm),
        value=f"{value}{MARK if task.remarks else ''}",
        interval="" if score is None else span(score.low, score.high),
        difference=told[0],
        verdict=told[1],
        setting=arm.setting,
        tried=count(arm.tried),
        runs=count(arm.runs),
        time=duration(arm.cpu_seconds),
    )


def _curves(arms: Sequence[ArmRecord]) -> list[Curve]:
    return [
        Curve(arm_title(arm.arm), loss_curves(arm.curves, arm_title(arm.arm)), len(arm.curves))
        for arm in arms
        if any(len(curve) > 1 for curve in arm.curves)
    ]


def loss_curves(curves: Sequence[Sequence[LossPoint]], title: str) -> Markup:
    """Draw training and validation loss against steps, one pair of lines per run.

    Parameters
    ----------
    curves : sequence of sequence of LossPoint
        The runs.
    title : str
        Name of the arm.

    Returns
    -------
    Markup
        An SVG element.

    Examples
    --------
    >>> points = [LossPoint(step=1, training=0.7, validation=0.69), LossPoint(step=9, training=0.4, validation=0.5)]
    >>> loss_curves([points], "CNN").count("<path")
    2
    """
    points = [point for curve in curves for point in curve]
    losses = [loss for point in points for loss in (point.training, point.validation) if loss is not None]
    horizontal, vertical = axis_over([0, *(point.step for point in points)], margin=0), axis_over(losses)
    parts = []
    for tick in vertical.ticks:
        height = vertical.upward(tick)
        parts.append(element("line", x1="0", y1=height, x2="100%", y2=height, class_="grid"))
        parts.append(element("text", vertical.label(tick), x=-8, y=height, dy="0.32em", text_anchor="end"))
    parts.append(element("line", x1="0", y1="100%", x2="100%", y2="100%", class_="axis"))
    for tick in horizontal.ticks:
        place = horizontal.across(tick)
        parts.append(element("text", horizontal.label(tick), x=place, y="100%", dy="1.5em", text_anchor="middle"))
    inside = {"viewBox": f"0 0 {SQUARE} {SQUARE}", "preserveAspectRatio": "none", "width": "100%", "height": "100%"}
    drawn = [
        element("path", d=path, class_=kind)
        for curve in curves
        for kind, path in _paths(thinned(curve, MOST_POINTS), horizontal, vertical)
    ]
    parts.append(element("svg", *drawn, **inside))
    return picture(*parts, label=f"Loss of {title} against steps, in training and validation", kind="curve")


def _paths(curve: Sequence[LossPoint], horizontal: Axis, vertical: Axis) -> list[tuple[str, str]]:
    scale, found = SQUARE / 100, []
    for kind, field in (("training", "training"), ("heldout", "validation")):
        places = [
            f"{scale * horizontal.place(point.step):.1f},{SQUARE - scale * vertical.place(getattr(point, field)):.1f}"
            for point in curve
            if getattr(point, field) is not None
        ]
        if places:
            found.append((kind, "M" + "L".join(places)))
    return found
