"""The door to the disk: old or new at every failure, one writer at a time, and nobody else's files are touched."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import resource
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from genolect import files
from genolect.errors import MachineError
from genolect.folders import OWN_MARKS
from tests.toys import NEW, OLD, Fault, end_of, holds, publish, refusal, start_child


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob(f"{files.HIDDEN}*"))


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Fault]:
    """Put a fault before the k-th operation from now on."""

    def set_fault(*given: object, **options: object) -> Fault:
        made = Fault(*given, **options)
        monkeypatch.setattr(files, "before_operation", made)
        return made

    return set_fault


# ---------------------------------------------------------------- files


@pytest.mark.parametrize(("content", "stored"), [("Å\n", b"\xc3\x85\n"), (b"\x00\xff", b"\x00\xff"), ("", b"")])
def test_a_file_holds_what_was_written(tmp_path, content, stored):
    files.write_file(tmp_path / "file", content)
    assert (tmp_path / "file").read_bytes() == stored
    assert hidden(tmp_path) == []


def test_json_has_one_style_and_no_nan(tmp_path):
    path = tmp_path / "figures.json"
    files.write_json(path, {"β": [1, None]})
    assert path.read_text("utf-8") == '{\n  "β": [\n    1,\n    null\n  ]\n}\n'
    for wrong in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match=re.escape(f"not JSON compliant: {wrong}")):
            files.write_json(path, {"β": wrong})
    assert json.loads(path.read_text("utf-8")) == {"β": [1, None]}


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "free disk space"),
        (errno.EDQUOT, "quota"),
        (errno.EACCES, "a folder that you may write to"),
        (errno.EROFS, "a disk that can be written"),
        (errno.ENOTEMPTY, "a folder that is empty"),
        (errno.EIO, "check the disk and the folder's permissions"),
    ],
)
def test_a_failure_says_where_why_and_what_to_do(tmp_path, number, remedy):
    with pytest.raises(MachineError) as caught, files.reporting(tmp_path / "file"):
        raise OSError(number, os.strerror(number))
    assert str(caught.value).startswith(f"{tmp_path / 'file'}: writing failed: {os.strerror(number)}. Fix: ")
    assert remedy in caught.value.fix
    assert caught.value.exit_code == 4


def test_other_errors_pass_through(tmp_path):
    with pytest.raises(ZeroDivisionError), files.reporting(tmp_path):
        _ = 1 / 0


@pytest.mark.parametrize("persistent", [False, True])
def test_a_file_is_old_or_new_at_every_failure(tmp_path, fault, persistent):
    path = tmp_path / "file"
    files.write_file(path, "old")
    count = fault()
    files.write_file(path, "old")
    assert [operation for operation, _ in count.seen] == ["write", "sync", "rename", "sync"]
    for at in range(len(count.seen)):
        fault(at, refusal(errno.ENOSPC), persistent=persistent)
        with pytest.raises(MachineError, match=re.escape(f"{path}: writing failed: No space left")):
            files.write_file(path, "new")
        assert path.read_text() in (["old", "new"][at == 3])
        assert hidden(tmp_path) == []


def test_a_full_disk_in_the_middle_of_a_file(tmp_path):
    path = tmp_path / "file"

    def write_too_much():
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
        files.write_file(path, b"x" * 70_000)

    assert end_of(start_child(write_too_much)) == MachineError.exit_code
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- folders


def test_a_folder_is_published_with_its_manifest(tmp_path, fault):
    count = fault()
    publish(tmp_path / "deep" / "er" / "folder", OLD)
    manifest = files.read_manifest(tmp_path / "deep" / "er" / "folder")
    assert manifest == {
        "kind": "toy",
        "files written": 2,
        "files": {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in sorted(OLD.items())
        },
    }
    assert hidden(tmp_path) == []
    staging = next(path for operation, path in count.seen if operation == "mkdir" and path.name.startswith(".gen"))
    final = tmp_path / "deep" / "er" / "folder"
    assert count.seen[-5:] == [
        ("write", staging / "manifest.json"),
        ("sync", staging / "manifest.json"),
        ("sync", staging),
        ("rename", final),
        ("sync", final.parent),
    ]


def test_a_body_that_fails_leaves_nothing(tmp_path):
    def build() -> None:
        with files.new_folder(tmp_path / "folder") as staging:
            (staging / "half").write_bytes(b"x")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_folder_is_old_or_new_at_every_failure(tmp_path, fault, number, persistent):
    final = tmp_path / "folder"
    publish(final, OLD)
    count = fault()
    publish(final, OLD, replace=True)
    for at in range(len(count.seen)):
        fault(at, refusal(number), persistent=persistent)
        with pytest.raises(MachineError, match=re.escape(f"{final}: writing failed: {os.strerror(number)}")):
            publish(final, NEW, replace=True)
        fault()
        publish(tmp_path / "other", {}, replace=True)
        files.clear_leftovers(tmp_path)
        assert holds(final) in (OLD, NEW)
        assert hidden(tmp_path) == []
        publish(final, OLD, replace=True)


def test_a_killed_replacement_loses_neither(tmp_path, fault):
    """A kill leaves what stands on the disk before an operation: that is copied, and recovered from."""
    final = tmp_path / "now" / "folder"
    publish(final, OLD)
    states: list[Path] = []

    def keep() -> None:
        states.append(tmp_path / f"killed-{len(states)}")
        shutil.copytree(tmp_path / "now", states[-1])

    fault(0, keep, persistent=True)
    publish(final, NEW, replace=True)
    fault()
    missing = 0
    for state in states:
        missing += not (state / "folder").exists()
        files.clear_leftovers(state)
        assert holds(state / "folder") in (OLD, NEW)
        assert hidden(state) == []
    assert missing == 1
    assert holds(final) == NEW


def test_the_next_writer_puts_a_former_folder_back(tmp_path, fault):
    """Even one that fails in turn."""
    final = tmp_path / "folder"
    publish(final, OLD)
    os.rename(final, tmp_path / f"{files.HIDDEN}folder{files.FORMER}")
    with pytest.raises(ZeroDivisionError), files.new_folder(final, replace=True):
        _ = 1 / 0
    assert holds(final) == OLD
    assert hidden(tmp_path) == []


@pytest.mark.parametrize("replace", [False, True])
def test_a_stranger_s_folder_is_never_replaced(tmp_path, replace):
    final = tmp_path / "folder"
    final.mkdir()
    (final / "thesis.txt").write_text("years of work")
    expected = "holds files that genolect did not write" if replace else "is not empty"
    with pytest.raises(MachineError, match=f"{re.escape(str(final))}: the output folder {expected}"):
        publish(final, NEW, replace=replace)
    assert (final / "thesis.txt").read_text() == "years of work"
    assert hidden(tmp_path) == []


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "taken").write_text("x")
    with pytest.raises(MachineError, match="taken: the output is an existing file"):
        publish(tmp_path / "taken", NEW)
    with pytest.raises(MachineError, match=r"folder: writing failed: .*File exists"):
        publish(tmp_path / "taken" / "folder", NEW)


# ---------------------------------------------------------------- one writer


def test_a_second_process_is_refused_until_the_first_is_gone(tmp_path):
    folder = tmp_path / "deep" / "run"
    ready, tell = os.pipe()

    def hold() -> None:
        with files.exclusive(folder):
            os.write(tell, b"!")
            signal.pause()

    child = start_child(hold)
    os.close(tell)
    assert os.read(ready, 1) == b"!"
    os.close(ready)
    for act in (lambda: files.exclusive(folder).__enter__(), lambda: files.claim_output(folder, overwrite=True)):
        (folder / "plan.json").touch()
        with pytest.raises(MachineError, match=rf"{folder}: another process is writing to this folder\. Fix: wait"):
            act()
    assert (folder / "plan.json").exists()
    os.kill(child, signal.SIGKILL)
    assert end_of(child) == -signal.SIGKILL
    with files.exclusive(folder):
        pass


def test_errors_of_the_body_are_not_the_lock_s(tmp_path):
    with pytest.raises(BrokenPipeError), files.exclusive(tmp_path / "run"):
        raise BrokenPipeError
    with files.exclusive(tmp_path / "run"):
        pass


# ---------------------------------------------------------------- outputs


@pytest.mark.parametrize("traces", [[], [".lock"], [".lock", ".genolect-plan.json-0123abcd"]])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_new_or_empty_output_is_free(tmp_path, traces, overwrite):
    files.claim_output(tmp_path / "new", overwrite=overwrite)
    assert not (tmp_path / "new").exists()
    for name in traces:
        (tmp_path / name).touch()
    files.claim_output(tmp_path, overwrite=overwrite)


def own_run(folder: Path, mark: str) -> None:
    publish(folder / "model", OLD)
    (folder / mark).mkdir() if mark == "prepared" else (folder / mark).write_text("{}")
    (folder / "evaluation").symlink_to(folder.parent / "precious", target_is_directory=True)


@pytest.mark.parametrize("mark", OWN_MARKS)
def test_our_output_is_kept_unless_overwritten(tmp_path, mark):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "genome.fa").write_text(">a")
    folder = tmp_path / "run"
    own_run(folder, mark)
    before = sorted(folder.rglob("*"))
    with pytest.raises(MachineError, match=f"{folder}: the output folder is not empty.*--overwrite"):
        files.claim_output(folder)
    assert sorted(folder.rglob("*")) == before
    files.claim_output(folder, overwrite=True)
    assert [path.name for path in folder.iterdir()] == [".lock"]
    assert (tmp_path / "precious" / "genome.fa").read_text() == ">a"


@pytest.mark.parametrize("name", ["thesis.txt", "model", "results.json.bak", ".hidden", ".genolect"])
def test_a_stranger_s_output_is_never_deleted(tmp_path, name):
    (tmp_path / name).write_text("years of work")
    with pytest.raises(MachineError, match=f"{tmp_path}: the output folder holds files that genolect did not write"):
        files.claim_output(tmp_path, overwrite=True)
    assert (tmp_path / name).read_text() == "years of work"


def test_a_note_beside_our_output_is_never_deleted(tmp_path):
    own_run(tmp_path / "run", "results.json")
    (tmp_path / "run" / "notes.txt").write_text("years of work")
    before = sorted((tmp_path / "run").rglob("*"))
    with pytest.raises(
        MachineError, match=r"files that genolect did not write: 'notes\.txt'\. Fix: name another --out"
    ):
        files.claim_output(tmp_path / "run", overwrite=True)
    assert sorted((tmp_path / "run").rglob("*")) == before


def test_an_output_that_is_a_file_is_named(tmp_path):
    (tmp_path / "file").touch()
    for overwrite in (False, True):
        with pytest.raises(MachineError, match=f"{tmp_path}/file: the output is an existing file"):
            files.claim_output(tmp_path / "file", overwrite=overwrite)


def test_an_interrupted_deletion_can_be_done_again(tmp_path, monkeypatch):
    own_run(tmp_path / "run", "plan.json")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda path: refusal(errno.EIO)())
        with pytest.raises(MachineError, match="run: writing failed: Input/output error"):
            files.claim_output(tmp_path / "run", overwrite=True)
    files.claim_output(tmp_path / "run", overwrite=True)
    assert [path.name for path in (tmp_path / "run").iterdir()] == [".lock"]


def test_leftovers_go_and_everything_else_stays(tmp_path):
    publish(tmp_path / "folder", OLD)
    (tmp_path / ".genolect-folder-0123abcd").mkdir()
    (tmp_path / ".genolect-folder-0123abcd" / "half").touch()
    (tmp_path / ".genolect-plan.json-4567cdef").touch()
    (tmp_path / ".lock").touch()
    files.clear_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "folder"]
    files.clear_leftovers(tmp_path / "not there")
