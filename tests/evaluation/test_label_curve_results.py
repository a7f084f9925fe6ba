"""What the label curves leave on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from genolect.errors import ConfigurationError
from genolect.evaluation import label_curve as curves
from genolect.evaluation.label_curve import CurveOptions, label_curve
from genolect.evaluation.methods import finetuned
from genolect.tables.task_file import TableTask
from tests.divided_task import write_divided_task, write_untrained_model


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "WORD_LENGTHS", (1, 2))
    monkeypatch.setattr(finetuned, "RATES", [(3e-3, 1e-2)])
    monkeypatch.setattr(finetuned, "FEWEST_STEPS", 9)
    monkeypatch.setattr(finetuned, "MOST_STEPS", 9)


def test_results_are_on_disk_as_they_are_returned(tmp_path: Path) -> None:
    task = TableTask(table=str(write_divided_task(tmp_path / "task.tsv")))
    options = CurveOptions(shares=(0.1, 1.0), draws=2)
    found = label_curve(task, write_untrained_model(tmp_path / "model"), tmp_path / "out", options=options)
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == found
    assert [row["labels"] for row in found["evaluation"]] == [18, 180] * 3
    assert len(found["sentences"]) == 2


def test_baselines_need_no_model(tmp_path: Path) -> None:
    task = TableTask(table=str(write_divided_task(tmp_path / "task.tsv")))
    found = label_curve(task, None, tmp_path / "out", options=CurveOptions(shares=(0.1, 1.0), draws=2))
    assert {row["arm"] for row in found["evaluation"]} == {"kmer_logistic"}
    assert found["sentences"] == []


def rows_of(found: dict[str, Any], arm: str) -> list[dict[str, Any]]:
    return [row for row in found["evaluation"] if row["arm"] == arm]


def test_the_curve_of_the_trained_twin_knows_nothing_of_the_pretrained_weights(tmp_path: Path) -> None:
    task = TableTask(table=str(write_divided_task(tmp_path / "task.tsv", frequent=0.29)))
    options = CurveOptions(shares=(0.1, 1.0), draws=2)

    def curves(name: str, seed: int) -> dict[str, Any]:
        model = write_untrained_model(tmp_path / f"model of {name}", seed)
        return label_curve(task, model, tmp_path / name, finetune=True, options=options)

    first, again, other = curves("first", 1), curves("again", 1), curves("other", 2)
    assert first["evaluation"] == again["evaluation"]
    assert first["comparisons"] == again["comparisons"]
    assert rows_of(first, "finetuned_twin") == rows_of(other, "finetuned_twin")
    assert rows_of(first, "finetuned") != rows_of(other, "finetuned")
    assert rows_of(first, "finetuned") != rows_of(first, "finetuned_twin")
    assert [row["labels"] for row in rows_of(first, "finetuned")] == [18, 180]
    assert [one["labels"] for one in first["comparisons"]] == [18, 180]
    assert first["cpu_seconds"].keys() == {row["arm"] for row in first["evaluation"]}
    assert sum(map(sum, first["cpu_seconds"].values())) <= first["cpu_seconds_in_all"] + 0.1


def test_without_a_model_there_is_nothing_to_fine_tune(tmp_path: Path) -> None:
    task = TableTask(table=str(write_divided_task(tmp_path / "task.tsv")))
    with pytest.raises(ConfigurationError, match="no model to fine-tune"):
        label_curve(task, None, tmp_path / "out", finetune=True)
    assert not (tmp_path / "out").exists()
