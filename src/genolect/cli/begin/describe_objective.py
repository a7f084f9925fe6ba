"""``genolect describe-objective``: what is asked of a model, and how much of the answer is given away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from genolect.cli.options import Chosen, Seed, Window, grouped
from genolect.files import json_text

if TYPE_CHECKING:
    from genolect.objectives.leak import Leak, LeakEstimate


WIDEST_TABLE = 200


@grouped
def describe_objective(
    prepared: Annotated[Path, typer.Argument(help="Folder made by genolect prepare.")],
    *,
    chosen: Chosen,
    windows: Annotated[int, typer.Option(help="Windows to look at.")] = 2_000,
    window: Window = None,
    seed: Seed = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Measure what a configuration asks of a model: bases really hidden, and bits that leak, before any training."""
    from genolect.genome.genome import PreparedGenome
    from genolect.pretraining.plan import PretrainingOptions
    from genolect.pretraining.questions import ask

    recipe, options = chosen.read()
    given = {name: value for name, value in (("window", window), ("seed", seed)) if value is not None}
    run = PretrainingOptions.from_mapping({**options, **given}, "[run]")
    questions = ask(PreparedGenome(prepared), recipe, windows=windows, window=run.window, seed=run.seed)
    if as_json:
        typer.echo(json_text([question.to_mapping() for question in questions]), nl=False)
        return
    console = Console(highlight=False, width=WIDEST_TABLE)
    for question in questions:
        console.print(
            f"{question.name} ({question.kind}, tokens {recipe.tokenizer}): {question.sentence}", soft_wrap=True
        )
        if question.leak is not None:
            console.print(_table(question.leak))


def _table(leak: Leak) -> Table:
    """One row per figure, with its interval."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    percentages = {
        "tokens in the loss": leak.tokens_in_loss,
        "bases truly hidden": leak.bases_hidden,
        "bases that no token prints": leak.bases_unprinted,
        "selected tokens guessed from what neighbours show": leak.readable_tokens,
    }
    for name, figure in percentages.items():
        table.add_row(f"  {name}", f"{figure.value:.2%}", _interval(figure, percent=True))
    for name, bits in (
        (f"told at the place, bits per selected {leak.unit}", leak.told_at_place),
        ("told by neighbours, bits per selected token", leak.told_by_neighbours),
    ):
        table.add_row(f"  {name}", f"{bits.value:.4f}", _interval(bits, percent=False))
    return table


def _interval(figure: LeakEstimate, *, percent: bool) -> str:
    low, high = (f"{end:.2%}" if percent else f"{end:.4f}" for end in (figure.low, figure.high))
    return f"[{low}, {high}]"
