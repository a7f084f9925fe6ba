"""The only door through which genolect writes to disk: whole or absent, synced, checksummed.

A folder is built beside its final place under a hidden name, every file and the folder itself are
synced, a ``manifest.json`` with the SHA-256 of each file is written last, and one rename publishes it.
A reader therefore sees the old state or the new one, after a crash or a power cut too.

Tests replace `before_operation` to count the operations and to make the k-th one fail.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from genolect.errors import InputError, MachineError

MANIFEST = "manifest.json"
HIDDEN = ".genolect-"
READ_BYTES = 1 << 22
REMEDY = {
    errno.ENOSPC: "free disk space, or write to another disk",
    errno.EDQUOT: "free some of your quota, or write to another disk",
    errno.EACCES: "choose a folder that you may write to",
    errno.EROFS: "choose a folder on a disk that can be written",
}


def _proceed(operation: str, path: Path) -> None:
    """Stand-in for `before_operation`: nothing happens before a write."""


before_operation: Callable[[str, Path], None] = _proceed


@contextmanager
def reporting(path: Path) -> Iterator[None]:
    """Turn an operating-system failure while writing `path` into a `MachineError`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        remedy = REMEDY.get(error.errno or 0, "check the disk and the folder's permissions")
        raise MachineError(f"writing failed: {reason}", fix=remedy, path=path) from error


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power cut."""
    before_operation("sync", folder)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(path: Path, content: bytes | str) -> None:
    """Write one file whole: readers see the old content or the new one, nothing between.

    Parameters
    ----------
    path : Path
        Where; its folder must exist.
    content : bytes or str
        What; text is written as UTF-8.

    Raises
    ------
    MachineError
        If the disk is full or not writable.
    """
    staging = path.with_name(f"{HIDDEN}{path.name}-{uuid.uuid4().hex[:8]}")
    with reporting(path):
        try:
            with open_for_writing(staging) as file:
                file.write(content.encode() if isinstance(content, str) else content)
            before_operation("rename", path)
            os.replace(staging, path)
            sync_folder(path.parent)
        finally:
            staging.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file whole, indented and with a final newline; NaN is refused."""
    write_file(path, json_text(content))


def json_text(content: Any) -> str:
    """Serialise to the one JSON style of the project."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


@contextmanager
def open_for_writing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file of a folder that is being built; it is synced when it closes."""
    before_operation("write", path)
    with path.open("wb") as file:
        yield file
        file.flush()
        before_operation("sync", path)
        os.fsync(file.fileno())


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def new_folder(final: Path, *, replace: bool = False) -> Iterator[Path]:
    """Build a folder out of sight and publish it whole with its manifest.

    The body writes its files (through `open_for_writing` or `write_file`) into the folder that is yielded and may leave
    a dictionary of facts for the manifest by calling `write_json` on ``facts.json`` (merged, not kept).

    Parameters
    ----------
    final : Path
        The folder's final place.
    replace : bool
        Whether an existing folder there gives way; it is removed only after the new one is complete.

    Yields
    ------
    Path
        The hidden folder to write into.

    Raises
    ------
    MachineError
        If writing fails; nothing is left behind and an existing folder is untouched.
    """
    staging = final.with_name(f"{HIDDEN}{final.name}-{uuid.uuid4().hex[:8]}")
    with reporting(final):
        final.parent.mkdir(parents=True, exist_ok=True)
        staging.mkdir()
        try:
            yield staging
            _write_manifest(staging)
            sync_folder(staging)
            _publish(staging, final, replace=replace)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _write_manifest(folder: Path) -> None:
    facts_path = folder / "facts.json"
    facts = json.loads(facts_path.read_text("utf-8")) if facts_path.exists() else {}
    facts_path.unlink(missing_ok=True)
    files = {
        path.name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in sorted(folder.iterdir())
    }
    with open_for_writing(folder / MANIFEST) as file:
        file.write(json_text({**facts, "files": files}).encode())


def _publish(staging: Path, final: Path, *, replace: bool) -> None:
    if replace and final.exists():
        retired = final.with_name(f"{HIDDEN}{final.name}-old-{uuid.uuid4().hex[:8]}")
        before_operation("rename", final)
        os.rename(final, retired)
        os.rename(staging, final)
        sync_folder(final.parent)
        shutil.rmtree(retired, ignore_errors=True)
        return
    before_operation("rename", final)
    os.rename(staging, final)
    sync_folder(final.parent)


def read_manifest(folder: Path, *, verify: bool = True) -> dict[str, Any]:
    """Read a published folder's manifest and, by default, check every file against it.

    Parameters
    ----------
    folder : Path
        A folder made by `new_folder`.
    verify : bool
        Whether to compute each file's SHA-256 (sizes are always compared).

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    InputError
        If the manifest is missing or a file differs from it; the message names the file.
    """
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
        files = manifest["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError("this folder has no readable manifest.json", fix="make the folder anew", path=folder) from error
    for name, facts in files.items():
        if Path(name).name != name:
            raise InputError(f"the manifest names a file outside its folder: {name!r}", fix="make the folder anew", path=path)
        member = folder / name
        fix = "restore the file, or make the folder anew"
        if not member.is_file():
            raise InputError("a file of this folder is missing", fix=fix, path=member)
        if member.stat().st_size != facts["bytes"] or (verify and sha256_of(member) != facts["sha256"]):
            raise InputError("the content differs from its checksum in manifest.json", fix=fix, path=member)
    return manifest


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold `folder` for this process; a second one is refused at once, and a killed one leaves no trace.

    Raises
    ------
    MachineError
        If another process holds the folder.
    """
    with reporting(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise MachineError("another process is writing to this folder", fix="wait for it, or choose another --out", path=folder) from error
            yield


def clear_leftovers(folder: Path) -> None:
    """Remove what a killed process left half-built in `folder`."""
    for path in folder.glob(f"{HIDDEN}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def claim_output(folder: Path, *, overwrite: bool = False) -> None:
    """Make sure that a verb may write its results into `folder`.

    Parameters
    ----------
    folder : Path
        The output folder named by the user.
    overwrite : bool
        Whether what it holds may be deleted.

    Raises
    ------
    MachineError
        If it exists and is not empty, or is not a folder.
    """
    if folder.exists() and not folder.is_dir():
        raise MachineError("the output is an existing file", fix="name a folder with --out", path=folder)
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not overwrite:
        raise MachineError("the output folder is not empty", fix="name another --out, or add --overwrite to replace it", path=folder)
    with reporting(folder):
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
