"""``genolect label-curve``: how many labels arms need, written as results."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from genolect import durable
from genolect.errors import ConfigurationError
from genolect.evaluation.baselines import baseline_arms
from genolect.evaluation.table_panel import strands_of
from genolect.model import load_model, random_twin
from genolect.randomness import derived_key
from genolect.report.page import RESULTS
from genolect.workflow.finetuned_arm import finetuned_arms
from genolect.workflow.label_curves import CurveOptions, label_curves
from genolect.workflow.results import new_results
from genolect.workflow.task_file import TaskFile

PRETRAINED, TWIN, CNN = "pretrained_probe", "random_probe", "cnn"


def label_curve(
    task: TaskFile,
    model: Path | None,
    out: Path,
    *,
    cnn: bool = False,
    finetune: bool = False,
    options: CurveOptions | None = None,
    command: str = "",
    say: Callable[[str], None] = lambda sentence: None,
) -> dict[str, Any]:
    """Draw the learning curves of a model, its random twin, words and a convolutional network.

    Parameters
    ----------
    task : TaskFile
        A divided table.
    model : Path, optional
        Model directory; without it there are baselines only.
    out : Path
        Folder for ``results.json``.
    cnn : bool
        Whether the convolutional network is trained on every subset, which takes minutes.
    finetune : bool
        Whether the model and random twins of it are trained in full on every subset, which takes minutes to hours.
    options : CurveOptions, optional
        How.
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
    ConfigurationError
        If there is no model to fine-tune.
    GenolectError
        As the parts say.
    """
    if finetune and model is None:
        raise ConfigurationError("there is no model to fine-tune", fix="name a model folder, or leave fine-tuning out")
    options, before = options or CurveOptions(), time.process_time()
    parts = task.read().parts()
    strands = strands_of(parts.train)
    models, trained = {}, {}
    if model is not None:
        own = load_model(model)
        twin = random_twin(own, seed=derived_key(options.seed, "random twin"), keep_counts=False)
        models = {PRETRAINED: own, TWIN: twin}
        trained = finetuned_arms(own, strands=strands) if finetune else {}
    baselines = baseline_arms([CNN], strands=strands) if cnn else {}
    found = label_curves(parts, models, baselines, trained=trained, options=options, say=say)
    results = new_results(
        command,
        {
            "title": f"genolect: labels needed for {parts.test.name}",
            "seed": options.seed,
            "inputs": [task.origin()],
            "model_folder": None if model is None else str(model),
            "evaluation": found.rows,
            "comparisons": found.comparisons,
            "sentences": found.sentences,
            "notes": found.notes,
            "cpu_seconds": {arm: [round(one, 2) for one in seconds] for arm, seconds in found.cpu_seconds.items()},
            "cpu_seconds_in_all": round(time.process_time() - before, 2),
        },
    )
    durable.make_folder(out)
    durable.write_json(out / RESULTS, results)
    return results
