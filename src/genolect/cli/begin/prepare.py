"""``genolect prepare``: encode genomes once, for every later step."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from genolect.cli.options import Out, Overwrite
from genolect.cli.progress import base_counter
from genolect.errors import ConfigurationError

if TYPE_CHECKING:
    from genolect.genome.genome import PreparedGenome


MOST_SPECIES = 20
WINDOW = 256
WIDEST_TABLE = 200


def prepare(
    genomes: Annotated[
        list[str] | None,
        typer.Argument(help="FASTA files: plain, gzip or BGZF; - for standard input.", show_default=False),
    ] = None,
    *,
    out: Out,
    corpus: Annotated[Path | None, typer.Option(help="Table of genomes instead, with tabs: name, path, …")] = None,
    processes: Annotated[int | None, typer.Option(help="Genomes of --corpus to prepare at a time (default 1).")] = None,
    circular: Annotated[
        str | None, typer.Option(help="Circular records: all, names such as Mito,2-micron, or a GFF3 that says so.")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(help="Show the shares of species in --corpus that pretrain draws at it.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Encode genomes into a folder that every later step maps into memory; reused when the files are the same.

    A corpus that was interrupted goes on where it was when the same command is given again.
    """
    from genolect.genome.preparation import prepare_files, prepare_many
    from genolect.genome.windows import check_temperature

    if corpus is None:
        _refuse_options_of_a_corpus(genomes, processes, temperature)
        with base_counter("preparing") as count:
            genome = prepare_files(genomes or [], out, circular=circular, overwrite=overwrite, progress=count)
        typer.echo(_summary(genome, out))
        return
    if genomes:
        what = f"--corpus and {len(genomes):,} FASTA files"
        raise ConfigurationError(what, fix="give one or the other; the table names the files of a corpus")
    if circular is not None:
        raise ConfigurationError("--circular with --corpus", fix="write circular into the table's column topology")
    if temperature is not None:
        check_temperature(temperature)
        if temperature == math.inf:
            fix = "give a large number, such as 1000"
            raise ConfigurationError("a temperature of inf is none that pretrain takes", fix=fix)
    with base_counter("preparing") as count:
        at_a_time = 1 if processes is None else processes
        genome = prepare_many(corpus, out, processes=at_a_time, overwrite=overwrite, progress=count)
    typer.echo(_summary(genome, out))
    _print_shares(genome, temperature)


def _refuse_options_of_a_corpus(genomes: list[str] | None, processes: int | None, temperature: float | None) -> None:
    for option, given in (("--processes", processes), ("--temperature", temperature)):
        if given is not None:
            raise ConfigurationError(f"{option} is about the genomes of a corpus", fix="add --corpus TABLE.tsv")
    if not genomes:
        raise ConfigurationError("there is no genome to prepare", fix="name FASTA files, or a table with --corpus")


def _summary(genome: PreparedGenome, out: Path) -> str:
    records = genome.records.values()
    unknown, circular = sum(record.n for record in records), sum(record.circular for record in records)
    turning = f", {circular:,} of them circular" if circular else ""
    bases = sum(genome.lengths.values())
    return f"{out}: {len(records):,} records{turning}, {bases:,} bases, {unknown:,} of them N"


def _print_shares(genome: PreparedGenome, temperature: float | None) -> None:
    """Say how often each species is drawn: as it should be, and as a trial gives it."""
    from genolect.genome.preparation import TRIAL_WINDOWS, describe_shares, largest_shares

    window = min(WINDOW, max(genome.lengths.values()))
    shares = describe_shares(genome, window=window, temperature=temperature)
    typer.echo(f"{len(shares):,} species; {TRIAL_WINDOWS:,} windows of {window} bases, as pretrain draws them:")
    table = Table(box=None, pad_edge=False)
    table.add_column("species", no_wrap=True)
    for heading in ("bases", "share expected", "share drawn"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in largest_shares(shares, MOST_SPECIES):
        cells = (f"{row.bases:,}", f"{row.expected:.3%}", f"{row.drawn / TRIAL_WINDOWS:.3%}")
        table.add_row(Text(row.species), *cells)
    Console(highlight=False, width=WIDEST_TABLE).print(table)
