"""The default encoder made exactly strand-symmetric, by sharing weights (`encoders.layers.strand`); single-base tokens.

The other strand's hidden states are those of the given strand turned round, the halves of their channels swapped. It
has half the weights of the plain transformer of the same width; its matrix products are as large.

Legend: B windows, L tokens, D width.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator
from torch import Tensor, nn

from genolect.arrays import BASES
from genolect.encoders.encoder import StrandConfig
from genolect.encoders.layers.context import LONGEST_CONTEXT, ContextEvidence
from genolect.encoders.layers.positions import rotary_angles, rotary_periods
from genolect.encoders.layers.strand import (
    StrandAttention,
    StrandFeedForward,
    StrandLinear,
    StrandNorm,
    StrandStem,
    evidence_partners,
)


class EquivariantTransformerConfig(StrandConfig):
    """Shape of a strand-symmetric transformer.

    Attributes
    ----------
    vocabulary : int
        Number of token ids, A C G T = 0 … 3 among them.
    width : int
        D, channels per token: half of them for either strand.
    layers : int
        Number of blocks.
    heads : int
        Attention heads, half of them for either strand; must divide ``width`` into even parts.
    feed_forward : int
        Inner width of the gated feed-forward; even.
    stem_reach : int
        Tokens that the convolution of the stem sees; odd.
    context_lengths : tuple of int
        Context lengths whose counts are an input, increasing; empty for none.
    rotary_base : float
        Base of the rotary frequencies.
    """

    kind: ClassVar[str] = "equivariant"
    described: ClassVar[str] = "strand-symmetric transformer"

    vocabulary: int = Field(ge=BASES)
    width: int = Field(128, ge=4)
    layers: int = Field(4, ge=1)
    heads: int = Field(2, ge=2)
    feed_forward: int = Field(320, ge=2)
    stem_reach: int = Field(21, ge=1)
    context_lengths: tuple[int, ...] = (3, 5, 7, 9, 11)
    rotary_base: float = Field(10_000.0, gt=1)

    @model_validator(mode="after")
    def _fits_together(self) -> EquivariantTransformerConfig:
        for name, value in (("heads", self.heads), ("feed_forward", self.feed_forward)):
            if value % 2:
                raise ValueError(f"{name} {value} must be even: half for either strand")
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} must be a multiple of 2 x heads = {2 * self.heads}")
        if self.stem_reach % 2 == 0:
            raise ValueError(f"stem_reach {self.stem_reach} must be odd")
        allowed = range(1, LONGEST_CONTEXT + 1)
        if self.context_lengths != tuple(k for k in allowed if k in self.context_lengths):
            raise ValueError(f"context_lengths {self.context_lengths} must increase, from 1 to at most {allowed[-1]}")
        return self

    def build(self) -> EquivariantTransformer:
        """Make the network."""
        return EquivariantTransformer(self)

    @property
    def periods_in_tokens(self) -> list[float]:
        """Periods of the rotary positions, in tokens."""
        return rotary_periods(self.width // self.heads, self.rotary_base)


class EquivariantBlock(nn.Module):
    """One pre-norm block: attention, then feed-forward, each added to what came in."""

    def __init__(self, config: EquivariantTransformerConfig) -> None:
        super().__init__()
        self.attention_norm = StrandNorm(config.width, bias=False)
        self.attention = StrandAttention(config.width, config.heads)
        self.feed_forward_norm = StrandNorm(config.width, bias=False)
        self.feed_forward = StrandFeedForward(config.width, config.feed_forward)

    def forward(self, hidden_BLD: Tensor, angles: Tensor) -> Tensor:
        """Refine the hidden states; shape (B, L, D) in and out."""
        hidden_BLD = hidden_BLD + self.attention(self.attention_norm(hidden_BLD), angles)
        refined: Tensor = hidden_BLD + self.feed_forward(self.feed_forward_norm(hidden_BLD))
        return refined


class EquivariantTransformer(nn.Module):
    """Single-base tokens to hidden states, both strands alike.

    Parameters
    ----------
    config : EquivariantTransformerConfig
        The shape.

    Examples
    --------
    >>> import torch
    >>> from genolect.encoders.layers.strand import letter_partners
    >>> shape = EquivariantTransformerConfig(vocabulary=7, width=12, heads=2, layers=2, context_lengths=())
    >>> encoder, ids = EquivariantTransformer(shape), torch.randint(7, (2, 5))
    >>> turned = encoder(letter_partners(7)[ids.flip(1)])
    >>> torch.allclose(turned, encoder(ids).flip(1).roll(6, -1), atol=1e-5)  # halves of the channels change places
    True
    """

    def __init__(self, config: EquivariantTransformerConfig) -> None:
        super().__init__()
        self.config = config
        lengths = config.context_lengths
        self.stem = StrandStem(config.vocabulary, config.width, config.stem_reach)
        self.context = ContextEvidence(lengths) if lengths else None
        self.weigh_context = StrandLinear(evidence_partners(lengths), config.width) if lengths else None
        self.blocks = nn.ModuleList(EquivariantBlock(config) for _ in range(config.layers))
        self.norm = StrandNorm(config.width)

    def forward(self, ids: Tensor, counted: Tensor | None = None) -> Tensor:
        """Encode windows; parameters as in `encoders.transformer.Transformer.forward`.

        Returns
        -------
        Tensor, shape (B, L, D)
            Hidden states after the last norm.
        """
        return self.states(ids, counted)[-1]

    def states(self, ids: Tensor, counted: Tensor | None = None) -> list[Tensor]:
        """Encode windows and keep every layer's hidden states; parameters as in `forward`.

        Returns
        -------
        list of Tensor, each of shape (B, L, D)
            What enters the first block, what leaves each block, and that after the last norm; each is equivariant.
        """
        hidden_BLD = self.stem(ids)
        if self.context is not None and self.weigh_context is not None:
            hidden_BLD = hidden_BLD + self.weigh_context(self.context(ids, counted))
        head_width = self.config.width // self.config.heads
        angles = rotary_angles(ids.shape[1], head_width, self.config.rotary_base, ids.device)
        states = [hidden_BLD]
        for block in self.blocks:
            states.append(block(states[-1], angles))
        return [*states, self.norm(states[-1])]
