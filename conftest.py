"""What the examples of the front door find in their folder: a small genome, a labelled table, a model."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

API = Path("src", "genolect", "api")


@pytest.fixture(scope="session")
def user_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a user has it: ``genome.fa`` of 48 kb in six records, ``promoters.tsv``, ``peaks.bed``."""
    folder = tmp_path_factory.mktemp("user")
    generator = np.random.default_rng(5)

    def letters(length: int, at: float = 0.5) -> str:
        return "".join(generator.choice(list("ATCG"), size=length, p=[at / 2, at / 2, (1 - at) / 2, (1 - at) / 2]))

    records = {f"chr{number}": letters(8_000) for number in range(1, 7)}
    (folder / "genome.fa").write_text("".join(f">{name}\n{bases}\n" for name, bases in records.items()))
    rows = [f"{letters(60, 0.7 if row % 2 else 0.4)}\t{'yes' if row % 2 else 'no'}" for row in range(240)]
    (folder / "promoters.tsv").write_text("\n".join(["sequence\tlabel", *rows, ""]))
    (folder / "peaks.bed").write_text("chr1\t100\t160\tfirst\t0\t+\nchr2\t40\t90\tsecond\t0\t-\n")
    return folder


@pytest.fixture(autouse=True)
def in_the_folder_of_a_user(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each example of the front door in a fresh copy of that folder."""
    if isinstance(request.node, pytest.DoctestItem) and API.as_posix() in Path(request.node.path).as_posix():
        copy = shutil.copytree(request.getfixturevalue("user_folder"), tmp_path / "user")
        monkeypatch.chdir(copy)
