"""A labelled table as the user of a verb names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from genolect import durable
from genolect.data.genome import PreparedGenome
from genolect.data.labelled_table import LabelledTable
from genolect.data.table_file import TableColumns, read_table


class TaskFile(NamedTuple):
    """A divided table as the user names it.

    Attributes
    ----------
    path : Path
        The table.
    columns : TableColumns
        Which columns mean what.
    genome : Path or None
        Prepared genome where the table has no sequences.
    """

    path: Path
    columns: TableColumns
    genome: Path | None = None

    def read(self) -> LabelledTable:
        """Read it."""
        genome = None if self.genome is None else PreparedGenome(self.genome)
        return read_table(self.path, self.columns, genome).table

    def origin(self) -> dict[str, Any]:
        """Give path and SHA-256, for the record."""
        return {"path": str(self.path), "sha256": durable.sha256_of(self.path), "columns": self.columns.to_mapping()}
