"""BERT against torch's own encoder layer; equality with transformers is in tests/foreign_checkpoint."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from genolect.encoders.bert import BertBlock, BertConfig, BertEncoder

B, L, V = 3, 13, 17
CONFIG = BertConfig(
    vocabulary=V, width=12, layers=2, heads=3, feed_forward=19, positions=14, dropout=0.3, attention_dropout=0.2
)


def woken(module: nn.Module) -> nn.Module:
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.2)
    return module.eval()


IDS = torch.randint(V, (B, L), generator=torch.Generator().manual_seed(6))
REAL = torch.arange(L) < torch.tensor([[13], [9], [4]])


@torch.no_grad()
def test_a_block_is_torchs_own_post_norm_layer():
    block = woken(BertBlock(CONFIG))
    theirs = nn.TransformerEncoderLayer(
        CONFIG.width, CONFIG.heads, CONFIG.feed_forward, 0.0, "gelu", CONFIG.norm_epsilon, batch_first=True
    ).eval()
    names = {
        "self_attn.in_proj_weight": "attention.project.weight",
        "self_attn.in_proj_bias": "attention.project.bias",
        "self_attn.out_proj": "attention.merge",
        "linear1": "widen",
        "linear2": "narrow",
        "norm1": "attention_norm",
        "norm2": "feed_forward_norm",
    }
    ours = block.state_dict()
    for theirs_name, parameter in theirs.state_dict().items():
        prefix = next(prefix for prefix in names if theirs_name.startswith(prefix))
        parameter.copy_(ours[theirs_name.replace(prefix, names[prefix])])
    hidden = torch.randn(B, L, CONFIG.width, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(block(hidden, None), theirs(hidden), atol=5e-6, rtol=1e-5)


@torch.no_grad()
def test_padding_changes_nothing():
    encoder = woken(BertEncoder(CONFIG))
    padded = encoder(IDS, real_BL=REAL)
    for row, length in enumerate(REAL.sum(1).tolist()):
        alone = encoder(IDS[row : row + 1, :length])
        torch.testing.assert_close(padded[row, :length], alone[0], atol=5e-6, rtol=1e-5)
    assert not torch.allclose(encoder(IDS)[1, :9], padded[1, :9], atol=1e-3)


@torch.no_grad()
def test_states_are_the_input_of_the_first_block_and_the_output_of_each():
    encoder = woken(BertEncoder(CONFIG))
    states = encoder.states(IDS)
    assert len(states) == CONFIG.layers + 1
    assert torch.equal(states[-1], encoder(IDS))
    for block, before, after in zip(encoder.blocks, states[:-1], states[1:], strict=True):
        assert torch.equal(block(before, None), after)


@torch.no_grad()
def test_attention_weights_are_those_of_each_block():
    encoder = woken(BertEncoder(CONFIG))
    weights, states = encoder.attention_weights(IDS, real_BL=REAL), encoder.states(IDS, real_BL=REAL)
    assert [one.shape for one in weights] == [(B, CONFIG.heads, L, L)] * CONFIG.layers
    for block, one, before, after in zip(encoder.blocks, weights, states[:-1], states[1:], strict=True):
        values = block.attention.project(before)[..., 2 * CONFIG.width :].view(B, L, CONFIG.heads, -1).transpose(1, 2)
        mixed = block.attention.merge((one @ values).transpose(1, 2).reshape(B, L, -1))
        normed = block.attention_norm(before + mixed)
        narrowed = block.narrow(nn.functional.gelu(block.widen(normed)))
        torch.testing.assert_close(block.feed_forward_norm(normed + narrowed), after, atol=5e-6, rtol=1e-5)


@torch.no_grad()
def test_the_same_token_differs_by_its_place():
    hidden = woken(BertEncoder(CONFIG))(torch.full((1, 5), 4))
    assert not torch.allclose(hidden[0, 1], hidden[0, 2], atol=1e-3)


@torch.no_grad()
def test_dropout_acts_in_training_only():
    encoder = woken(BertEncoder(CONFIG))
    assert torch.equal(encoder(IDS), encoder(IDS))
    assert not torch.equal(encoder.train()(IDS), encoder(IDS))


def test_a_window_longer_than_the_positions_is_refused():
    with pytest.raises(ValueError, match="15 tokens is longer than the 14 positions"):
        BertEncoder(CONFIG)(torch.zeros(1, 15, dtype=torch.int64))
    assert BertEncoder(CONFIG)(torch.zeros(1, 14, dtype=torch.int64)).shape == (1, 14, 12)


def test_heads_divide_the_width():
    with pytest.raises(ValueError, match="width 12 must be a multiple of heads 5"):
        BertConfig(vocabulary=V, width=12, heads=5)
    assert CONFIG.sees_ahead
