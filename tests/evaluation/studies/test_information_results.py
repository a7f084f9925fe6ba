"""What the information view leaves on disk."""

from __future__ import annotations

from pathlib import Path

from genolect.evaluation.studies.information import information
from genolect.tables.task_file import TableTask
from tests.divided_task import write_divided_task, write_untrained_model


def test_rows_say_on_which_side_they_err_and_two_models_have_two_names(tmp_path: Path) -> None:
    task = TableTask(table=str(write_divided_task(tmp_path / "task.tsv")))
    models = [write_untrained_model(tmp_path / name / "model") for name in ("first", "second")]
    found = information(models, task, tmp_path / "out", batch="batch", command="as typed")
    assert {row["arm"] for row in found["evaluation"]} == {"kmers", "pretrained", "pretrained second", "random_twin"}
    label = {row["arm"]: row for row in found["evaluation"] if row["metric"].startswith("I(Z;Y)")}
    assert label["kmers"]["value"] > 0.8
    assert label["kmers"]["direction"] == "lower bound"
    # The same weights know the same.
    assert label["pretrained"]["value"] == label["pretrained second"]["value"]
    batch = [row["value"] for row in found["evaluation"] if "batch" in row["metric"]]
    assert len(batch) == 4
    assert max(batch) < 0.1
    assert found["inputs"][0]["sha256"]
    assert found["command"] == "as typed"
