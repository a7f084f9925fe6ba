"""``genolect information``: what a frozen model knows of a task, in bits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from genolect.cli.options import Out, Overwrite, TaskColumn, command_line, grouped
from genolect.cli.progress import message_console


@grouped
def information(
    models: Annotated[list[Path], typer.Argument(help="Model folders; the first is compared with its random twin.")],
    task: Annotated[Path, typer.Option(help="Labelled table, divided by genolect split.")],
    out: Out,
    *,
    column: TaskColumn,
    batch: Annotated[str | None, typer.Option(help="Column that a good model need not know, e.g. a batch.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    overwrite: Overwrite = False,
) -> None:
    """Measure in bits what a frozen model tells of the label, of what does not matter, and of the rest."""
    from genolect.cli.output import output_folder
    from genolect.evaluation.studies import information as results

    inputs = [path for path in (*models, task, column.genome) if path is not None]
    say = message_console().print
    file = column.file(task)
    with output_folder(out, inputs=inputs, overwrite=overwrite):
        found = results.information(models, file, out, batch=batch, seed=seed, command=command_line(), say=say)
    Console().print(_table(found["evaluation"]))
    for note in found["notes"]:
        typer.echo(note)
    typer.echo(f"results: {out / 'results.json'}")


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table("arm", "bits of", "value", "interval", "errs")
    for row in rows:
        low, high = row["low"], row["high"]
        interval = "" if low is None else f"{low:z.3f} to {high:z.3f}"
        what, value = row["metric"].removesuffix(" (bits)"), row["value"]
        table.add_row(row["arm"], what, f"{value:z.3f}", interval, row["direction"])
    return table
