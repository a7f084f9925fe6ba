"""The panel on the terminal: a line per arm, two where it is narrow, and no line broken beyond that."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from genolect.cli.tables import print_panel
from tests.report.test_panel_tables import ROWS, TASK


def printed(width: int, capsys: pytest.CaptureFixture[str], **more: object) -> tuple[str, str]:
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False, emoji=False)
    task = {"remarks": [], "sentences": ["So it is."], **TASK, **more}
    print_panel({"evaluation": ROWS, "panel": {"tasks": [task], "sentences": ["In all."]}}, console)
    return console.file.getvalue(), capsys.readouterr().out


@pytest.mark.parametrize(("width", "lines"), [(120, 1), (60, 2)])
def test_an_arm_has_one_line_or_two(width, lines, capsys):
    table, said = printed(width, capsys)
    rows = table.splitlines()
    first = next(place for place, row in enumerate(rows) if row.strip().startswith("Majority guess"))
    second = next(place for place, row in enumerate(rows) if row.strip().startswith("CNN"))
    assert second - first == lines
    assert max(map(len, rows)) <= width
    text = " ".join(rows)
    assert "0.800" in text
    assert "[0.700, 0.900]" in text
    assert "better" in text
    foreign = "published, not ours, other split: accuracy of Other 0.900"
    assert said.splitlines() == [foreign, "So it is.", "In all."]


def test_published_figures_are_told_apart_by_task_and_metric_and_never_stand_in_the_table(capsys):
    figures = [("x", "A", "MCC", 0.5), ("x", "B", "F1", 0.7), ("x", "C", "MCC", 0.25), ("y", "A", "MCC", 0.75)]
    rows = [dict(zip(("task", "model", "metric", "value"), one, strict=True)) | {"source": "doi:x"} for one in figures]
    table, said = printed(120, capsys, published=rows)
    assert said.splitlines()[:3] == [
        "published, not ours, other split: x, MCC of A 0.500, C 0.250",
        "published, not ours, other split: x, F1 of B 0.700",
        "published, not ours, other split: y, MCC of A 0.750",
    ]
    assert "0.250" not in table
    assert "published" not in printed(120, capsys, published=[])[1]


def test_a_leak_is_marked_at_every_figure(capsys):
    table, said = printed(120, capsys, remarks=["leak: 3 rows"])
    assert table.count("†") == 2
    assert said.splitlines()[0] == "† leak: 3 rows"
