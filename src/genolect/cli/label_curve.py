"""``genolect label-curve``: how many labels a model needs, and how many its baselines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from genolect.cli.options import Out, Overwrite, TaskColumn, command_line, grouped
from genolect.cli.progress import message_console


@grouped
def label_curve(
    task: Annotated[Path, typer.Argument(help="Labelled table, divided by genolect split.")],
    out: Out,
    *,
    model: Annotated[Path | None, typer.Option(help="Model folder; without it there are baselines only.")] = None,
    column: TaskColumn,
    draws: Annotated[int, typer.Option(help="Orders in which labels are taken, at least 2.")] = 5,
    cnn: Annotated[bool, typer.Option("--cnn", help="Train the convolutional network on every subset too.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    overwrite: Overwrite = False,
) -> None:
    """Score a frozen model, its random twin and baselines on 1 to 100 % of the labels."""
    from genolect.workflow import label_curve_results as results
    from genolect.workflow.label_curves import CurveOptions
    from genolect.workflow.output import output_folder

    options = CurveOptions.from_mapping({"draws": draws, "seed": seed}, "options")
    file = column.file(task)
    inputs = [path for path in (task, model, column.genome) if path is not None]
    say = message_console().print
    with output_folder(out, inputs=inputs, overwrite=overwrite):
        found = results.label_curve(file, model, out, cnn=cnn, options=options, command=command_line(), say=say)
    Console().print(_table(found["evaluation"]))
    for sentence in [*found["sentences"], *found["notes"]]:
        typer.echo(sentence)
    typer.echo(f"results: {out / 'results.json'}")


def _table(rows: list[dict[str, Any]]) -> Table:
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    table = Table("labels", *arms, title=f"{rows[0]['metric']}, 95 % interval")
    for labels in dict.fromkeys(row["labels"] for row in rows):
        table.add_row(f"{labels:,}", *(_cell(row) for row in rows if row["labels"] == labels))
    return table


def _cell(row: dict[str, Any]) -> str:
    if row["value"] is None:
        return "none"
    return f"{row['value']:.3f}" + ("" if row["low"] is None else f" ({row['low']:.3f} to {row['high']:.3f})")
