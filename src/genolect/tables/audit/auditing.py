"""The audit as a user means it: a table, and where they have it its genome and what a model was trained on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

from genolect.errors import ConfigurationError, InputError
from genolect.files import require_inputs
from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.genome.holdout import split_genome
from genolect.tables.audit.audit import Audit, Pretraining, audit
from genolect.tables.similarity import THRESHOLD
from genolect.tables.table_file import TableColumns, read_table

PREPARED = "prepared"
PLAN = "plan.json"
MODEL = "config.json"
DEFAULT_WINDOW = 256


def audit_table(
    path: Path,
    columns: TableColumns,
    *,
    threshold: float = THRESHOLD,
    genome: Path | None = None,
    pretraining: Path | None = None,
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
    pretraining : Path, optional
        A run, a model, or a prepared genome; of the last, the training stretches are those that a run would choose.
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
    inputs = [item for item in (path, genome, pretraining) if item is not None]
    require_inputs(inputs, path.parent, overwrite=False)
    with opened_genome(genome) as opened:
        table, unlabelled = read_table(path, columns, opened)
        if unlabelled:
            say(f"{unlabelled:,} rows without a label are left out")
        trained = None if pretraining is None else open_pretraining(pretraining, opened)
        return audit(table, threshold=threshold, genome=opened, pretraining=trained, say=say)


@contextmanager
def opened_genome(path: Path | None) -> Iterator[PreparedGenome | None]:
    """Open a prepared genome, or prepare a FASTA file for as long as it is needed.

    Raises
    ------
    InputError
        If it is no genome.
    """
    if path is None or path.is_dir():
        with nullcontext():
            yield None if path is None else PreparedGenome(path)
        return
    with TemporaryDirectory() as folder:
        yield prepare_genome([path], Path(folder) / PREPARED)


def open_pretraining(path: Path, genome: PreparedGenome | None) -> Pretraining:
    """Find out which stretches of which genome a model was, or would be, trained on.

    Parameters
    ----------
    path : Path
        A run folder, a model folder, or a prepared genome.
    genome : PreparedGenome, optional
        Taken for the model's where it has the same content.

    Returns
    -------
    Pretraining
        Genome and stretches.

    Raises
    ------
    InputError
        If the folder is none of the three.
    ConfigurationError
        If the genome that the model was trained on is neither given nor beside it.
    """
    from genolect.pretraining.plan import plan_of_model, read_plan

    if (path / MODEL).is_file():
        plan = plan_of_model(path)
    elif (path / PLAN).is_file():
        try:
            plan = read_plan(dict(json.loads((path / PLAN).read_text("utf-8"))), path / PLAN)
        except (ValueError, TypeError) as error:
            raise InputError("this is no plan of a run", fix="name another folder", path=path / PLAN) from error
    else:
        own = PreparedGenome(path)
        return Pretraining(own, split_genome(own, window=DEFAULT_WINDOW).training, str(path))
    beside = [folder / PREPARED for folder in (path, path.parent) if (folder / PREPARED).is_dir()]
    for candidate in [genome, *map(PreparedGenome, beside)]:
        if candidate is not None and candidate.content_hash == plan.genome:
            return Pretraining(candidate, plan.split().training, str(path))
    what = "the genome that this model was trained on is not beside it"
    raise ConfigurationError(what, fix="name it with --genome, as prepared then", path=path)
