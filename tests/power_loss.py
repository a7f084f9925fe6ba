"""A disk that loses what was not synced: every state that a power cut may leave behind, built from what was done.

The rules are the strictest that POSIX allows. A file's content lasts only if the file was synced; otherwise anything
may stand in it. A folder's entries last only if that folder was synced; of the later changes any number of the first
ones may have been kept, in each folder independently.
"""

from __future__ import annotations

import itertools
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from genolect import files

GARBAGE = b"\0" * 17

Image = dict[str, bytes | None]
"""What stands on the disk: place to content, None for a folder."""


@dataclass
class File:
    """A file; None until it is synced."""

    lasting: bytes | None = None


@dataclass
class Folder:
    """A folder: the entries that last, and the changes since its last sync (None: the name is gone)."""

    lasting: dict[str, File | Folder] = field(default_factory=dict)
    changes: list[dict[str, File | Folder | None]] = field(default_factory=list)

    def entries(self, kept: int | None = None) -> dict[str, File | Folder]:
        """Entries after the first `kept` changes; by default after all of them."""
        names: dict[str, File | Folder | None] = dict(self.lasting)
        for change in self.changes[:kept]:
            names.update(change)
        return {name: node for name, node in names.items() if node is not None}


class Disk:
    """Watches what happens below `root`, and keeps what every power cut on the way might leave.

    Attributes
    ----------
    promised : Any
        What the caller was told is safe so far; kept beside each image.
    images : dict
        Each (image, promise) once.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tree = Folder()
        self.promised: Any = None
        self.images: dict[str, tuple[Image, Any]] = {}
        self.announced: tuple[str, Path] | None = None

    def promise(self, safe: Any) -> None:
        """Note that the caller may rely on `safe` from now on."""
        self.promised = safe
        self._cut()

    @contextmanager
    def watching(self) -> Iterator[Disk]:
        """Watch the operations of `files` until the block ends."""
        with pytest.MonkeyPatch.context() as patch:
            before = files.before_operation
            patch.setattr(files, "before_operation", lambda *given: (self._announce(*given), before(*given)))
            for module, name, after in (
                (os, "mkdir", self._make),
                (os, "rename", self._rename),
                (os, "replace", self._rename),
                (os, "unlink", self._unlink),
                (os, "fsync", self._sync),
            ):
                patch.setattr(module, name, self._then(getattr(module, name), after))
            patch.setattr(shutil, "rmtree", self._removing(shutil.rmtree))
            self._cut()
            yield self

    def _then(self, real: Callable[..., Any], after: Callable[..., None]) -> Callable[..., Any]:
        def act(*given: Any, **options: Any) -> Any:
            result = real(*given, **options)
            if "dir_fd" not in options:  # Only rmtree gives one; it is watched as a whole.
                after(*given)
                self._cut()
            return result

        return act

    def _removing(self, real: Callable[..., None]) -> Callable[..., None]:
        def act(path: Path, **options: Any) -> None:
            there = Path(path).exists()
            real(path, **options)
            if there:
                self._forget(self._at(Path(path)))
                self._unlink(path)
                self._cut()

        return act

    def _forget(self, folder: File | Folder) -> None:
        if isinstance(folder, Folder):
            for name, node in folder.entries().items():
                self._forget(node)
                folder.changes.append({name: None})

    def _at(self, path: Path) -> File | Folder:
        node: File | Folder = self.tree
        for name in path.relative_to(self.root).parts:
            assert isinstance(node, Folder)
            node = node.entries()[name]
        return node

    def _inside(self, path: Path) -> Folder:
        node = self._at(path.parent)
        assert isinstance(node, Folder)
        return node

    def _announce(self, operation: str, path: Path) -> None:
        self.announced = (operation, path)
        if operation == "write":
            self._inside(path).changes.append({path.name: File()})
            self._cut()

    def _make(self, path: Path, mode: int = 0o777) -> None:
        assert self.announced == ("mkdir", Path(path))
        self._inside(Path(path)).changes.append({Path(path).name: Folder()})

    def _rename(self, source: Path, target: Path) -> None:
        assert self.announced in [("rename", source), ("rename", target)]
        assert source.parent == target.parent
        self._inside(source).changes.append({source.name: None, target.name: self._at(source)})

    def _unlink(self, path: Path) -> None:
        self._inside(Path(path)).changes.append({Path(path).name: None})

    def _sync(self, descriptor: int) -> None:
        assert self.announced is not None
        operation, path = self.announced
        assert operation == "sync"
        assert os.path.samestat(os.fstat(descriptor), path.stat())
        node = self._at(path)
        if stat.S_ISDIR(path.stat().st_mode):
            assert isinstance(node, Folder)
            node.lasting, node.changes = node.entries(), []
        else:
            assert isinstance(node, File)
            node.lasting = path.read_bytes()

    def _cut(self) -> None:
        """Keep every state that may be left if the power went now."""
        for image in self._possible(self.tree):
            self.images[repr((image, self.promised))] = (image, self.promised)

    def _possible(self, folder: Folder) -> Iterator[Image]:
        for kept in range(len(folder.changes) + 1):
            parts = [self._forms(name, node) for name, node in folder.entries(kept).items()]
            for chosen in itertools.product(*parts):
                yield {place: content for part in chosen for place, content in part.items()}

    def _forms(self, name: str, node: File | Folder) -> list[Image]:
        """Every form that one entry may take."""
        if isinstance(node, File):
            return [{name: GARBAGE if node.lasting is None else node.lasting}]
        inside = self._possible(node)
        return [{name: None} | {f"{name}/{place}": content for place, content in image.items()} for image in inside]

    def after_cuts(self, folder: Path) -> Iterator[tuple[Path, Any]]:
        """Write each image out below `folder`; give its place and what had been promised by then."""
        for number, (image, promise) in enumerate(self.images.values()):
            place = folder / str(number)
            place.mkdir(parents=True)
            for name, content in image.items():
                (place / name).mkdir() if content is None else (place / name).write_bytes(content)
            yield place, promise
