"""Weights follow their schedule."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import ConfigurationError
from genolect.objectives.objective import WeightConfig


@given(value=st.floats(0, 9), final=st.floats(0, 9), first=st.integers(0, 99), steps=st.integers(1, 99))
@pytest.mark.parametrize("shape", ["linear", "cosine"])
def test_a_weight_moves_between_its_steps_and_rests_elsewhere(shape, value, final, first, steps):
    weight = WeightConfig(value=value, final=final, first=first, last=first + steps, shape=shape)
    assert weight.at(0) == weight.at(first) == value
    assert weight.at(first + steps) == weight.at(first + steps + 7) == pytest.approx(final, abs=1e-12)
    path = [weight.at(step) for step in range(first, first + steps + 1)]
    assert path == sorted(path, reverse=final < value) or max(path) - min(path) < 1e-12
    mirrored = [value + final - weight for weight in reversed(path)]
    assert mirrored == pytest.approx(path, abs=1e-9)


def test_the_two_shapes_by_hand():
    straight, slow = (WeightConfig(value=1, final=3, first=10, last=14, shape=s) for s in ("linear", "cosine"))
    assert [straight.at(step) for step in range(10, 15)] == [1, 1.5, 2, 2.5, 3]
    expected = [2 - math.cos(math.pi * share / 4) for share in range(5)]
    assert [slow.at(step) for step in range(10, 15)] == pytest.approx(expected)
    assert WeightConfig(value=0.3).at(10**6) == 0.3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"final": 1.0}, r"a weight cannot move from step 0 to step 0"),
        ({"final": 1.0, "first": 9, "last": 4}, r"from step 9 to step 4"),
        ({"value": -0.5}, r"value: .*greater than or equal to 0"),
        ({"shape": "square"}, r"shape: .*'linear' or 'cosine'"),
    ],
)
def test_weights_that_make_no_sense_are_refused(values, message):
    with pytest.raises(ConfigurationError, match=message):
        WeightConfig.from_mapping(values, "weights")
