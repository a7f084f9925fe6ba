"""The strand-symmetric tower of convolutions: its own relations, besides those of tests/contracts."""

from __future__ import annotations

import pytest
import torch

from genolect.encoders.equivariant_convolution import EquivariantConvolutionConfig
from genolect.errors import ConfigurationError
from tests.encoders.equivariant import awake, convolution, windows

SHAPE = {"vocabulary": 7, "width": 10, "feed_forward": 12, "reach": 5, "dilations": [1, 2], "context_lengths": []}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"width": 11}, r"width 11 must be even: half for either strand"),
        ({"feed_forward": 13}, r"feed_forward 13 must be even"),
        ({"reach": 4}, r"reach 4 must be odd"),
        ({"stem_reach": 6}, r"stem_reach 6 must be odd"),
        ({"dilations": [1, 0]}, r"dilations \(1, 0\) must be 1 or more"),
        ({"dilations": []}, r"dilations: .*at least 1"),
        ({"context_lengths": [2, 13]}, r"context_lengths \(2, 13\) must increase, from 1 to at most 12"),
    ],
)
def test_shapes_that_cannot_be_are_refused(given, message):
    with pytest.raises(ConfigurationError, match=f"^plan: .*{message}"):
        EquivariantConvolutionConfig.from_mapping({**SHAPE, **given}, "plan")


def test_dilations_begin_again():
    config = EquivariantConvolutionConfig(vocabulary=7, layers=5, reach=3, dilations=(1, 4), stem_reach=7)
    assert config.block_dilations == [1, 4, 1, 4, 1]
    assert config.receptive_field == 23 + 2 * (1 + 4 + 1 + 4 + 1)


@torch.no_grad()
@pytest.mark.parametrize("shift", [1, 7])
def test_moving_a_window_moves_its_hidden_states(shift):
    """In the interior, to which the zeros beyond the ends do not reach."""
    network = awake(convolution())
    margin, long = network.config.receptive_field // 2, windows(2, 120)
    here, there = network(long[:, :100]), network(long[:, shift : 100 + shift])
    inside = slice(margin + shift, 100 - margin)
    torch.testing.assert_close(there[:, margin : 100 - margin - shift], here[:, inside], atol=1e-5, rtol=0.0)
    assert (there[:, 0] - here[:, shift]).abs().max() > 1e-3


@torch.no_grad()
@pytest.mark.parametrize("lengths", [(), (2, 4)])
def test_a_token_depends_on_its_receptive_field_and_no_more(lengths):
    network = awake(convolution(context_lengths=lengths))
    given = windows(1, 101, of=4)
    margin = network.config.receptive_field // 2
    for distance, heard in ((margin, True), (margin + 1, False)):
        for side in (-1, 1):
            changed = given.clone()
            place = 50 + side * distance
            changed[0, place] = 3 - changed[0, place]
            assert bool((network(changed)[0, 50] != network(given)[0, 50]).any()) == heard


def test_weights_are_counted():
    """Per strand: stem, blocks and norm; each pair of channels has one weight for the given and the other strand."""
    network = convolution(context_lengths=())
    stem = 7 * 5 + 5 * 7 * 7 + 5
    block = 5 + (5 * 10 * 5 + 5) + 5 * 10 + 5 + 14 * 10 + 5 * 14
    assert sum(parameter.numel() for parameter in network.parameters()) == stem + 3 * block + 10
