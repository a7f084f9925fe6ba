"""``genolect tokenizer``: learn a byte-pair vocabulary, look at tokenizers on a genome, carry one over."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from genolect.cli.options import Names, Out, Overwrite, Seed, command_line, grouped
from genolect.cli.progress import cycle_counter
from genolect.files import json_text
from genolect.folders import TOKENIZER

WIDEST_TABLE = 200

app = typer.Typer(help="Learn, look at and convert tokenizers.")

NAME = "nucleotide, kmer:6, kmer:6:6, codon, amino_acid; or a tokenizer.json, a vocab.txt, a folder with one."


@dataclass(frozen=True)
class Learning:
    """How byte-pair tokens are learned."""

    cycles: Annotated[int, typer.Option(help="Merges to learn.")] = 600
    longest: Annotated[int | None, typer.Option(help="Bases of the longest token (default: no limit).")] = None
    sample: Annotated[int | None, typer.Option(help="Bases to learn from in all (default: all of them).")] = None
    seed: Seed = 0


@dataclass(frozen=True)
class Reading:
    """What sequences tokenizers are tried on."""

    alphabet: Annotated[str, typer.Option(help="What to read: dna, coding (in frame) or protein.")] = "dna"
    annotation: Annotated[Path | None, typer.Option(help="GTF or GFF3 with the coding sequences.")] = None
    code: Annotated[int, typer.Option(help="Genetic code of the coding sequences (NCBI).")] = 1


@app.command()
@grouped
def train(
    genomes: Annotated[list[Path], typer.Argument(help="FASTA files, or folders made by genolect prepare.")],
    out: Out,
    *,
    learning: Learning,
    overwrite: Overwrite = False,
) -> None:
    """Learn byte-pair tokens from whole chromosomes; 600 cycles on one genome is GROVER's recipe."""
    from genolect.genome import tokens

    options = tokens.ByteTraining.from_mapping(vars(learning), "options")
    with cycle_counter("learning", learning.cycles) as count:
        content = tokens.train_tokenizer(
            genomes, out, options, command=command_line(), overwrite=overwrite, progress=count
        )
    _print(content)
    for note in content["notes"]:
        typer.echo(note)
    typer.echo(f"tokenizer: {out / TOKENIZER}")
    typer.echo(f"page: {out / tokens.PAGE}")


@app.command()
@grouped
def inspect(
    tokenizers: Annotated[list[str], typer.Argument(help=NAME)],
    genome: Annotated[Path, typer.Option(help="FASTA file or prepared folder to try them on.")],
    *,
    reading: Reading,
    names: Names,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="New HTML file for plots.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Compare tokenizers on the same sequences: token length, bases per token, balance of frequencies, GC."""
    from genolect.genome.tokens import compare_tokenizers

    content = compare_tokenizers(
        tokenizers, genome, out, **vars(reading), rename=names.renaming(), allow_missing=names.allow_missing
    )
    if as_json:
        typer.echo(json_text(content), nl=False)
        return
    _print(content)
    for note in content["notes"]:
        typer.echo(note)
    if out is not None:
        typer.echo(f"page: {out}")


@app.command()
def convert(source: Annotated[str, typer.Argument(help=NAME)], out: Out, overwrite: Overwrite = False) -> None:
    """Write a tokenizer as the ecosystem's tokenizer.json, with the same ids; reads DNABERT's and others' files."""
    from genolect.genome import tokens

    tokenizer = tokens.convert_tokenizer(source, out, command=command_line(), overwrite=overwrite)
    words = len(tokenizer.vocabulary)
    typer.echo(f"{out / TOKENIZER}: {tokenizer.kind}, {words:,} tokens, sha256 {tokenizer.content_hash[:12]}")
    if tokens.takes_words(tokenizer):
        typer.echo("The file takes words with spaces between (ATG TGC GCT): the format cannot cut overlapping ones.")


def _print(content: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("tokenizer", no_wrap=True)
    letters = "residues" if content.get("alphabet") == "protein" else "bases"
    lengths = (f"{letters}/token", "longest", "4-5-mers %")
    for heading in ("words", "tokens", *lengths, "evenness", "Gini", "GC %", "unused"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in content["tokenizers"]:
        table.add_row(Text(row["name"]), *_cells(row))
    Console(highlight=False, width=WIDEST_TABLE).print(table)


def _cells(row: dict[str, Any]) -> list[str]:
    middle = sum(part["occurrence_share"] for part in row["lengths"] if part["length"] in (4, 5))
    return [
        f"{row['targets']:,}",
        f"{row['tokens']:,}",
        _decimal(row["bases_per_token"], 2),
        f"{row['longest']}",
        f"{100 * middle:.1f}",
        _decimal(row["evenness"], 3),
        _decimal(row["gini"], 3),
        "–" if row["gc"] is None else f"{100 * row['gc']:.1f}",
        f"{row['never_seen']:,}",
    ]


def _decimal(number: float | None, digits: int) -> str:
    return "–" if number is None else f"{number:.{digits}f}"
