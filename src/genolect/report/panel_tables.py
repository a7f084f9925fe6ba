"""The panel on the page: per task a table of arms, what they chose and cost, and how the trained ones learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from genolect.report.notation import arm_title, count, duration, metric_named, number, signed, span
from genolect.report.results import ArmRecord, LossPoint, PanelTask, Results, Score
from genolect.report.svg import SQUARE, Axis, axis_over, element, picture, thinned

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
