"""A labelled table: read, divided so that nothing leaks, audited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from genolect.genome.genome import PreparedGenome
from genolect.statistics.names import ROLES
from genolect.tables.audit.audit import Audit
from genolect.tables.audit.audit import audit as find_faults
from genolect.tables.division import DEFAULT_SHARES, SplitOptions, divide_table
from genolect.tables.table import LabelledTable
from genolect.tables.table_file import TableColumns
from genolect.tables.table_file import read_table as read_file

By = Literal["chromosome", "cluster", "group"]


@dataclass(frozen=True, eq=False)
class Table:
    """Sequences with labels.

    Attributes
    ----------
    labelled : LabelledTable
        The examples: ``sequences``, ``target``, ``split``, ``group``, ``places``.
    path : str
        The file that they come from.
    left_out : dict of str to int
        Rows that are not among them, by the reason.

    Examples
    --------
    >>> import genolect as gl
    >>> table = gl.read_table("promoters.tsv")
    >>> table
    <genolect Table promoters: 240 examples, no 120, yes 120; not divided>
    >>> len(table), table.split(by="cluster", seed=3).parts["test"]
    (240, 48)
    """

    labelled: LabelledTable
    path: str = ""
    left_out: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the examples."""
        return len(self.labelled)

    def __repr__(self) -> str:
        """Say what it holds."""
        labels = ", ".join(f"{name} {count:,}" for name, count in self.labelled.target.count().items())
        parts = ", ".join(f"{name} {count:,}" for name, count in self.parts.items()) or "not divided"
        return f"<genolect Table {self.labelled.name}: {len(self):,} examples, {labels}; {parts}>"

    @property
    def parts(self) -> dict[str, int]:
        """Examples of each part; empty where the table is not divided."""
        names, counts = np.unique(self.labelled.split, return_counts=True)
        sizes = {str(name): int(count) for name, count in zip(names, counts, strict=True) if name}
        return {name: sizes[name] for name in sorted(sizes, key=lambda name: (*ROLES, name).index(name))}

    def split(
        self,
        *,
        by: By | tuple[By, ...] = "cluster",
        shares: tuple[float, float, float] = DEFAULT_SHARES,
        seed: int = 0,
        drop_relatives: bool = False,
    ) -> Table:
        """Divide it into train, validation and test.

        Parameters
        ----------
        by : {'cluster', 'chromosome', 'group'}, or several
            What stays together: relatives (copies and near copies, on either strand), chromosomes, named groups.
        shares : tuple of float
            Fractions of train, validation and test.
        seed : int
            Which examples.
        drop_relatives : bool
            Whether relatives that end up in different parts are left out, and counted in `left_out`.

        Returns
        -------
        Table
            A new table.

        Raises
        ------
        LeakError
            If a part gives away another.
        InputError
            If the table does not have what it is divided by.
        """
        together = (by,) if isinstance(by, str) else by
        options = SplitOptions(by=together, shares=shares, seed=seed, drop_relatives=drop_relatives)
        division = divide_table(self.labelled, options)
        divided = self.labelled.select(division.kept)
        roles = np.array(ROLES)[division.roles[division.kept]]
        remarks = tuple(remark.removeprefix("# ") for remark in division.remarks)
        labelled = replace(divided, split=roles, remarks=(*self.labelled.remarks, *remarks))
        return Table(
            labelled, self.path, {**self.left_out, **{why: count for why, count in division.dropped.items() if count}}
        )


def read_table(
    path: str | Path,
    *,
    label: str | tuple[str, ...] = "label",
    kind: Literal["auto", "classes", "number"] = "auto",
    genome: PreparedGenome | None = None,
    drop_unlabelled: bool = False,
) -> Table:
    """Read a labelled table.

    Parameters
    ----------
    path : str or Path
        Text with tabs or commas, plain or gzip, with a first line of names: ``sequence`` (or ``chrom``, ``start``,
        ``end`` and a genome), the label, and where known ``id``, ``split`` and ``group``.
    label : str or tuple of str
        Column to predict; several are yes-or-no labels.
    kind : {'auto', 'classes', 'number'}
        What the label is.
    genome : PreparedGenome, optional
        Where sequences are read from if the table has none.
    drop_unlabelled : bool
        Whether rows without a label are left out and counted, instead of refused.

    Returns
    -------
    Table
        The table.

    Raises
    ------
    InputError
        At the first cell that cannot be meant, with its line.

    Examples
    --------
    >>> import genolect as gl
    >>> gl.read_table("promoters.tsv").labelled.target.names
    ('no', 'yes')
    """
    labels = [label] if isinstance(label, str) else list(label)
    unlabelled = "drop" if drop_unlabelled else "refuse"
    columns = TableColumns.from_mapping({"label": labels, "kind": kind, "unlabelled": unlabelled}, "read_table")
    table, dropped = read_file(Path(path), columns, genome)
    return Table(table, str(path), {"without a label": dropped} if dropped else {})


def audit(table: Table, *, genome: PreparedGenome | None = None, say: Callable[[str], None] | None = None) -> Audit:
    """Look for everything that could make a score on a table look better than it is.

    Parameters
    ----------
    table : Table
        From `read_table`, with its parts as they are.
    genome : PreparedGenome, optional
        The genome of its places.
    say : callable, optional
        Told what is looked at.

    Returns
    -------
    Audit
        ``findings`` (name, judgement, sentence, fix, numbers), ``judgement`` (the worst of them) and ``summary``.

    Examples
    --------
    >>> import genolect as gl
    >>> found = gl.audit(gl.read_table("promoters.tsv"))
    >>> found.summary
    'promoters: confounded: GC, CpG, all of these together; 1 notes, 6 ok.'
    """
    return find_faults(table.labelled, genome=genome, say=say)
