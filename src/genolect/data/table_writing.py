"""A labelled task written as the table that `table_file.read_table` reads, with remarks on top on how it was made."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path

from genolect import durable
from genolect.data.labelled_table import LabelledTable, Texts
from genolect.errors import InputError, shown

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
    >>> from genolect.data.labelled_table import Places, Target
    >>> from genolect.data.ragged import RaggedBases
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
    for cells in _rows(table, further):
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
    >>> from genolect.data.table_file import read_table
    >>> with TemporaryDirectory() as folder:
    ...     first, second = Path(folder, "first.csv"), Path(folder, "second.tsv.gz")
    ...     _ = first.write_bytes(b"id,sequence,label\na,ACGT,yes\nb,GG,no\n")
    ...     write_table(second, read_table(first).table)
    ...     read_table(second).table.identifier.tolist()
    ['a', 'b']
    """
    text = table_text(table, columns, remarks).encode()
    durable.write_file(path, gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)


def _rows(table: LabelledTable, further: Mapping[str, Texts]) -> Iterator[list[str]]:
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
