"""Variant effects: the sequence as it is and as a variant makes it, with what the variant was found to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from genolect.config import Configuration
from genolect.errors import InputError, shown
from genolect.sequence.alphabet import Bases, decode
from genolect.sequence.annotation import coordinate
from genolect.sequence.ragged import RaggedBases
from genolect.sequence.source import Source
from genolect.sequence.variant import Variant, changed_window, read_vcf, variant_of
from genolect.tables.table import Places
from genolect.tables.table_file import TableColumns, table_rows, target_of
from genolect.tasks.assembly import Assembly, Windows
from genolect.tasks.built import BLOCK_BASES, BuiltTask, Draft, blocks, counted, finish
from genolect.tasks.kind import Inputs, TaskKind

TABLES = (".tsv", ".csv", ".txt")


class VariantColumns(Configuration):
    """Which columns of a table mean what."""

    chrom: str = Field("chrom", description="Column of the sequence.")
    pos: str = Field("pos", description="Column of the position.")
    ref: str = Field("ref", description="Column of the reference allele; - is no bases.")
    alt: str = Field("alt", description="Column of the other allele.")
    group: str = Field("group", description="Column of what belongs together; not needed.")
    zero_based: bool = Field(False, description="Positions count from 0.")


class VariantOptions(Configuration):
    """What is read around a variant."""

    label: str = Field("label", description="Column, or key of the INFO, to predict.")
    window: int | None = Field(
        None, ge=2, description="Bases around the variant (default: the whole sequence that it is in)."
    )


def read_variant_table(path: Path, columns: VariantColumns | None = None) -> list[Variant]:
    r"""Read variants from a table.

    Parameters
    ----------
    path : Path
        Text with tabs or commas, and a line of names.
    columns : VariantColumns, optional
        Which columns mean what.

    Returns
    -------
    list of Variant
        In the file's order; every cell of the row is among the facts.

    Raises
    ------
    InputError
        If a column is missing, or a cell cannot be meant.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "effects.csv")
    ...     _ = path.write_bytes(b"chrom,pos,ref,alt,effect\n1,6,C,-,0.5\n")
    ...     (variant,) = read_variant_table(path, VariantColumns(zero_based=True))
    >>> variant.position, variant.start, variant.alternative, variant.facts["effect"]
    (7, 6, '', '0.5')
    """
    columns = columns or VariantColumns()
    source = Source(path)
    names, rows = table_rows(source)
    needed = (columns.chrom, columns.pos, columns.ref, columns.alt)
    for name in needed:
        if name not in names:
            some = ", ".join(map(shown, names[:12]))
            raise InputError(f"the table has no column {shown(name)}", fix=f"it has {some}", path=path, line=1)
    found = []
    for line, row in rows:
        cells = dict(zip(names, row, strict=True))
        chrom, position, reference, alternative = (cells[name] for name in needed)
        try:
            first = coordinate(position, "position") + columns.zero_based
            identifier = cells.get("id", "")
            found.append(
                variant_of(chrom, first, (reference, alternative), identifier=identifier, line=line, facts=cells)
            )
        except InputError as error:
            raise InputError(error.what, fix=error.fix, path=path, line=line) from error
    return found


def variant_effects(
    genome: Assembly, variants: Sequence[Variant], options: VariantOptions | None = None, *, group: str = "group"
) -> BuiltTask:
    """Build windows with variants, each beside the same window without it.

    Parameters
    ----------
    genome : Assembly
        The genome, or the elements that were mutated.
    variants : sequence of Variant
        The variants.
    options : VariantOptions, optional
        The label, and what is read.
    group : str
        The fact that says what belongs together.

    Returns
    -------
    BuiltTask
        The task: ``sequence`` is the window with the variant, the column ``reference_sequence`` the one without;
        ``offset`` is where they begin to differ. Without a group, a whole element or 100 kb of a genome stay together.

    Raises
    ------
    InputError
        If the genome does not read as a variant says, or no variant has a label.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> genome = Assembly.of_records({"e1": encode("ACGTTACGGATTACA")})
    >>> variants = [variant_of("e1", 7, ("C", alt), facts={"effect": text})
    ...     for alt, text in (("A", "0.5"), ("-", "-1.5"))]
    >>> task = variant_effects(genome, variants, VariantOptions(label="effect", window=6))
    >>> [task.table.sequences.letters(row) for row in range(2)], task.columns["reference_sequence"].tolist()
    (['TTAAGG', 'TTAGGA'], ['TTACGG', 'TTACGG'])
    """
    options = options or VariantOptions()
    kept: list[Variant] = []
    pairs: list[tuple[Bases, Bases]] = []
    rows: list[tuple[str, int, int]] = []
    unlabelled = outside = 0
    for variant in variants:
        if not variant.facts.get(options.label):
            unlabelled += 1
            continue
        start = 0 if options.window is None else variant.start - options.window // 2
        pair = changed_window(_sequence(genome, variant), variant, start, options.window)
        if pair is None:
            outside += 1
            continue
        kept.append(variant)
        pairs.append(pair)
        rows.append((variant.name, start, start + pair[0].size))
    notes = [
        *counted(unlabelled, f"variants have no {options.label}"),
        *counted(outside, "windows leave their sequence"),
    ]
    if not kept:
        fix = "name the label with --label, or use a shorter --window"
        raise InputError(f"no variant can be used: {', '.join(notes) or 'there is none'}", fix=fix)
    return finish("variants", _draft(kept, pairs, rows, options, group, tuple(notes)))


def _sequence(genome: Assembly, variant: Variant) -> Bases:
    if variant.name not in genome.lengths:
        some = ", ".join(map(shown, [*genome.lengths][:6]))
        raise InputError(f"the genome has no {shown(variant.name)}", fix=f"use its names: {some}", line=variant.line)
    return genome.whole(variant.name)


def _draft(
    kept: Sequence[Variant],
    pairs: Sequence[tuple[Bases, Bases]],
    rows: Sequence[tuple[str, int, int]],
    options: VariantOptions,
    group: str,
    notes: tuple[str, ...],
) -> Draft:
    name, start, end = zip(*rows, strict=True)
    first = np.array(start, dtype=np.int64)
    places = Places(np.array(name), first, np.array(end, dtype=np.int64), np.ones(len(rows), dtype=np.int8))
    own = places.name if options.window is None else blocks(places, BLOCK_BASES)
    given = np.array([variant.facts.get(group, "") for variant in kept], dtype=np.str_)
    lines = [variant.line for variant in kept]
    target = target_of([[variant.facts[options.label]] for variant in kept], lines, TableColumns())
    columns = {
        "reference_sequence": np.array([decode(reference) for reference, _ in pairs]),
        "offset": np.array([str(variant.start - begin) for variant, begin in zip(kept, start, strict=True)]),
        "variant": np.array([variant.identifier for variant in kept], dtype=np.str_),
        "ref": np.array([variant.reference or "-" for variant in kept]),
        "alt": np.array([variant.alternative or "-" for variant in kept]),
    }
    if target.kind == "number":
        target = replace(target, names=("label",))
    windows = Windows(places, np.where(given == "", own, given))
    return Draft(windows, RaggedBases.of([changed for _, changed in pairs]), target, columns, notes=notes)


class Variants(TaskKind, VariantOptions, VariantColumns):
    """Sequence with each variant and without it, with its effect."""

    verb: ClassVar = "variants"
    reads_annotation: ClassVar = False
    variants: Path = Field(description="VCF, or a table: .tsv, .csv, .txt.")

    def build(self, inputs: Inputs) -> BuiltTask:
        """See `TaskKind`."""
        path = inputs.took("variants", self.variants)
        if path.name.removesuffix(".gz").endswith(TABLES):
            found = read_variant_table(path, self)
        else:
            read = read_vcf(path)
            found = read.variants
            for kind, count in sorted(read.left_out.items()):
                inputs.notes += counted(count, f"alternatives {kind} are no bases")
        try:
            return variant_effects(inputs.genome, found, self, group=self.group)
        except InputError as error:
            raise InputError(error.what, fix=error.fix, path=path, line=error.line) from error
