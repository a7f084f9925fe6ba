"""The default size follows the budget, never the other way round."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.encoders.transformer import TransformerConfig
from genolect.pretraining.plan import SIZES, size_for


@given(st.floats(0, 1e12), st.floats(0, 1e12), st.booleans())
def test_a_larger_budget_never_gets_a_smaller_model(one, other, gpu):
    low, high = sorted((one, other))
    assert size_for(minutes=None, bases=low, gpu=gpu).width <= size_for(minutes=None, bases=high, gpu=gpu).width
    assert size_for(minutes=low, bases=None, gpu=gpu).width <= size_for(minutes=high, bases=None, gpu=gpu).width


def test_a_gpu_gets_a_larger_model_for_the_same_minutes():
    assert size_for(minutes=5, bases=None, gpu=True).width > size_for(minutes=5, bases=None, gpu=False).width


def test_bases_go_before_minutes():
    assert size_for(minutes=1e6, bases=1.0, gpu=False) == SIZES[0]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size.width))
def test_every_size_is_a_valid_encoder(size):
    config = TransformerConfig(
        vocabulary=7, width=size.width, layers=size.layers, heads=size.heads, feed_forward=size.feed_forward
    )
    assert config.width // config.heads == 64


def test_the_last_size_has_no_limit():
    assert math.isinf(SIZES[-1].bases)
