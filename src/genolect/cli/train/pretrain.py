"""``genolect pretrain``: train a model on a prepared genome."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genolect.cli.options import Again, Budget, CheckpointEvery, Chosen, Out, Window, command_line, grouped
from genolect.folders import MODEL


@grouped
def pretrain(
    prepared: Annotated[Path, typer.Argument(help="Folder made by genolect prepare.")],
    out: Out,
    *,
    budget: Budget,
    chosen: Chosen,
    window: Window = None,
    temperature: Annotated[
        float | None,
        typer.Option(help="Draw the species of a corpus by size^(1/T), 1 or more (default: its weights, or by size)."),
    ] = None,
    checkpoint_every: CheckpointEvery = None,
    again: Again,
) -> None:
    """Train a model, by default by hiding bases and predicting them; compare it with counting on what is held out."""
    from genolect.cli.output import output_folder
    from genolect.cli.training_display import training_display
    from genolect.pretraining import pretraining
    from genolect.pretraining.plan import named_files

    recipe, table = chosen.read()
    options = budget.to_options(table, window=window, checkpoint_every=checkpoint_every, temperature=temperature)
    inputs = [prepared, *map(Path, named_files(recipe))]
    with output_folder(out, inputs=inputs, **vars(again)), training_display() as listener:
        results = pretraining.pretrain(prepared, out, options, command=command_line(), listener=listener, recipe=recipe)
    for sentence in results["pretraining"]["verdicts"]:
        typer.echo(sentence)
    typer.echo(f"model: {out / MODEL}")
