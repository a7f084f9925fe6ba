"""The strand-symmetric transformer: its own relations, besides those of tests/contracts."""

from __future__ import annotations

import pytest
import torch

from genolect.encoders.equivariant_transformer import EquivariantTransformer, EquivariantTransformerConfig
from genolect.encoders.transformer import Transformer, TransformerConfig
from genolect.errors import ConfigurationError
from tests.encoders.equivariant import awake, reverse, swapped, transformer, windows

SHAPE = {"vocabulary": 7, "width": 24, "heads": 6, "feed_forward": 10, "stem_reach": 5, "context_lengths": [1, 3]}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"heads": 3}, r"heads 3 must be even: half for either strand"),
        ({"feed_forward": 11}, r"feed_forward 11 must be even"),
        ({"width": 20}, r"width 20 must be a multiple of 2 x heads = 12"),
        ({"stem_reach": 8}, r"stem_reach 8 must be odd"),
        ({"context_lengths": [3, 1]}, r"context_lengths \(3, 1\) must increase, from 1 to at most 12"),
        ({"vocabulary": 3}, r"vocabulary: .*greater than or equal to 4.*given '?3"),
        ({"causal": True}, r"unknown key 'causal'"),
    ],
)
def test_shapes_that_cannot_be_are_refused(given, message):
    with pytest.raises(ConfigurationError, match=f"^plan: .*{message}"):
        EquivariantTransformerConfig.from_mapping({**SHAPE, **given}, "plan")


@torch.no_grad()
def test_the_encoder_reads_from_top_to_bottom():
    """The forward pass, written out from the parts."""
    network, given = awake(transformer()), windows()
    hidden = network.stem(given) + network.weigh_context(network.context(given))
    angles = torch.arange(23)[:, None] * 10_000.0 ** (-torch.arange(3) / 3)
    for block in network.blocks:
        hidden = hidden + block.attention(block.attention_norm(hidden), angles)
        hidden = hidden + block.feed_forward(block.feed_forward_norm(hidden))
    torch.testing.assert_close(network(given), network.norm(hidden), atol=1e-5, rtol=1e-5)


def test_half_of_the_weights_of_the_plain_transformer():
    shape = {"vocabulary": 7, "width": 24, "layers": 3, "heads": 4, "feed_forward": 14, "context_lengths": (2, 5)}
    plain, symmetric = (
        Transformer(TransformerConfig(**shape)),
        EquivariantTransformer(EquivariantTransformerConfig(**shape)),
    )
    count = [sum(parameter.numel() for parameter in network.parameters()) for network in (plain, symmetric)]
    assert count[0] == 2 * count[1]


@torch.no_grad()
def test_a_long_window_is_as_exact():
    network, given = awake(transformer(layers=1)), windows(1, 3001)
    torch.testing.assert_close(network(reverse(given)), swapped(network(given)), atol=1e-5, rtol=0.0)


@torch.no_grad()
def test_order_matters_along_the_strand():
    """Upstream and downstream are told apart: a window turned round without its complement reads differently."""
    network, given = awake(transformer(context_lengths=(), stem_reach=1)), windows(of=4)
    assert (network(given.flip(1)).flip(1) - network(given)).abs().mean() > 0.02
