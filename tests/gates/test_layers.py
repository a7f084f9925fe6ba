"""The import contracts of pyproject.toml catch what they are there for, deferred and type-only imports too.

That the real tree keeps them is the last step of ``make check``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.gates.source import REPOSITORY, plant

SETTINGS = REPOSITORY / "pyproject.toml"
CONTRACTS = {c["id"]: c for c in tomllib.loads(SETTINGS.read_text("utf-8"))["tool"]["importlinter"]["contracts"]}
ROOMS = [room.strip() for layer in CONTRACTS["rooms"]["layers"] for room in layer.split("|")]
TYPE_ONLY = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    {}\n"
DEFERRED = "def f():\n    {}\n"


def linted(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter with our settings over the package ``genolect`` in `folder`."""
    program = [Path(sys.executable).with_name("lint-imports"), "--config", SETTINGS, "--no-cache", "--no-logo"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"}
    return subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True)


def broken(folder: Path) -> list[str]:
    """Identifiers of the contracts that the package in `folder` breaks."""
    done = linted(folder)
    found = [key for key, contract in CONTRACTS.items() if f"{contract['name']} BROKEN" in done.stdout]
    assert bool(found) == bool(done.returncode), done.stdout + done.stderr
    return found


@pytest.fixture
def house(tmp_path):
    """The package with every room empty."""
    return plant(tmp_path, dict.fromkeys([f"genolect/{room}/__init__.py" for room in [*ROOMS, "."]], ""))


def test_empty_rooms_keep_every_contract(house):
    assert broken(house) == []


@pytest.mark.parametrize("form", ["{}\n", DEFERRED, TYPE_ONLY], ids=["plain", "deferred", "type-only"])
@pytest.mark.parametrize(
    ("room", "line", "contracts"),
    [
        ("genome", "from genolect.sequence import x", []),
        ("sequence", "from genolect.genome import x", ["rooms"]),
        ("pretraining", "import genolect.evaluation", ["rooms"]),
        ("encoders", "from genolect import objectives", ["rooms"]),
        ("objectives", "from genolect.tokenizers import x", ["integers"]),
        ("tokenizers", "import torch", ["torch"]),
        ("evaluation", "import genolect.automodel", ["rooms"]),
    ],
)
def test_a_planted_import_breaks_its_contract(house, form, room, line, contracts):
    plant(house, {f"genolect/{room}/planted.py": form.format(line)})
    assert broken(house) == contracts


def test_a_room_without_a_floor_is_found(house):
    plant(house, {"genolect/plumbing/__init__.py": ""})
    assert broken(house) == ["rooms"]


def test_a_missing_room_is_found(house):
    shutil.rmtree(house / "genolect" / "report")
    done = linted(house)
    assert done.returncode != 0
    assert "genolect.report does not exist" in done.stdout
