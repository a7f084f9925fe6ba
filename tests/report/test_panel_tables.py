"""The panel's tables: every arm in a line, leaks beside every figure, a pair of curves for each run."""

from __future__ import annotations

from genolect.report.page import render
from genolect.report.panels import loss_curves, task_tables
from genolect.report.results import LossPoint, Results

ARMS = [
    {"arm": "majority", "cpu_seconds": 0.01},
    {
        "arm": "cnn",
        "setting": "rate 0.003",
        "tried": 6,
        "runs": 2,
        "cpu_seconds": 95.0,
        "curves": [[{"step": 5, "training": 0.7, "validation": 0.6}, {"step": 9, "training": 0.4, "validation": 0.5}]]
        * 2,
    },
]
TASK = {
    "task": "genes",
    "headline": "auroc",
    "examples": {"train": 70, "validation": 10, "test": 20},
    "units": "groups",
    "groups": 13,
    "reference": "cnn",
    "arms": ARMS,
    "comparisons": [{"arm": "majority", "value": 0.3, "low": 0.2, "high": 0.4, "verdict": "better", "margin": 0.01}],
    "published": [{"model": "Other", "metric": "accuracy", "value": 0.9, "source": "doi:x"}],
}
ROWS = [
    {"task": "genes", "arm": arm, "metric": "auroc", "value": value, "low": value - 0.1, "high": value + 0.1, "n": 20}
    for arm, value in (("majority", 0.5), ("cnn", 0.8))
]


def content(**more: object) -> dict:
    return {"format": 1, "evaluation": ROWS, "panel": {"tasks": [TASK | more]}}


def test_a_line_holds_what_an_arm_reached_chose_and_cost():
    [table] = task_tables(Results.model_validate(content()))
    assert table.sizes == "70 train · 10 validation · 20 test"
    assert table.independent == "13 groups"
    majority, cnn = table.lines
    assert (majority.value, majority.difference, majority.verdict) == ("0.500", "+0.300 [0.200, 0.400]", "better")
    assert (cnn.title, cnn.verdict, cnn.setting, cnn.tried, cnn.runs) == ("CNN", "reference", "rate 0.003", "6", "2")
    assert table.published == (("", "Other", "accuracy", "0.900", "doi:x"),)


def test_a_leak_stands_beside_every_figure():
    [table] = task_tables(Results.model_validate(content(remarks=["leak: 3 rows"])))
    assert [line.value for line in table.lines] == ["0.500†", "0.800†"]
    page = render(content(remarks=["leak: 3 rows"]))
    assert "† <bdi>leak: 3 rows</bdi>" in page
    assert "†" not in render(content())


def test_curves_have_two_lines_for_each_run():
    [table] = task_tables(Results.model_validate(content()))
    [curve] = table.curves
    assert curve.drawing.count("<path") == 4
    page = render(content())
    assert "Loss of CNN against steps" in page
    assert "Published, not ours, other split" in page


def test_a_curve_of_one_kind_is_drawn_too():
    points = [LossPoint(step=step, validation=1 / step) for step in (1, 2, 4)]
    assert loss_curves([points], "x").count("<path") == 1


def test_names_from_results_cannot_become_markup():
    evil = "<script>alert(1)</script>"
    page = render(content(task=evil, remarks=[evil], published=[{"model": evil, "metric": evil, "value": 1.0}]))
    assert "<script" not in page
