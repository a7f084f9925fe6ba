"""``genolect label-curve`` from the outside."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from genolect.evaluation import label_curve
from genolect.evaluation.methods import finetuned
from tests.divided_task import write_divided_task, write_untrained_model
from tests.tiny import Outcome, command


@pytest.fixture
def curve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    monkeypatch.setattr(label_curve, "WORD_LENGTHS", (1, 2))
    monkeypatch.setattr(finetuned, "RATES", [(3e-3, 1e-2)])
    monkeypatch.setattr(finetuned, "FEWEST_STEPS", 9)
    monkeypatch.setattr(finetuned, "MOST_STEPS", 9)
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


def test_fine_tuning_says_what_it_trains_what_came_of_it_and_what_it_cost(
    curve: Callable[..., Outcome], tmp_path: Path
) -> None:
    model = write_untrained_model(tmp_path / "model")
    done = curve("--model", model, "--finetune", "--shares", "10,100")
    assert done.code == 0, done.stderr
    for arm in ("finetuned", "finetuned_twin"):
        assert f"{arm}: 1 of 4, 18 labels" in done.stderr
        assert f"{arm}: 2 of 4, all 180 labels, 2 times" in done.stderr
    assert "On 18 labels of task, " in done.stdout
    assert "what the fully trained random twin reaches with all of them" in done.stdout
    assert "processor time: " in done.stdout
    content = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [row["labels"] for row in content["evaluation"]] == [18, 180] * 5


def test_fine_tuning_needs_a_model(curve: Callable[..., Outcome], tmp_path: Path) -> None:
    done = curve("--finetune")
    assert done.code == 2
    assert "there is no model to fine-tune" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("shares", ["3,10", "10,3,100", "0,100", "10,100,200", "few", "", "nan,100"])
def test_shares_that_make_no_curve_are_refused(curve: Callable[..., Outcome], tmp_path: Path, shares: str) -> None:
    done = curve("--shares", shares)
    assert done.code == 2
    assert f"--shares {shares!r}" in done.stderr
    assert not (tmp_path / "out").exists()


def test_one_draw_has_no_interval_and_is_refused(curve: Callable[..., Outcome], tmp_path: Path) -> None:
    done = curve("--draws", 1)
    assert done.code == 2
    assert "draws" in done.stderr
    assert not (tmp_path / "out").exists()
