"""The default encoder: its own relations, besides those of every encoder in tests/contracts."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genolect.encoders.layers.blocks import draw_weights
from genolect.encoders.layers.context import LONGEST_CONTEXT
from genolect.encoders.transformer import Transformer, TransformerConfig
from genolect.errors import ConfigurationError

B, L = 3, 19
SHAPE = {
    "vocabulary": 7,
    "width": 30,
    "layers": 2,
    "heads": 5,
    "feed_forward": 11,
    "stem_reach": 9,
    "context_lengths": (1, 3),
    "rotary_base": 100.0,
}


def encoder(**changes: object) -> Transformer:
    """An encoder all of whose weights act."""
    network = Transformer(TransformerConfig(**{**SHAPE, **changes}))
    generator = torch.Generator().manual_seed(8)
    draw_weights(network, generator)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "merge" in name:
                parameter.normal_(std=0.3, generator=generator)
    if network.context is not None:
        network.context.set_counts({k: torch.arange(4**k * 4).view(-1, 4) % 13 for k in network.context.lengths})
    return network.eval()


def ids(rows: int = B, length: int = L, of: int = 4) -> torch.Tensor:
    return torch.randint(of, (rows, length), generator=torch.Generator().manual_seed(9))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"width": 32}, r"width 32 must be a multiple of 2 x heads = 10"),
        ({"width": 35}, r"width 35 must be a multiple of 2 x heads = 10"),
        ({"stem_reach": 8}, r"stem_reach 8 must be odd"),
        ({"context_lengths": [3, 1]}, r"context_lengths \(3, 1\) must increase, from 1 to at most 12"),
        ({"context_lengths": [3, 3]}, r"context_lengths \(3, 3\) must increase"),
        ({"context_lengths": [0, 3]}, r"context_lengths \(0, 3\) must increase, from 1"),
        (
            {"context_lengths": [3, LONGEST_CONTEXT + 1]},
            r"context_lengths \(3, 13\) must increase, from 1 to at most 12",
        ),
        ({"layers": 0}, r"layers: .*greater than or equal to 1.*given '?0"),
        ({"rotary_base": 1.0}, r"rotary_base: .*greater than 1.*given '?1\.0"),
        ({"width": "30"}, r"width: .*valid integer.*30"),
        ({"depth": 3}, r"unknown key 'depth'.*Allowed: vocabulary, width, layers"),
    ],
)
def test_shapes_that_cannot_be_are_refused(given, message):
    with pytest.raises(ConfigurationError, match=f"^plan: .*{message}"):
        TransformerConfig.from_mapping({**SHAPE, "context_lengths": [1, 3], **given}, "plan")


@given(
    heads=st.integers(1, 5),
    half=st.integers(1, 4),
    layers=st.integers(1, 3),
    lengths=st.sets(st.integers(1, LONGEST_CONTEXT)),
)
def test_a_configuration_survives_being_written(heads, half, layers, lengths):
    config = TransformerConfig(
        vocabulary=7, width=2 * heads * half, heads=heads, layers=layers, context_lengths=tuple(sorted(lengths))
    )
    assert TransformerConfig.from_mapping(config.to_mapping(), "plan") == config


@torch.no_grad()
def test_the_encoder_reads_from_top_to_bottom():
    """The forward pass, written out from the parts."""
    network, given = encoder(), ids()
    hidden = network.stem(given) + network.weigh_context(network.context(given))
    angles = torch.arange(L)[:, None] * 100.0 ** (-torch.arange(3) / 3)
    for block in network.blocks:
        hidden = hidden + block.attention(block.attention_norm(hidden), angles)
        hidden = hidden + block.feed_forward(block.feed_forward_norm(hidden))
    hidden = hidden - hidden.mean(-1, keepdim=True)
    hidden = hidden / (hidden.square().mean(-1, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(network(given), hidden, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_counted_windows_are_read_without_their_own_words():
    network, given = encoder(), ids()
    assert not torch.allclose(network(given), network(given, given))
    silent = encoder(context_lengths=())
    assert silent.context is None
    assert torch.equal(silent(given), silent(given, given))


@torch.no_grad()
def test_moving_a_window_moves_its_hidden_states():
    """Only the edges know where the window lies: rotary positions are relative."""
    network, long = encoder(layers=1, stem_reach=3, context_lengths=()), ids(length=40)
    network.blocks[0].attention.merge.weight.zero_()
    torch.testing.assert_close(network(long)[:, 5:30], network(long[:, 4:31])[:, 1:26], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_a_window_may_be_longer_than_any_before():
    assert encoder()(ids(rows=1, length=1201)).isfinite().all()
    assert encoder()(ids(rows=1, length=1)).shape == (1, 1, 30)


def awake(**changes) -> Transformer:
    shape = {"vocabulary": 7, "width": 12, "heads": 3, "layers": 4, "feed_forward": 10, "stem_reach": 3, **changes}
    network = Transformer(TransformerConfig(context_lengths=(2,), **shape))
    generator = torch.Generator().manual_seed(2)
    draw_weights(network, generator)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.3)
    return network


@pytest.mark.parametrize("causal", [False, True])
def test_attention_weights_are_those_that_mixed_the_values(causal):
    network = awake(causal=causal)
    ids = torch.randint(7, (2, 9), generator=torch.Generator().manual_seed(1))
    states, weights = network.states(ids), network.attention_weights(ids)
    assert len(weights) == 4
    for block, seen, weight in zip(network.blocks, states, weights, strict=False):
        assert weight.shape == (2, 3, 9, 9)
        torch.testing.assert_close(weight.sum(-1), torch.ones(2, 3, 9))
        assert (weight.triu(1) == 0).all() == causal
        normed = block.attention_norm(seen)
        values = block.attention.project(normed).view(2, 9, 3, 3, 4)[:, :, 2].transpose(1, 2)
        mixed = block.attention.merge((weight @ values).transpose(1, 2).reshape(2, 9, 12))
        angles = network._angles(ids)
        torch.testing.assert_close(mixed, block.attention(normed, angles), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("every", [1, 2, 3])
def test_checkpointing_changes_neither_states_nor_gradients(every):
    ids = torch.randint(7, (3, 17), generator=torch.Generator().manual_seed(1))
    results = []
    for kept in (0, every):
        network = awake(checkpoint_every=kept)
        hidden = network(ids)
        hidden.square().sum().backward()
        results.append((hidden, [parameter.grad for parameter in network.parameters()]))
    (plain, gradients), (again, others) = results
    assert torch.equal(plain, again)
    assert all(map(torch.equal, gradients, others))
