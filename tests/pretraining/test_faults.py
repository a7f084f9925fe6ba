"""A run that fails or is killed before any of its disk operations loses nothing that it said was safe.

The operations of a whole run (plan, training with three checkpoints, model, results) are counted; then every one of
them fails in turn, once or from then on, and before every one of them a process is killed. After each the run is
started again, as a user would, and has to end with the same bits.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from genolect import files
from genolect.errors import InputError, MachineError
from genolect.models.model import load_model, save_model
from genolect.pretraining import loop
from genolect.pretraining.checkpoint import Checkpoint, clear_checkpoints, newest_checkpoint, save_checkpoint
from tests import careless
from tests.toys import Fault, ToyTraining, end_of, fingerprint, kill_self, refusal, start_child, toy_observers

Outcome = tuple[str, list[object]]
"""Hash of the final model, and its curve."""


def whole_run(folder: Path, saved: Callable[[int], None] = lambda step: None) -> int:
    """Do what pretraining does, on the toy; give the step it began at."""
    began = -1
    with files.exclusive(folder):
        files.clear_leftovers(folder)
        if not (folder / "model").exists():
            training = ToyTraining(saved=saved)
            training.run(folder / "checkpoints", toy_observers())
            curve = [(point.step, point.training_bits, point.heldout_bits) for point in training.progress.curve]
            save_model(folder / "model", training.model, {"curve": curve})
            began = training.began
        clear_checkpoints(folder / "checkpoints")
        files.write_json(folder / "results.json", files.read_manifest(folder / "model")["record"])
    return began


def outcome(folder: Path) -> Outcome:
    """Final bits and final figures of a run that has ended well; nothing else may be left in its folder."""
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "model", "results.json"]
    assert not list(folder.rglob(f"{files.HIDDEN}*"))
    return fingerprint(load_model(folder / "model")), json.loads((folder / "results.json").read_text())["curve"]


def require_nothing_half(folder: Path, safe: int) -> None:
    """Whatever can be seen after a fault is whole, and what was said to be safe is there."""
    checkpoints = folder / "checkpoints"
    for path in checkpoints.glob("step-*"):
        files.read_manifest(path)
    if (folder / "model").exists():
        load_model(folder / "model")
    else:
        checkpoint, rejected = newest_checkpoint(checkpoints)
        assert rejected == []
        assert (checkpoint.step if checkpoint else 0) >= safe


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("reference") / "run"
    assert whole_run(folder) == 0
    return outcome(folder)


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Path]]:
    """Every operation of an undisturbed run."""
    count = Fault()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "before_operation", count)
        whole_run(tmp_path_factory.mktemp("operations") / "run")
    return count.seen


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the real disk: a kill and an error leave the page cache alone, so nothing here depends on it."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def test_the_operations_are_those_of_three_checkpoints_a_model_and_the_results(operations):
    published = [path.name for operation, path in operations if operation == "rename"]
    steps = ["step-00000002", "step-00000004", "step-00000005"]
    assert published == [*steps, "step-00000002", "model", "results.json"]
    assert len(operations) > 60


def fail_each(folder: Path, count: int, *, number: int, remedy: str, persistent: bool) -> list[Outcome]:
    """Let every operation fail in turn and start again; give each run's outcome."""
    ends = []
    for at in range(count):
        run, saved = folder / str(at), [0]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(files, "before_operation", Fault(at, refusal(number), persistent=persistent))
            with pytest.raises(MachineError, match=re.escape(os.strerror(number))) as caught:
                whole_run(run, saved.append)
        assert str(caught.value).startswith(str(run))
        assert remedy in caught.value.fix
        require_nothing_half(run, max(saved))
        whole = (run / "model").exists()
        assert whole_run(run) >= (-1 if whole else max(saved))
        ends.append(outcome(run))
    return ends


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize(("number", "remedy"), [(errno.ENOSPC, "free disk space"), (errno.EIO, "check the disk")])
def test_every_operation_may_fail(tmp_path, reference, operations, number, remedy, persistent):
    ends = fail_each(tmp_path, len(operations), number=number, remedy=remedy, persistent=persistent)
    assert ends == [reference] * len(operations)


def swallow_errors(patch: pytest.MonkeyPatch) -> None:
    def save(folder: Path, checkpoint: Checkpoint) -> None:
        with contextlib.suppress(MachineError):
            save_checkpoint(folder, checkpoint)

    patch.setattr(loop, "save_checkpoint", save)


@pytest.mark.parametrize(
    ("mistake", "finding"),
    [
        (careless.delete_before_publish, "assert 0 >= 2"),
        (careless.write_in_place, "no readable manifest"),
        (swallow_errors, "DID NOT RAISE|>= 2"),
    ],
)
def test_a_careless_run_is_caught(tmp_path, monkeypatch, operations, mistake, finding):
    mistake(monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception, InputError), match=finding):
        fail_each(tmp_path, len(operations), number=errno.EIO, remedy="", persistent=False)


@pytest.mark.skipif(torch.cuda.is_available(), reason="autograd's threads for a GPU do not survive a fork")
def test_a_process_may_be_killed_before_every_operation(tmp_path, monkeypatch, reference, operations):
    for at in range(len(operations)):
        folder, log = tmp_path / str(at), tmp_path / f"{at}.saved"

        def saved(step: int, log: Path = log) -> None:
            log.write_text(str(step))

        with monkeypatch.context() as patch:
            patch.setattr(files, "before_operation", Fault(at, kill_self))
            child = start_child(lambda folder=folder, saved=saved: whole_run(folder, saved))
            assert end_of(child) == -signal.SIGKILL
        safe = int(log.read_text()) if log.exists() else 0
        require_nothing_half(folder, safe)
        whole = (folder / "model").exists()
        assert whole_run(folder) >= (-1 if whole else safe)
        assert outcome(folder) == reference
