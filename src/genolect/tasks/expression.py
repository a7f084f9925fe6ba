"""Expression: the sequence around the start of each gene, and a number that was measured for it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from genolect.arrays import Floats
from genolect.config import Configuration
from genolect.errors import InputError, shown
from genolect.sequence.annotation import coordinate
from genolect.sequence.source import Source
from genolect.tables.table import Target, Texts
from genolect.tables.table_file import STRANDS, table_rows
from genolect.tasks.assembly import Assembly, Sites, windows_around
from genolect.tasks.built import BuiltTask, Draft, counted, finish, usable
from genolect.tasks.kind import Inputs, TaskKind

PLACE = ("chrom", "start", "end", "strand")


class ExpressionOptions(Configuration):
    """What is read of a gene."""

    upstream: int = Field(500, ge=0, description="Bases before the start of the gene.")
    downstream: int = Field(100, ge=1, description="Bases from the start on.")
    transform: Literal["log1p", "none"] = Field("log1p", description="What is done with the values.")


class Measured(NamedTuple):
    """Genes with values, and how many rows had none."""

    starts: Sites
    identifier: Texts
    values: Floats
    empty: int


def read_measured(path: Path, column: str, lengths: Mapping[str, int]) -> Measured:
    r"""Read a table of genes with their places and values.

    Parameters
    ----------
    path : Path
        Text with tabs or commas: ``chrom``, ``start``, ``end`` (0-based half-open), ``strand`` and the value; ``id``
        and ``group`` (what shares it stays together) if there are.
    column : str
        The column of the value.
    lengths : mapping of str to int
        Bases of each sequence of the genome.

    Returns
    -------
    Measured
        The 5' end of each gene that has a value.

    Raises
    ------
    InputError
        If a column is missing, or a cell cannot be meant.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "genes.csv")
    ...     _ = path.write_bytes(b"chrom,start,end,strand,fpkm\nI,4,9,-,2.5\nI,4,9,+,\n")
    ...     found = read_measured(path, "fpkm", {"I": 90})
    >>> found.starts.position.tolist(), found.values.tolist(), found.empty
    ([8], [2.5], 1)
    """
    source = Source(path)
    names, rows = table_rows(source)
    at = {name: place for place, name in enumerate(names)}
    for name in (*PLACE, column):
        if name not in at:
            some = ", ".join(map(shown, names[:12]))
            raise InputError(f"the table has no column {shown(name)}", fix=f"it has {some}", path=path, line=1)
    sites, values, identifiers, empty = [], [], [], 0
    for line, row in rows:
        cells = {name: row[place] for name, place in at.items()}
        if not cells[column]:
            empty += 1
            continue
        try:
            sites.append(_start(cells, lengths))
            values.append(_value(cells[column]))
        except InputError as error:
            raise InputError(error.what, fix=error.fix, path=path, line=line) from error
        identifiers.append(cells.get("id", ""))
    return Measured(Sites.of(sites), np.array(identifiers, dtype=np.str_), np.array(values), empty)


def _start(cells: Mapping[str, str], lengths: Mapping[str, int]) -> tuple[str, int, int, str]:
    name, strand = cells["chrom"], cells["strand"]
    start, end = coordinate(cells["start"], "start"), coordinate(cells["end"], "end")
    if name not in lengths:
        some = ", ".join(map(shown, [*lengths][:6]))
        raise InputError(f"the genome has no {shown(name)}", fix=f"use its names: {some}")
    if not start < end <= lengths[name]:
        what = f"the place {start}-{end} is none of {shown(name)}, which has {lengths[name]:,} bases"
        raise InputError(what, fix="give 0-based half-open coordinates on this genome")
    if STRANDS.get(strand, 0) == 0:
        raise InputError(f"the strand {shown(strand)} is neither + nor -", fix="say on which strand the gene lies")
    parent = cells.get("group") or cells.get("id") or ""
    return name, start if strand == "+" else end - 1, STRANDS[strand], parent


def _value(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"the value {shown(text)} is no finite number", fix="write one, with a point, or nothing")
    return value


def expression(genome: Assembly, measured: Measured, options: ExpressionOptions | None = None) -> BuiltTask:
    """Build the sequences around the starts of genes with the values that were measured.

    Parameters
    ----------
    genome : Assembly
        The genome.
    measured : Measured
        Starts and values.
    options : ExpressionOptions, optional
        What is read, and what is done with the values.

    Returns
    -------
    BuiltTask
        The task; the start is base `upstream` (0-based) of each sequence.

    Raises
    ------
    InputError
        If nothing is left, or a value is negative whose logarithm is asked for.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> genome = Assembly.of_records({"I": encode("ACGTTACGGATTACA")})
    >>> starts = Sites.of([("I", 4, 1, "a"), ("I", 9, -1, "b")])
    >>> task = expression(genome, Measured(starts, np.array(["a", "b"]), np.array([0.0, 5.0]), 0),
    ...     ExpressionOptions(upstream=2, downstream=3))
    >>> task.table.sequences.letters(1), task.table.target.values.round(3).tolist()
    ('AATCC', [0.0, 1.792])
    """
    options = options or ExpressionOptions()
    windows, kept, notes = usable(genome, windows_around(measured.starts, options.upstream, options.downstream))
    values = measured.values[kept]
    if options.transform == "log1p":
        if (values < 0).any():
            what = f"{int((values < 0).sum()):,} values are negative, the smallest is {values.min():g}"
            raise InputError(what, fix="add --transform none")
        values = np.log1p(values)
    notes = (*counted(measured.empty, "rows have no value"), *notes)
    columns = {"gene": measured.identifier[kept]} if (measured.identifier[kept] != "").any() else {}
    target = Target("number", ("label",), values)
    return finish("expression", Draft(windows, genome.sequences(windows.places), target, columns, notes=notes))


class Expression(TaskKind, ExpressionOptions):
    """Sequence around the start of each gene, with a measured number."""

    verb: ClassVar = "expression"
    reads_annotation: ClassVar = False
    genes: Path = Field(description="Table of genes: chrom, start, end (0-based half-open), strand, a value.")
    value: str = Field(description="Column of the value.")

    def build(self, inputs: Inputs) -> BuiltTask:
        """See `TaskKind`."""
        measured = read_measured(inputs.took("genes", self.genes), self.value, inputs.genome.lengths)
        return expression(inputs.genome, measured, self)
