"""What was acknowledged survives a power cut at any moment; what was not is whole or absent."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from genolect import files
from genolect.errors import InputError, MachineError
from tests import careless
from tests.power_loss import Disk
from tests.toys import NEW, OLD, Fault, holds, publish, refusal


def broken_promises(tmp_path: Path, act: Callable[[Path, Disk], None], states: list[dict[str, bytes]]) -> list[str]:
    """Cut the power everywhere during `act`; say each time that ``folder`` is not one of the states promised."""
    disk = Disk(tmp_path / "now")
    disk.root.mkdir()
    with disk.watching():
        act(disk.root, disk)
    broken = []
    for place, promise in disk.after_cuts(tmp_path / "after"):
        files.clear_leftovers(place)
        try:
            found = holds(place / "folder") if (place / "folder").exists() else None
        except InputError as error:
            broken.append(str(error))
        else:
            # With nothing promised it may also be missing; a promised state or a later one has to be there.
            if found not in ([None, *states] if promise is None else states[promise:]):
                broken.append(f"{found}, promised {promise}")
    return broken


def publish_and_replace(root: Path, disk: Disk) -> None:
    publish(root / "folder", OLD)
    disk.promise(0)
    publish(root / "folder", NEW, replace=True)
    disk.promise(1)


def test_a_published_folder_survives_every_power_cut(tmp_path):
    assert broken_promises(tmp_path, publish_and_replace, [OLD, NEW]) == []


@pytest.mark.parametrize(
    "mistake",
    [
        careless.no_file_sync,
        careless.no_folder_sync,
        careless.write_in_place,
        careless.delete_before_publish,
        careless.delete_at_publish,
    ],
)
def test_a_careless_writer_is_caught(tmp_path, monkeypatch, mistake):
    mistake(monkeypatch)
    assert broken_promises(tmp_path, publish_and_replace, [OLD, NEW]) != []


@pytest.mark.parametrize("mistake", [None, careless.no_parent_sync])
def test_new_parents_survive_a_power_cut(tmp_path, monkeypatch, mistake):
    if mistake:
        mistake(monkeypatch)
    disk = Disk(tmp_path / "now")
    disk.root.mkdir()
    with disk.watching():
        publish(disk.root / "deep" / "er" / "folder", OLD)
        disk.promise(True)
    after = disk.after_cuts(tmp_path / "after")
    lost = [root for root, promised in after if promised and not (root / "deep" / "er" / "folder").exists()]
    assert bool(lost) == bool(mistake)


def test_a_file_is_old_or_new_after_every_power_cut(tmp_path):
    disk = Disk(tmp_path / "now")
    disk.root.mkdir()
    with disk.watching():
        for promise, text in enumerate(("first", "second")):
            files.write_file(disk.root / "file", text)
            disk.promise(promise)
    allowed = {None: [None, "first"], 0: ["first", "second"], 1: ["second"]}
    for place, promise in disk.after_cuts(tmp_path / "after"):
        path = place / "file"
        assert (path.read_text() if path.exists() else None) in allowed[promise]


@pytest.mark.parametrize("mistake", [None, careless.forget_before_sync])
def test_a_removed_folder_is_whole_or_gone(tmp_path, monkeypatch, mistake):
    """Also if the process dies before the removal is synced, its successor cleans up, and then the power goes."""
    if mistake:
        mistake(monkeypatch)
    made = Fault(act=refusal(errno.EIO))
    monkeypatch.setattr(files, "before_operation", made)

    def act(root: Path, disk: Disk) -> None:
        publish(root / "folder", OLD)
        made.at = len(made.seen) + 1
        with pytest.raises(MachineError, match="folder: writing failed: Input/output error"):
            files.remove_folder(root / "folder")
        files.clear_leftovers(root)

    assert bool(broken_promises(tmp_path, act, [OLD])) == bool(mistake)
