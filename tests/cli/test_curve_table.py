"""Curves on the terminal: a block per share, a line per arm, two where it is narrow, never a broken number."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from genolect.cli.tables import print_curve

ARMS = ("kmer_logistic", "cnn", "pretrained_probe", "random_probe", "finetuned_twin", "finetuned")
SHARES = {115: 115 / 3823, 383: 383 / 3823, 100_000: 1.0}


def results(**changed: Any) -> dict[str, Any]:
    rows = [
        {"arm": arm, "labels": labels, "share": share, "metric": "auroc", "value": 0.8, "low": 0.7, "high": 0.9}
        for arm in ARMS
        for labels, share in SHARES.items()
    ]
    seconds = {arm: [100.0 * place + turn for turn in range(len(SHARES))] for place, arm in enumerate(ARMS)}
    told = {"evaluation": rows, "cpu_seconds": seconds, "cpu_seconds_in_all": 95.0}
    return {**told, "sentences": ["So it is."], "notes": ["But."], **changed}


def printed(width: int, **changed: Any) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False, emoji=False)
    print_curve(results(**changed), console)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize(("width", "lines"), [(120, 1), (80, 1), (60, 2), (50, 2)])
def test_an_arm_has_one_line_or_two_and_every_figure_is_whole(width: int, lines: int) -> None:
    table = printed(width)
    assert max(map(len, table)) <= width
    figures = " ".join(table)
    assert figures.count("0.800") == figures.count("[0.700, 0.900]") == len(ARMS) * len(SHARES)
    places = [place for place, line in enumerate(table) if "0.800" in line]
    assert places[1] - places[0] == lines
    assert sum("100,000" in line for line in table) == 1
    assert ("100 %" in figures) == ("3 %" in figures) == (lines == 1)


def test_costs_stand_with_their_arm_and_share() -> None:
    lines = [line for line in printed(80) if "0.800" in line]
    assert [float(line.split()[-1]) for line in lines] == [
        100.0 * place + turn for turn in range(3) for place in range(6)
    ]
    assert lines[0].split()[:3] == ["115", "3", "%"]
    assert "Random twin, fine-tuned" in lines[4]


def test_two_shares_of_so_few_labels_that_they_are_the_same_stay_apart() -> None:
    rows = [{**row, "labels": 1} for row in results()["evaluation"]]
    assert sum("0.800" in line for line in printed(80, evaluation=rows)) == len(ARMS) * len(SHARES)


def test_what_could_not_be_learned_is_blank_and_what_is_said_comes_last(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{**row, "value": None, "low": None, "high": None} for row in results()["evaluation"]]
    table = printed(80, evaluation=rows)
    assert sum("no interval" in line and "–" in line for line in table) == len(ARMS) * len(SHARES)
    assert capsys.readouterr().out.splitlines() == ["So it is.", "But.", "processor time: 1.6 min"]
