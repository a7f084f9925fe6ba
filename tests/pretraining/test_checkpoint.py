"""Checkpoints: damage is seen and passed over with a message; a power cut takes none that was promised."""

from __future__ import annotations

import errno
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from genolect import files
from genolect.errors import InputError, MachineError
from genolect.pretraining.checkpoint import Checkpoint, clear_checkpoints, newest_checkpoint, save_checkpoint
from genolect.random import derived_generator
from tests import careless
from tests.power_loss import Disk
from tests.toys import ToyTraining, fingerprint, refusal, timeless, toy_observers

FILES = ("manifest.json", "progress.json", "state.safetensors")
FLIPS, CUTS = 50, 20


def toy_checkpoint(step: int) -> Checkpoint:
    return Checkpoint(step, {"weight": torch.arange(5.0) * step, "empty": torch.zeros(0, 3)}, {"seconds": step / 7})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def checkpoints(tmp_path: Path) -> Path:
    """The run's two checkpoints, after steps 4 and 5."""
    ToyTraining().run(tmp_path / "checkpoints", toy_observers())
    return tmp_path / "checkpoints"


# ---------------------------------------------------------------- what is kept


def test_a_checkpoint_comes_back_as_it_was(tmp_path):
    save_checkpoint(tmp_path, toy_checkpoint(3))
    found, rejected = newest_checkpoint(tmp_path)
    assert rejected == []
    assert (found.step, found.progress) == (3, {"seconds": 3 / 7})
    assert found.tensors.keys() == {"weight", "empty"}
    for name, tensor in toy_checkpoint(3).tensors.items():
        assert torch.equal(found.tensors[name], tensor)


def test_the_newest_two_are_kept_by_step_and_not_by_name(tmp_path):
    steps = (7, 99_999_998, 99_999_999, 100_000_000, 100_000_001)
    for count, step in enumerate(steps, 1):
        save_checkpoint(tmp_path, toy_checkpoint(step))
        assert newest_checkpoint(tmp_path)[0].step == step
        assert {int(name.removeprefix("step-")) for name in names(tmp_path)} == set(steps[max(0, count - 2) : count])


def test_a_copy_that_someone_made_is_left_alone(tmp_path):
    strangers = ["step-00000002 (copy)", "step-00000009.bak", "step-9", "step-best"]
    for name in strangers:
        (tmp_path / name).mkdir()
    for step in (1, 2, 3):
        save_checkpoint(tmp_path, toy_checkpoint(step))
    assert newest_checkpoint(tmp_path)[0].step == 3
    assert names(tmp_path) == sorted([*strangers, "step-00000002", "step-00000003"])


def test_without_checkpoints_there_is_nothing_to_go_on_from(tmp_path):
    assert newest_checkpoint(tmp_path) == (None, [])
    assert newest_checkpoint(tmp_path / "not there") == (None, [])
    clear_checkpoints(tmp_path / "not there")


def test_a_refused_removal_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "rmtree", lambda path: refusal(errno.EACCES)())
    with pytest.raises(MachineError, match=f"{tmp_path}: writing failed: Permission denied"):
        clear_checkpoints(tmp_path)


# ---------------------------------------------------------------- damage


def flips(content: bytes, purpose: str) -> Iterator[bytes]:
    for bit in derived_generator(5, purpose).choice(8 * len(content), size=FLIPS, replace=False):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << int(bit % 8)
        yield bytes(damaged)


def cuts(content: bytes, purpose: str) -> Iterator[bytes]:
    lengths = derived_generator(5, purpose).choice(len(content) - 1, size=CUTS - 2, replace=False) + 1
    for length in (0, *lengths, len(content) - 1):
        yield content[:length]


def zeros(content: bytes, _: str) -> Iterator[bytes]:
    yield bytes(len(content))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", [flips, cuts, zeros])
def test_damage_is_seen_and_the_one_before_is_taken(checkpoints, harm: Callable[..., Iterator[bytes]], name):
    path = checkpoints / "step-00000005" / name
    for damaged in harm(path.read_bytes(), f"{harm.__name__} of {name}"):
        path.write_bytes(damaged)
        found, rejected = newest_checkpoint(checkpoints)
        assert found.step == 4
        (message,) = rejected
        assert message.startswith(str(path if name != "manifest.json" else path.parent))


def remove(newest: Path, _: Path, name: str) -> None:
    (newest / name).unlink()


def swap(newest: Path, older: Path, name: str) -> None:
    content = (older / name).read_bytes(), (newest / name).read_bytes()
    (newest / name).write_bytes(content[0])


def link(newest: Path, older: Path, name: str) -> None:
    (newest / name).rename(newest.parent / "away")
    (newest / name).symlink_to(older.parent / ("away" if name != "manifest.json" else older / name))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", [remove, swap, link])
def test_a_missing_swapped_or_linked_file_is_seen(checkpoints, harm, name):
    harm(checkpoints / "step-00000005", checkpoints / "step-00000004", name)
    found, rejected = newest_checkpoint(checkpoints)
    assert found.step == 4
    assert str(checkpoints / "step-00000005") in rejected[0]


def test_a_disk_that_cannot_be_read_is_damage_too(checkpoints, monkeypatch):
    real = files.sha256_of
    monkeypatch.setattr(
        files, "sha256_of", lambda path: refusal(errno.EIO)() if "00000005" in str(path) else real(path)
    )
    found, rejected = newest_checkpoint(checkpoints)
    assert found.step == 4
    assert re.search(r"step-00000005/\S+: this file cannot be read: Input/output error", rejected[0])


def test_a_folder_of_another_kind_is_no_checkpoint(checkpoints):
    with files.new_folder(checkpoints / "step-00000006") as staging:
        files.write_facts(staging, {"kind": "checkpoint"})
    found, rejected = newest_checkpoint(checkpoints)
    assert found.step == 5
    assert "step-00000006: this folder is no checkpoint" in rejected[0]


def test_with_none_intact_the_run_refuses_to_start_over(checkpoints):
    for step in (4, 5):
        (checkpoints / f"step-0000000{step}" / "state.safetensors").write_bytes(b"")
    training = ToyTraining(before=lambda step: pytest.fail("it trained"))
    before = fingerprint(training.model)
    with pytest.raises(InputError, match=rf"{checkpoints}: none of the 2 checkpoints is intact \(") as caught:
        training.run(checkpoints, toy_observers())
    assert "step-00000005/state.safetensors: the content differs" in str(caught.value)
    assert "start over with --overwrite" in caught.value.fix
    assert fingerprint(training.model) == before
    assert names(checkpoints) == ["step-00000004", "step-00000005"]


def test_a_run_goes_on_from_the_one_before_says_so_and_replaces_the_damaged_one(checkpoints, tmp_path):
    straight = ToyTraining()
    straight.run(tmp_path / "straight", toy_observers())
    with (checkpoints / "step-00000005" / "state.safetensors").open("r+b") as file:
        file.seek(700)
        file.write(b"\xff")
    said: list[str] = []
    training = ToyTraining()
    training.run(checkpoints, toy_observers(warn=said.append))
    assert training.began == 4
    assert fingerprint(training.model) == fingerprint(straight.model)
    assert timeless(training.progress.curve) == timeless(straight.progress.curve)
    assert re.fullmatch(r"damaged checkpoint passed over: .*step-00000005/state.*differs from its checksum.*", said[0])
    assert len(said) == 1
    assert newest_checkpoint(checkpoints)[0].step == 5
    assert newest_checkpoint(checkpoints)[1] == []


def test_what_a_killed_save_left_is_cleared_at_the_next_start(checkpoints):
    (checkpoints / f"{files.HIDDEN}step-00000006-0123abcd").mkdir()
    ToyTraining().run(checkpoints, toy_observers())
    assert names(checkpoints) == ["step-00000004", "step-00000005"]


# ---------------------------------------------------------------- power cuts


def damaged(folder: Path) -> list[str]:
    """Say which of the checkpoints that can be seen are not whole."""
    found = []
    for path in folder.glob("step-*"):
        try:
            files.read_manifest(path)
        except InputError as error:
            found.append(str(error))
    return found


def broken_promises(tmp_path: Path) -> Iterator[str]:
    """Cut the power everywhere during three saves; say what is not as promised after it."""
    disk = Disk(tmp_path / "now")
    disk.root.mkdir()
    with disk.watching():
        for step in (2, 4, 6):
            save_checkpoint(disk.root / "run" / "checkpoints", toy_checkpoint(step))
            disk.promise(step)
    for place, promised in disk.after_cuts(tmp_path / "after"):
        try:
            found, rejected = newest_checkpoint(place / "run" / "checkpoints")
        except InputError as error:
            yield str(error)
            continue
        yield from rejected + damaged(place / "run" / "checkpoints")
        step = found.step if found else 0
        if step < (promised or 0):
            yield f"step {step}, promised {promised}"
        if found and not torch.equal(found.tensors["weight"], torch.arange(5.0) * step):
            yield f"step {step} holds other weights"


def test_no_power_cut_takes_a_promised_checkpoint(tmp_path):
    assert list(broken_promises(tmp_path)) == []


@pytest.mark.parametrize(
    "mistake",
    [
        careless.no_file_sync,
        careless.no_folder_sync,
        careless.no_parent_sync,
        careless.write_in_place,
        careless.delete_before_publish,
        careless.delete_in_sight,
        careless.forget_before_sync,
    ],
)
def test_a_careless_save_is_caught(tmp_path, monkeypatch, mistake):
    mistake(monkeypatch)
    assert next(broken_promises(tmp_path), None) is not None


def test_progress_is_plain_json_that_others_can_read(checkpoints):
    folder = checkpoints / "step-00000005"
    progress = json.loads((folder / "progress.json").read_text("utf-8"))
    assert progress["step"] == 5
    assert progress["configuration"] == ToyTraining().config.to_mapping()
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    for name in FILES[1:]:
        content = (folder / name).read_bytes()
        assert manifest["files"][name] == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert np.isfinite(progress["seconds"])
