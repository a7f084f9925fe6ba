"""``genolect label-curve`` from the outside."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.divided_task import write_divided_task, write_untrained_model
from tests.tiny import Outcome, command


@pytest.fixture
def curve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    task = write_divided_task(tmp_path / "task.tsv")
    words = ("label-curve", task, "--out", tmp_path / "out", "--draws", 2)
    return lambda *more: command(monkeypatch, capsys, *words, *more)


def test_a_model_stands_beside_its_twin_and_words(curve: Callable[..., Outcome], tmp_path: Path) -> None:
    done = curve("--model", write_untrained_model(tmp_path / "model"))
    assert done.code == 0, done.stderr
    assert "k-mer counting" in done.stdout
    content = json.loads((tmp_path / "out" / "results.json").read_text())
    assert {row["arm"] for row in content["evaluation"]} == {"kmer_logistic", "pretrained_probe", "random_probe"}
    assert len(content["sentences"]) == 2


def test_one_draw_has_no_interval_and_is_refused(curve: Callable[..., Outcome], tmp_path: Path) -> None:
    done = curve("--draws", 1)
    assert done.code == 2
    assert "draws" in done.stderr
    assert not (tmp_path / "out").exists()
