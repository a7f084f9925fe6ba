"""``genolect task``: labelled tables from a genome and what is known of it, one command for each kind of task."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genolect.cli.options import Names, command_line, grouped
from genolect.errors import ConfigurationError

if TYPE_CHECKING:
    from genolect.tasks.building import Naming, Output


app = typer.Typer(help="Build a labelled table from a genome and what is known of it.")

Starts = Annotated[Path, typer.Option(help="Starts of transcription: BED, GTF or GFF3.")]
Genes = Annotated[Path, typer.Option(help="GTF or GFF3.")]
Offset = Annotated[int, typer.Option(help="Bases from the 5' end of a row to the start of transcription.")]
NewTable = Annotated[Path, typer.Option("--out", "-o", help="New table: FILE.tsv or FILE.tsv.gz.")]
Replace = Annotated[bool, typer.Option("--overwrite", help="Replace the table if it is there.")]
Sites = Annotated[str, typer.Option(help="both (three classes), donor or acceptor (two).")]
Window = Annotated[int, typer.Option(help="Bases per example.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]


@dataclass(frozen=True)
class Table:
    """The genome, and where the table goes."""

    genome: Annotated[Path, typer.Option(help="FASTA file, or folder made by genolect prepare.")]
    out: NewTable
    overwrite: Replace = False

    def to_output(self) -> Output:
        """Give where it goes, with the command."""
        from genolect.tasks.building import Output

        return Output(self.out, command_line(), self.overwrite)


@dataclass(frozen=True)
class Against:
    """What examples are compared with."""

    negatives: Annotated[str, typer.Option(help="matched places, shuffled doublets, or both.")] = "matched"
    per_positive: Annotated[int, typer.Option(help="How many of a kind for each example.")] = 1
    margin: Annotated[
        int | None, typer.Option(help="Bases between matched places and examples (default: the longest example).")
    ] = None
    seed: Seed = 0


@app.command()
@grouped
def promoters(
    table: Table,
    *,
    starts: Starts,
    upstream: Annotated[int, typer.Option(help="Bases before the start.")] = 250,
    downstream: Annotated[int, typer.Option(help="Bases from the start on.")] = 50,
    offset: Offset = 0,
    against: Against,
    names: Names,
) -> None:
    """Promoters against matched background or shuffles (Prom300)."""
    from genolect.tasks.building import build_promoters
    from genolect.tasks.promoters import PromoterOptions

    window = {"upstream": upstream, "downstream": downstream, "offset": offset}
    options = PromoterOptions.from_mapping({**vars(against), **window}, "options")
    _say(build_promoters(table.genome, starts, table.to_output(), options, _naming(names)), table)


@app.command()
@grouped
def promoter_scan(
    table: Table,
    *,
    starts: Starts,
    window: Window = 1000,
    windows: Annotated[int, typer.Option(help="Examples per stretch.")] = 10,
    offset: Offset = 0,
    seed: Seed = 0,
    names: Names,
) -> None:
    """Stretches with a promoter, window by window: which one holds it? Unbalanced."""
    from genolect.tasks.building import build_promoter_scan
    from genolect.tasks.promoters import ScanOptions

    given = {"window": window, "windows": windows, "offset": offset, "seed": seed}
    options = ScanOptions.from_mapping(given, "options")
    _say(build_promoter_scan(table.genome, starts, table.to_output(), options, _naming(names)), table)


@app.command()
@grouped
def regions(
    table: Table,
    *,
    regions: Annotated[
        list[str],
        typer.Option(help="BED of regions; or NAME=FILE, repeated: told from one another, without background."),
    ],
    window: Annotated[int | None, typer.Option(help="Bases around the middle (default: regions as they are).")] = None,
    against: Against,
    names: Names,
) -> None:
    """Enhancers, open chromatin, any BED: against background, or kinds against one another."""
    from genolect.tasks.building import build_regions
    from genolect.tasks.regions import RegionOptions

    options = RegionOptions.from_mapping({**vars(against), "window": window}, "options")
    if len(regions) > 1 and against != Against():
        raise ConfigurationError("several kinds of regions have no background", fix="leave its options out")
    _say(build_regions(table.genome, _kinds(regions), table.to_output(), options, _naming(names)), table)


@dataclass(frozen=True)
class SiteChoice:
    """Which sites of a motif are asked about."""

    window: Window = 200
    p_value: Annotated[float, typer.Option(help="Largest p-value of a site.")] = 1e-4
    margin: Annotated[int, typer.Option(help="Unbound sites keep this far from every peak.")] = 500
    per_bound: Annotated[int, typer.Option(help="Unbound sites, alike, for each bound one; 0: all.")] = 1
    seed: Seed = 0


@app.command()
@grouped
def binding(
    table: Table,
    *,
    peaks: Annotated[Path, typer.Option(help="BED of peaks.")],
    motifs: Annotated[Path, typer.Option(help="Motifs in MEME's format, such as JASPAR's.")],
    motif: Annotated[str, typer.Option(help="Identifier or name: MA0139, CTCF.")],
    choice: SiteChoice,
    names: Names,
) -> None:
    """Sites of a motif in peaks against sites that read alike outside of them."""
    from genolect.tasks.binding import BindingOptions
    from genolect.tasks.building import build_binding

    options = BindingOptions.from_mapping(vars(choice), "options")
    _say(build_binding(table.genome, peaks, (motifs, motif), table.to_output(), options, _naming(names)), table)


@app.command("splice")
@grouped
def splicing(
    table: Table,
    *,
    annotation: Genes,
    sites: Sites = "both",
    window: Window = 60,
    per_site: Annotated[int, typer.Option(help="Decoys for each site, from the same gene.")] = 1,
    seed: Seed = 0,
    names: Names,
) -> None:
    """Splice sites against GT and AG of the same genes that are none."""
    from genolect.tasks.building import build_splicing
    from genolect.tasks.splicing import SpliceOptions

    given = {"sites": sites, "window": window, "per_site": per_site, "seed": seed}
    options = SpliceOptions.from_mapping(given, "options")
    _say(build_splicing(table.genome, annotation, table.to_output(), options, _naming(names)), table)


@dataclass(frozen=True)
class Records:
    """Records of exon, intron and exon, and where their table goes."""

    records: Annotated[Path, typer.Option(help="Table of exon-intron-exon records.")]
    out: NewTable
    overwrite: Replace = False
    keep: Annotated[
        list[str] | None, typer.Option(help="COLUMN=VALUE: ask about such records only; may be repeated.")
    ] = None


@dataclass(frozen=True)
class RecordTable:
    """Which columns of a table of records mean what."""

    exon1: Annotated[str, typer.Option(help="Column of the exon before the intron.")] = "exon1"
    intron: Annotated[str, typer.Option(help="Column of the intron.")] = "intron"
    exon2: Annotated[str, typer.Option(help="Column of the exon behind it.")] = "exon2"
    gene: Annotated[str, typer.Option(help="Column of the gene.")] = "gene"
    species: Annotated[str, typer.Option(help="Column of the species; not needed.")] = "species"


@dataclass(frozen=True)
class JunctionChoice:
    """Which junctions of records are asked about."""

    sites: Sites = "both"
    window: Window = 60
    per_site: Annotated[int, typer.Option(help="Decoys for each site, from the same record.")] = 1
    apart: Annotated[int, typer.Option(help="Bases from a decoy to the junctions of its record, at least.")] = 1
    count: Annotated[int | None, typer.Option(help="Records to draw at random, whole genes (default: all).")] = None
    seed: Seed = 0


@app.command()
@grouped
def junctions(table: Records, *, choice: JunctionChoice, columns: RecordTable) -> None:
    """Splice sites against GT and AG of the same exon-intron-exon records that are none; no genome."""
    from genolect.tasks.building import Output, build_junctions
    from genolect.tasks.junctions import JunctionOptions, RecordColumns

    options = JunctionOptions.from_mapping(vars(choice), "options")
    meaning = RecordColumns.from_mapping(vars(columns), "options")
    output = Output(table.out, command_line(), table.overwrite)
    _say(build_junctions(table.records, output, options, meaning, table.keep or ()), table)


@dataclass(frozen=True)
class PartChoice:
    """Which windows of genes are drawn."""

    window: Window = 200
    count: Annotated[int, typer.Option(help="Windows to draw, at most.")] = 20_000
    per_class: Annotated[int | None, typer.Option(help="Windows of a class, at most.")] = None
    fewest: Annotated[int, typer.Option(help="Leave out classes with fewer windows.")] = 10
    frames: Annotated[bool, typer.Option("--frames", help="Tell the three codon positions apart.")] = False
    pure: Annotated[bool, typer.Option("--pure", help="Only windows of one class.")] = False
    seed: Seed = 0


@app.command("coding")
@grouped
def gene_parts(table: Table, *, annotation: Genes, choice: PartChoice, names: Names) -> None:
    """Windows by what their middle base is: coding, intron, UTR, noncoding or intergenic."""
    from genolect.tasks.building import build_gene_parts
    from genolect.tasks.gene_parts import GenePartOptions

    options = GenePartOptions.from_mapping(vars(choice), "options")
    _say(build_gene_parts(table.genome, annotation, table.to_output(), options, _naming(names)), table)


@app.command()
@grouped
def expression(
    table: Table,
    *,
    genes: Annotated[
        Path, typer.Option(help="Table of genes: chrom, start, end (0-based half-open), strand, a value.")
    ],
    value: Annotated[str, typer.Option(help="Column of the value.")],
    upstream: Annotated[int, typer.Option(help="Bases before the start of the gene.")] = 500,
    downstream: Annotated[int, typer.Option(help="Bases from the start on.")] = 100,
    transform: Annotated[str, typer.Option(help="log1p or none.")] = "log1p",
) -> None:
    """Sequence around the start of each gene, with a measured number."""
    from genolect.tasks.building import build_expression
    from genolect.tasks.expression import ExpressionOptions

    given = {"upstream": upstream, "downstream": downstream, "transform": transform}
    options = ExpressionOptions.from_mapping(given, "options")
    _say(build_expression(table.genome, genes, value, table.to_output(), options), table)


@dataclass(frozen=True)
class Cut:
    """How a genome is cut along a signal."""

    window: Window = 1000
    count: Annotated[int | None, typer.Option(help="Windows to keep, at random (default: all).")] = None
    share: Annotated[float, typer.Option(help="Part of a window that its class must cover.")] = 0.5
    transform: Annotated[str, typer.Option(help="log1p or none, for numbers.")] = "none"
    seed: Seed = 0


@app.command()
@grouped
def signal(
    table: Table,
    *,
    track: Annotated[Path, typer.Option(help="bigWig, or BED whose fourth column is a class or a number.")],
    numbers: Annotated[bool, typer.Option("--numbers", help="The fourth column is a number.")] = False,
    cut: Cut,
    names: Names,
) -> None:
    """Chromatin state, replication timing, coverage: windows side by side with a class or a number."""
    from genolect.tasks.building import build_signal
    from genolect.tasks.signal import SignalOptions

    options = SignalOptions.from_mapping(vars(cut), "options")
    said = build_signal(table.genome, track, table.to_output(), options, _naming(names), as_numbers=numbers)
    _say(said, table)


@dataclass(frozen=True)
class VariantTable:
    """Which columns of a table of variants mean what."""

    chrom: Annotated[str, typer.Option(help="Column of the sequence.")] = "chrom"
    pos: Annotated[str, typer.Option(help="Column of the position.")] = "pos"
    ref: Annotated[str, typer.Option(help="Column of the reference allele.")] = "ref"
    alt: Annotated[str, typer.Option(help="Column of the other allele.")] = "alt"
    group: Annotated[str, typer.Option(help="Column of what belongs together.")] = "group"
    zero_based: Annotated[bool, typer.Option("--zero-based", help="Positions count from 0.")] = False


@app.command()
@grouped
def variants(
    table: Table,
    *,
    variants: Annotated[Path, typer.Option(help="VCF, or a table: .tsv, .csv, .txt.")],
    label: Annotated[str, typer.Option(help="Column, or key of the INFO, to predict.")] = "label",
    window: Annotated[
        int | None, typer.Option(help="Bases around the variant (default: the whole sequence that it is in).")
    ] = None,
    columns: VariantTable,
) -> None:
    """Sequence with each variant and without it, with its effect."""
    from genolect.tasks.building import build_variants
    from genolect.tasks.variant_effects import VariantColumns, VariantOptions

    options = VariantOptions.from_mapping({"label": label, "window": window}, "options")
    meaning = VariantColumns.from_mapping(vars(columns), "options")
    _say(build_variants(table.genome, variants, table.to_output(), options, meaning), table)


@app.command()
def published(task: Annotated[str | None, typer.Argument(help="Part of a task's name (default: all).")] = None) -> None:
    """What papers report on such tasks: theirs, on their data and splits, not comparable one to one."""
    from genolect.evaluation.published import TITLE, published_figures

    typer.echo(TITLE)
    for row in published_figures(task):
        typer.echo(f"{row.task}: {row.model} {row.metric} {row.value:g} ({row.source}; {row.note})")


def _kinds(texts: Iterable[str]) -> list[tuple[str, Path]]:
    kinds = []
    for text in texts:
        name, equals, path = text.partition("=")
        kinds.append((name, Path(path)) if equals else (Path(text).name.partition(".")[0], Path(text)))
    return kinds


def _naming(names: Names) -> Naming:
    from genolect.tasks.building import Naming

    return Naming(names.renaming(), names.allow_missing)


def _say(lines: list[str], table: Any) -> None:
    for line in lines:
        typer.echo(line)
    typer.echo(f"table: {table.out}")
