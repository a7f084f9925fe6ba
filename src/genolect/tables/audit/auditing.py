"""The audit as a user means it: a table, and where they have it its genome and what a model was trained on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from genolect.files import require_inputs
from genolect.genome.genome import PreparedGenome, opened_genome
from genolect.tables.audit.audit import Audit, audit
from genolect.tables.audit.finding import Pretraining
from genolect.tables.similarity import THRESHOLD
from genolect.tables.table_file import TableColumns, read_table


def audit_table(
    path: Path,
    columns: TableColumns,
    *,
    threshold: float = THRESHOLD,
    genome: Path | None = None,
    pretraining: Callable[[PreparedGenome | None], Pretraining] | None = None,
    say: Callable[[str], None],
) -> Audit:
    """Audit a table.

    Parameters
    ----------
    path : Path
        The table.
    columns : TableColumns
        What its columns mean.
    threshold : float
        Least containment of a near copy.
    genome : Path, optional
        FASTA file or prepared folder of the table's places.
    pretraining : callable, optional
        Takes the opened genome and gives what a model was trained on, as `pretraining.held_out.open_pretraining` does.
    say : callable
        Told what is done.

    Returns
    -------
    Audit
        The findings.

    Raises
    ------
    InputError
        If a file is not what it should be.
    ConfigurationError
        If the genome that a model was trained on is not given.
    """
    inputs = [item for item in (path, genome) if item is not None]
    require_inputs(inputs, path.parent, overwrite=False)
    with opened_genome(genome) as opened:
        table, unlabelled = read_table(path, columns, opened)
        if unlabelled:
            say(f"{unlabelled:,} rows without a label are left out")
        trained = None if pretraining is None else pretraining(opened)
        return audit(table, threshold=threshold, genome=opened, pretraining=trained, say=say)
