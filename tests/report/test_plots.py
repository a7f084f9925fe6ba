"""Figures: what is drawn lies where its number says."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from genolect.report.plots import Axis, calibration_square, interval_row, learning_curve, split_strip, wilson_interval
from genolect.report.results import CalibrationBin, CurvePoint, Region


def drawn(markup, tag, **attributes):
    """Attributes of the elements of one kind."""
    found = ElementTree.fromstring(str(markup)).iter(tag)
    return [
        one.attrib for one in found if attributes.items() <= {k.rstrip("_"): v for k, v in one.attrib.items()}.items()
    ]


def words(markup):
    return [one.text for one in ElementTree.fromstring(str(markup)).iter("text")]


def percent(text):
    return float(text.rstrip("%"))


def points(*bits, seconds=True):
    return [
        CurvePoint(step=7 * k, bases=1000 * k, seconds=30.0 * k if seconds else None, heldout_bits=value)
        for k, value in enumerate(bits)
    ]


def test_a_falling_curve_falls_and_crosses_the_count_model():
    curve = learning_curve(points(2.0, 1.96, 1.93, 1.91), 1.95)
    heights = [percent(one["cy"]) for one in drawn(curve, "circle")]
    (line,) = drawn(curve, "line", **{"class": "count"})
    assert heights == sorted(heights)
    assert heights[1] < percent(line["y1"]) < heights[2]


def test_a_model_that_never_clears_the_bar_stays_above_it():
    curve = learning_curve(points(2.0, 1.97, 1.96), 1.91)
    (line,) = drawn(curve, "line", **{"class": "count"})
    assert max(percent(one["cy"]) for one in drawn(curve, "circle")) < percent(line["y1"])


def test_training_values_take_no_more_than_their_share_of_the_height():
    heldout = points(2.0, 1.96)
    noisy = [one.model_copy(update={"training_bits": 1.2}) for one in heldout]
    plain, crowded = (drawn(learning_curve(given, None), "circle") for given in (heldout, noisy))
    heights = [percent(marks[1]["cy"]) - percent(marks[0]["cy"]) for marks in (plain, crowded)]
    assert 0.6 * heights[0] < heights[1] < heights[0]


def test_time_stands_below_the_bases_where_it_is_known():
    assert "1 min" in [word.replace("\N{NO-BREAK SPACE}", " ") for word in words(learning_curve(points(2, 2, 2), None))]
    untimed = words(learning_curve(points(2, 2, 2, seconds=False), None))
    assert "bases seen" in untimed
    assert not any("min" in word or "time" in word for word in untimed)


def test_without_a_count_model_there_is_no_line():
    assert drawn(learning_curve(points(2.0, 1.9), None), "line", **{"class": "count"}) == []


def test_a_curve_of_training_alone_is_drawn():
    training = [CurvePoint(step=k, bases=50 * k, training_bits=2 - 0.01 * k) for k in range(5)]
    assert [one["class"] for one in drawn(learning_curve(training, None), "path")] == ["training"]


@given(st.tuples(*[st.floats(0, 1)] * 3).map(sorted))
def test_a_dot_lies_on_its_interval(three):
    low, value, high = three
    row = interval_row(value, low, high, axis=Axis(-0.5, 1.5, ()), reference=None)
    (line,), (dot,) = drawn(row, "line"), drawn(row, "circle")
    assert percent(line["x1"]) <= percent(dot["cx"]) <= percent(line["x2"])
    assert percent(dot["cx"]) == pytest.approx(50 * value + 25, abs=0.01)


def test_a_value_that_is_absent_is_not_drawn():
    row = interval_row(None, None, None, axis=Axis(0, 1, (0.5,)), reference=0.5)
    assert drawn(row, "circle") == []
    assert [one["class"] for one in drawn(row, "line")] == ["grid", "reference"]


def test_a_strip_is_to_scale_and_tells_roles_by_more_than_colour():
    regions = [
        Region(role="train", name="chrI", start=0, end=60),
        Region(role="validation", name="chrI", start=60, end=70),
        Region(role="test", name="chrI", start=75, end=100),
    ]
    bars = drawn(split_strip("chrI", 100, 200, regions), "rect")
    assert [percent(one["width"]) for one in bars] == [30, 5, 12.5]
    assert [percent(one["x"]) for one in bars] == [0, 30, 37.5]
    assert len({one["height"] for one in bars}) == len({one["class"] for one in bars}) == 3


@given(st.integers(1, 400), st.data())
def test_wilson_intervals_are_scipys(n, data):
    right = data.draw(st.integers(0, n))
    reference = binomtest(right, n).proportion_ci(method="wilson")
    assert wilson_interval(right / n, n) == pytest.approx((reference.low, reference.high), abs=1e-6)


def test_calibration_draws_each_bin_that_holds_something():
    bins = [
        CalibrationBin(confidence=0.4, accuracy=0.3, n=50),
        CalibrationBin(confidence=0.6, accuracy=0.7, n=200),
        CalibrationBin(confidence=0.9, accuracy=0.1, n=0),
    ]
    square = calibration_square(bins, "svm")
    small, large = drawn(square, "circle")
    assert (small["cx"], small["cy"], large["cx"], large["cy"]) == ("40.00%", "70.00%", "60.00%", "30.00%")
    assert float(small["r"]) < float(large["r"])
    wide, narrow = drawn(square, "line", **{"class": "interval"})
    assert percent(wide["y1"]) - percent(wide["y2"]) > percent(narrow["y1"]) - percent(narrow["y2"])
