"""A transformer for windows too long for dense attention: near tokens and anchors, in linear time and memory.

It reads single bases as the default encoder does, without the counts, whose evidence would outweigh everything else
in memory at such lengths.

Legend: B windows, L tokens, D width, H heads, K width per head.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import ClassVar, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from genolect.encoders.encoder import EncoderConfig
from genolect.encoders.layers.blocks import GatedFeedForward, LocalStem, layer_states
from genolect.encoders.layers.linear import LinearFromZero
from genolect.encoders.layers.positions import (
    HELIX,
    ROTARY_BASE,
    angles_at,
    cpg_density,
    cpg_positions,
    rotary_frequencies,
    rotary_periods,
    rotate,
)
from genolect.encoders.layers.sparse_attention import NEAR, anchored_attention, modulus_attention

STEM_REACH = 21


class SparseTransformerConfig(EncoderConfig):
    """Shape of a sparse transformer.

    Attributes
    ----------
    vocabulary : int
        Number of token ids.
    width : int
        D, channels per token.
    layers : int
        Number of blocks.
    heads : int
        H; must divide ``width`` into even parts.
    feed_forward : int
        Inner width of the gated feed-forward.
    reach : int
        Tokens that a token sees on either side.
    anchors : int or 'modulus'
        Tokens that see all and are seen by all; or the rule of the modulus instead (see `sparse_attention`).
    periods : tuple of float
        Rotary periods in tokens besides those of the base, such as 10.5 for the helix.
    cpg_reach : int
        Where not 0, distance is measured along the density of CpG so far around (see `cpg_distance`).
    checkpoint_every : int
        Blocks per group that is computed again for the backward pass; 0 keeps everything.
    """

    kind: ClassVar[str] = "sparse"
    described: ClassVar[str] = "pre-norm transformer with attention to near tokens and anchors"

    vocabulary: int = Field(ge=1)
    width: int = Field(128, ge=2)
    layers: int = Field(4, ge=1)
    heads: int = Field(4, ge=1)
    feed_forward: int = Field(320, ge=1)
    reach: int = Field(NEAR, ge=1)
    anchors: int | Literal["modulus"] = 64
    periods: tuple[float, ...] = ()
    cpg_reach: int = Field(0, ge=0)
    checkpoint_every: int = Field(0, ge=0)

    @property
    def periods_in_tokens(self) -> list[float]:
        """Tokens per turn of every pair of channels, the fastest first."""
        return rotary_periods(self.width // self.heads, ROTARY_BASE, self.periods)

    @model_validator(mode="after")
    def _fits_together(self) -> SparseTransformerConfig:
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} must be a multiple of 2 x heads = {2 * self.heads}")
        if isinstance(self.anchors, int) and self.anchors < 0:
            raise ValueError(f"anchors {self.anchors} must be at least 0, or 'modulus'")
        if self.anchors == "modulus" and self.reach != NEAR:
            raise ValueError(f"reach {self.reach} must be {NEAR} under the rule of the modulus")
        if len(self.periods) > self.width // self.heads // 2 or any(period <= 0 for period in self.periods):
            raise ValueError(f"periods {self.periods} must be positive, one for every two channels of a head at most")
        return self

    def build(self) -> SparseTransformer:
        """Make the network."""
        return SparseTransformer(self)


class SparseAttention(nn.Module):
    """Multi-head attention to near tokens and to those far ones that a rule gives."""

    def __init__(self, config: SparseTransformerConfig) -> None:
        super().__init__()
        self.heads, self.reach, self.anchors = config.heads, config.reach, config.anchors
        self.project = nn.Linear(config.width, 3 * config.width, bias=False)
        self.merge = LinearFromZero(config.width, config.width, bias=False)

    def forward(self, hidden_BLD: Tensor, angles: Tensor) -> Tensor:
        """Mix the tokens of each window; shape (B, L, D) in and out."""
        B, L, D = hidden_BLD.shape
        parts = self.project(hidden_BLD).view(B, L, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        queries, keys = rotate(parts[:2], angles)
        if self.anchors == "modulus":
            mixed_BHLK = modulus_attention(queries, keys, parts[2])
        else:
            mixed_BHLK = anchored_attention(queries, keys, parts[2], reach=self.reach, anchors=self.anchors)
        merged: Tensor = self.merge(mixed_BHLK.transpose(1, 2).reshape(B, L, D))
        return merged


class SparseBlock(nn.Module):
    """One pre-norm block: sparse attention, then feed-forward, each added to what came in."""

    def __init__(self, config: SparseTransformerConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.width, bias=False)
        self.attention = SparseAttention(config)
        self.feed_forward_norm = nn.LayerNorm(config.width, bias=False)
        self.feed_forward = GatedFeedForward(config.width, config.feed_forward)

    def forward(self, hidden_BLD: Tensor, angles: Tensor) -> Tensor:
        """Refine the hidden states; shape (B, L, D) in and out."""
        mixed_BLD = hidden_BLD + self.attention(self.attention_norm(hidden_BLD), angles)
        refined: Tensor = mixed_BLD + self.feed_forward(self.feed_forward_norm(mixed_BLD))
        return refined


class SparseTransformer(nn.Module):
    """Tokens to hidden states.

    Parameters
    ----------
    config : SparseTransformerConfig
        The shape.

    Examples
    --------
    >>> config = SparseTransformerConfig(vocabulary=7, width=12, heads=2, layers=2, reach=4, anchors=3)
    >>> SparseTransformer(config)(torch.randint(7, (2, 50))).shape
    torch.Size([2, 50, 12])
    """

    def __init__(self, config: SparseTransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = LocalStem(config.vocabulary, config.width, STEM_REACH)
        self.blocks = nn.ModuleList(SparseBlock(config) for _ in range(config.layers))
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
        (last,) = deque(self._states(ids), maxlen=1)
        hidden_BLD: Tensor = self.norm(last)
        return hidden_BLD

    def states(self, ids: Tensor, counted: Tensor | None = None) -> list[Tensor]:
        """Keep what enters the first block, what leaves each, and what the norm makes of it; (B, L, D) each."""
        states = [*self._states(ids)]
        return [*states, self.norm(states[-1])]

    def _states(self, ids: Tensor) -> Iterator[Tensor]:
        hidden_BLD = self.stem(ids)
        yield hidden_BLD
        yield from layer_states(
            list(self.blocks), hidden_BLD, self._angles(ids), checkpoint_every=self.config.checkpoint_every
        )

    def _angles(self, ids: Tensor) -> Tensor:
        """Rotary angles (L, K / 2), or (B, 1, L, K / 2) where they depend on the window."""
        config = self.config
        frequencies = rotary_frequencies(config.width // config.heads, ROTARY_BASE, config.periods)
        if config.cpg_reach:
            return angles_at(cpg_positions(cpg_density(ids, config.cpg_reach)), frequencies)[:, None]
        return angles_at(torch.arange(ids.shape[1], dtype=torch.float64, device=ids.device), frequencies)


# Reads every base of long windows at full resolution and trains on a processor.
PRESETS = {
    "sparse-small": SparseTransformerConfig(
        vocabulary=7, width=96, layers=2, heads=3, feed_forward=256, periods=(HELIX,), checkpoint_every=1
    )
}
