"""MosaicBERT: relations. Equality with a reference written from the published layout is in tests/foreign_checkpoint."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from genolect.encoders.mosaic_bert import MosaicBertConfig, MosaicBertEncoder

B, L, V = 3, 11, 17
CONFIG = MosaicBertConfig(vocabulary=V, width=12, layers=2, heads=3, feed_forward=19, dropout=0.3)
IDS = torch.randint(V, (B, L), generator=torch.Generator().manual_seed(6))
REAL = torch.arange(L) < torch.tensor([[11], [9], [4]])


def woken() -> MosaicBertEncoder:
    encoder, generator = MosaicBertEncoder(CONFIG), torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.2)
    return encoder.eval()


@torch.no_grad()
def test_padding_changes_nothing():
    encoder = woken()
    padded = encoder(IDS, real_BL=REAL)
    for row, length in enumerate(REAL.sum(1).tolist()):
        alone = encoder(IDS[row : row + 1, :length])
        torch.testing.assert_close(padded[row, :length], alone[0], atol=5e-6, rtol=1e-5)
    assert not torch.allclose(encoder(IDS)[1, :9], padded[1, :9], atol=1e-3)


@torch.no_grad()
def test_only_distances_count():
    """A repeat of one token looks alike from both ends, and its middle is no end."""
    hidden = woken()(torch.full((1, 7), 4))[0]
    torch.testing.assert_close(hidden, hidden.flip(0), atol=5e-6, rtol=1e-5)
    weights = woken().attention_weights(torch.full((1, 7), 4))[0][0]
    assert (weights[:, 0, 0] > weights[:, 0, 1]).all()
    assert (weights[:, 0, 1] > weights[:, 0, 6]).all()


@torch.no_grad()
def test_states_and_weights_are_those_of_each_block():
    encoder = woken()
    states, weights = encoder.states(IDS, real_BL=REAL), encoder.attention_weights(IDS, real_BL=REAL)
    assert len(states) == CONFIG.layers + 1
    assert torch.equal(states[-1], encoder(IDS, real_BL=REAL))
    for block, one, before, after in zip(encoder.blocks, weights, states[:-1], states[1:], strict=True):
        torch.testing.assert_close(one.sum(-1), torch.ones(B, CONFIG.heads, L))
        assert not one[2, :, :, 4:].any()
        values = block.attention.project(before)[..., 2 * CONFIG.width :].view(B, L, CONFIG.heads, -1).transpose(1, 2)
        normed = block.attention_norm(before + block.attention.merge((one @ values).transpose(1, 2).reshape(B, L, -1)))
        gates, others = block.widen(normed).chunk(2, dim=-1)
        narrowed = block.narrow(nn.functional.gelu(gates) * others)
        torch.testing.assert_close(block.feed_forward_norm(normed + narrowed), after, atol=5e-6, rtol=1e-5)


@torch.no_grad()
def test_dropout_acts_in_training_only():
    encoder = woken()
    assert torch.equal(encoder(IDS), encoder(IDS))
    assert not torch.equal(encoder.train()(IDS), encoder(IDS))


def test_heads_divide_the_width():
    with pytest.raises(ValueError, match="width 12 must be a multiple of heads 5"):
        MosaicBertConfig(vocabulary=V, width=12, heads=5)
    assert CONFIG.sees_ahead
