"""Curves over shares of the labels on the terminal: a block per share, in it a line per arm, however many there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from genolect.report.notation import arm_title, duration, metric_named, number, span

WIDE = 80


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
    wide = console.width >= WIDE
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
