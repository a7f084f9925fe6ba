"""Published figures: complete rows, found by task, and never one of our own."""

from __future__ import annotations

import pytest

from genolect.errors import ConfigurationError
from genolect.evaluation.published import TITLE, published_figures
from genolect.tasks.kind import task_kinds

METRICS = {"MCC", "F1", "accuracy", "AUROC", "Pearson r"}


def test_every_row_says_whose_figure_it_is() -> None:
    rows = published_figures()
    assert len(rows) > 200
    assert len({(row.task, row.model, row.metric) for row in rows}) == len(rows)
    for row in rows:
        assert row.metric in METRICS
        assert 0 <= row.value <= 1
        assert min(len(text) for text in (row.task, row.model, row.source, row.note)) > 2
        assert "genolect" not in f"{row.model} {row.source}".lower()
    assert TITLE == "published figures, not ours, other split"


def test_every_kind_is_a_command() -> None:
    kinds = {row.task.partition(":")[0] for row in published_figures()}
    assert kinds < {*task_kinds()}


@pytest.mark.parametrize(
    ("task", "model", "value"), [("PromScan", "GROVER", 0.63), ("ctcf", "DNABERT-2", 0.59), ("prom300", "TF-IDF", 0.67)]
)
def test_a_task_is_found_by_part_of_its_name(task: str, model: str, value: float) -> None:
    assert [row.value for row in published_figures(task) if row.model == model] == [value]


def test_what_nobody_published_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"no published figure on 'methylation' is known. Fix: there are promoters"
    ):
        published_figures("methylation")
