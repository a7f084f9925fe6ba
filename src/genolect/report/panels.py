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
    metric_named,
    number,
    signed,
    span,
    split_metric,
)
from genolect.report.plots import interval_axis, interval_row
from genolect.report.results import Score
from genolect.report.svg import Axis, axis_over

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
