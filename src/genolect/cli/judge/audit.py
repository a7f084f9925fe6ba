"""``genolect audit``: what could make a score on a labelled table look better than it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from genolect.cli.options import grouped, listed
from genolect.cli.progress import message_console
from genolect.files import json_text, require_inputs

if TYPE_CHECKING:
    from genolect.tables.audit.audit import Audit
    from genolect.tables.table_file import TableColumns


LEAKS_FOUND = 6
SENTENCE_WIDTH = 110
COLOURS = {"leak": "red", "confounded": "magenta", "fault": "yellow", "note": "cyan", "ok": "green"}


@dataclass(frozen=True)
class Columns:
    """What the columns of a table mean."""

    label: Annotated[str, typer.Option(help="Column to predict; several, comma-separated, are yes-or-no labels.")] = (
        "label"
    )
    kind: Annotated[str, typer.Option(help="What the label is: auto, classes or number.")] = "auto"
    split: Annotated[str, typer.Option(help="Column of the parts, whatever they are called.")] = "split"
    group: Annotated[str, typer.Option(help="Column of what belongs together.")] = "group"
    drop: Annotated[bool, typer.Option("--drop", help="Leave out rows without a label.")] = False

    def read(self) -> TableColumns:
        """Give them as configuration."""
        from genolect.tables.table_file import TableColumns

        unlabelled: Literal["refuse", "drop"] = "drop" if self.drop else "refuse"
        values = {"label": listed(self.label), "kind": self.kind, "split": self.split, "group": self.group}
        return TableColumns.from_mapping({**values, "unlabelled": unlabelled}, "the options")


@grouped
def audit(
    table: Annotated[Path, typer.Argument(help="Labelled table: text with tabs or commas, plain or gzip.")],
    *,
    columns: Columns,
    genome: Annotated[Path | None, typer.Option(help="FASTA file, or prepared folder, of the table's places.")] = None,
    pretraining: Annotated[
        Path | None, typer.Option(help="Run, model or prepared genome: which examples does it read in training?")
    ] = None,
    threshold: Annotated[float, typer.Option(help="Share of words in common that makes a near copy.")] = 0.2,
    strict: Annotated[bool, typer.Option("--strict", help="End with 6 for faults and confounders too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Look for leaks between the parts of a labelled table, and for labels that need no sequence to be told.

    Ends with 6 where there is a leak.
    """
    from genolect.tables.audit.auditing import audit_table

    say = message_console().print
    trained = None
    if pretraining is not None:
        from genolect.pretraining.held_out import open_pretraining

        require_inputs([pretraining], table.parent, overwrite=False)
        trained = partial(open_pretraining, pretraining)
    found = audit_table(table, columns.read(), threshold=threshold, genome=genome, pretraining=trained, say=say)
    if as_json:
        typer.echo(json_text(found.section()), nl=False)
    else:
        _print(found)
    if found.judgement == "leak" or (strict and found.judgement in ("fault", "confounded")):
        raise typer.Exit(LEAKS_FOUND)


def _print(found: Audit) -> None:
    """One row per finding, then the summary."""
    sizes = ", ".join(f"{name} {size:,}" for name, size in found.parts.items()) or "no parts"
    labels = ", ".join(f"{name} {count:,}" for name, count in found.labels.items())
    console = Console(highlight=False)
    console.print(Text(f"{found.name}: {found.examples:,} examples; {sizes}; labels: {labels}"), soft_wrap=True)
    for remark in found.remarks:
        console.print(Text(remark), soft_wrap=True)
    grid = Table(box=None, pad_edge=False, show_header=False)
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(width=SENTENCE_WIDTH)
    for finding in found.findings:
        said = f"{finding.sentence} Fix: {finding.fix}." if finding.fix else finding.sentence
        grid.add_row(Text(finding.judgement, style=COLOURS[finding.judgement]), Text(finding.name), Text(said))
    console.width = SENTENCE_WIDTH + 60
    console.print(grid)
    console.print(Text(found.summary), soft_wrap=True)
