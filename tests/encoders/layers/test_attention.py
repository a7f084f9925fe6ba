"""The one attention of the published models against a softmax written out."""

from __future__ import annotations

import pytest
import torch

from genolect.encoders.layers.attention import BiasedSelfAttention, attend, hide_padding, weights_of
from genolect.encoders.layers.positions import rotary_angles, rotate

B, L, D, H = 2, 11, 12, 3
K = D // H


def drawn(*shape: int, seed: int = 3) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def layer(dropout: float = 0.0) -> BiasedSelfAttention:
    attention = BiasedSelfAttention(D, H, dropout=dropout)
    with torch.no_grad():
        for number, parameter in enumerate(attention.parameters()):
            parameter.copy_(drawn(*parameter.shape, seed=number) * 0.5)
    return attention.eval()


REAL = torch.ones(B, L, dtype=torch.bool)
REAL[1, 7:] = False


@pytest.mark.parametrize("added", [None, drawn(H, L, L), hide_padding(REAL)], ids=["none", "per head", "padding"])
def test_what_is_mixed_is_what_the_weights_say(added):
    queries, keys, values = (drawn(B, H, L, K, seed=seed) for seed in (4, 5, 6))
    expected = torch.zeros(B, H, L, L)
    rules = torch.zeros(B, H, L, L) if added is None else added.expand(B, H, L, L)
    for b in range(B):
        for h in range(H):
            for i in range(L):
                scores = torch.stack([queries[b, h, i] @ keys[b, h, j] / K**0.5 + rules[b, h, i, j] for j in range(L)])
                expected[b, h, i] = scores.exp() / scores.exp().sum()
    torch.testing.assert_close(weights_of(queries, keys, added), expected, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(attend(queries, keys, values, added), expected @ values, atol=2e-6, rtol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("rotary", [False, True])
def test_the_layer_gives_the_weights_by_which_it_mixes(rotary):
    attention, hidden = layer(), drawn(B, L, D)
    angles = rotary_angles(L, K, 20.0, torch.device("cpu")) if rotary else None
    weights = attention.weights(hidden, hide_padding(REAL), angles)
    values = attention.project(hidden)[..., 2 * D :].view(B, L, H, K).transpose(1, 2)
    expected = attention.merge((weights @ values).transpose(1, 2).reshape(B, L, D))
    torch.testing.assert_close(attention(hidden, hide_padding(REAL), angles), expected, atol=2e-6, rtol=1e-5)
    queries, keys = (
        part.view(B, L, H, K).transpose(1, 2) for part in attention.project(hidden)[..., : 2 * D].chunk(2, dim=-1)
    )
    if angles is not None:
        queries, keys = rotate(queries, angles), rotate(keys, angles)
    torch.testing.assert_close(weights, weights_of(queries, keys, hide_padding(REAL)))


@torch.no_grad()
def test_padding_has_no_weight_and_what_stands_there_no_say():
    attention, hidden = layer(), drawn(B, L, D)
    weights = attention.weights(hidden, hide_padding(REAL))
    assert not weights[1, :, :, 7:].any()
    torch.testing.assert_close(weights.sum(-1), torch.ones(B, H, L))
    other = hidden.clone()
    other[1, 7:] += 5
    before, after = attention(hidden, hide_padding(REAL)), attention(other, hide_padding(REAL))
    assert torch.equal(before[REAL], after[REAL])
    assert not torch.equal(attention(hidden)[REAL], attention(other)[REAL])


@torch.no_grad()
def test_a_window_of_padding_only_gives_numbers():
    real = REAL.clone()
    real[1] = False
    hidden = drawn(B, L, D)
    assert layer()(hidden, hide_padding(real)).isfinite().all()
    with torch.autocast("cpu", torch.bfloat16):
        assert layer()(hidden, hide_padding(real)).isfinite().all()


@torch.no_grad()
def test_weights_are_dropped_in_training_only():
    attention, hidden = layer(dropout=0.5), drawn(B, L, D)
    assert torch.equal(attention(hidden), layer()(hidden))
    assert not torch.equal(attention.train()(hidden), layer()(hidden))
    assert torch.equal(attention.weights(hidden), layer().weights(hidden))


def test_no_padding_adds_nothing():
    assert hide_padding(None) is None
    assert not hide_padding(torch.ones(2, 3, dtype=torch.bool)).any()
