"""Writers that make the mistakes others have made: each check of durability has to notice every one of them.

Each is a function that puts its mistake in place of what `files` does.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from genolect import files
from genolect.folders import MANIFEST


def no_file_sync(patch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def open_for_writing(path: Path) -> Iterator[IO[bytes]]:
        files.before_operation("write", path)
        with path.open("wb") as file:
            yield file

    patch.setattr(files, "open_for_writing", open_for_writing)


def no_folder_sync(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(files, "sync_folder", lambda folder: None)


def no_parent_sync(patch: pytest.MonkeyPatch) -> None:
    def make_folder(folder: Path) -> None:
        if not folder.exists():
            make_folder(folder.parent)
            files.before_operation("mkdir", folder)
            folder.mkdir()

    patch.setattr(files, "make_folder", make_folder)


def write_in_place(patch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def new_folder(final: Path, *, replace: bool = False) -> Iterator[Path]:
        with files.reporting(final):
            files.make_folder(final)
            yield final
            (final / MANIFEST).unlink(missing_ok=True)
            files._write_manifest(final)
            files.sync_folder(final)

    patch.setattr(files, "new_folder", new_folder)


def delete_before_publish(patch: pytest.MonkeyPatch) -> None:
    """Of a folder its predecessor, and of a checkpoint the earlier ones."""
    real = files.new_folder

    @contextmanager
    def new_folder(final: Path, *, replace: bool = False) -> Iterator[Path]:
        for old in [final, *final.parent.glob("step-*")]:
            if old.exists():
                files.remove_folder(old)
        with real(final) as staging:
            yield staging

    patch.setattr(files, "new_folder", new_folder)


def delete_at_publish(patch: pytest.MonkeyPatch) -> None:
    """When the new folder is complete, but before it is in place."""

    def publish(staging: Path, final: Path, *, replace: bool) -> None:
        if replace and final.exists():
            files.remove_folder(final)
        files.before_operation("rename", final)
        os.rename(staging, final)
        files.sync_folder(final.parent)

    patch.setattr(files, "_publish", publish)


def delete_in_sight(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(files, "remove_folder", lambda folder: shutil.rmtree(folder))


def forget_before_sync(patch: pytest.MonkeyPatch) -> None:
    def forget(hidden: Path) -> None:
        files.before_operation("remove", hidden)
        shutil.rmtree(hidden)

    patch.setattr(files, "_forget", forget)
