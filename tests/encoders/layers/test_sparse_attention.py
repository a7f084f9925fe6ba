"""Sparse attention equals dense attention under the same mask, and the masks equal their rules."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from genolect.encoders.layers.sparse_attention import (
    anchor_places,
    anchored_attention,
    modulus_attention,
)
from tests.encoders.layers.masks import anchored_mask, modulus_mask

B, H, K = 2, 3, 4
CPU = torch.device("cpu")


def vectors(length: int, *, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """Queries, keys and values; the values wider apart than they are long, as a projection leaves them."""
    generator = torch.Generator().manual_seed(length)
    joint = torch.randn(B, length, 3, H, K, dtype=dtype, generator=generator)
    return [part.requires_grad_() for part in joint.permute(2, 0, 3, 1, 4).detach().unbind()]


def gradients(mixed: Tensor, given: list[Tensor]) -> tuple[Tensor, ...]:
    return torch.autograd.grad((mixed * torch.arange(mixed.numel()).view(mixed.shape).cos()).sum(), given)


def expect_dense(mixed: Tensor, given: list[Tensor], mask: Tensor) -> None:
    dense = functional.scaled_dot_product_attention(*given, attn_mask=mask)
    torch.testing.assert_close(mixed, dense, atol=1e-10, rtol=1e-10)
    torch.testing.assert_close(gradients(mixed, given), gradients(dense, given), atol=1e-9, rtol=1e-9)


@settings(deadline=None, max_examples=40)
@given(length=st.integers(1, 90), reach=st.integers(1, 17), anchors=st.integers(0, 7))
def test_anchored_attention_equals_dense_attention(length, reach, anchors):
    given_vectors = vectors(length)
    mixed = anchored_attention(*given_vectors, reach=reach, anchors=anchors)
    expect_dense(mixed, given_vectors, anchored_mask(length, reach, anchors, CPU))


def test_anchored_attention_equals_dense_attention_at_a_working_size():
    given_vectors = vectors(1_501)
    mixed = anchored_attention(*given_vectors, reach=64, anchors=13)
    expect_dense(mixed, given_vectors, anchored_mask(1_501, 64, 13, CPU))


@pytest.mark.parametrize("length", [1, 63, 130, 511, 512, 513, 1_300])
def test_modulus_attention_equals_dense_attention(length):
    given_vectors = vectors(length)
    expect_dense(modulus_attention(*given_vectors), given_vectors, modulus_mask(length, CPU))


def test_another_mask_would_be_noticed():
    given_vectors = vectors(700)
    with pytest.raises(AssertionError, match="not close"):
        expect_dense(modulus_attention(*given_vectors), given_vectors, anchored_mask(700, 64, 0, CPU))


def test_the_mask_of_the_modulus_is_the_rule_as_written():
    length = 1_100
    rule = [[abs(i - j) <= 64 or (i + j) % 512 == 0 for j in range(length)] for i in range(length)]
    assert modulus_mask(length, CPU).tolist() == rule


@given(length=st.integers(1, 60), reach=st.integers(1, 9), anchors=st.integers(0, 5))
def test_the_mask_of_the_anchors_is_the_rule_as_said(length, reach, anchors):
    chosen = set(anchor_places(length, anchors, CPU).tolist())
    rule = [[abs(i - j) <= reach or i in chosen or j in chosen for j in range(length)] for i in range(length)]
    assert anchored_mask(length, reach, anchors, CPU).tolist() == rule


@given(length=st.integers(1, 5_000), anchors=st.integers(0, 70))
def test_anchors_are_spread_evenly(length, anchors):
    places = anchor_places(length, anchors, CPU)
    assert len(places) == min(length, anchors)
    if len(places):
        assert 0 <= places[0] <= places[-1] < length
        gaps = torch.cat([places[:1] * 2 + 1, places.diff(), (length - places[-1:]) * 2 - 1])
        assert gaps.min() >= length // len(places) - 1
        assert gaps.max() <= length // len(places) + 2


def test_keys_seen_per_token_do_not_grow_with_the_window():
    seen = [anchored_mask(length, 64, 8, CPU).sum() / length for length in (1_000, 4_000)]
    assert seen[1] < 1.1 * seen[0]
