"""Estimates of information: unbiased where nothing is told, right where something is, honest intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from genolect.objectives.leak import LeakEstimate, mutual_information, ratio
from tests.objectives.leak_formulas import kept_information

N = 20_011


def shown_for(truth: np.ndarray, V: int, generator: np.random.Generator) -> np.ndarray:
    fate = generator.random(len(truth))
    return np.where(fate < 0.5, V, np.where(fate < 0.75, generator.integers(V, size=len(truth)), truth))


@pytest.mark.parametrize("V", [4, 30])
def test_intervals_hold_the_true_value_as_often_as_they_say(V):
    expected = kept_information([1] * V, [1] * V, (0.5, 0.25))
    held = 0
    for seed in range(40):
        generator = np.random.default_rng(seed)
        truth = generator.integers(V, size=N)
        found = mutual_information(truth, shown_for(truth, V, generator), np.arange(N), seed=seed)
        held += found.low <= expected <= found.high
    assert held >= 34


def test_intervals_hold_zero_where_nothing_is_told():
    held = 0
    for seed in range(40):
        generator = np.random.default_rng(seed)
        found = mutual_information(*generator.integers(60, size=(2, 3001)), np.arange(3001), seed=seed)
        held += found.low <= 0 <= found.high
    assert held >= 34


def test_the_plug_in_part_is_that_of_scikit_learn():
    generator = np.random.default_rng(3)
    truth = generator.integers(4, size=N)
    shown = shown_for(truth, 4, generator)
    plain = mutual_info_score(truth, shown) / math.log(2)
    bias = 3 * 4 / (2 * N * math.log(2))  # Miller 1955
    assert mutual_information(truth, shown, np.arange(N)).value == pytest.approx(plain - bias, abs=bias / 2)


def test_groups_that_repeat_themselves_widen_the_interval():
    generator = np.random.default_rng(3)
    truth = generator.integers(4, size=N // 10)
    shown = shown_for(truth, 4, generator)
    ten = [np.repeat(values, 10) for values in (truth, shown, np.arange(len(truth)))]
    alone, repeated = mutual_information(truth, shown, np.arange(len(truth))), mutual_information(*ten)
    assert repeated.high - repeated.low == pytest.approx(alone.high - alone.low, rel=0.1)


def test_ratios_have_the_interval_of_their_groups():
    held = 0
    for seed in range(40):
        generator = np.random.default_rng(seed)
        counts = generator.integers(50, 150, size=400)
        found = ratio(generator.binomial(counts, 0.3), counts)
        held += found.low < 0.3 < found.high
        assert found.high - found.low == pytest.approx(2 * 1.96 * math.sqrt(0.21 / counts.sum()), rel=0.2)
    assert 34 <= held < 40


def test_nothing_gives_no_estimate():
    none = np.zeros(0, dtype=np.int64)
    for found in (mutual_information(none, none, none), ratio([0, 0], [0, 0])):
        assert isinstance(found, LeakEstimate)
        assert math.isnan(found.value)
