"""Labelled tasks from files: each kind reads what its user has, and writes one table with how it was made on top."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from genolect import __version__
from genolect.errors import ConfigurationError, InputError, MachineError
from genolect.files import sha256_of
from genolect.genome.genome import PreparedGenome
from genolect.sequence.annotation import Annotation, read_annotation
from genolect.sequence.fasta import read_fasta
from genolect.sequence.motif import find_motif, read_motifs
from genolect.sequence.source import Source
from genolect.sequence.variant import read_vcf
from genolect.tables.table_file import write_table
from genolect.tasks.assembly import Assembly
from genolect.tasks.binding import BindingOptions, binding
from genolect.tasks.built import BuiltTask
from genolect.tasks.expression import ExpressionOptions, expression, read_measured
from genolect.tasks.gene_parts import GenePartOptions, gene_parts
from genolect.tasks.junctions import JunctionOptions, RecordColumns, junctions, read_records
from genolect.tasks.promoters import PromoterOptions, ScanOptions, promoter_scan, promoters, transcription_starts
from genolect.tasks.regions import RegionOptions, region_classes, regions
from genolect.tasks.signal import SignalOptions, coverage, numbers, states
from genolect.tasks.splicing import SpliceOptions, splicing
from genolect.tasks.variant_effects import VariantColumns, VariantOptions, read_variant_table, variant_effects

TABLES = (".tsv", ".csv", ".txt")


@dataclass(frozen=True)
class Output:
    """Where a task goes.

    Attributes
    ----------
    path : Path
        The table; compressed where its name ends in ``.gz``.
    command : str
        The command, for the record.
    overwrite : bool
        Whether a file that is there is replaced.
    """

    path: Path
    command: str
    overwrite: bool = False


@dataclass(frozen=True)
class Naming:
    """How an annotation's names of sequences relate to the genome's; see `read_annotation`."""

    rename: Mapping[str, str] | Literal["auto"] | None = None
    allow_missing: bool = False


class _Files:
    """The files of one task, with their checksums."""

    def __init__(self, output: Output) -> None:
        if output.path.is_dir() or (output.path.exists() and not output.overwrite):
            fix = "name another --out, or add --overwrite"
            raise MachineError("the table is there already", fix=fix, path=output.path)
        if not output.path.parent.is_dir():
            raise MachineError("there is no such folder", fix="make it first", path=output.path.parent)
        self.output = output
        self.remarks: list[str] = []
        self.notes: list[str] = []

    def _refuse_replacing(self, path: Path) -> None:
        if path.resolve() == self.output.path.resolve():
            raise ConfigurationError(f"--out would replace {path}, which is read", fix="name another --out")

    def took(self, what: str, path: Path) -> Path:
        """Note a file."""
        if not path.is_file():
            raise InputError("there is no such file", fix="check the path", path=path)
        self._refuse_replacing(path)
        self.remarks.append(f"input {what}: {path} sha256 {sha256_of(path)}")
        return path

    def write(self, task: BuiltTask, options: Mapping[str, Any]) -> list[str]:
        """Write the table; give what a person should read of it."""
        counts = task.table.target.count()
        counted = ", ".join(f"{count:,} {label}" for label, count in counts.items())
        if task.table.target.kind == "number":
            counted = f"{len(task.table):,} numbers"
        lengths = task.table.sequences.lengths
        groups = len(set(task.table.group.tolist()))
        shape = f"{len(task.table):,} examples in {groups:,} groups, {lengths.min():,} to {lengths.max():,} bases"
        said = [f"labels: {counted}", f"size: {shape}"]
        said += [f"note: {note}" for note in (*self.notes, *task.notes)] + task.balance.lines()
        chosen = " ".join(f"{key}={value}" for key, value in options.items() if value is not None)
        head = [f"genolect {__version__}: {self.output.command}", *self.remarks]
        head += [f"options: {chosen}"] if chosen else []
        write_table(self.output.path, task.table, task.columns, [*head, *said])
        return said


class _Inputs(_Files):
    """A genome, and files that speak of it."""

    def __init__(self, genome: Path, output: Output, naming: Naming | None = None) -> None:
        super().__init__(output)
        self.naming = naming or Naming()
        self._refuse_replacing(genome)
        self.genome = self._genome(genome)

    def _genome(self, path: Path) -> Assembly:
        if path.is_dir():
            prepared = PreparedGenome(path)
            self.remarks.append(f"input genome: {path} sha256 {prepared.content_hash}")
            return Assembly.of_genome(prepared)
        source = Source(path)
        records = {record.name: record.bases for record in read_fasta(source)}
        self.remarks.append(f"input genome: {path} sha256 {source.sha256}")
        return Assembly.of_records(records)

    def annotation(self, what: str, path: Path) -> Annotation:
        """Read the rows of a GTF, GFF3 or BED file."""
        self.took(what, path)
        found = read_annotation(
            path, self.genome.lengths, rename=self.naming.rename, allow_missing=self.naming.allow_missing
        )
        if found.missing:
            rows = sum(found.missing.values())
            self.notes.append(f"{rows:,} rows of {path.name} lie on sequences that the genome lacks")
        return found


def build_promoters(
    genome: Path, starts: Path, output: Output, options: PromoterOptions, naming: Naming | None = None
) -> list[str]:
    """Build promoters against background; see `data.tasks.promoters.promoters`.

    Parameters
    ----------
    genome : Path
        FASTA file, or a folder made by ``genolect prepare``.
    starts : Path
        BED, GTF or GFF3 with starts of transcription.
    output : Output
        Where to.
    options : PromoterOptions
        The window, and what it is compared with.
    naming : Naming, optional
        Names of sequences.

    Returns
    -------
    list of str
        Counts, what was left out, and the balance: what the table says on top.

    Raises
    ------
    ConfigurationError, InputError, MachineError
        If a file is not what it should be, nothing fits, or the output is there already.
    """
    inputs = _Inputs(genome, output, naming)
    sites = transcription_starts(inputs.annotation("starts", starts).features, options.offset)
    return inputs.write(promoters(inputs.genome, sites, options), options.to_mapping())


def build_promoter_scan(
    genome: Path, starts: Path, output: Output, options: ScanOptions, naming: Naming | None = None
) -> list[str]:
    """Build windows of stretches with promoters; parameters, result and refusals as `build_promoters`."""
    inputs = _Inputs(genome, output, naming)
    sites = transcription_starts(inputs.annotation("starts", starts).features, options.offset)
    return inputs.write(promoter_scan(inputs.genome, sites, options), options.to_mapping())


def build_regions(
    genome: Path,
    kinds: Sequence[tuple[str, Path]],
    output: Output,
    options: RegionOptions,
    naming: Naming | None = None,
) -> list[str]:
    """Build one kind of regions against background, or several against one another.

    Parameters
    ----------
    genome, output, naming
        As for `build_promoters`.
    kinds : sequence of tuple of str and Path
        Name and BED file of each kind.
    options : RegionOptions
        Which part of a region; of several kinds only the window counts.

    Returns
    -------
    list of str
        As `build_promoters`.
    """
    inputs = _Inputs(genome, output, naming)
    if len({name for name, _ in kinds}) < len(kinds):
        raise ConfigurationError("two kinds of regions have one name", fix="write NAME=FILE for each")
    found = {name: inputs.annotation(name, path).features for name, path in kinds}
    if len(found) == 1:
        task = regions(inputs.genome, next(iter(found.values())), options)
        return inputs.write(task, options.to_mapping())
    task = region_classes(inputs.genome, found, options.window)
    return inputs.write(task, {"window": options.window})


def build_binding(
    genome: Path,
    peaks: Path,
    motif: tuple[Path, str],
    output: Output,
    options: BindingOptions,
    naming: Naming | None = None,
) -> list[str]:
    """Build bound against unbound sites of a motif.

    Parameters
    ----------
    genome, output, naming
        As for `build_promoters`.
    peaks : Path
        BED file.
    motif : tuple of Path and str
        A file in MEME's format, and the motif's identifier or name.
    options : BindingOptions
        Which sites.

    Returns
    -------
    list of str
        As `build_promoters`.
    """
    inputs = _Inputs(genome, output, naming)
    chosen = find_motif(read_motifs(inputs.took("motifs", motif[0])), motif[1])
    inputs.remarks.append(f"motif: {chosen.identifier} {chosen.name}, {chosen.width} bases")
    found = inputs.annotation("peaks", peaks).features
    return inputs.write(binding(inputs.genome, found, chosen, options), options.to_mapping())


def build_splicing(
    genome: Path, annotation: Path, output: Output, options: SpliceOptions, naming: Naming | None = None
) -> list[str]:
    """Build splice sites against decoys from a GTF or GFF3; otherwise as `build_promoters`."""
    inputs = _Inputs(genome, output, naming)
    rows = inputs.annotation("annotation", annotation).features
    return inputs.write(splicing(inputs.genome, rows, options), options.to_mapping())


def build_junctions(
    records: Path,
    output: Output,
    options: JunctionOptions,
    columns: RecordColumns | None = None,
    keep: Sequence[str] = (),
) -> list[str]:
    """Build splice sites against decoys from a table of exon-intron-exon records, without a genome.

    Parameters
    ----------
    records : Path
        The table (plain or gzip).
    output, options
        As for `build_promoters`.
    columns : RecordColumns, optional
        Which columns mean what.
    keep : sequence of str
        Which records are asked about, as ``COLUMN=VALUE``.

    Returns
    -------
    list of str
        As `build_promoters`.
    """
    inputs = _Files(output)
    read = read_records(inputs.took("records", records), columns, keep)
    return inputs.write(junctions(read, options), {"keep": ",".join(keep) or None, **options.to_mapping()})


def build_gene_parts(
    genome: Path, annotation: Path, output: Output, options: GenePartOptions, naming: Naming | None = None
) -> list[str]:
    """Build windows of parts of genes from a GTF or GFF3; otherwise as `build_promoters`."""
    inputs = _Inputs(genome, output, naming)
    rows = inputs.annotation("annotation", annotation).features
    return inputs.write(gene_parts(inputs.genome, rows, options), options.to_mapping())


def build_expression(genome: Path, table: Path, column: str, output: Output, options: ExpressionOptions) -> list[str]:
    """Build sequences of genes with a measured value.

    Parameters
    ----------
    genome, output
        As for `build_promoters`.
    table : Path
        Genes: chrom, start, end, strand and the value.
    column : str
        Name of the value.
    options : ExpressionOptions
        What is read.

    Returns
    -------
    list of str
        As `build_promoters`.
    """
    inputs = _Inputs(genome, output)
    measured = read_measured(inputs.took("genes", table), column, inputs.genome.lengths)
    return inputs.write(expression(inputs.genome, measured, options), {"value": column, **options.to_mapping()})


def build_signal(
    genome: Path,
    track: Path,
    output: Output,
    options: SignalOptions,
    naming: Naming | None = None,
    *,
    as_numbers: bool = False,
) -> list[str]:
    """Build windows with classes or numbers along the genome.

    Parameters
    ----------
    genome, output, naming
        As for `build_promoters`.
    track : Path
        A bigWig file (``.bw``, ``.bigwig``), or BED with names.
    options : SignalOptions
        How the genome is cut.
    as_numbers : bool
        Whether the names of a BED file are numbers.

    Returns
    -------
    list of str
        As `build_promoters`.
    """
    inputs = _Inputs(genome, output, naming)
    if track.suffix.lower() in (".bw", ".bigwig"):
        task = coverage(inputs.genome, inputs.took("track", track), options)
    else:
        build: Callable[..., BuiltTask] = numbers if as_numbers else states
        task = build(inputs.genome, inputs.annotation("track", track).features, options)
    return inputs.write(task, options.to_mapping())


def build_variants(
    genome: Path, variants: Path, output: Output, options: VariantOptions, columns: VariantColumns | None = None
) -> list[str]:
    """Build windows with variants, beside the same windows without them.

    Parameters
    ----------
    genome, output
        As for `build_promoters`; the genome may also be the elements of a reporter assay.
    variants : Path
        A VCF file, or a table (``.tsv``, ``.csv``, ``.txt``, plain or gzip).
    options : VariantOptions
        The label, and what is read.
    columns : VariantColumns, optional
        Which columns of a table mean what.

    Returns
    -------
    list of str
        As `build_promoters`.
    """
    inputs = _Inputs(genome, output)
    columns = columns or VariantColumns()
    inputs.took("variants", variants)
    if variants.name.removesuffix(".gz").endswith(TABLES):
        found = read_variant_table(variants, columns)
    else:
        read = read_vcf(variants)
        found = read.variants
        inputs.notes += [f"{count:,} alternatives {kind} are no bases" for kind, count in sorted(read.left_out.items())]
    try:
        task = variant_effects(inputs.genome, found, options, group=columns.group)
    except InputError as error:
        raise InputError(error.what, fix=error.fix, path=variants, line=error.line) from error
    return inputs.write(task, options.to_mapping())
