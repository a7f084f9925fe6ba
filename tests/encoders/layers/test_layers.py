"""Parts of encoders against plain references, written without the functions that they use."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from genolect.encoders.layers.blocks import GatedFeedForward, LocalStem, SelfAttention
from genolect.encoders.layers.linear import LinearFromZero
from genolect.encoders.layers.positions import rotary_angles, rotate

B, L, D, H = 2, 13, 12, 3
CPU = torch.device("cpu")


def drawn(module: nn.Module, seed: int = 5) -> nn.Module:
    """Fill every weight, those that start at zero too."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(std=0.5, generator=generator)
    return module


def vectors(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(2))


@torch.no_grad()
@pytest.mark.parametrize("causal", [False, True])
def test_attention_equals_a_plain_softmax(causal):
    attention, hidden = drawn(SelfAttention(D, H, causal=causal)), vectors(B, L, D)
    angles = rotary_angles(L, D // H, 20.0, CPU)
    expected = torch.zeros(B, L, D)
    queries, keys, values = (hidden @ attention.project.weight.T).split(D, dim=-1)
    for window in range(B):
        for head in range(H):
            own = slice(head * D // H, (head + 1) * D // H)
            query, key = (rotate(part[None, None, window, :, own], angles)[0, 0] for part in (queries, keys))
            for token in range(L):
                seen = range(token + 1 if causal else L)
                scores = [math.exp(float(query[token] @ key[other]) / math.sqrt(D // H)) for other in seen]
                for other, score in enumerate(scores):
                    expected[window, token, own] += score / sum(scores) * values[window, other, own]
    torch.testing.assert_close(attention(hidden, angles), expected @ attention.merge.weight.T, atol=1e-4, rtol=1e-4)


def test_attention_sees_every_token_and_no_other_window():
    attention, hidden = drawn(SelfAttention(D, H)), vectors(B, L, D).requires_grad_()
    attention(hidden, rotary_angles(L, D // H, 20.0, CPU))[0, 4].sum().backward()
    assert (hidden.grad[0].abs().sum(-1) > 0).all()
    assert (hidden.grad[1] == 0).all()


def test_feed_forward_equals_its_formula():
    layer, hidden = drawn(GatedFeedForward(D, 7)), vectors(B, L, D)
    values, gates = hidden @ layer.project.weight[:7].T, hidden @ layer.project.weight[7:].T
    expected = (values * gates / (1 + (-gates).exp())) @ layer.merge.weight.T
    torch.testing.assert_close(layer(hidden), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("layer", [SelfAttention(D, H), GatedFeedForward(D, 7)], ids=lambda layer: type(layer).__name__)
def test_what_ends_a_block_starts_at_zero(layer):
    hidden = vectors(B, L, D)
    given = (hidden, rotary_angles(L, D // H, 20.0, CPU)) if isinstance(layer, SelfAttention) else (hidden,)
    assert torch.equal(layer(*given), torch.zeros(B, L, D))


def test_a_map_from_zero_learns_at_once():
    layer = LinearFromZero(3, 5)
    assert not any(parameter.any() for parameter in layer.parameters())
    layer(torch.ones(2, 3)).sum().backward()
    assert all(parameter.grad.all() for parameter in layer.parameters())


@pytest.mark.parametrize("reach", [1, 3, 7, 15])
@pytest.mark.parametrize("causal", [False, True])
def test_the_stem_equals_embedding_plus_weights_of_neighbours(reach, causal):
    stem = drawn(LocalStem(7, D, reach, causal=causal))
    before = reach - 1 if causal else reach // 2
    ids = torch.randint(7, (B, 11), generator=torch.Generator().manual_seed(3))
    found = stem(ids)
    for window in range(B):
        for token in range(11):
            expected = stem.embedding.weight[ids[window, token]]
            expected = expected if reach == 1 else expected + stem.convolution.bias
            for offset in range(-before, reach - before):
                if reach > 1 and 0 <= token + offset < 11:
                    neighbour = ids[window, token + offset]
                    expected = expected + stem.convolution.weight[:, neighbour, offset + before]
            torch.testing.assert_close(found[window, token], expected, atol=1e-5, rtol=1e-5)
