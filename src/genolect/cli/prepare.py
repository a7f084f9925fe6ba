"""``genolect prepare``: encode genomes once, for every later step."""

from __future__ import annotations

from typing import Annotated

import typer

from genolect.cli.options import Out, Overwrite
from genolect.cli.progress import base_counter


def prepare(
    genomes: Annotated[list[str], typer.Argument(help="FASTA files: plain, gzip or BGZF; - for standard input.")],
    out: Out,
    overwrite: Overwrite = False,
) -> None:
    """Encode genomes into a folder that every later step maps into memory; reused when the files are the same."""
    from genolect.data.genome import prepare_genome

    with base_counter("preparing") as count:
        genome = prepare_genome(genomes, out, overwrite=overwrite, progress=count)
    records, bases = len(genome.records), sum(genome.lengths.values())
    unknown = sum(record.n for record in genome.records.values())
    typer.echo(f"{out}: {records:,} records, {bases:,} bases, {unknown:,} of them N")
