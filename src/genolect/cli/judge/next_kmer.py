"""``genolect next-kmer``: how well models foretell the next bases, beside what counts foretell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from genolect.cli.options import Out, Overwrite, command_line, grouped, listed
from genolect.cli.progress import message_console
from genolect.errors import ConfigurationError
from genolect.folders import PREPARED


@dataclass(frozen=True)
class Asked:
    """What is asked, and how often."""

    lengths: Annotated[str, typer.Option(help="Each k: how many bases to foretell.")] = "2,3,4,5,6"
    prefix: Annotated[int, typer.Option(help="Bases that are shown before them.")] = 50
    training: Annotated[int, typer.Option(help="Questions to learn from.")] = 20_000
    validation: Annotated[int, typer.Option(help="Questions to choose by, at most.")] = 2_000
    test: Annotated[int, typer.Option(help="Questions to be judged by, at most.")] = 5_000
    tuning_steps: Annotated[int, typer.Option(help="Updates of the whole model; 0 for frozen models alone.")] = 300
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0


@grouped
def next_kmer(
    models: Annotated[list[Path], typer.Argument(help="Model folders of genolect, or Hugging Face folders.")],
    genome: Annotated[Path, typer.Option(help="FASTA file, or a folder made by genolect prepare.")],
    out: Out,
    *,
    asked: Asked,
    overwrite: Overwrite = False,
) -> None:
    """Ask which k bases come next on held-out records: models, frozen and tuned, beside counts and chance."""
    from genolect.cli.output import output_folder
    from genolect.evaluation import annotation
    from genolect.evaluation.studies.next_kmer import NextKmerOptions
    from genolect.evaluation.studies.next_kmer import next_kmer as ask

    options = NextKmerOptions.from_mapping({**vars(asked), "lengths": _numbers(asked.lengths)}, "the options")
    say = message_console().print
    with output_folder(out, inputs=[*models, genome], overwrite=overwrite):
        prepared = annotation.open_genome(genome, out / PREPARED)
        results = ask(models, prepared, out, options, command=command_line(), say=say)
    Console(width=WIDTH).print(kmer_table(results["evaluation"], results["next_kmer"]["questions"]["test"]))
    typer.echo(f"results: {out / 'results.json'}")


WIDTH = 150


def kmer_table(rows: Sequence[Mapping[str, Any]], questions: int) -> Table:
    """Lay out accuracies with their intervals, in per cent: a line for each arm, a column for each k.

    Parameters
    ----------
    rows : sequence of mapping
        Those of ``results.json``.
    questions : int
        How many were asked.

    Returns
    -------
    Table
        For rich.

    Examples
    --------
    >>> row = {"task": "next 2-mer", "arm": "chance", "metric": "accuracy", "value": 0.0625, "low": None, "high": None}
    >>> kmer_table([row], 9).row_count
    1
    """
    cells = {(row["arm"], row["task"]): _cell(row) for row in rows if row["metric"] == "accuracy"}
    tasks = list(dict.fromkeys(task for _, task in cells))
    table = Table(title=f"Right answers in per cent, {questions:,} questions, 95 % intervals", title_justify="left")
    table.add_column("arm", no_wrap=True)
    for task in tasks:
        table.add_column(task, justify="right")
    for arm in dict.fromkeys(arm for arm, _ in cells):
        table.add_row(Text(arm), *(cells[arm, task] for task in tasks))
    return table


def _cell(row: Mapping[str, Any]) -> str:
    if row["low"] is None:
        return f"{row['value']:.3%}".rstrip("%")
    return f"{100 * row['value']:.2f} ({100 * row['low']:.2f}-{100 * row['high']:.2f})"


def _numbers(text: str) -> tuple[int, ...]:
    if not all(word.isdecimal() for word in listed(text)):
        raise ConfigurationError(f"--lengths {text!r} is no list of numbers", fix="write --lengths 2,3,4,5,6")
    return tuple(map(int, listed(text)))
