"""``results.json``: what a run leaves for people, the report and other programs."""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy
import sklearn
import torch

from genolect import __version__, files
from genolect.errors import InputError
from genolect.folders import EVALUATION, RESULTS
from genolect.report.results import FORMAT
from genolect.report.results import read_results as check_results
from genolect.statistics.bootstrap import LIMITS, RESAMPLES

INTERVALS = (
    f"{LIMITS[1] - LIMITS[0]:.0%} intervals that hold for few blocks too (expanded percentile), "
    f"{RESAMPLES:,} bootstrap draws of blocks of neighbouring windows"
)


def versions() -> dict[str, str]:
    """Name what computed a result: packages, processor and threads.

    Returns
    -------
    dict of str to str
        Name and version.

    Examples
    --------
    >>> sorted(versions())[:2]
    ['genolect', 'machine']
    """
    processor = f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} threads"
    return {
        "genolect": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "scikit-learn": sklearn.__version__,
        "system": f"{platform.system()} {platform.release()}",
        "machine": f"{processor}, {os.cpu_count()} cores",
    }


def new_results(command: str, sections: Mapping[str, Any]) -> dict[str, Any]:
    """Start a result with what every result carries.

    Parameters
    ----------
    command : str
        The command that made it, as typed.
    sections : mapping
        What it holds.

    Returns
    -------
    dict
        JSON types.

    Examples
    --------
    >>> new_results("genolect pretrain x", {"seed": 7})["seed"]
    7
    """
    created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {"format": FORMAT, "command": command, "created": created, "versions": versions(), **sections}


def read_results(folder: Path) -> dict[str, Any] | None:
    """Read a folder's results; None where it has none.

    Raises
    ------
    InputError
        If the file is not JSON, or not what a verb writes.
    """
    path = folder / RESULTS
    if not path.is_file():
        return None
    try:
        results: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise InputError("not readable as JSON", fix="run the verb that made it again", path=path) from error
    check_results(results, path=path)
    return results


def gather_results(run: Path) -> dict[str, Any]:
    """Join a run's own results with those of its evaluation, and write them back as one file.

    Parameters
    ----------
    run : Path
        A run folder; its evaluation, if any, is in ``run/evaluation``.

    Returns
    -------
    dict
        The joined results. What the run says of itself wins, but the evaluation's notes are added.

    Raises
    ------
    InputError
        If neither has results.
    """
    own, evaluation = read_results(run), read_results(run / EVALUATION)
    if own is None and evaluation is None:
        raise InputError(
            "no results.json here", fix="name a folder that genolect learn, pretrain or evaluate wrote", path=run
        )
    joined = {**(evaluation or {}), **(own or {})}
    if evaluation is not None:
        joined |= {key: evaluation[key] for key in ("evaluation", "probe", "annotation") if key in evaluation}
        notes = [*(own or {}).get("notes", []), *evaluation.get("notes", [])]
        joined["notes"] = list(dict.fromkeys(notes))
        inputs = [*(own or {}).get("inputs", []), *evaluation.get("inputs", [])]
        joined["inputs"] = list({(item["path"], item.get("sha256")): item for item in inputs}.values())
    files.write_json(run / RESULTS, joined)
    return joined
