"""A panel on the terminal: one line per arm, two where the terminal is narrow, then the verdict in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from genolect.report.notation import arm_title, duration, metric_named, number, signed, span

WIDE = 100
MARK = "†"
"""Stands beside every figure of a table that is known to leak."""


def print_panel(results: Mapping[str, Any], console: Console | None = None) -> None:
    """Print what an evaluation of tables found.

    Parameters
    ----------
    results : mapping
        The content of ``results.json``.
    console : Console, optional
        Where; by default standard output.
    """
    console = console or Console(highlight=False, markup=False, emoji=False)
    for task in results["panel"]["tasks"]:
        rows = [row for row in results["evaluation"] if row["task"] == task["task"]]
        _print_task(task, rows, console)
    for sentence in results["panel"]["sentences"]:
        typer.echo(sentence)


def _print_task(task: Mapping[str, Any], rows: Iterable[Mapping[str, Any]], console: Console) -> None:
    sizes = task["examples"]
    console.print(
        Text(
            f"{task['task']}: {sizes['train']:,} to train, {sizes['validation']:,} to choose, {sizes['test']:,} to test"
        )
    )
    values = {row["arm"]: row for row in rows if row["metric"] == task["headline"]}
    compared = {one["arm"]: one for one in task["comparisons"]}
    mark = MARK if task["remarks"] else ""
    unit = metric_named(task["headline"]).title
    wide = console.width >= WIDE
    titles = ["arm", unit, "95 % interval"] if wide else ["arm", unit]
    titles += [f"{arm_title(task['reference'])} minus arm", "verdict", "CPU s"] if wide else ["CPU s"]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, title in enumerate(titles):
        table.add_column(Text(title), justify="left" if not place or title == "verdict" else "right", no_wrap=wide)
    for arm in task["arms"]:
        value, difference = values[arm["arm"]], compared.get(arm["arm"])
        interval = span(value["low"], value["high"])
        told = ("", "reference") if difference is None else (_difference(difference), difference["verdict"])
        cells = [arm_title(arm["arm"]), f"{number(value['value'])}{mark}", interval, *told, f"{arm['cpu_seconds']:.1f}"]
        if not wide:
            cells = [f"{cells[0]}\n  {told[1]}", f"{cells[1]}\n{interval}", cells[-1]]
        table.add_row(*map(Text, cells))
    console.print(table)
    for remark in task["remarks"]:
        typer.echo(f"{mark} {remark}")
    for line in _published(task.get("published", [])):
        typer.echo(line)
    for sentence in task["sentences"]:
        typer.echo(sentence)


def _published(figures: Iterable[Mapping[str, Any]]) -> list[str]:
    """Put figures of papers on one line for each of their tasks and metrics; where they are from stands on the page."""
    told: dict[tuple[str, str], list[str]] = {}
    for one in figures:
        told.setdefault((one.get("task", ""), one["metric"]), []).append(f"{one['model']} {number(one['value'])}")
    names = {key: ", ".join(part for part in key if part) for key in told}
    return [f"published, not ours, other split: {names[key]} of {', '.join(models)}" for key, models in told.items()]


def _difference(one: Mapping[str, Any]) -> str:
    return f"{signed(one['value'])} {span(one['low'], one['high'])}"


WIDE_CURVE = 80


def print_curve(results: Mapping[str, Any], console: Console | None = None) -> None:
    """Print what was found with few and with all labels.

    Parameters
    ----------
    results : mapping
        The content of ``results.json``.
    console : Console, optional
        Where; by default standard output.
    """
    console = console or Console(highlight=False, markup=False, emoji=False)
    curves: dict[str, list[Mapping[str, Any]]] = {}
    for row in results["evaluation"]:
        curves.setdefault(row["arm"], []).append(row)
    unit = metric_named(results["evaluation"][0]["metric"]).title
    wide = console.width >= WIDE_CURVE
    titles = ["labels", "share", "arm", unit, "95 % interval", "CPU s"] if wide else ["labels", "arm", unit, "CPU s"]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(Text(title), justify="left" if title == "arm" else "right", no_wrap=title != "arm")
    for place, rows in enumerate(zip(*curves.values(), strict=True)):
        for row in rows:
            labels, share = (f"{row['labels']:,}", _percent(row["share"])) if row is rows[0] else ("", "")
            value, interval = number(row["value"]), span(row["low"], row["high"])
            arm, seconds = arm_title(row["arm"]), f"{results['cpu_seconds'][row['arm']][place]:.1f}"
            told = [share, arm, value, interval, seconds] if wide else [arm, f"{value}\n{interval}", seconds]
            table.add_row(*map(Text, [labels, *told]))
        table.add_section()
    console.print(table)
    for sentence in [*results["sentences"], *results["notes"]]:
        typer.echo(sentence)
    typer.echo(f"processor time: {duration(results['cpu_seconds_in_all'])}".replace("\N{NO-BREAK SPACE}", " "))


def _percent(share: float) -> str:
    return "100 %" if share == 1 else f"{100 * share:.2g} %"
