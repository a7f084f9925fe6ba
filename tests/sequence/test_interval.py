"""Intervals are 0-based, half-open and never empty."""

from __future__ import annotations

import dataclasses

import pytest

from genolect.sequence.interval import Interval


@pytest.mark.parametrize("strand", ["+", "-", "."])
def test_the_length_is_the_number_of_bases(strand):
    assert Interval("chrI", 10, 25, strand).length == 15
    assert Interval("chrI", 0, 1, strand).length == 1


@pytest.mark.parametrize(
    ("start", "end", "strand", "what"),
    [
        (-1, 5, "+", "chrI:-1-5 needs 0 <= start < end"),
        (7, 7, "+", "chrI:7-7 needs 0 <= start < end"),
        (9, 4, "+", "chrI:9-4 needs 0 <= start < end"),
        (3, 8, "?", r"strand '\?' is none of \+ - \."),
    ],
)
def test_what_is_no_interval_is_refused(start, end, strand, what):
    with pytest.raises(ValueError, match=what):
        Interval("chrI", start, end, strand)


def test_an_interval_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Interval("chrI", 3, 8).start = 4
