"""``genolect task``: labelled tables from a genome and what is known of it, one command for each kind of task."""

from __future__ import annotations

import inspect
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from genolect.cli.options import Names, Verb, command_line, grouped

if TYPE_CHECKING:
    from genolect.tasks.kind import TaskKind


class Kinds(TyperGroup):
    """A group of commands that is made of the kinds of task, and not before somebody asks for one of them."""

    _own: MutableMapping[str, Any]
    _made: MutableMapping[str, Any]

    @property
    def commands(self) -> MutableMapping[str, Any]:
        """Every kind, and what stands in this file."""
        if not self._made:
            from genolect.tasks.kind import task_kinds

            made = typer.Typer(rich_markup_mode=None)
            for name, kind in task_kinds().items():
                made.command(name)(verb_of(kind))
            self._made = typer.main.get_group(made).commands
        return {**self._made, **self._own}

    @commands.setter
    def commands(self, own: MutableMapping[str, Any]) -> None:
        self._own, self._made = own, {}


app = typer.Typer(cls=Kinds, help="Build a labelled table from a genome and what is known of it.")


@dataclass(frozen=True)
class Table:
    """Where the table goes."""

    out: Annotated[Path, typer.Option("--out", "-o", help="New table: FILE.tsv or FILE.tsv.gz.")]
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the table if it is there.")] = False


Genome = Annotated[Path, typer.Option(help="FASTA file, or folder made by genolect prepare.")]


def verb_of(kind: type[TaskKind]) -> Verb:
    """Give the command of a kind of task: its fields, and what all kinds take."""

    def verb(options: TaskKind, table: Table, genome: Path | None = None, names: Names | None = None) -> None:
        from genolect.tasks.kind import Naming, Output

        output = Output(table.out, command_line(), table.overwrite)
        naming = None if names is None else Naming(names.renaming(), names.allow_missing)
        for line in options.write(output, genome, naming):
            typer.echo(line)
        typer.echo(f"table: {table.out}")

    taken: dict[str, Any] = {"genome": Genome} if kind.reads_genome else {}
    taken |= {"options": kind, "table": Table} | ({"names": Names} if kind.reads_annotation else {})
    required = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in taken]
    verb.__signature__ = inspect.Signature(required)  # type: ignore[attr-defined]
    verb.__annotations__, verb.__doc__ = taken, (kind.__doc__ or "").partition("\n\n")[0]
    verb.__module__, verb.__name__ = kind.__module__, kind.__name__
    return grouped(verb)


@app.command()
def published(task: Annotated[str | None, typer.Argument(help="Part of a task's name (default: all).")] = None) -> None:
    """What papers report on such tasks: theirs, on their data and splits, not comparable one to one."""
    from genolect.evaluation.published import TITLE, published_figures

    typer.echo(TITLE)
    for row in published_figures(task):
        typer.echo(f"{row.task}: {row.model} {row.metric} {row.value:g} ({row.source}; {row.note})")
