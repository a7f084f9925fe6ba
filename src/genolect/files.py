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
import io
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from genolect.errors import ConfigurationError, InputError, MachineError
from genolect.folders import MANIFEST, OWN_MARKS, OWN_NAMES

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

STANDARD_INPUT = "-"

SEAL = "sha256"
"""Key of the manifest's own checksum, which covers everything else in it."""
FACTS = "facts.json"
LOCK = ".lock"
HIDDEN = ".genolect-"
FORMER = "-former"
"""Ending of the hidden name under which a folder waits while its successor moves in."""
READ_BYTES = 1 << 22
_WORTH_A_THREAD = 1 << 18
ANEW = "restore the folder from a copy, or make it anew"
REMEDY = {
    errno.ENOSPC: "free disk space, or write to another disk",
    errno.EDQUOT: "free some of your quota, or write to another disk",
    errno.EACCES: "choose a folder that you may write to",
    errno.EROFS: "choose a folder on a disk that can be written",
    errno.ENOTEMPTY: "choose a folder that is empty or does not exist yet",
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


def make_folder(folder: Path) -> None:
    """Make a folder and its missing parents; their names survive a power cut."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    before_operation("mkdir", folder)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


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
    staging = _hidden(path)
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


def arrays_file(arrays: Mapping[str, Any]) -> bytes:
    """Serialise arrays by name as a compressed ``.npz`` file."""
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    return content.getvalue()


@contextmanager
def open_for_writing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file of a folder that is being built; it is synced when it closes."""
    before_operation("write", path)
    with path.open("wb") as file:
        yield file
        file.flush()
        before_operation("sync", path)
        os.fsync(file.fileno())


class Checksum:
    """SHA-256 of what passes by, computed in a thread beside the work: hashing a long block frees the interpreter.

    Examples
    --------
    >>> checksum = Checksum()
    >>> checksum.update(b"ACGT")
    >>> checksum.hexdigest()[:8]
    '1dff3e84'
    """

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._worker: ThreadPoolExecutor | None = None
        self._pending: Future[None] | None = None

    def update(self, block: bytes | memoryview) -> None:
        """Take the next block, which must not change any more."""
        self._settle()
        if len(block) < _WORTH_A_THREAD:
            self._sha256.update(block)
            return
        if self._worker is None:
            from concurrent.futures import ThreadPoolExecutor  # Small files start without it.

            self._worker = ThreadPoolExecutor(max_workers=1)
        self._pending = self._worker.submit(self._sha256.update, block)

    def hexdigest(self) -> str:
        """Give the checksum of all blocks so far, as 64 hexadecimal digits."""
        self._settle()
        return self._sha256.hexdigest()

    def _settle(self) -> None:
        if self._pending is not None:
            self._pending.result()
            self._pending = None


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

    The body writes its files with `open_for_writing` into the folder that is yielded, and may add facts to the manifest
    with `write_facts`.

    Parameters
    ----------
    final : Path
        The folder's final place.
    replace : bool
        Whether a folder of ours there gives way. It steps aside when the new one is complete and is removed when that
        is in place; should the process be killed between the two, the next writer puts it back.

    Yields
    ------
    Path
        The hidden folder to write into.

    Raises
    ------
    MachineError
        If something is there that may not be replaced, or writing fails; nothing is left behind and an existing folder
        is untouched.
    """
    staging = _hidden(final)
    with reporting(final):
        make_folder(final.parent)
        _settle(final)
        _require_room(final, overwrite=replace)
        before_operation("mkdir", staging)
        staging.mkdir()
        try:
            yield staging
            _write_manifest(staging)
            sync_folder(staging)
            _publish(staging, final, replace=replace)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            _settle(final)


def write_facts(folder: Path, facts: dict[str, Any], sums: Mapping[str, str] | None = None) -> None:
    """Leave facts (kind, format, versions …) for the manifest of a folder that is being built.

    `sums` are SHA-256 of files by name, where they were computed while these were written; the others are read again.
    """
    with open_for_writing(folder / FACTS) as file:
        file.write(json_text({"facts": facts, "sums": dict(sums or {})}).encode())


def _write_manifest(folder: Path) -> None:
    facts_path = folder / FACTS
    left = json.loads(facts_path.read_text("utf-8")) if facts_path.exists() else {"facts": {}, "sums": {}}
    facts_path.unlink(missing_ok=True)
    files = {
        path.name: {"bytes": path.stat().st_size, "sha256": left["sums"].get(path.name) or sha256_of(path)}
        for path in sorted(folder.iterdir())
    }
    with open_for_writing(folder / MANIFEST) as file:
        file.write(_sealed({**left["facts"], "files": files}).encode())


def _sealed(manifest: dict[str, Any]) -> str:
    return json_text({**manifest, SEAL: hashlib.sha256(json_text(manifest).encode()).hexdigest()})


def _publish(staging: Path, final: Path, *, replace: bool) -> None:
    if replace and final.exists():
        before_operation("rename", final)
        os.rename(final, _former(final))
    before_operation("rename", final)
    os.rename(staging, final)
    sync_folder(final.parent)


def _settle(final: Path) -> None:
    """End a replacement of `final`: what was there before goes, or comes back if its successor never arrived."""
    former = _former(final)
    if not former.exists():
        return
    if final.exists():
        _forget(former)
    else:
        before_operation("rename", final)
        os.rename(former, final)


def _hidden(path: Path) -> Path:
    return path.with_name(f"{HIDDEN}{path.name}-{uuid.uuid4().hex[:8]}")


def _former(final: Path) -> Path:
    return final.with_name(f"{HIDDEN}{final.name}{FORMER}")


def remove_folder(folder: Path) -> None:
    """Remove a published folder so that no reader ever sees half of it: renamed out of sight first."""
    retired = _hidden(folder)
    with reporting(folder):
        before_operation("rename", folder)
        os.rename(folder, retired)
        _forget(retired)


def _forget(hidden: Path) -> None:
    sync_folder(hidden.parent)  # It must last that the folder is out of sight before its content goes.
    before_operation("remove", hidden)
    shutil.rmtree(hidden, ignore_errors=True)


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
        If the manifest is missing, or it or a file differs from its checksum; the message names the file.
    """
    path = folder / MANIFEST
    try:
        text = path.read_text("utf-8")
        manifest: dict[str, Any] = json.loads(text)
        del manifest[SEAL]
        files = [(name, facts["bytes"], facts["sha256"]) for name, facts in manifest["files"].items()]
        intact = text == _sealed(manifest)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError("this folder has no readable manifest.json", fix=ANEW, path=folder) from error
    if not intact:
        raise InputError("the manifest differs from its own checksum", fix=ANEW, path=path)
    for name, size, digest in files:
        if Path(name).name != name:
            raise InputError(f"the manifest names a file outside its folder: {name!r}", fix=ANEW, path=path)
        _check_member(folder / name, size, digest, verify=verify)
    return manifest


def _check_member(path: Path, size: int, digest: str, *, verify: bool) -> None:
    if path.is_symlink() or not path.is_file():
        raise InputError("this file of the folder is missing, or is only a link", fix=ANEW, path=path)
    try:
        same = path.stat().st_size == size and (not verify or sha256_of(path) == digest)
    except OSError as error:
        raise InputError(f"this file cannot be read: {error.strerror}", fix=ANEW, path=path) from error
    if not same:
        raise InputError("the content differs from its checksum in manifest.json", fix=ANEW, path=path)


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold `folder` for this process; a second one is refused at once, and a killed one does not block the next.

    Raises
    ------
    MachineError
        If another process holds the folder.
    """
    with ExitStack() as held:
        with reporting(folder):
            make_folder(folder)
            lock = held.enter_context((folder / LOCK).open("w"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise MachineError(
                    "another process is writing to this folder", fix="wait for it, or choose another --out", path=folder
                ) from error
        yield


def clear_leftovers(folder: Path) -> None:
    """Undo or remove what a killed process left half done in `folder`."""
    with reporting(folder):
        for path in folder.glob(f"{HIDDEN}*{FORMER}"):
            _settle(folder / path.name.removeprefix(HIDDEN).removesuffix(FORMER))
        for path in folder.glob(f"{HIDDEN}*"):
            _forget(path) if path.is_dir() else path.unlink()


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
        If it exists and is not empty, or is not a folder, or holds something that genolect did not write, or another
        process is writing to it.
    """
    with reporting(folder):
        _require_room(folder, overwrite=overwrite)
        if folder.exists() and _content(folder):
            if strangers := sorted(path.name for path in _content(folder) if path.name not in OWN_NAMES):
                _refuse_strangers(folder, f": {', '.join(map(repr, strangers[:3]))}{' …' * (len(strangers) > 3)}")
            with exclusive(folder):
                # The marks go last: a deletion that was killed can be done again.
                for path in sorted(_content(folder), key=lambda path: path.name in OWN_MARKS):
                    _remove(path)


def _require_room(folder: Path, *, overwrite: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise MachineError("the output is an existing file", fix="name a folder with --out", path=folder)
    if not folder.exists() or not _content(folder):
        return
    if not overwrite:
        raise MachineError(
            "the output folder is not empty", fix="name another --out, or add --overwrite to replace it", path=folder
        )
    if not any((folder / mark).exists() for mark in OWN_MARKS):
        _refuse_strangers(folder, "")


def _refuse_strangers(folder: Path, names: str) -> None:
    what = f"the output folder holds files that genolect did not write{names}"
    raise MachineError(what, fix="name another --out, or move them away", path=folder)


def _content(folder: Path) -> list[Path]:
    """What `folder` holds, apart from the traces of a process that never came to write anything."""
    return [path for path in folder.iterdir() if path.name != LOCK and not path.name.startswith(HIDDEN)]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def require_inputs(inputs: Iterable[Path], folder: Path, *, overwrite: bool) -> None:
    """Make sure that what a verb reads is there, and stays.

    Parameters
    ----------
    inputs : iterable of Path
        What the verb will read; standard input is passed over.
    folder : Path
        The output folder named by the user.
    overwrite : bool
        Whether what it holds is deleted.

    Raises
    ------
    ConfigurationError
        If `overwrite` would delete an input.
    InputError
        If an input does not exist.

    Examples
    --------
    >>> require_inputs([Path("-")], Path("run"), overwrite=True)
    """
    for path in inputs:
        if str(path) == STANDARD_INPUT:
            continue
        if not path.exists():
            raise InputError("there is no such file or folder", fix="check the path", path=path)
        if overwrite and path.resolve().is_relative_to(folder.resolve()):
            raise ConfigurationError(
                f"--overwrite would delete {path}, which is to be read", fix="name another --out", path=folder
            )
