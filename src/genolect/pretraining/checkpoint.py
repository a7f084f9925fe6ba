"""Checkpoints: everything a run needs to go on exactly, as a folder that is whole or absent.

::

    checkpoints/step-00000150/
        state.safetensors   weights and optimizer state (context counts are not trained, so they are not here)
        progress.json       step, configuration, curve
        manifest.json       SHA-256 of each file
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from genolect import files
from genolect.errors import InputError

STATE = "state.safetensors"
PROGRESS = "progress.json"
OWN = re.compile("step-[0-9]{8,}")
KEPT = 2


@dataclass(frozen=True)
class Checkpoint:
    """The state after some steps.

    Attributes
    ----------
    step : int
        Steps done.
    tensors : dict of str to Tensor
        Weights and optimizer state.
    progress : dict
        JSON facts that the loop needs back.
    """

    step: int
    tensors: dict[str, Tensor]
    progress: dict[str, Any]


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Publish a checkpoint, then let go of all but the newest two.

    Parameters
    ----------
    folder : Path
        The run's checkpoint folder.
    checkpoint : Checkpoint
        The state.

    Raises
    ------
    MachineError
        If the disk refuses; earlier checkpoints are untouched.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> save_checkpoint(folder, Checkpoint(150, {}, {"seconds": 2.5}))
    >>> [path.name for path in folder.iterdir()]
    ['step-00000150']
    """
    final = folder / f"step-{checkpoint.step:08d}"
    if final.exists():  # Damaged, or the run would have gone on from it.
        files.remove_folder(final)
    tensors = {name: tensor.contiguous() for name, tensor in checkpoint.tensors.items()}
    with files.new_folder(final) as staging:
        with files.open_for_writing(staging / STATE) as file:
            file.write(safetensors.torch.save(tensors))
        with files.open_for_writing(staging / PROGRESS) as file:
            file.write(files.json_text({"step": checkpoint.step, **checkpoint.progress}).encode())
        files.write_facts(staging, {"kind": "checkpoint"})
    for old in _folders(folder)[:-KEPT]:
        files.remove_folder(old)


def newest_checkpoint(folder: Path) -> tuple[Checkpoint | None, list[str]]:
    """Find the newest checkpoint that is intact.

    Parameters
    ----------
    folder : Path
        The run's checkpoint folder.

    Returns
    -------
    checkpoint : Checkpoint or None
        None where the run has none yet.
    rejected : list of str
        One message per newer checkpoint that was damaged.

    Raises
    ------
    InputError
        If there are checkpoints and none is intact: a run never silently starts from zero.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> newest_checkpoint(Path(mkdtemp()))
    (None, [])
    """
    rejected: list[str] = []
    for path in reversed(_folders(folder)):
        try:
            return _read(path), rejected
        except InputError as error:
            rejected.append(str(error))
    if rejected:
        raise InputError(
            f"none of the {len(rejected)} checkpoints is intact ({rejected[0]})",
            fix="restore one from a copy, or start over with --overwrite",
            path=folder,
        )
    return None, rejected


def clear_checkpoints(folder: Path) -> None:
    """Remove the checkpoints of a run whose model is published.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> clear_checkpoints(folder)
    >>> folder.exists()
    False
    """
    with files.reporting(folder):
        if folder.exists():
            shutil.rmtree(folder)


def _read(path: Path) -> Checkpoint:
    manifest = files.read_manifest(path)
    if not {STATE, PROGRESS} <= manifest["files"].keys():
        raise InputError("this folder is no checkpoint", fix="remove it", path=path)
    progress = json.loads((path / PROGRESS).read_text("utf-8"))
    return Checkpoint(progress.pop("step"), safetensors.torch.load((path / STATE).read_bytes()), progress)


def _folders(folder: Path) -> list[Path]:
    """Checkpoints by step; a folder that is called otherwise (a copy, say) is left alone."""
    own = [path for path in folder.iterdir() if OWN.fullmatch(path.name)] if folder.exists() else []
    return sorted(own, key=lambda path: int(path.name.removeprefix("step-")))
