"""A tower of convolutions that halves the length at every stage, with attention pooling (Avsec et al. 2021).

The source is doi:10.1038/s41592-021-01252-x. As published, the norms are batch norms: pooling averages away what
differs between positions, and a norm over the channels of one position would let what is constant drown the rest. In
training, therefore, windows of a batch see one another; in evaluation each is read alike alone and in any batch.

Legend: B windows, C channels, L positions, P positions that are pooled into one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from genolect.encoders.layers import LinearFromZero

POOLED = 2
"""P: every stage halves the length."""

START_SHARPNESS = 2.0
"""Pooling starts between the mean and the maximum: as a softmax over twice the values themselves."""

TOWER_REACH = 5
"""Positions that a convolution of the tower sees."""


class ChannelNorm(nn.Module):
    """Batch norm of each channel over windows and positions, then a scale and a shift that start at one and zero.

    Parameters
    ----------
    channels : int
        C.

    Examples
    --------
    >>> ChannelNorm(1)(torch.tensor([[[3.0, 7.0]]])).round(decimals=3).tolist()
    [[[-1.0, 1.0]]]
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.standardise = nn.BatchNorm1d(channels, affine=False)
        self.adjust = LinearFromZero(1, channels)

    def forward(self, signal_BCL: Tensor) -> Tensor:
        """Normalise; shape (B, C, L) in and out."""
        normal: Tensor = self.standardise(signal_BCL)
        return normal * (1 + self.adjust.weight) + self.adjust.bias[:, None]


class ConvolutionBlock(nn.Module):
    """Norm of the channels, GELU, convolution; the length stays.

    Parameters
    ----------
    inputs, outputs : int
        Channels before and after.
    reach : int
        Positions that the convolution sees; odd.
    """

    def __init__(self, inputs: int, outputs: int, reach: int) -> None:
        super().__init__()
        self.norm = ChannelNorm(inputs)
        self.convolution = nn.Conv1d(inputs, outputs, reach, padding=reach // 2)

    def forward(self, signal_BCL: Tensor) -> Tensor:
        """Turn (B, inputs, L) into (B, outputs, L)."""
        seen: Tensor = self.convolution(functional.gelu(self.norm(signal_BCL), approximate="tanh"))
        return seen


class AttentionPooling(nn.Module):
    """Weigh neighbouring positions by a softmax of each channel, and add them up.

    The scores are ``2 x + W x`` with W zero at the start: a channel that is high at one position passes it on.

    Parameters
    ----------
    channels : int
        C.

    Examples
    --------
    >>> AttentionPooling(1)(torch.tensor([[[0.0, 9.0, 5.0, 5.0]]])).round(decimals=3).tolist()
    [[[9.0, 5.0]]]
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.score = LinearFromZero(channels, channels, bias=False)

    def forward(self, signal_BCL: Tensor) -> Tensor:
        """Turn (B, C, L) into (B, C, L / P)."""
        B, C, L = signal_BCL.shape
        groups_BLPC = signal_BCL.transpose(1, 2).reshape(B, L // POOLED, POOLED, C)
        scores_BLPC = START_SHARPNESS * groups_BLPC + self.score(groups_BLPC)
        pooled_BLC: Tensor = (groups_BLPC * scores_BLPC.softmax(dim=2)).sum(dim=2)
        return pooled_BLC.transpose(1, 2)


class TowerStage(nn.Module):
    """One stage: a convolution with neighbours, a residual one without, attention pooling.

    Parameters
    ----------
    first : Module
        The convolution with neighbours, from what comes in to `channels`.
    channels : int
        C, channels that leave the stage.
    """

    def __init__(self, first: nn.Module, channels: int) -> None:
        super().__init__()
        self.first = first
        self.second = ConvolutionBlock(channels, channels, 1)
        self.pool = AttentionPooling(channels)

    def forward(self, signal_BCL: Tensor) -> Tensor:
        """Turn (B, inputs, L) into (B, C, L / P)."""
        wide_BCL = self.first(signal_BCL)
        pooled: Tensor = self.pool(wide_BCL + self.second(wide_BCL))
        return pooled


class PoolingTower(nn.Module):
    """Stages one above the other; each halves the length.

    Parameters
    ----------
    inputs : int
        Channels per base.
    widths : sequence of int
        Channels that leave each stage.
    stem_reach : int
        Bases that the first convolution sees; odd.

    Examples
    --------
    >>> PoolingTower(4, [6, 10, 12], stem_reach=7)(torch.zeros(2, 4, 40)).shape
    torch.Size([2, 12, 5])
    """

    def __init__(self, inputs: int, widths: Sequence[int], *, stem_reach: int) -> None:
        super().__init__()
        stem = nn.Conv1d(inputs, widths[0], stem_reach, padding=stem_reach // 2)
        above = (TowerStage(ConvolutionBlock(before, after, TOWER_REACH), after) for before, after in pairwise(widths))
        self.stages = nn.ModuleList([TowerStage(stem, widths[0]), *above])

    def forward(self, signal_BCL: Tensor) -> Tensor:
        """Turn (B, inputs, L) into (B, last width, L / P ** stages)."""
        for stage in self.stages:
            signal_BCL = stage(signal_BCL)
        return signal_BCL


def tower_widths(width: int, stages: int) -> list[int]:
    """Give the channels of each stage: half the width in the stem, then by equal factors from half to the whole.

    Parameters
    ----------
    width : int
        Channels that leave the tower; even.
    stages : int
        Number of stages, the stem with them; at least 3.

    Returns
    -------
    list of int
        Multiples of a twelfth of the width, where that is a whole number.

    Examples
    --------
    >>> tower_widths(1536, 7)
    [768, 768, 896, 1024, 1152, 1280, 1536]
    """
    unit = max(1, width // 12)
    factors = [2 ** (step / (stages - 2)) for step in range(stages - 1)]
    between = [round(width / 2 * factor / unit) * unit for factor in factors[1:-1]]
    return [width // 2, width // 2, *between, width]


def one_hot_signal(ids: Tensor, vocabulary: int, tracks_BTL: Tensor | None = None) -> Tensor:
    """Give each base its channels: one per token id, then the tracks, drawn together by asinh.

    Coverage has a long tail; asinh keeps small values as they are and grows like a logarithm, for either sign.

    Parameters
    ----------
    ids : Tensor of int64, shape (B, L)
        Token ids, one per base.
    vocabulary : int
        Number of token ids.
    tracks_BTL : Tensor of float, shape (B, T, L), optional
        Signals along the bases.

    Returns
    -------
    Tensor of float32, shape (B, vocabulary + T, L)
        The channels.

    Examples
    --------
    >>> one_hot_signal(torch.tensor([[2, 0]]), 3, torch.zeros(1, 1, 2)).tolist()
    [[[0.0, 1.0], [0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]]
    """
    one_hot = functional.one_hot(ids, vocabulary).transpose(1, 2).to(torch.float32)
    return one_hot if tracks_BTL is None else torch.cat([one_hot, tracks_BTL.to(torch.float32).asinh()], dim=1)
