r"""A labelled task as its user writes it: text with tabs or commas, a first line with the names of the columns.

::

    id      chrom  start  end    strand  sequence  label  split  group
    aaeBp   chr1   33882  33963  -       CAACC…    1      train  aaeB

A sequence comes from the column ``sequence``, or from a genome by ``chrom``, ``start`` and ``end`` (0-based half-open)
and ``strand``. Everything but a sequence and a label may be absent. Other columns pass. Lines that begin with # are
passed over; those that begin with ``# leak:`` or ``# note:`` are kept as remarks.
"""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from genolect import files
from genolect.config import Configuration
from genolect.errors import InputError, shown
from genolect.genome.genome import PreparedGenome
from genolect.sequence.alphabet import ENCODING, INVALID, Bases, reverse_complement
from genolect.sequence.ragged import RaggedBases
from genolect.sequence.source import Source, text_lines
from genolect.statistics.names import Kind
from genolect.tables.table import UNKNOWN, LabelledTable, Places, Target, Texts

Row = tuple[int, list[str]]
STRANDS = {"+": 1, "-": -1, ".": 0, "": 0}
REMARKS = ("# leak:", "# note:")
MOST_CLASSES = 50
"""Whole numbers with more values than this are a quantity, not classes."""


class TableColumns(Configuration):
    """Which columns mean what.

    Attributes
    ----------
    label : tuple of str
        The column to predict; several are yes-or-no labels of one example.
    kind : {'auto', 'classes', 'number'}
        What one label column is; by default classes, unless its values are numbers of which some are broken or more
        than 50 differ.
    split, group : str
        The columns of the published split, and of what belongs together.
    unlabelled : {'refuse', 'drop'}
        What to do with examples whose label is empty.
    """

    label: tuple[str, ...] = ("label",)
    kind: Literal["auto", "classes", "number"] = "auto"
    split: str = "split"
    group: str = "group"
    unlabelled: Literal["refuse", "drop"] = "refuse"


class ReadTable(NamedTuple):
    """A table, and how many rows were left out because they have no label."""

    table: LabelledTable
    unlabelled: int


def read_table(path: Path, columns: TableColumns | None = None, genome: PreparedGenome | None = None) -> ReadTable:
    r"""Read a labelled table.

    Parameters
    ----------
    path : Path
        Text with tabs or commas, plain or gzip.
    columns : TableColumns, optional
        Which columns mean what.
    genome : PreparedGenome, optional
        Where sequences are read from if the table has no column ``sequence``.

    Returns
    -------
    ReadTable
        The table, named as the file, and the rows left out.

    Raises
    ------
    InputError
        At the first cell that cannot be meant, with its line.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "toy.tsv").write_bytes(b"sequence\tlabel\nACGT\tyes\nGG\tno\n")
    ...     table, _ = read_table(Path(folder, "toy.tsv"))
    >>> table.name, table.target.names, table.target.values.tolist(), table.identifier.tolist()
    ('toy', ('no', 'yes'), [1, 0], ['row 2', 'row 3'])
    """
    columns = columns or TableColumns()
    source = Source(path)
    remarks: list[str] = []
    names, rows = table_rows(source, remarks)
    try:
        cells = _Cells(names, columns, genome)
        for line, row in rows:
            cells.read(line, row)
        table = replace(cells.table(path.name.partition(".")[0]), remarks=tuple(remarks))
    except InputError as error:
        raise InputError(error.what, fix=error.fix, path=path, line=error.line) from error
    return ReadTable(table, cells.unlabelled)


def table_rows(source: Source, remarks: list[str] | None = None) -> tuple[list[str], Iterator[Row]]:
    r"""Give the names of a table's columns, and its rows with their line numbers, cells stripped.

    Parameters
    ----------
    source : Source
        The file.
    remarks : list of str, optional
        Gets the remarks of the table, as the rows are read.

    Raises
    ------
    InputError
        If there is no first line, a name appears twice, a row has another number of cells, or quotes do not match.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     _ = file.write(b"sequence, label\nACGT, 1\n"), file.flush()
    ...     names, rows = table_rows(Source(file.name))
    ...     names, list(rows)
    (['sequence', 'label'], [(2, ['ACGT', '1'])])
    """
    lines = _content(source, [] if remarks is None else remarks)
    line, first = next(lines, (1, ""))
    if not first:
        fix = "give a line with the names of the columns, then a row for each example"
        raise InputError("the table is empty", fix=fix, path=source.name)
    delimiter = "\t" if "\t" in first or "," not in first else ","
    names = [name.strip() for name in _cells(source, line, first, delimiter)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        what = f"the column {shown(twice)} appears twice"
        raise InputError(what, fix="delete or rename one of them", path=source.name, line=line)
    return names, _rows(source, lines, delimiter, len(names))


def _content(source: Source, remarks: list[str]) -> Iterator[tuple[int, str]]:
    for line, text in text_lines(source):
        if text.startswith(REMARKS):
            remarks.append(text[1:].strip())
        elif text.strip() and not text.startswith("#"):
            yield line, text


def _rows(source: Source, lines: Iterator[tuple[int, str]], delimiter: str, width: int) -> Iterator[Row]:
    for line, text in lines:
        cells = [cell.strip() for cell in _cells(source, line, text, delimiter)]
        if len(cells) != width:
            what = f"the row has {len(cells)} cells, the first line names {width} columns"
            raise InputError(what, fix="give each column one cell in each row", path=source.name, line=line)
        yield line, cells


def _cells(source: Source, line: int, text: str, delimiter: str) -> list[str]:
    if '"' not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error as error:
        fix = "save the table as text with tabs"
        raise InputError(f"the quotes of {shown(text)} do not match", fix=fix, path=source.name, line=line) from error


class _Cells:
    """The columns while they are read."""

    def __init__(self, names: Sequence[str], columns: TableColumns, genome: PreparedGenome | None) -> None:
        self.columns = columns
        self.genome = genome
        self.at = {name: place for place, name in enumerate(names)}
        for label in columns.label:
            self._require(label, f"name the label with --label; there are {', '.join(map(shown, names[:12]))}")
        if "sequence" not in self.at:
            fix = "give a column sequence, or chrom, start, end and --genome"
            for name in ("chrom", "start", "end"):
                self._require(name, fix)
            if genome is None:
                raise InputError("the table has no column 'sequence'", fix=fix)
        self.lines: dict[str, int] = {}
        self.labels: list[list[str]] = []
        self.texts: dict[str, list[str]] = {"split": [], "group": [], "chrom": []}
        self.spans: list[tuple[int, int, int]] = []
        self.bases: list[Bases] = []
        self.unlabelled = 0

    def _require(self, name: str, fix: str) -> None:
        if name not in self.at:
            raise InputError(f"the table has no column {shown(name)}", fix=fix, line=1)

    def _cell(self, row: Sequence[str], name: str) -> str:
        place = self.at.get(name)
        return "" if place is None else row[place]

    def read(self, line: int, row: Sequence[str]) -> None:
        """Take one row."""
        label = [row[self.at[name]] for name in self.columns.label]
        if not any(label):
            if self.columns.unlabelled == "refuse":
                fix = "fill it in, or delete the row; genolect evaluate and audit leave such rows out with --drop"
                raise InputError("the label is empty", fix=fix, line=line)
            self.unlabelled += 1
            return
        name = self._cell(row, "id") or f"row {line}"
        if self.lines.setdefault(name, line) != line:
            what = f"the id {shown(name)} appears again; it is already on line {self.lines[name]}"
            raise InputError(what, fix="give each example its own id", line=line)
        place = self._place(line, row)
        self.bases.append(self._sequence(line, row, place))
        self.labels.append(label)
        self.spans.append(place)
        self.texts["chrom"].append(self._cell(row, "chrom"))
        self.texts["split"].append(self._cell(row, self.columns.split))
        self.texts["group"].append(self._cell(row, self.columns.group))

    def _place(self, line: int, row: Sequence[str]) -> tuple[int, int, int]:
        strand = self._cell(row, "strand")
        if strand not in STRANDS:
            raise InputError(f"the strand {shown(strand)} is not + - or .", fix="write one of them", line=line)
        start, end = (_whole(self._cell(row, name), name, line) for name in ("start", "end"))
        if not self._cell(row, "chrom") or start == UNKNOWN or end == UNKNOWN:
            return UNKNOWN, UNKNOWN, STRANDS[strand]
        if start >= end:
            what = f"the place {start}-{end} holds no base"
            raise InputError(what, fix="give 0-based half-open coordinates, start before end", line=line)
        return start, end, STRANDS[strand]

    def _sequence(self, line: int, row: Sequence[str], place: tuple[int, int, int]) -> Bases:
        text = self._cell(row, "sequence")
        if text:
            return encoded(text, line)
        if self.genome is None or "sequence" in self.at:
            raise InputError("the sequence is empty", fix="fill it in, or delete the row", line=line)
        name, (start, end, strand) = self._cell(row, "chrom"), place
        record = self.genome.records.get(name)
        if record is None:
            some = ", ".join(map(shown, [*self.genome.lengths][:6]))
            raise InputError(f"the genome has no {shown(name)}", fix=f"use its names: {some}", line=line)
        if not 0 <= start < end <= record.length:
            what = f"{name}:{start}-{end} leaves the sequence, which has {record.length:,} bases"
            raise InputError(what, fix="give the genome of these coordinates", line=line)
        bases = self.genome.bases(name, start, end)
        return reverse_complement(bases) if strand < 0 else bases

    def table(self, name: str) -> LabelledTable:
        """Put the columns together."""
        if not self.labels:
            raise InputError("the table has no labelled row", fix="give a row for each example")
        lines = [*self.lines.values()]
        spans = np.array(self.spans, dtype=np.int64)
        places = Places(np.array(self.texts["chrom"]), spans[:, 0], spans[:, 1], spans[:, 2].astype(np.int8))
        return LabelledTable(
            name=name,
            identifier=np.array([*self.lines]),
            sequences=RaggedBases.of(self.bases),
            target=target_of(self.labels, lines, self.columns),
            split=np.array(self.texts["split"]),
            group=np.array(self.texts["group"]),
            places=places,
        )


def _whole(text: str, name: str, line: int) -> int:
    if not text:
        return UNKNOWN
    if not (text.isascii() and text.isdigit()):
        raise InputError(f"the {name} {shown(text)} is no whole number from 0 up", fix="write digits only", line=line)
    return int(text)


def encoded(text: str, line: int) -> Bases:
    """Turn the letters of a cell into base codes.

    Parameters
    ----------
    text : str
        The letters.
    line : int
        Where they stand, for messages.

    Raises
    ------
    InputError
        At the first letter that is no base.

    Examples
    --------
    >>> encoded("ACgtR", 2).tolist()
    [0, 1, 10, 11, 4]
    """
    letters = text.encode("utf-8")
    bases: Bases = ENCODING[np.frombuffer(letters, dtype=np.uint8)]
    if (bases == INVALID).any():
        wrong = next(letter for letter in text if not letter.isascii() or ENCODING[ord(letter)] == INVALID)
        raise InputError(f"{shown(wrong)} is no base", fix="use A C G T N or IUPAC codes, without gaps", line=line)
    return bases


def target_of(labels: list[list[str]], lines: Sequence[int], columns: TableColumns) -> Target:
    """Decide what labels as they were written mean.

    Parameters
    ----------
    labels : list of list of str
        One text for each example and label column.
    lines : sequence of int
        The lines of the examples, for messages.
    columns : TableColumns
        The label columns, and what is asked of them.

    Returns
    -------
    Target
        Classes, yes-or-no columns, or a number.

    Raises
    ------
    InputError
        If a label is not what the others say it should be.

    Examples
    --------
    >>> target_of([["0.5"], ["2"]], [2, 3], TableColumns()).kind, target_of([["a"], ["b"]], [2, 3], TableColumns()).kind
    ('number', 'classes')
    """
    if len(columns.label) > 1:
        return _yes_or_no(labels, lines, columns.label)
    texts = [label[0] for label in labels]
    if _kind(texts, columns.kind) == "number":
        values = [_number(text, line) for text, line in zip(texts, lines, strict=True)]
        return Target("number", columns.label, np.array(values, dtype=np.float64))
    names, codes = np.unique(np.array(texts), return_inverse=True)
    return Target("classes", tuple(names.tolist()), codes.astype(np.int64))


def _kind(texts: Sequence[str], asked: str) -> Kind:
    if asked != "auto":
        return "classes" if asked == "classes" else "number"
    different = set(texts)
    try:
        numbers = [float(text) for text in different]
    except ValueError:
        return "classes"
    broken = any(not number.is_integer() for number in numbers if math.isfinite(number))
    return "number" if broken or len(different) > MOST_CLASSES else "classes"


def _number(text: str, line: int) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"the label {shown(text)} is no finite number", fix="write one, with a point", line=line)
    return number


def _yes_or_no(labels: list[list[str]], lines: Sequence[int], names: tuple[str, ...]) -> Target:
    meaning: Mapping[str, float] = {"0": 0.0, "1": 1.0, "": math.nan}
    values: npt.NDArray[np.float64] = np.empty((len(labels), len(names)))
    for row, (label, line) in enumerate(zip(labels, lines, strict=True)):
        for column, text in enumerate(label):
            if text not in meaning:
                what = f"{shown(names[column])} is {shown(text)}; of several labels each is 0, 1 or empty"
                raise InputError(what, fix="write 1 for yes, 0 for no, nothing where it is not known", line=line)
            values[row, column] = meaning[text]
    return Target("multilabel", names, values)


COLUMNS = ("id", "chrom", "start", "end", "strand", "sequence")
LAST = ("split", "group")
_STRANDS = {1: "+", -1: "-", 0: "."}
_FORBIDDEN = ("\t", "\n", "\r")


def table_text(table: LabelledTable, columns: Mapping[str, Texts] | None = None, remarks: Sequence[str] = ()) -> str:
    r"""Write a table as text with tabs.

    Parameters
    ----------
    table : LabelledTable
        The examples.
    columns : mapping of str to ndarray of str, optional
        Further columns.
    remarks : sequence of str
        What stands on top, each on a line that begins with ``#``.

    Returns
    -------
    str
        The text.

    Raises
    ------
    InputError
        If a cell holds a tab or a line break, or a name begins with ``#``: it would not be read back as it is.

    Examples
    --------
    >>> import numpy as np
    >>> from genolect.tables.table import Places, Target
    >>> from genolect.sequence.ragged import RaggedBases
    >>> from genolect.sequence.alphabet import encode
    >>> blank = np.array([""])
    >>> table = LabelledTable("toy", np.array(["x"]), RaggedBases.of([encode("ACGT")]),
    ...     Target("number", ("label",), np.array([0.5])), blank, blank, Places.unknown(1))
    >>> print(table_text(table, {"gc": np.array(["0.5"])}, ["made by hand"]).expandtabs(7))
    # made by hand
    id     chrom  start  end    strand sequence      label  split  group  gc
    x                                  ACGT   0.5                  0.5
    """
    further = dict(columns or {})
    text = StringIO()
    for remark in remarks:
        text.write(f"# {' '.join(remark.split())}\n")
    writer = csv.writer(text, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow([*COLUMNS, *_label_columns(table), *LAST, *further])
    for cells in _written_rows(table, further):
        _refuse_unreadable(cells)
        writer.writerow(cells)
    return text.getvalue()


def write_table(
    path: Path, table: LabelledTable, columns: Mapping[str, Texts] | None = None, remarks: Sequence[str] = ()
) -> None:
    r"""Write a table; compressed where the name ends in ``.gz``, and then too the same bytes every time.

    Parameters
    ----------
    path : Path
        Where.
    table, columns, remarks
        As for `table_text`.

    Raises
    ------
    InputError
        As in `table_text`.
    MachineError
        If the disk refuses.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from genolect.tables.table_file import read_table
    >>> with TemporaryDirectory() as folder:
    ...     first, second = Path(folder, "first.csv"), Path(folder, "second.tsv.gz")
    ...     _ = first.write_bytes(b"id,sequence,label\na,ACGT,yes\nb,GG,no\n")
    ...     write_table(second, read_table(first).table)
    ...     read_table(second).table.identifier.tolist()
    ['a', 'b']
    """
    text = table_text(table, columns, remarks).encode()
    files.write_file(path, gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)


def _written_rows(table: LabelledTable, further: Mapping[str, Texts]) -> Iterator[list[str]]:
    places, known = table.places, table.places.known.tolist()
    rest = [*_labels(table), table.split.tolist(), table.group.tolist(), *(c.tolist() for c in further.values())]
    for row, cells in enumerate(zip(*rest, strict=True)):
        span = [str(places.start[row]), str(places.end[row])] if known[row] else ["", ""]
        strand = _STRANDS[int(places.strand[row])] if known[row] or places.strand[row] else ""
        head = [str(table.identifier[row]), str(places.name[row]), *span, strand, table.sequences.letters(row)]
        yield [*head, *map(str, cells)]


def _label_columns(table: LabelledTable) -> tuple[str, ...]:
    return ("label",) if table.target.kind == "classes" else table.target.names


def _labels(table: LabelledTable) -> list[list[str]]:
    """Give the label columns as text."""
    values = table.target.values
    if table.target.kind == "classes":
        return [[table.target.names[code] for code in values.tolist()]]
    if table.target.kind == "number":
        return [[repr(value) for value in values.tolist()]]
    return [["" if value != value else str(int(value)) for value in column.tolist()] for column in values.T]


def _refuse_unreadable(cells: Sequence[str]) -> None:
    for cell in cells:
        if any(letter in cell for letter in _FORBIDDEN) or cell != cell.strip():
            what = f"{shown(cell)} holds a tab, a line break or a space at an end"
            raise InputError(what, fix="rename it in the file that it comes from")
    if cells[0].startswith("#"):
        raise InputError(f"the id {shown(cells[0])} begins with #", fix="rename it in the file that it comes from")
