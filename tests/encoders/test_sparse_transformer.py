"""The sparse transformer: its own relations, besides those of every encoder in tests/contracts."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from genolect.encoders.layers.blocks import draw_weights
from genolect.encoders.layers.positions import ROTARY_BASE, rotary_angles, rotate
from genolect.encoders.sparse_transformer import SparseTransformer, SparseTransformerConfig
from genolect.errors import ConfigurationError
from tests.encoders.layers.masks import anchored_mask, modulus_mask

B, L = 3, 61
SHAPE = {"vocabulary": 7, "width": 24, "layers": 2, "heads": 3, "feed_forward": 17, "reach": 5, "anchors": 4}


def encoder(**changes: object) -> SparseTransformer:
    """An encoder all of whose weights act."""
    network = SparseTransformer(SparseTransformerConfig(**{**SHAPE, **changes}))
    generator = torch.Generator().manual_seed(8)
    draw_weights(network, generator)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "merge" in name:
                parameter.normal_(std=0.3, generator=generator)
    return network.eval()


def ids(rows: int = B, length: int = L, of: int = 4) -> torch.Tensor:
    return torch.randint(of, (rows, length), generator=torch.Generator().manual_seed(9))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"width": 26}, r"width 26 must be a multiple of 2 x heads = 6"),
        ({"anchors": -1}, r"anchors -1 must be at least 0, or 'modulus'"),
        ({"anchors": "modulus"}, r"reach 5 must be 64 under the rule of the modulus"),
        ({"periods": [2.0] * 5}, r"periods \(2.0, 2.0, 2.0, 2.0, 2.0\) must be positive, one for every two channels"),
        ({"periods": [0.0]}, r"periods \(0.0,\) must be positive"),
        ({"reach": 0}, r"reach: .*greater than or equal to 1.*given '?0"),
        ({"anchor": 3}, r"unknown key 'anchor'.*did you mean 'anchors'"),
    ],
)
def test_shapes_that_cannot_be_are_refused(given, message):
    with pytest.raises(ConfigurationError, match=f"^plan: .*{message}"):
        SparseTransformerConfig.from_mapping({**SHAPE, **given}, "plan")


@pytest.mark.parametrize("changes", [{}, {"anchors": "modulus", "reach": 64}, {"periods": (10.5, 147.0)}])
def test_a_configuration_survives_being_written(changes):
    config = SparseTransformerConfig(**{**SHAPE, **changes})
    assert SparseTransformerConfig.from_mapping(config.to_mapping(), "plan") == config
    assert config.sees_ahead
    assert len(config.to_mapping()) <= 10


def test_the_periods_of_a_configuration_are_listed():
    plain, helical = (SparseTransformerConfig(**SHAPE, periods=periods).periods_in_tokens for periods in ((), (10.5,)))
    assert plain == pytest.approx([6.2832, 62.832, 628.32, 6283.2], rel=1e-4)
    assert helical == pytest.approx([6.2832, 10.5, 135.37, 2916.4], rel=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("changes", [{}, {"anchors": "modulus", "reach": 64}])
def test_the_encoder_reads_from_top_to_bottom(changes):
    """The forward pass, written out with dense attention under the mask."""
    network, length = encoder(**changes), 603
    given = ids(length=length)
    device = given.device
    mask = modulus_mask(length, device) if changes else anchored_mask(length, 5, 4, device)
    hidden, angles = network.stem(given), rotary_angles(length, 8, ROTARY_BASE, device)
    for block in network.blocks:
        projected = block.attention.project(block.attention_norm(hidden)).view(B, length, 3, 3, 8)
        queries, keys, values = projected.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(rotate(queries, angles), rotate(keys, angles), values, mask)
        hidden = hidden + block.attention.merge(mixed.transpose(1, 2).reshape(B, length, 24))
        hidden = hidden + block.feed_forward(block.feed_forward_norm(hidden))
    torch.testing.assert_close(network(given), network.norm(hidden), atol=2e-5, rtol=2e-5)


@torch.no_grad()
@pytest.mark.parametrize("every", [0, 1])
def test_the_last_state_is_the_answer(every):
    network, given = encoder(checkpoint_every=every), ids()
    states = network.states(given, given)
    assert len(states) == 4
    assert {state.shape for state in states} == {(B, L, 24)}
    assert torch.equal(states[-1], network(given))
    assert torch.equal(states[0], network.stem(given))


@torch.no_grad()
def test_without_anchors_a_token_is_heard_as_far_as_the_layers_reach():
    network, given = encoder(anchors=0), ids(1, 101)
    changed = given.clone()
    changed[0, 50] = 5
    heard = (network(changed) - network(given)).abs().amax(-1)[0].nonzero()
    far = 10 + 2 * 5  # half the stem, and the reach of both layers
    assert (heard.min(), heard.max()) == (50 - far, 50 + far)
    everywhere = encoder()
    assert (everywhere(changed) - everywhere(given)).abs().amax(-1).min() > 0


@torch.no_grad()
def test_cpg_distance_is_plain_where_no_cpg_can_be_and_not_elsewhere():
    plain, along = encoder(), encoder(cpg_reach=7)
    without = ids() // 2 * 3  # A and T only
    torch.testing.assert_close(along(without), plain(without), atol=1e-6, rtol=1e-6)
    assert (along(ids()) - plain(ids())).abs().max() > 1e-3


@torch.no_grad()
@pytest.mark.parametrize("changes", [{}, {"cpg_reach": 3}, {"anchors": "modulus", "reach": 64}])
def test_a_window_may_have_one_token(changes):
    assert encoder(**changes)(ids(2, 1)).shape == (2, 1, 24)
