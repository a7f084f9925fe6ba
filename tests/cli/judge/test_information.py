"""``genolect information`` from the outside."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.divided_task import write_divided_task, write_untrained_model
from tests.tiny import Outcome, command


@pytest.fixture
def information(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    task, model = write_divided_task(tmp_path / "task.tsv"), write_untrained_model(tmp_path / "model")
    words = ("information", model, "--task", task, "--out", tmp_path / "out")
    return lambda *more: command(monkeypatch, capsys, *words, *more)


def test_every_quantity_is_printed_and_kept(information: Callable[..., Outcome], tmp_path: Path) -> None:
    done = information("--batch", "batch")
    assert done.code == 0, done.stderr
    assert "I(Z;N), strand" in done.stdout
    rows = json.loads((tmp_path / "out" / "results.json").read_text())["evaluation"]
    assert {row["arm"] for row in rows} == {"kmers", "pretrained", "random_twin"}


def test_an_undivided_table_is_refused(information: Callable[..., Outcome], tmp_path: Path) -> None:
    task = tmp_path / "task.tsv"
    task.write_text(task.read_text().replace("\ttest\t", "\ttrain\t"))
    done = information()
    assert done.code == 3
    assert "genolect split" in done.stderr
    assert not (tmp_path / "out").exists()
