"""What every arm answered on the test examples, kept so that two evaluations can be compared later, example by example.

Legend: n test examples, S runs, K classes or labels.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genolect import files
from genolect.errors import InputError
from genolect.evaluation.methods.method import Answers, truth_of
from genolect.evaluation.panel import PanelResult
from genolect.folders import PREDICTIONS
from genolect.statistics.names import Kind
from genolect.tables.table import LabelledTable, Target

ARM = "arm "
VALIDATION = "validation "


@dataclass(frozen=True)
class Predictions:
    """Answers of all arms to one task.

    Attributes
    ----------
    kind : {'classes', 'multilabel', 'number'}
        What was predicted.
    names : tuple of str
        Classes, labels or the number's column.
    identifier, group : ndarray of str, shape (n,)
        The test examples, and what they were resampled by.
    truth, validation_truth : ndarray
        Labels of the test and of the validation examples, as metrics read them.
    arms : dict of str to list of Answers
        The runs of each arm.
    """

    kind: Kind
    names: tuple[str, ...]
    identifier: npt.NDArray[np.str_]
    group: npt.NDArray[np.str_]
    truth: npt.NDArray[Any]
    validation_truth: npt.NDArray[Any]
    arms: dict[str, list[Answers]]

    def target(self) -> Target:
        """Give the test labels as a target."""
        values = np.where(self.truth < 0, np.nan, self.truth) if self.kind == "multilabel" else self.truth
        return Target(self.kind, self.names, values)


def file_of(folder: Path, task: str) -> Path:
    """Name the file that holds the answers to a task.

    Examples
    --------
    >>> file_of(Path("out"), "E. coli/promoters").as_posix()
    'out/predictions/E. coli_promoters.npz'
    """
    return folder / PREDICTIONS / f"{task.replace('/', '_')}.npz"


def write_predictions(folder: Path, table: LabelledTable, result: PanelResult) -> Path:
    """Write what every arm answered.

    Parameters
    ----------
    folder : Path
        Output folder of the evaluation.
    table : LabelledTable
        The task.
    result : PanelResult
        Its panel.

    Returns
    -------
    Path
        An ``.npz`` file without objects: id, group, truth, names, and for each arm the answers of all runs.
    """
    parts = table.parts()
    arrays: dict[str, npt.NDArray[Any]] = {
        "id": parts.test.identifier,
        "group": result.units.group.astype(np.str_),
        "truth": truth_of(parts.test.target),
        "validation truth": truth_of(parts.validation.target),
        "kind": np.array(table.target.kind),
        "names": np.array(table.target.names),
    }
    for name, arm in result.arms.items():
        arrays[ARM + name] = np.stack([run.test for run in arm.runs]).astype(np.float32)
        arrays[VALIDATION + name] = np.stack([run.validation for run in arm.runs]).astype(np.float32)
    path = file_of(folder, table.name)
    files.make_folder(path.parent)
    files.write_file(path, files.arrays_file(arrays))
    return path


def read_predictions(path: Path) -> Predictions:
    """Read what `write_predictions` wrote.

    Raises
    ------
    InputError
        If there is no such file, or it is something else.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays: Mapping[str, npt.NDArray[Any]] = {name: file[name] for name in file.files}
        arms = {
            name.removeprefix(ARM): [
                Answers(validation.astype(np.float64), test.astype(np.float64))
                for validation, test in zip(arrays[VALIDATION + name.removeprefix(ARM)], runs, strict=True)
            ]
            for name, runs in arrays.items()
            if name.startswith(ARM)
        }
        kind: Kind = arrays["kind"].item()
        names = tuple(arrays["names"].tolist())
        return Predictions(
            kind, names, arrays["id"], arrays["group"], arrays["truth"], arrays["validation truth"], arms
        )
    except FileNotFoundError as error:
        raise InputError("there are no predictions here", fix="evaluate the task again", path=path) from error
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        raise InputError("these are no predictions", fix="evaluate the task again", path=path) from error
