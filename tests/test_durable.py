"""The door to the disk: whole or absent, whatever fails; damage is seen; nobody else's files are touched."""

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

from genolect import durable
from genolect.errors import InputError, MachineError
from tests.toys import Fault, end_of, refusal, start_child
from tests.training import careless
from tests.training.power_loss import Disk

OLD = {"one.txt": b"old", "two.bin": b"\x00\x01"}
NEW = {"one.txt": b"newer", "three.txt": b""}


def publish(final: Path, files: dict[str, bytes], *, replace: bool = False) -> None:
    with durable.new_folder(final, replace=replace) as staging:
        for name, content in files.items():
            with durable.open_for_writing(staging / name) as file:
                file.write(content)
        durable.write_facts(staging, {"kind": "toy", "files written": len(files)})


def holds(folder: Path) -> dict[str, bytes]:
    """Content of a published folder, after every checksum was compared."""
    manifest = durable.read_manifest(folder)
    return {name: (folder / name).read_bytes() for name in manifest["files"]}


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob(f"{durable.HIDDEN}*"))


def forge(folder: Path, manifest: object) -> None:
    """Write a manifest whose own checksum is right, whatever it claims."""
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    sealed = (
        {**manifest, "sha256": hashlib.sha256(text.encode()).hexdigest()} if isinstance(manifest, dict) else manifest
    )
    (folder / "manifest.json").write_text(json.dumps(sealed, indent=2, ensure_ascii=False) + "\n", "utf-8")


@pytest.fixture
def published(tmp_path: Path) -> Path:
    publish(tmp_path / "folder", OLD)
    return tmp_path / "folder"


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Fault]:
    """Put a fault before the k-th operation from now on."""

    def set_fault(*given: object, **options: object) -> Fault:
        made = Fault(*given, **options)
        monkeypatch.setattr(durable, "before_operation", made)
        return made

    return set_fault


# ---------------------------------------------------------------- files


@pytest.mark.parametrize(("content", "stored"), [("Å\n", b"\xc3\x85\n"), (b"\x00\xff", b"\x00\xff"), ("", b"")])
def test_a_file_holds_what_was_written(tmp_path, content, stored):
    durable.write_file(tmp_path / "file", content)
    assert (tmp_path / "file").read_bytes() == stored
    assert hidden(tmp_path) == []


def test_json_has_one_style_and_no_nan(tmp_path):
    path = tmp_path / "figures.json"
    durable.write_json(path, {"β": [1, None]})
    assert path.read_text("utf-8") == '{\n  "β": [\n    1,\n    null\n  ]\n}\n'
    for wrong in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match=re.escape(f"not JSON compliant: {wrong}")):
            durable.write_json(path, {"β": wrong})
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
    with pytest.raises(MachineError) as caught, durable.reporting(tmp_path / "file"):
        raise OSError(number, os.strerror(number))
    assert str(caught.value).startswith(f"{tmp_path / 'file'}: writing failed: {os.strerror(number)}. Fix: ")
    assert remedy in caught.value.fix
    assert caught.value.exit_code == 4


def test_other_errors_pass_through(tmp_path):
    with pytest.raises(ZeroDivisionError), durable.reporting(tmp_path):
        _ = 1 / 0


@pytest.mark.parametrize("persistent", [False, True])
def test_a_file_is_old_or_new_at_every_failure(tmp_path, fault, persistent):
    path = tmp_path / "file"
    durable.write_file(path, "old")
    count = fault()
    durable.write_file(path, "old")
    assert [operation for operation, _ in count.seen] == ["write", "sync", "rename", "sync"]
    for at in range(len(count.seen)):
        fault(at, refusal(errno.ENOSPC), persistent=persistent)
        with pytest.raises(MachineError, match=re.escape(f"{path}: writing failed: No space left")):
            durable.write_file(path, "new")
        assert path.read_text() in (["old", "new"][at == 3])
        assert hidden(tmp_path) == []


def test_a_full_disk_in_the_middle_of_a_file(tmp_path):
    path = tmp_path / "file"

    def write_too_much():
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
        durable.write_file(path, b"x" * 70_000)

    assert end_of(start_child(write_too_much)) == MachineError.exit_code
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- folders


def test_a_folder_is_published_with_its_manifest(tmp_path, fault):
    count = fault()
    publish(tmp_path / "deep" / "er" / "folder", OLD)
    manifest = durable.read_manifest(tmp_path / "deep" / "er" / "folder")
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
    with pytest.raises(KeyboardInterrupt), durable.new_folder(tmp_path / "folder") as staging:
        (staging / "half").write_bytes(b"x")
        raise KeyboardInterrupt
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
        durable.clear_leftovers(tmp_path)
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
        durable.clear_leftovers(state)
        assert holds(state / "folder") in (OLD, NEW)
        assert hidden(state) == []
    assert missing == 1
    assert holds(final) == NEW


def test_the_next_writer_puts_a_former_folder_back(tmp_path, fault):
    """Even one that fails in turn."""
    final = tmp_path / "folder"
    publish(final, OLD)
    os.rename(final, tmp_path / f"{durable.HIDDEN}folder{durable.FORMER}")
    with pytest.raises(ZeroDivisionError), durable.new_folder(final, replace=True):
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


# ---------------------------------------------------------------- power cuts


def broken_promises(tmp_path: Path, act: Callable[[Path, Disk], None], states: list[dict[str, bytes]]) -> list[str]:
    """Cut the power everywhere during `act`; say each time that ``folder`` is not one of the states promised."""
    disk = Disk(tmp_path / "now")
    disk.root.mkdir()
    with disk.watching():
        act(disk.root, disk)
    broken = []
    for place, promise in disk.after_cuts(tmp_path / "after"):
        durable.clear_leftovers(place)
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
            durable.write_file(disk.root / "file", text)
            disk.promise(promise)
    allowed = {None: [None, "first"], 0: ["first", "second"], 1: ["second"]}
    for place, promise in disk.after_cuts(tmp_path / "after"):
        path = place / "file"
        assert (path.read_text() if path.exists() else None) in allowed[promise]


@pytest.mark.parametrize("mistake", [None, careless.forget_before_sync])
def test_a_removed_folder_is_whole_or_gone(tmp_path, monkeypatch, fault, mistake):
    """Also if the process dies before the removal is synced, its successor cleans up, and then the power goes."""
    if mistake:
        mistake(monkeypatch)
    made = fault(act=refusal(errno.EIO))

    def act(root: Path, disk: Disk) -> None:
        publish(root / "folder", OLD)
        made.at = len(made.seen) + 1
        with pytest.raises(MachineError, match="folder: writing failed: Input/output error"):
            durable.remove_folder(root / "folder")
        durable.clear_leftovers(root)

    assert bool(broken_promises(tmp_path, act, [OLD])) == bool(mistake)


# ---------------------------------------------------------------- damage


def test_every_flipped_bit_is_seen(published):
    for path in sorted(published.iterdir()):
        content = path.read_bytes()
        for bit in range(8 * len(content)):
            damaged = bytearray(content)
            damaged[bit // 8] ^= 1 << bit % 8
            path.write_bytes(damaged)
            with pytest.raises(InputError):
                durable.read_manifest(published)
        path.write_bytes(content)
    assert holds(published) == OLD


def test_every_truncation_and_every_missing_file_is_seen(published):
    for path in sorted(published.iterdir()):
        content = path.read_bytes()
        for length in range(len(content)):
            path.write_bytes(content[:length])
            with pytest.raises(InputError, match=re.escape(str(published))):
                durable.read_manifest(published, verify=False)
        path.unlink()
        with pytest.raises(InputError, match=rf"missing|no readable manifest.*Fix: {durable.ANEW}"):
            durable.read_manifest(published)
        path.write_bytes(content)
    assert holds(published) == OLD


def test_the_damaged_file_is_named_and_unverified_reading_is_not_fooled_by_sizes(published):
    (published / "one.txt").write_bytes(b"OLD")
    assert durable.read_manifest(published, verify=False)["kind"] == "toy"
    with pytest.raises(InputError, match=r"folder/one\.txt: the content differs from its checksum"):
        durable.read_manifest(published)


def test_swapped_files_are_seen(published):
    one, two = published / "one.txt", published / "two.bin"
    one.write_bytes(OLD["two.bin"])
    two.write_bytes(OLD["one.txt"])
    with pytest.raises(InputError, match=r"one\.txt: the content differs"):
        durable.read_manifest(published)


def test_a_link_is_no_file_of_the_folder(published, tmp_path):
    (tmp_path / "elsewhere").write_bytes(OLD["one.txt"])
    (published / "one.txt").unlink()
    (published / "one.txt").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"one\.txt: this file of the folder is missing, or is only a link"):
        durable.read_manifest(published)


def test_a_file_that_cannot_be_read_is_damage(published, monkeypatch):
    monkeypatch.setattr(durable, "sha256_of", lambda path: refusal(errno.EIO)())
    with pytest.raises(InputError, match=r"one\.txt: this file cannot be read: Input/output error"):
        durable.read_manifest(published)


@pytest.mark.parametrize("name", ["../x", "/etc/hostname", "a/b", "..", ".", ""])
def test_a_manifest_that_reaches_outside_is_refused(published, name):
    (published.parent / "x").write_bytes(b"")
    forge(published, {"files": {name: {"bytes": 0, "sha256": hashlib.sha256(b"").hexdigest()}}})
    with pytest.raises(InputError, match=r"outside its folder|is missing"):
        durable.read_manifest(published)


@pytest.mark.parametrize(
    "manifest",
    [
        3,
        "text",
        None,
        [],
        ["sha256"],
        {},
        {"files": 3},
        {"files": ["one.txt"]},
        {"files": {"one.txt": 3}},
        {"files": {"one.txt": {"bytes": 3}}},
        {"files": {"one.txt": {"sha256": ""}}},
        {"files": {}, "figure": float("nan")},
    ],
)
def test_a_manifest_of_another_form_is_refused(published, manifest):
    forge(published, manifest)
    with pytest.raises(InputError, match=r"folder: this folder has no readable manifest\.json"):
        durable.read_manifest(published)


@pytest.mark.parametrize("text", ["", "{", "\x00", "[" * 100_000, '{"files": {}}'])
def test_a_manifest_that_is_no_json_or_not_sealed_is_refused(published, text):
    (published / "manifest.json").write_text(text)
    with pytest.raises(InputError, match=r"no readable manifest\.json"):
        durable.read_manifest(published)


def test_a_changed_fact_is_seen(published):
    path = published / "manifest.json"
    path.write_text(path.read_text().replace('"toy"', '"tom"'))
    with pytest.raises(InputError, match=r"manifest\.json: the manifest differs from its own checksum"):
        durable.read_manifest(published)
    forge(published, {"kind": "forged", "files": {}})
    assert durable.read_manifest(published) == {"kind": "forged", "files": {}}


# ---------------------------------------------------------------- one writer


def test_a_second_process_is_refused_until_the_first_is_gone(tmp_path):
    folder = tmp_path / "deep" / "run"
    ready, tell = os.pipe()

    def hold() -> None:
        with durable.exclusive(folder):
            os.write(tell, b"!")
            signal.pause()

    child = start_child(hold)
    os.close(tell)
    assert os.read(ready, 1) == b"!"
    os.close(ready)
    for act in (lambda: durable.exclusive(folder).__enter__(), lambda: durable.claim_output(folder, overwrite=True)):
        (folder / "plan.json").touch()
        with pytest.raises(MachineError, match=rf"{folder}: another process is writing to this folder\. Fix: wait"):
            act()
    assert (folder / "plan.json").exists()
    os.kill(child, signal.SIGKILL)
    assert end_of(child) == -signal.SIGKILL
    with durable.exclusive(folder):
        pass


def test_errors_of_the_body_are_not_the_lock_s(tmp_path):
    with pytest.raises(BrokenPipeError), durable.exclusive(tmp_path / "run"):
        raise BrokenPipeError
    with durable.exclusive(tmp_path / "run"):
        pass


# ---------------------------------------------------------------- outputs


@pytest.mark.parametrize("traces", [[], [".lock"], [".lock", ".genolect-plan.json-0123abcd"]])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_new_or_empty_output_is_free(tmp_path, traces, overwrite):
    durable.claim_output(tmp_path / "new", overwrite=overwrite)
    assert not (tmp_path / "new").exists()
    for name in traces:
        (tmp_path / name).touch()
    durable.claim_output(tmp_path, overwrite=overwrite)


def own_run(folder: Path, mark: str) -> None:
    publish(folder / "model", OLD)
    (folder / mark).mkdir() if mark == "prepared" else (folder / mark).write_text("{}")
    (folder / "a note").write_text("hello")
    (folder / "link").symlink_to(folder.parent / "precious", target_is_directory=True)


@pytest.mark.parametrize("mark", durable.OWN_MARKS)
def test_our_output_is_kept_unless_overwritten(tmp_path, mark):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "genome.fa").write_text(">a")
    folder = tmp_path / "run"
    own_run(folder, mark)
    before = sorted(folder.rglob("*"))
    with pytest.raises(MachineError, match=f"{folder}: the output folder is not empty.*--overwrite"):
        durable.claim_output(folder)
    assert sorted(folder.rglob("*")) == before
    durable.claim_output(folder, overwrite=True)
    assert [path.name for path in folder.iterdir()] == [".lock"]
    assert (tmp_path / "precious" / "genome.fa").read_text() == ">a"


@pytest.mark.parametrize("name", ["thesis.txt", "model", "results.json.bak", ".hidden", ".genolect"])
def test_a_stranger_s_output_is_never_deleted(tmp_path, name):
    (tmp_path / name).write_text("years of work")
    with pytest.raises(MachineError, match=f"{tmp_path}: the output folder holds files that genolect did not write"):
        durable.claim_output(tmp_path, overwrite=True)
    assert (tmp_path / name).read_text() == "years of work"


def test_an_output_that_is_a_file_is_named(tmp_path):
    (tmp_path / "file").touch()
    for overwrite in (False, True):
        with pytest.raises(MachineError, match=f"{tmp_path}/file: the output is an existing file"):
            durable.claim_output(tmp_path / "file", overwrite=overwrite)


def test_an_interrupted_deletion_can_be_done_again(tmp_path, monkeypatch):
    own_run(tmp_path / "run", "plan.json")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda path: refusal(errno.EIO)())
        with pytest.raises(MachineError, match="run: writing failed: Input/output error"):
            durable.claim_output(tmp_path / "run", overwrite=True)
    durable.claim_output(tmp_path / "run", overwrite=True)
    assert [path.name for path in (tmp_path / "run").iterdir()] == [".lock"]


def test_leftovers_go_and_everything_else_stays(tmp_path):
    publish(tmp_path / "folder", OLD)
    (tmp_path / ".genolect-folder-0123abcd").mkdir()
    (tmp_path / ".genolect-folder-0123abcd" / "half").touch()
    (tmp_path / ".genolect-plan.json-4567cdef").touch()
    (tmp_path / ".lock").touch()
    durable.clear_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "folder"]
    durable.clear_leftovers(tmp_path / "not there")
