"""``genolect information``: the information view of models on a table, written as results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from genolect import durable
from genolect.data.labelled_table import Parts
from genolect.evaluation.weighting import Integers
from genolect.model import SequenceModel, load_model, random_twin
from genolect.randomness import derived_key
from genolect.report.page import RESULTS
from genolect.workflow.information_view import PRETRAINED, TWIN, view_information
from genolect.workflow.results import new_results
from genolect.workflow.task_file import TaskFile


def information(
    models: list[Path],
    task: TaskFile,
    out: Path,
    *,
    batch: str | None = None,
    seed: int = 0,
    command: str = "",
    say: Callable[[str], None] = lambda sentence: None,
) -> dict[str, Any]:
    """Measure models on a divided table, beside random twins and words, and write ``results.json``.

    Parameters
    ----------
    models : list of Path
        Model directories; the first is `PRETRAINED`, others carry their folder's name.
    task : TaskFile
        The table.
    out : Path
        Folder for the results.
    batch : str, optional
        Column that says which batch an example comes from: a nuisance.
    seed : int
        Of intervals and twins.
    command : str
        As typed, for the record.
    say : callable
        Told what is being done.

    Returns
    -------
    dict
        The content of ``results.json``.

    Raises
    ------
    GenolectError
        As the parts say.
    """
    parts = task.read().parts()
    arms: dict[str, SequenceModel] = {}
    for number, folder in enumerate(models):
        name = PRETRAINED if not number else f"{PRETRAINED} {folder.parent.name or folder.name}"
        arms[name] = load_model(folder)
    twin_seed = derived_key(seed, "random twin")
    arms[TWIN] = random_twin(arms[PRETRAINED], seed=twin_seed, keep_counts=False)
    say("reading and probing")
    view = view_information(arms, parts, batches=_batches(task, batch), seed=seed)
    results = new_results(
        command,
        {
            "title": f"genolect: what is known of {parts.test.name}, in bits",
            "seed": seed,
            "inputs": [task.origin()],
            "model_folder": str(models[0]),
            "evaluation": view.rows,
            "notes": view.notes,
        },
    )
    durable.make_folder(out)
    durable.write_json(out / RESULTS, results)
    return results


def _batches(task: TaskFile, column: str | None) -> tuple[Integers, ...] | None:
    """Read a column as the batch of each training, validation and test example."""
    if column is None:
        return None
    columns = task.columns.model_copy(update={"group": column})
    parts: Parts = task._replace(columns=columns).read().parts()
    names = np.unique(np.concatenate([part.group for part in parts]))
    train, validation, test = (np.searchsorted(names, part.group).astype(np.int64) for part in parts)
    return train, validation, test
