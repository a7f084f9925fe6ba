"""A transformer over blocks of a chromosome: 1 Mb as 64 blocks of 16 kb, in linear cost.

Some neighbouring tokens, side by side, make one patch. A local transformer with the same weights for every block lets
the patches of a block hear each other. In every layer each block is summed up in one vector; these few vectors attend
to each other across the whole window, and what a block's summary hears is told to all of its patches. At the end every
token reads its patch again.

The parts stand at their own lengths: a last block that is shorter is read as it is, without padding.

Legend: B windows, L tokens, D width per token, P tokens per patch, W = P D width per patch, N patches, M patches per
block, C blocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import ClassVar

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from genolect.encoders.encoder import EncoderConfig
from genolect.encoders.layers.blocks import GatedFeedForward, LocalStem, SelfAttention, layer_states
from genolect.encoders.layers.linear import LinearFromZero
from genolect.encoders.layers.positions import (
    HELIX,
    ROTARY_BASE,
    angles_at,
    rotary_angles,
    rotary_frequencies,
    rotary_periods,
)

STEM_REACH = 21


class HierarchicalConfig(EncoderConfig):
    """Shape of a hierarchical encoder.

    Attributes
    ----------
    vocabulary : int
        Number of token ids.
    width : int
        D, channels per token.
    patch : int
        P, tokens per patch; the layers are ``patch * width`` wide.
    block : int
        Tokens per block; a multiple of ``patch``.
    layers : int
        Number of layers.
    heads : int
        Attention heads; must divide ``patch * width`` into even parts.
    feed_forward : int
        Inner width of the gated feed-forward.
    periods : tuple of float
        Rotary periods in tokens besides those of the base, such as 10.5 for the helix.
    checkpoint_every : int
        Layers per group that is computed again for the backward pass; 0 keeps everything.
    """

    kind: ClassVar[str] = "hierarchical"
    described: ClassVar[str] = "transformer within and across blocks"

    vocabulary: int = Field(ge=1)
    width: int = Field(16, ge=1)
    patch: int = Field(16, ge=1)
    block: int = Field(16_384, ge=1)
    layers: int = Field(4, ge=1)
    heads: int = Field(4, ge=1)
    feed_forward: int = Field(704, ge=1)
    periods: tuple[float, ...] = ()
    checkpoint_every: int = Field(0, ge=0)

    @property
    def periods_in_tokens(self) -> list[float]:
        """Tokens per turn of every pair of channels, the fastest first."""
        head_width = self.patch * self.width // self.heads
        turns = rotary_periods(head_width, ROTARY_BASE, tuple(period / self.patch for period in self.periods))
        return [self.patch * turn for turn in turns]

    @model_validator(mode="after")
    def _fits_together(self) -> HierarchicalConfig:
        if self.block % self.patch:
            raise ValueError(f"block {self.block} must be a multiple of patch {self.patch}")
        inner = self.patch * self.width
        if inner % (2 * self.heads):
            raise ValueError(f"patch x width = {inner} must be a multiple of 2 x heads = {2 * self.heads}")
        if len(self.periods) > inner // self.heads // 2 or any(period <= 0 for period in self.periods):
            raise ValueError(f"periods {self.periods} must be positive, one for every two channels of a head at most")
        return self

    def build(self) -> Hierarchical:
        """Make the network."""
        return Hierarchical(self)


class AcrossBlocks(nn.Module):
    """Light attention: one summary per block hears those of all blocks, and its patches hear what it heard.

    Parameters
    ----------
    width : int
        W.
    heads : int
        Attention heads.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.weigh = LinearFromZero(width, 1, bias=False)  # A summary starts as the mean of its block.
        self.attention = SelfAttention(width, heads)

    def forward(self, hidden_BNW: Tensor, block: int, angles: Tensor) -> Tensor:
        """Give what every patch hears from all blocks of so many patches; shape (B, N, W) in and out."""
        summaries = [self._sum_up(part) for part in in_blocks(hidden_BNW, block)]
        heard_BCW = self.attention(torch.cat(summaries, dim=1), angles)
        told: Tensor = heard_BCW.repeat_interleave(block, dim=1)[:, : hidden_BNW.shape[1]]
        return told

    def _sum_up(self, hidden_BCMW: Tensor) -> Tensor:
        weights = self.weigh(hidden_BCMW).softmax(dim=2).to(hidden_BCMW.dtype)
        summary_BCW: Tensor = (weights.transpose(2, 3) @ hidden_BCMW).squeeze(2)
        return summary_BCW


class HierarchicalLayer(nn.Module):
    """Attention within blocks, attention across blocks, feed-forward; each added to what came in."""

    def __init__(self, config: HierarchicalConfig) -> None:
        super().__init__()
        width = config.patch * config.width
        self.block = config.block // config.patch
        self.within_norm = nn.LayerNorm(width, bias=False)
        self.within = SelfAttention(width, config.heads)
        self.across_norm = nn.LayerNorm(width, bias=False)
        self.across = AcrossBlocks(width, config.heads)
        self.feed_forward_norm = nn.LayerNorm(width, bias=False)
        self.feed_forward = GatedFeedForward(width, config.feed_forward)

    def forward(self, hidden_BNW: Tensor, inner_angles: Tensor, outer_angles: Tensor) -> Tensor:
        """Refine the patches; shape (B, N, W) in and out."""
        B, _, W = hidden_BNW.shape
        parts = in_blocks(self.within_norm(hidden_BNW), self.block)
        mixed = [self.within(part.flatten(0, 1), inner_angles[: part.shape[2]]).view(B, -1, W) for part in parts]
        hidden_BNW = hidden_BNW + torch.cat(mixed, dim=1)
        hidden_BNW = hidden_BNW + self.across(self.across_norm(hidden_BNW), self.block, outer_angles)
        refined: Tensor = hidden_BNW + self.feed_forward(self.feed_forward_norm(hidden_BNW))
        return refined


class Hierarchical(nn.Module):
    """Tokens to hidden states.

    Parameters
    ----------
    config : HierarchicalConfig
        The shape.

    Examples
    --------
    >>> config = HierarchicalConfig(vocabulary=7, width=3, patch=4, block=20, layers=2, heads=2, feed_forward=5)
    >>> Hierarchical(config)(torch.randint(7, (2, 50))).shape
    torch.Size([2, 50, 3])
    """

    def __init__(self, config: HierarchicalConfig) -> None:
        super().__init__()
        self.config = config
        width = config.patch * config.width
        self.stem = LocalStem(config.vocabulary, config.width, STEM_REACH)
        self.gather = nn.Linear(width, width)
        self.layers = nn.ModuleList(HierarchicalLayer(config) for _ in range(config.layers))
        self.patch_norm = nn.LayerNorm(width)
        self.spread = nn.Linear(width, width)
        self.norm = nn.LayerNorm(config.width)

    def forward(self, ids: Tensor, counted: Tensor | None = None) -> Tensor:
        """Encode windows.

        Parameters
        ----------
        ids : Tensor of int64, shape (B, L)
            Token ids as shown.
        counted : Tensor, optional
            Not read: there are no counts.

        Returns
        -------
        Tensor, shape (B, L, D)
            Hidden states after the last norm.
        """
        stem_BLD = self.stem(ids)
        (last_BNW,) = deque(self._patch_states(stem_BLD), maxlen=1)
        return self._read_back(stem_BLD, last_BNW)

    def states(self, ids: Tensor, counted: Tensor | None = None) -> list[Tensor]:
        """Encode windows and keep every layer's hidden states.

        Parameters
        ----------
        ids, counted
            As in `forward`.

        Returns
        -------
        list of Tensor, each of shape (B, L, D)
            The stem's; then the patches that enter the first layer and leave each, as P tokens of D channels; and at
            last the tokens that have read their patches.
        """
        stem_BLD = self.stem(ids)
        patches = [*self._patch_states(stem_BLD)]
        return [stem_BLD, *(_tokens(patch, stem_BLD) for patch in patches), self._read_back(stem_BLD, patches[-1])]

    def _patch_states(self, stem_BLD: Tensor) -> Iterator[Tensor]:
        config = self.config
        B, L, D = stem_BLD.shape
        padded = functional.pad(stem_BLD, (0, 0, 0, -L % config.patch))  # Within the last patch.
        hidden_BNW = self.gather(padded.reshape(B, -1, config.patch * D))
        yield hidden_BNW
        yield from layer_states(
            list(self.layers),
            hidden_BNW,
            *self._angles(hidden_BNW),
            checkpoint_every=config.checkpoint_every,
        )

    def _angles(self, hidden_BNW: Tensor) -> tuple[Tensor, Tensor]:
        """Rotary angles of the patches in a block and of the blocks; the helix keeps its phase from patch to patch."""
        config, device = self.config, hidden_BNW.device
        head_width = config.patch * config.width // config.heads
        periods = tuple(period / config.patch for period in config.periods)
        frequencies = rotary_frequencies(head_width, ROTARY_BASE, periods)
        size = config.block // config.patch
        inner = angles_at(torch.arange(size, dtype=torch.float64, device=device), frequencies)
        return inner, rotary_angles(-(-hidden_BNW.shape[1] // size), head_width, ROTARY_BASE, device)

    def _read_back(self, stem_BLD: Tensor, last_BNW: Tensor) -> Tensor:
        read_BLD: Tensor = self.norm(stem_BLD + _tokens(self.spread(self.patch_norm(last_BNW)), stem_BLD))
        return read_BLD


def in_blocks(hidden_BNW: Tensor, block: int) -> list[Tensor]:
    """Cut patches into whole blocks and, where the length is no multiple, a shorter one.

    Parameters
    ----------
    hidden_BNW : Tensor, shape (B, N, W)
        Patches.
    block : int
        M, patches per block.

    Returns
    -------
    list of Tensor, each of shape (B, C, M, W)
        One or two; the second has C = 1 and a smaller M.

    Examples
    --------
    >>> [tuple(part.shape) for part in in_blocks(torch.zeros(2, 7, 5), 3)]
    [(2, 2, 3, 5), (2, 1, 1, 5)]
    """
    B, N, W = hidden_BNW.shape
    whole = N // block * block
    parts = [hidden_BNW[:, :whole].reshape(B, -1, block, W)] if whole else []
    return [*parts, hidden_BNW[:, None, whole:]] if whole < N else parts


def _tokens(patches_BNW: Tensor, like_BLD: Tensor) -> Tensor:
    """Take patches apart into the tokens that they were made of, (B, N, W) to (B, L, D)."""
    B, L, D = like_BLD.shape
    return patches_BNW.reshape(B, -1, D)[:, :L]


# NucleoTransformer reads 1,024 kb, 64 blocks of 16,384 bases, at once; its patches of 16 bases are 1,024 wide. With all
# 20 layers checkpointed it trains on one large GPU; the tiny one has the same blocks and trains on a processor.
PRESETS = {
    "nucleo-transformer": HierarchicalConfig(
        vocabulary=7, width=64, layers=20, heads=16, feed_forward=2944, periods=(HELIX,), checkpoint_every=1
    ),
    "nucleo-transformer-tiny": HierarchicalConfig(
        vocabulary=7, width=8, layers=2, heads=4, feed_forward=352, periods=(HELIX,), checkpoint_every=1
    ),
}
