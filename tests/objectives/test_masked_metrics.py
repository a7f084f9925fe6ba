"""Sums and counts add; each figure has its own name."""

from __future__ import annotations

import math

import pytest

from genolect.objectives.masked import MaskedMetrics

ONE = MaskedMetrics(12.0, 6, 5.0, 4, (10, 3), (2, 0))
OTHER = MaskedMetrics(3.0, 1, 2.5, 2, (5, 2, 7), (1, 1, 0))


def test_sums_and_counts_add():
    assert MaskedMetrics(15.0, 7, 7.5, 6, (15, 5, 7), (3, 1, 0)) == ONE + OTHER
    assert sum([ONE, OTHER], MaskedMetrics()) == ONE + OTHER == OTHER + ONE


def test_each_figure_is_what_its_name_says():
    assert ONE.nats_per_token == 2
    assert ONE.perplexity == pytest.approx(math.exp(2))
    assert ONE.bits_per_hidden_base == pytest.approx(1.25 / math.log(2))
    assert OTHER.rates == (0.2, 0.5, 0)


def test_nothing_gives_no_figure():
    nothing = MaskedMetrics(class_bases=(0,), class_selected=(0,))
    figures = (nothing.nats_per_token, nothing.perplexity, nothing.bits_per_hidden_base, *nothing.rates)
    assert all(map(math.isnan, figures))
