"""Elements are inert whatever they hold; axes are honest about their numbers."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from genolect.report.plots import Axis, axis_over, element, picture, thinned

MINUS = "\N{MINUS SIGN}"
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30) | st.sampled_from(
    ['"><img src=x onerror=alert(1)>', "</text><script>alert(1)</script>", "' onload='x", "&lt;b&gt;"]
)


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


@given(TEXT, TEXT)
def test_any_text_comes_back_as_text(content, value):
    reader = Reader()
    reader.feed(str(element("g", element("text", content), data_name=value)))
    reader.close()
    assert reader.tags == [("g", {"data-name": value}), ("text", {})]
    assert reader.text == content


def test_markup_is_kept_and_plain_text_is_not_markup():
    assert "<b>" in element("g", Markup("<b></b>"))
    assert "<b>" not in element("g", "<b></b>")


def test_a_picture_says_what_it_shows():
    reader = Reader()
    reader.feed(str(picture(label="Split of <chrI>", kind="strip")))
    assert reader.tags[0] == ("svg", {"class": "plot strip", "role": "img", "aria-label": "Split of <chrI>"})
    assert reader.text == "Split of <chrI>"


@given(st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 4)), max_size=7))
def test_an_axis_holds_its_numbers_and_its_ticks_are_what_they_say(numbers):
    axis = axis_over(numbers)
    assert all(axis.low < number < axis.high for number in numbers)
    assert 2 <= len(axis.ticks) <= 13
    assert all(axis.low <= tick <= axis.high for tick in axis.ticks)
    steps = [right - left for left, right in zip(axis.ticks, axis.ticks[1:], strict=False)]
    assert steps == pytest.approx([steps[0]] * len(steps))
    assert [float(axis.label(tick).replace(MINUS, "-")) for tick in axis.ticks] == pytest.approx(list(axis.ticks))


def test_a_step_of_a_fortieth_is_not_rounded_away():
    axis = axis_over([1.89, 2.0])
    assert [axis.label(tick) for tick in axis.ticks] == ["1.900", "1.925", "1.950", "1.975", "2.000"]


def test_places_grow_to_the_right_and_upwards_and_stay_inside():
    axis = Axis(2.0, 6.0, (3.0, 5.0))
    assert (axis.across(3.0), axis.upward(3.0)) == ("25.00%", "75.00%")
    assert (axis.across(-9.0), axis.across(9.0)) == ("0.00%", "100.00%")


@given(st.integers(0, 90), st.integers(2, 17))
def test_thinning_keeps_the_ends_and_the_order(length, limit):
    kept = thinned(range(length), limit)
    assert len(kept) == min(length, limit)
    assert kept == sorted(set(kept))
    if length:
        assert (kept[0], kept[-1]) == (0, length - 1)
