"""Numbers on the page say what they stand for, and no more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.report import notation

PLAUSIBLE = st.floats(-1e15, 1e15, allow_nan=False)


def parsed(text):
    return float(text.replace(notation.MINUS, "-").replace(",", ""))


@given(PLAUSIBLE, st.integers(2, 4))
def test_a_written_number_reads_back(value, decimals):
    text = notation.number(value, decimals)
    assert parsed(text) == pytest.approx(value, rel=0.06, abs=0.51 * 10**-decimals)
    assert "-" not in text
    assert len(text) <= 13


@given(PLAUSIBLE)
def test_a_difference_carries_its_sign(value):
    text = notation.signed(value)
    assert text.startswith("+") == (value > 0)
    assert parsed(text) == parsed(notation.number(value))


def test_zero_has_no_sign():
    assert notation.number(-0.0) == notation.number(0.0) == notation.signed(-0.0) == "0.000"


@given(st.integers(0, 10**11))
def test_a_written_length_reads_back(value):
    amount, unit = notation.bases(value).split("\N{NO-BREAK SPACE}")
    factor = {"bp": 1, "kb": 1e3, "Mb": 1e6, "Gb": 1e9}[unit]
    assert parsed(amount) * factor == pytest.approx(value, rel=0.006)
    assert parsed(amount) < 1000


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.5, "0.5 s"), (59.99, "1 min"), (90, "1.5 min"), (594, "9.9 min"), (86400 * 3, "3 days")]
)
def test_a_time_is_written_in_the_unit_that_fits(seconds, text):
    assert notation.duration(seconds) == text.replace(" ", "\N{NO-BREAK SPACE}")


def test_what_is_absent_is_a_dash_and_never_a_zero():
    writers = (notation.count, notation.number, notation.signed, notation.percent, notation.bases, notation.duration)
    assert {write(None) for write in writers} == {notation.ABSENT}
    assert notation.span(None, 0.5) == notation.span(0.5, None) == "no interval"


def test_every_known_arm_has_a_place_before_the_unknown():
    known = ["majority", "composition", "kmer_logistic", "cnn", "random_probe", "pretrained_probe"]
    assert sorted([*reversed(known), "svm"], key=notation.arm_order) == [*known, "svm"]
    assert notation.arm_title("svm") == "svm"
    assert all(notation.arm_title(arm) != arm for arm in known)


@pytest.mark.parametrize(
    ("metric", "parts"),
    [("auroc", ("auroc", None)), ("auroc[a[1]]", ("auroc", "a[1]")), ("auroc[]", ("auroc", "")), ("x]", ("x]", None))],
)
def test_a_metric_by_class_comes_apart(metric, parts):
    assert notation.split_metric(metric) == parts
