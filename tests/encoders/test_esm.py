"""ESM: relations. Equality with transformers, and with a plain reference, is in tests/foreign_checkpoint."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from genolect.encoders.esm import MASKED_IN_TRAINING, EsmConfig, EsmEncoder

B, L, V, MASK = 3, 11, 17, 2
SHAPE = {"vocabulary": V, "width": 12, "layers": 2, "heads": 3, "feed_forward": 19}
FIRST = EsmConfig(**SHAPE, positions=13, padding_id=1, mask_id=MASK)
SECOND = EsmConfig(**SHAPE, gated=True)
CONFIGS = pytest.mark.parametrize("config", [FIRST, SECOND], ids=["first version", "second version"])
IDS = torch.randint(3, V, (B, L), generator=torch.Generator().manual_seed(6))
REAL = torch.arange(L) < torch.tensor([[11], [9], [4]])


def woken(config: EsmConfig) -> EsmEncoder:
    encoder, generator = EsmEncoder(config), torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.2)
    return encoder.eval()


@torch.no_grad()
@CONFIGS
def test_padding_changes_nothing(config):
    encoder = woken(config)
    padded = encoder(IDS, real_BL=REAL)
    for row, length in enumerate(REAL.sum(1).tolist()):
        alone = encoder(IDS[row : row + 1, :length])
        torch.testing.assert_close(padded[row, :length], alone[0], atol=5e-6, rtol=1e-5)
    assert not torch.allclose(encoder(IDS)[1, :9], padded[1, :9], atol=1e-3)


@torch.no_grad()
@CONFIGS
def test_padding_before_the_window_changes_nothing(config):
    """Learned positions count real tokens; rotary scores depend on distances."""
    encoder, ahead = woken(config), 3
    shifted = torch.cat([torch.ones(B, ahead, dtype=torch.int64), IDS[:, :-ahead]], dim=1)
    padded = encoder(shifted, real_BL=torch.arange(L).expand(B, L) >= ahead)
    torch.testing.assert_close(padded[:, ahead:], encoder(IDS[:, :-ahead]), atol=1e-5, rtol=1e-4)


@torch.no_grad()
@CONFIGS
def test_states_and_weights_are_those_of_each_block(config):
    encoder = woken(config)
    states, weights = encoder.states(IDS), encoder.attention_weights(IDS)
    assert len(states) == config.layers + 2
    assert torch.equal(encoder.norm(states[-2]), states[-1])
    assert torch.equal(states[-1], encoder(IDS))
    assert len(weights) == config.layers
    for block, one, before, after in zip(encoder.blocks, weights, states[:-2], states[1:-1], strict=True):
        read = block.attention.project(block.attention_norm(before))
        values = read[..., 2 * config.width :].view(B, L, config.heads, -1).transpose(1, 2)
        hidden = before + block.attention.merge((one @ values).transpose(1, 2).reshape(B, L, -1))
        widened = block.widen(block.feed_forward_norm(hidden))
        if config.gated:
            widened = nn.functional.silu(widened[..., :19]) * widened[..., 19:]
        else:
            widened = nn.functional.gelu(widened)
        torch.testing.assert_close(hidden + block.narrow(widened), after, atol=5e-6, rtol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("hidden_tokens", [0, 1, 3, 4])
def test_masks_are_zero_and_the_rest_is_scaled_as_in_training(hidden_tokens):
    """As dropout scales, so that as much comes in however many tokens are hidden."""
    config = FIRST.model_copy(update={"positions": None})
    encoder, ids = woken(config), IDS[2:].clone()
    ids[0, :hidden_tokens] = MASK
    real = REAL[2:]
    first = encoder.states(ids, real_BL=real)[0][0]
    assert not first[:hidden_tokens].any()
    assert not first[4:].any()
    if hidden_tokens < 4:
        scale = (1 - MASKED_IN_TRAINING) / (1 - hidden_tokens / 4)
        torch.testing.assert_close(first[hidden_tokens:4], encoder.embedding(ids)[0, hidden_tokens:4] * scale)
    assert encoder(ids, real_BL=real).isfinite().all()


@torch.no_grad()
def test_without_token_dropout_a_mask_is_a_token_like_any_other():
    encoder = woken(SECOND)
    ids = IDS.clone()
    ids[:, 5] = MASK
    torch.testing.assert_close(encoder.states(ids)[0], encoder.embedding(ids))


def test_a_window_longer_than_the_positions_is_refused():
    with pytest.raises(ValueError, match="12 tokens is longer than the 11 positions"):
        EsmEncoder(FIRST)(torch.zeros(1, 12, dtype=torch.int64))
    assert EsmEncoder(FIRST)(torch.zeros(1, 11, dtype=torch.int64)).shape == (1, 11, 12)
    assert EsmEncoder(SECOND)(torch.zeros(1, 47, dtype=torch.int64)).shape == (1, 47, 12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"heads": 5, "positions": 13}, "width 12 must be a multiple of 5"),
        ({"heads": 4}, "width 12 must be a multiple of 8"),
        ({"positions": 2}, r"positions 2 must be more than padding_id \+ 1 = 2"),
    ],
)
def test_a_shape_that_does_not_fit_together_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        EsmConfig(**{**SHAPE, **changes})
    assert FIRST.sees_ahead
