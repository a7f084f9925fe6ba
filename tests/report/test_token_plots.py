"""Bars and curves: where they stand."""

from __future__ import annotations

import re

import pytest

from genolect.report.token_page import bar_chart, rank_curves


def numbers(name, drawing):
    return [float(value) for value in re.findall(rf'{name}="([\d.]+)%"', drawing)]


def test_bars_stand_on_the_axis_and_are_as_high_as_their_shares():
    drawing = str(bar_chart([("1", [0.1, 0.4]), ("2", [0.0, 0.2])], highest=0.5, label="x"))
    rectangles = re.findall(r"<rect.*?</rect>", drawing)
    heights = [numbers("height", one)[0] for one in rectangles]
    tops = [numbers(" y", one)[0] for one in rectangles]
    assert heights == [20, 80, 0, 40]
    assert [round(top + height, 2) for top, height in zip(tops, heights, strict=True)] == [100] * 4
    lefts = [numbers(" x", one)[0] for one in rectangles]
    assert lefts == sorted(lefts)
    assert lefts[1] < 50 < lefts[2]


@pytest.mark.parametrize(("groups", "labels"), [(5, 5), (8, 8), (9, 5), (24, 8)])
def test_labels_keep_apart(groups, labels):
    drawing = bar_chart([(f"g{number}", [0.5]) for number in range(groups)], highest=1, label="x")
    assert len(re.findall(r">g\d+</text>", drawing)) == labels


def test_curves_fall_on_logarithmic_axes():
    drawing = str(rank_curves([[(1, 0.1), (10, 0.01), (100, 0.001)]], label="x"))
    places = re.search(r'd="M([^"]+)"', drawing)[1]
    assert places == "0.0,0.0 500.0,500.0 1000.0,1000.0"
    assert "10 %" in drawing
    assert "0.1 %" in drawing


def test_small_shares_are_written_out():
    drawing = str(rank_curves([[(1, 0.1), (9, 3e-7)]], label="x"))
    assert ">0.00001 %<" in drawing


def test_every_other_curve_lies_above_the_rest():
    drawing = str(rank_curves([[(1, 0.1), (2, 0.1)]] * 5, label="x"))
    assert re.findall(r'class="line-(\d)"', drawing) == ["0", "2", "4", "1", "3"]


@pytest.mark.parametrize("curves", [[], [[]], [[(1, 1.0)]]])
def test_little_can_be_drawn(curves):
    assert rank_curves(curves, label="x").count("<path") == len(curves)


def test_names_are_escaped():
    assert "<b>" not in bar_chart([("<b>", [0.1])], highest=1, label="<b>")
