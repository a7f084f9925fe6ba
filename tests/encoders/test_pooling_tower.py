"""The pooling tower: its formula, its shapes, and that it sees a motif alike wherever it lies."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genolect.encoders.enformer import (
    AttentionPooling,
    ChannelNorm,
    ConvolutionBlock,
    PoolingTower,
    one_hot_signal,
    tower_widths,
)
from genolect.encoders.layers.blocks import draw_weights


def woken(network: torch.nn.Module) -> torch.nn.Module:
    """A network all of whose weights act."""
    generator = torch.Generator().manual_seed(3)
    draw_weights(network, generator)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.1)
    return network.eval()


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(4))


@torch.no_grad()
def test_attention_pooling_equals_its_formula():
    """One position after the other, in float64, with the published matrix W + 2."""
    pool, signal = woken(AttentionPooling(5)), noise(3, 5, 8)
    matrix = pool.score.weight.double() + 2 * torch.eye(5).double()
    pooled = pool(signal)
    assert pooled.shape == (3, 5, 4)
    for window in range(3):
        for position in range(4):
            one, other = signal[window, :, 2 * position].double(), signal[window, :, 2 * position + 1].double()
            high, low = (matrix @ one).exp(), (matrix @ other).exp()
            expected = (high * one + low * other) / (high + low)
            torch.testing.assert_close(pooled[window, :, position].double(), expected, atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_pooling_starts_between_the_mean_and_the_maximum():
    signal = noise(2, 3, 14)
    pooled, pairs = AttentionPooling(3)(signal), signal.view(2, 3, 7, 2)
    assert (pooled > pairs.mean(-1)).all()
    assert (pooled < pairs.amax(-1)).all()


@torch.no_grad()
def test_a_convolution_block_equals_its_formula():
    block, signal = woken(ConvolutionBlock(4, 3, 5)).train(), noise(2, 4, 11)
    centred = signal - signal.mean((0, 2), keepdim=True)
    normal = centred / (centred.square().mean((0, 2), keepdim=True) + 1e-5).sqrt()
    normal = normal * (1 + block.norm.adjust.weight) + block.norm.adjust.bias[:, None]
    active = torch.nn.functional.pad(torch.nn.functional.gelu(normal, approximate="tanh"), (2, 2))
    windows = active.unfold(2, 5, 1)
    expected = torch.einsum("bclk,ock->bol", windows, block.convolution.weight) + block.convolution.bias[:, None]
    torch.testing.assert_close(block(signal), expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_in_evaluation_norms_are_those_that_training_gathered():
    norm, signal = ChannelNorm(3), 5 + 2 * noise(40, 3, 50)
    before = norm.eval()(signal)
    assert torch.allclose(before, signal, rtol=1e-4)
    for _ in range(60):
        norm.train()(signal)
    after = norm.eval()(signal)
    torch.testing.assert_close(norm(signal[:1]), after[:1])
    torch.testing.assert_close(after, norm.train()(signal), atol=0.02, rtol=0.02)


@torch.no_grad()
@pytest.mark.parametrize("bins", [1, 3])
def test_moving_by_whole_bins_moves_the_map(bins):
    tower = woken(PoolingTower(4, [6, 6, 12], stem_reach=7))
    long = noise(2, 4, 40 * 8)
    whole, moved = tower(long), tower(long[..., 8 * bins :])
    edge = 4
    torch.testing.assert_close(whole[..., bins + edge : -edge], moved[..., edge:-edge], atol=1e-5, rtol=1e-5)
    assert not torch.allclose(whole[..., edge + 4 : -edge], moved[..., edge : -edge - 4 + bins], atol=1e-2)


@torch.no_grad()
def test_moving_by_part_of_a_bin_is_another_map():
    tower, long = woken(PoolingTower(4, [6, 6, 12], stem_reach=7)), noise(1, 4, 40 * 8)
    assert not torch.allclose(tower(long)[..., 4:30], tower(long[..., 3:-5])[..., 4:30], atol=1e-2)


@torch.no_grad()
def test_a_base_is_heard_near_by_and_not_far_away():
    tower, signal = woken(PoolingTower(4, [6, 6, 12], stem_reach=7)), noise(1, 4, 160)
    changed = signal.clone()
    changed[0, 2, 80] += 1
    heard = (tower(changed) - tower(signal)).abs().amax(1)[0]
    assert heard[10] > 1e-3
    assert not heard[:7].any()
    assert not heard[14:].any()


@given(width=st.integers(1, 400).map(lambda half: 2 * half), stages=st.integers(3, 9))
def test_channels_grow_from_half_the_width_to_the_width(width, stages):
    widths = tower_widths(width, stages)
    assert len(widths) == stages
    assert widths[0] == widths[1] == width // 2
    assert widths[-1] == width
    assert widths == sorted(widths)


def test_tracks_are_channels_behind_the_bases():
    track = torch.tensor([[[0.0, -3.0, 1000.0]]])
    signal = one_hot_signal(torch.tensor([[1, 4, 0]]), 5, track)
    assert signal.shape == (1, 6, 3)
    assert signal[0, :5].argmax(0).tolist() == [1, 4, 0]
    assert signal[0, 5].tolist() == pytest.approx([0.0, -1.8184465, 7.6009027])
    assert torch.equal(one_hot_signal(torch.tensor([[1, 4, 0]]), 5), signal[:, :5])
