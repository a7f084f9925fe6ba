"""``genolect describe``: what a genome is made of, and what is annotated on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from genolect.cli.options import AllowMissing, Rename, renaming
from genolect.cli.progress import base_counter
from genolect.errors import ConfigurationError
from genolect.files import STANDARD_INPUT, json_text
from genolect.sequence.annotation import Annotation, read_annotation
from genolect.sequence.source import Source
from genolect.sequence.statistics import (
    KMER_LENGTH,
    FeatureDescription,
    SequenceDescription,
    describe_annotation,
    describe_fasta,
)


def is_model(path: Path) -> bool:
    """Tell a model folder, ours or of Hugging Face, by its files."""
    return (path / "config.json").is_file()


def print_model(folder: Path, *, as_json: bool) -> None:
    """Print what a model is, for people or as JSON."""
    from genolect.models.conversion import describe_model

    facts = describe_model(folder)
    if as_json:
        typer.echo(json_text(facts), nl=False)
        return
    tokenizer = ", ".join(f"{name} {value}" for name, value in facts["tokenizer"].items() if name != "kind")
    rows = {
        "encoder": facts["kind"],
        "weights": f"{facts['parameters']:,}",
        "tokenizer": f"{facts['tokenizer']['kind']}{f' ({tokenizer})' if tokenizer else ''}",
        "predictable tokens": f"{facts['predictable_tokens']:,}",
        **{name: _shown(value) for name, value in facts["shape"].items()},
    }
    if facts["heads"]:
        rows["heads beside that for tokens"] = ", ".join(
            f"{name} ({head['kind']})" for name, head in facts["heads"].items()
        )
    if facts["rotary_periods"]:
        rows["rotary periods in tokens"] = ", ".join(f"{period:.4g}" for period in facts["rotary_periods"])
    if facts["steps"]:
        rows["trained"] = f"{facts['steps']:,} steps, {facts['bases_seen']:,} bases"
    width = max(map(len, rows))
    for name, value in rows.items():
        typer.echo(f"{name.replace('_', ' '):<{width}}  {value}")


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


MOST_RECORDS = 50
SHOWN_RECORDS = 20
WIDEST_TABLE = 1 << 14
_NONE = "–"


def describe(
    genome: Annotated[
        str, typer.Argument(help="FASTA file (plain, gzip, BGZF, - for standard input), or a model folder.")
    ],
    annotation: Annotated[str | None, typer.Option(help="GTF, GFF3 or BED file of the same assembly.")] = None,
    rename: Rename = None,
    allow_missing: AllowMissing = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Look at a genome: length, GC, CpG, repeats, unknown bases and k-mers of every sequence; and its features."""
    _refuse_options(genome, annotation, rename, allow_missing=allow_missing)
    if is_model(Path(genome)):
        print_model(Path(genome), as_json=as_json)
        return
    genome_source = Source(genome)
    with base_counter("describing") as count:
        *records, total = describe_fasta(genome_source, progress=count)
    answer: dict[str, Any] = {
        "genome": {
            **_origin(genome_source),
            "kmer_length": KMER_LENGTH,
            "records": [asdict(record) for record in records],
            "total": asdict(total),
        }
    }
    tables = [_sequence_table(records, total)]
    notes = _sequence_notes(total)
    if annotation is not None:
        source = Source(annotation)
        lengths = {record.name: record.length for record in records}
        read = read_annotation(source, lengths, rename=renaming(rename), allow_missing=allow_missing)
        features = describe_annotation(read)
        answer["annotation"] = {
            **_origin(source),
            "dialect": read.dialect,
            "circular": sorted(read.circular),
            "renamed": read.renamed,
            "missing": read.missing,
            "features": [asdict(feature) for feature in features],
        }
        tables.append(_feature_table(features, total.length, read.dialect))
        notes += _annotation_notes(read)
    if as_json:
        typer.echo(json_text(answer), nl=False)
    else:
        _print(tables, notes)


def _refuse_options(genome: str, annotation: str | None, rename: str | None, *, allow_missing: bool) -> None:
    if genome == annotation == STANDARD_INPUT:
        raise ConfigurationError("genome and annotation are both standard input", fix="name a file for one of them")
    if annotation is None and (rename is not None or allow_missing):
        raise ConfigurationError("--rename and --allow-missing are about an annotation", fix="add --annotation FILE")


def _origin(source: Source) -> dict[str, Any]:
    return {
        "path": source.name,
        "sha256": source.sha256,
        "bytes": source.bytes,
        "compression": source.compression,
    }


def _sequence_table(records: list[SequenceDescription], total: SequenceDescription) -> Table:
    entropy = f"{KMER_LENGTH}-mer bits (max {2 * KMER_LENGTH})"
    table = _table("sequence", "length", "GC %", "CpG o/e", "soft-masked %", "N", "IUPAC", entropy)
    shown = records
    if len(records) > MOST_RECORDS:
        shown = sorted(records, key=lambda record: -record.length)[:SHOWN_RECORDS]
    for record in shown:
        table.add_row(*_sequence_cells(record))
    if len(shown) < len(records):
        others = len(records) - len(shown)
        length = total.length - sum(record.length for record in shown)
        unknown = total.unknown - sum(record.unknown for record in shown)
        ambiguous = total.ambiguous - sum(record.ambiguous for record in shown)
        name = Text(f"({others:,} smaller)")
        table.add_row(name, f"{length:,}", "", "", "", f"{unknown:,}", f"{ambiguous:,}", "")
    table.add_section()
    table.add_row(*_sequence_cells(total))
    return table


def _sequence_cells(record: SequenceDescription) -> tuple[Text | str, ...]:
    return (
        Text(record.name),
        f"{record.length:,}",
        _percent(record.gc),
        _decimal(record.cpg_ratio),
        _percent(record.soft_masked),
        f"{record.unknown:,}",
        f"{record.ambiguous:,}",
        _decimal(record.kmer_entropy),
    )


def _feature_table(features: list[FeatureDescription], length: int, dialect: str) -> Table:
    table = _table(f"{dialect} feature", "rows", "bases covered", "% of genome")
    for feature in features:
        table.add_row(Text(feature.kind), f"{feature.rows:,}", f"{feature.bases:,}", _percent(feature.bases / length))
    return table


def _sequence_notes(total: SequenceDescription) -> list[str]:
    notes = []
    if total.ambiguous:
        notes.append(f"{total.ambiguous:,} IUPAC ambiguity codes count as N.")
    if total.uracil:
        notes.append(f"{total.uracil:,} U count as T.")
    return notes


def _annotation_notes(annotation: Annotation) -> list[str]:
    notes = []
    if annotation.circular:
        notes.append(f"Circular: {', '.join(sorted(annotation.circular))}.")
    if annotation.renamed:
        notes.append(f"Renamed: {', '.join(f'{theirs} to {ours}' for theirs, ours in annotation.renamed.items())}.")
    if annotation.missing:
        rows, names = sum(annotation.missing.values()), ", ".join(sorted(annotation.missing)[:SHOWN_RECORDS])
        notes.append(f"Left out: {rows:,} rows on {len(annotation.missing):,} sequences not in the genome ({names}).")
    return notes


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for heading in others:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _percent(share: float | None) -> str:
    return _NONE if share is None else f"{100 * share:.2f}"


def _decimal(number: float | None) -> str:
    return _NONE if number is None else f"{number:.3f}"


def _print(tables: Iterable[Table], notes: list[str]) -> None:
    """Print tables in their full width: a narrow terminal may break lines, but no digit is lost."""
    console = Console(highlight=False)
    for number, table in enumerate(tables):
        if number:
            console.print()
        console.width = WIDEST_TABLE
        console.width = Measurement.get(console, console.options, table).maximum
        console.print(table)
    for note in notes:
        console.print(Text(note), soft_wrap=True)
