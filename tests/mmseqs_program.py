"""The program MMseqs2 in tests: the real one where it is installed, and a stand-in that says what a test wants."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from genolect.sequence.ragged import RaggedBases
from tests.tables.planted_table import remote_relative

needs_mmseqs = pytest.mark.skipif(shutil.which("mmseqs") is None, reason="no mmseqs on this machine")
NOTHING = ": > pairs.tsv"


def stand_in(patch: pytest.MonkeyPatch, folder: Path, search: str = NOTHING, *, version: str = "echo 99-test") -> Path:
    """Put a program called mmseqs before all others; `search` is what it does, in the words of a shell."""
    programs = folder / "programs"
    programs.mkdir()
    path = programs / "mmseqs"
    path.write_text(f'#!/bin/sh\nif [ "$1" = version ]; then\n{version}\nelse\n{search}\nfi\n')
    path.chmod(0o755)
    patch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return path


def alignments(*rows: tuple[object, ...]) -> str:
    """Give what makes a stand-in write these alignments."""
    text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
    return f"cat > pairs.tsv <<'END'\n{text}END"


def without_programs(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Take every program away."""
    patch.setenv("PATH", str(folder))


def families(changed: float, seed: int, *, unrelated: int = 120, planted: int = 40) -> RaggedBases:
    """Make unrelated sequences of 200 to 400 bases; behind them, relatives of the first so many, in order."""
    generator = np.random.Generator(np.random.Philox(seed))
    rows = [generator.integers(0, 4, size, dtype=np.uint8) for size in generator.integers(200, 401, unrelated)]
    rows += [remote_relative(rows[number], changed, generator) for number in range(planted)]
    return RaggedBases.of(rows)
