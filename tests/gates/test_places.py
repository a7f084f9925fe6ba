"""No file names a folder of one particular machine."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gates.source import REPOSITORY, expect_none

# Folders that only exist on someone's machine. What every machine has (/usr, /dev, /tmp) may be named.
PLACE = re.compile(r"(?<![\w.~)/}-])/(work|home|root|Users|scratch|tmp/venv)\b(?=/|\W|$)")
NOT_OURS = {".git", "__pycache__", "run", "build", "dist", "node_modules"}


def texts(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every text file that belongs to the repository."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(n for n in folders if n not in NOT_OURS and (n == ".ci" or not n.startswith(".")))
        for name in sorted(files):
            path = Path(place) / name
            content = path.read_bytes()
            if b"\0" not in content[:4096]:
                yield path, content.decode("utf-8", errors="replace")


def machine_places(folder: Path) -> list[str]:
    """Lines with an absolute path that only one machine has."""
    return [
        f"{path.relative_to(folder).as_posix()}:{number}: {line.strip()[:80]}"
        for path, text in texts(folder)
        for number, line in enumerate(text.splitlines(), 1)
        if PLACE.search(line)
    ]


def test_no_file_names_one_machine():
    expect_none(machine_places(REPOSITORY))


@pytest.mark.parametrize("place", ["work/main", "home/ada/genome.fa", "root", "tmp/venv/bin/python", "Users/ada"])
@pytest.mark.parametrize("name", ["README.md", "src/x.py", ".ci/run"])
def test_a_machine_path_is_found(tmp_path, place, name):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"first\nsee /{place} there\n")
    assert machine_places(tmp_path) == [f"{name}:2: see /{place} there"]


@pytest.mark.parametrize(
    "line", ["#!/usr/bin/env bash", "https://example.org/home/x", "src/work/x", "a/root", "/dev/null"]
)
def test_other_paths_pass(tmp_path, line):
    (tmp_path / "README.md").write_text(line)
    assert machine_places(tmp_path) == []
