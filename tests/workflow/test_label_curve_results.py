"""What the label curves leave on disk."""

from __future__ import annotations

import json
from pathlib import Path

from genolect.data.table_file import TableColumns
from genolect.workflow.label_curve_results import label_curve
from genolect.workflow.label_curves import CurveOptions
from genolect.workflow.task_file import TaskFile
from tests.divided_task import write_divided_task, write_untrained_model


def test_results_are_on_disk_as_they_are_returned(tmp_path: Path) -> None:
    task = TaskFile(write_divided_task(tmp_path / "task.tsv"), TableColumns())
    options = CurveOptions(shares=(0.1, 1.0), draws=2)
    found = label_curve(task, write_untrained_model(tmp_path / "model"), tmp_path / "out", options=options)
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == found
    assert [row["labels"] for row in found["evaluation"]] == [18, 180] * 3
    assert len(found["sentences"]) == 2


def test_baselines_need_no_model(tmp_path: Path) -> None:
    task = TaskFile(write_divided_task(tmp_path / "task.tsv"), TableColumns())
    found = label_curve(task, None, tmp_path / "out", options=CurveOptions(shares=(0.1, 1.0), draws=2))
    assert {row["arm"] for row in found["evaluation"]} == {"kmer_logistic"}
    assert found["sentences"] == []
