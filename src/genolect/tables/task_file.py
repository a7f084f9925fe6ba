"""Labelled tables as tasks: which file, which columns, and many of them in a suite.

::

    [tasks.promoters]
    table = "promoters.tsv.gz"     # relative to this file

    [tasks.expression]
    table = "mpra.tsv"
    label = ["expression"]
    strands = "one"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import model_validator

from genolect import files
from genolect.errors import ConfigurationError, InputError, shown
from genolect.genome.genome import PreparedGenome
from genolect.statistics.names import ROLES
from genolect.tables.division import By, SplitOptions, divide_table
from genolect.tables.table import LabelledTable
from genolect.tables.table_file import ReadTable, TableColumns, read_table

TASKS = "tasks"


class TableTask(TableColumns):
    """One task: a table, which of its columns mean what, and how it is to be read.

    Attributes
    ----------
    table : str
        The file.
    genome : str
        Folder of the prepared genome, where the table has no sequences; empty for none.
    strands : {'auto', 'one', 'both'}
        Whether arms read one strand or both; by default one where every row has a strand.
    units : {'auto', 'group', 'chromosome', 'place', 'example'}
        What intervals resample.
    dataset : str
        What the table was made from; tasks of one dataset share a vote in the win rate. Empty for the table itself.
    by : tuple of {'chromosome', 'cluster', 'group', 'published'}
        Ways to divide the table anew, each a task of its own; empty where it is divided.
    drop_relatives : bool
        Whether near copies across the parts of such a division are left out, from train first.
    published : str
        Task whose published figures stand beside the panel; empty for none.
    """

    table: str
    genome: str = ""
    strands: Literal["auto", "one", "both"] = "auto"
    units: Literal["auto", "group", "chromosome", "place", "example"] = "auto"
    dataset: str = ""
    by: tuple[By, ...] = ()
    drop_relatives: bool = False
    published: str = ""

    @model_validator(mode="after")
    def _divides(self) -> TableTask:
        if self.drop_relatives and not set(self.by) - {"published"}:
            raise ValueError("drop_relatives is about a table that is divided: add by, other than published")
        return self

    def read_divided(self, genome: PreparedGenome | None = None, *, name: str = "") -> list[ReadTable]:
        """Read the table once for each way to divide it; without any it must be divided already.

        The published split may leak, and then says so beside every figure; others that leak are refused.
        """
        if not self.by:
            return [self.read(genome, name=name)]
        table, unlabelled = self._read(genome, name=name)
        return [ReadTable(self._divided(table, by), unlabelled) for by in self.by]

    def _divided(self, table: LabelledTable, by: By) -> LabelledTable:
        as_published = by == "published"
        drop = self.drop_relatives and not as_published
        division = divide_table(table, SplitOptions(by=(by,), allow_leaks=as_published, drop_relatives=drop))
        roles = np.array(ROLES)[division.roles[division.kept]]
        remarks = [remark.removeprefix("# ") for remark in division.remarks]
        remarks += [
            f"note: {count:,} examples left out: {reason}" for reason, count in division.dropped.items() if count
        ]
        name = f"{table.name}, divided by {by}" if by != "published" else f"{table.name}, as published"
        return replace(table.select(division.kept), name=name, split=roles, remarks=(*table.remarks, *remarks))

    def read(self, genome: PreparedGenome | None = None, *, name: str = "") -> ReadTable:
        """Read the table and call it by a name, by default that of the file; refuse one that is not divided."""
        table, unlabelled = self._read(genome, name=name)
        _require_roles(table, Path(self.table))
        return ReadTable(table, unlabelled)

    def _read(self, genome: PreparedGenome | None, *, name: str) -> ReadTable:
        if genome is None and self.genome:
            genome = PreparedGenome(Path(self.genome))
        table, unlabelled = read_table(Path(self.table), self, genome)
        return ReadTable(replace(table, name=name or table.name), unlabelled)

    def origin(self) -> dict[str, Any]:
        """Give path and SHA-256 of the table and what its columns mean, for the record."""
        columns = self.model_dump(mode="json", include=set(TableColumns.model_fields))
        return {"path": self.table, "sha256": files.sha256_of(Path(self.table)), "columns": columns}


def _require_roles(table: LabelledTable, path: Path) -> None:
    try:
        table.parts()
    except ConfigurationError as error:
        raise InputError(error.what, fix=error.fix, path=path) from error


def read_suite(path: Path) -> dict[str, TableTask]:
    r"""Read the tasks of a suite.

    Parameters
    ----------
    path : Path
        TOML file with a table ``[tasks.NAME]`` for each.

    Returns
    -------
    dict of str to TableTask
        By name; the files' paths are relative to the suite's folder no longer.

    Raises
    ------
    InputError
        If there is no such file, or it is no TOML.
    ConfigurationError
        If it holds anything but tasks, or none.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "suite.toml").write_text('[tasks.genes]\ntable = "genes.tsv"')
    ...     suite = read_suite(Path(folder, "suite.toml"))
    >>> Path(suite["genes"].table).name
    'genes.tsv'
    """
    try:
        content: Mapping[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise InputError(
            "there is no such suite", fix="name a TOML file with tables [tasks.NAME]", path=path
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(f"the suite is no TOML: {error}", fix="write tables [tasks.NAME]", path=path) from error
    tasks = content.get(TASKS)
    if set(content) != {TASKS} or not isinstance(tasks, dict) or not tasks:
        given = ", ".join(map(shown, content)) or "nothing"
        raise ConfigurationError(f"the suite {path} holds {given}", fix="write tables [tasks.NAME], and nothing else")
    return {name: _placed(TableTask.from_mapping(task, f"[tasks.{name}]"), path.parent) for name, task in tasks.items()}


def _placed(task: TableTask, folder: Path) -> TableTask:
    genome = str(folder / task.genome) if task.genome else ""
    return task.model_copy(update={"table": str(folder / task.table), "genome": genome})
