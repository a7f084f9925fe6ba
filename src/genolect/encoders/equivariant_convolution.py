"""A tower of dilated convolutions that is exactly strand-symmetric (`encoders.layers.strand`); single-base tokens.

Moving a window moves its hidden states, but for the tokens near its ends, which see zeros beyond them. A token sees
`receptive_field` bases and no more, so cost grows with length, not with its square. Dilated towers for DNA: Kelley et
al. 2018, doi:10.1101/gr.227819.117; for masked training: Benegas et al. 2023, doi:10.1073/pnas.2311219120.

Legend: B windows, L tokens, D width.
"""

from __future__ import annotations

from itertools import cycle, islice
from typing import ClassVar

from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from genolect.arrays import BASES
from genolect.encoders.encoder import StrandConfig
from genolect.encoders.layers.context import LONGEST_CONTEXT, ContextEvidence
from genolect.encoders.layers.strand import (
    StrandConvolution,
    StrandFeedForward,
    StrandLinear,
    StrandLinearFromZero,
    StrandNorm,
    StrandStem,
    channel_partners,
    evidence_partners,
)


class EquivariantConvolutionConfig(StrandConfig):
    """Shape of a strand-symmetric tower of convolutions.

    Attributes
    ----------
    vocabulary : int
        Number of token ids, A C G T = 0 … 3 among them.
    width : int
        D, channels per token: half of them for either strand.
    layers : int
        Number of blocks.
    reach : int
        Tokens that the convolution of a block sees; odd.
    dilations : tuple of int
        Distance between those tokens in each block, from the first on and again.
    feed_forward : int
        Inner width of the gated feed-forward; even.
    stem_reach : int
        Tokens that the convolution of the stem sees; odd.
    context_lengths : tuple of int
        Context lengths whose counts are an input, increasing; empty for none.
    """

    kind: ClassVar[str] = "equivariant_convolution"
    described: ClassVar[str] = "strand-symmetric convolutions"

    vocabulary: int = Field(ge=BASES)
    width: int = Field(128, ge=2)
    layers: int = Field(6, ge=1)
    reach: int = Field(9, ge=1)
    dilations: tuple[int, ...] = Field((1, 2, 4, 8, 16, 32), min_length=1)
    feed_forward: int = Field(320, ge=2)
    stem_reach: int = Field(21, ge=1)
    context_lengths: tuple[int, ...] = (3, 5, 7, 9, 11)

    @property
    def receptive_field(self) -> int:
        """Tokens that one hidden state depends on."""
        stem = max(self.stem_reach, 1 + 2 * max(self.context_lengths, default=0))
        return stem + sum((self.reach - 1) * dilation for dilation in self.block_dilations)

    @property
    def block_dilations(self) -> list[int]:
        """The dilation of each block."""
        return list(islice(cycle(self.dilations), self.layers))

    @model_validator(mode="after")
    def _fits_together(self) -> EquivariantConvolutionConfig:
        for name, value in (("width", self.width), ("feed_forward", self.feed_forward)):
            if value % 2:
                raise ValueError(f"{name} {value} must be even: half for either strand")
        for name, value in (("reach", self.reach), ("stem_reach", self.stem_reach)):
            if value % 2 == 0:
                raise ValueError(f"{name} {value} must be odd")
        if min(self.dilations) < 1:
            raise ValueError(f"dilations {self.dilations} must be 1 or more")
        allowed = range(1, LONGEST_CONTEXT + 1)
        if self.context_lengths != tuple(k for k in allowed if k in self.context_lengths):
            raise ValueError(f"context_lengths {self.context_lengths} must increase, from 1 to at most {allowed[-1]}")
        return self

    def build(self) -> EquivariantConvolution:
        """Make the network."""
        return EquivariantConvolution(self)


class StrandConvolutionBlock(nn.Module):
    """One pre-norm block: dilated convolution, then feed-forward, each added to what came in."""

    def __init__(self, config: EquivariantConvolutionConfig, dilation: int) -> None:
        super().__init__()
        partners = channel_partners(config.width)
        self.convolution_norm = StrandNorm(config.width, bias=False)
        self.convolution = StrandConvolution(partners, config.width, config.reach, dilation=dilation)
        self.merge = StrandLinearFromZero(partners, config.width, bias=False)
        self.feed_forward_norm = StrandNorm(config.width, bias=False)
        self.feed_forward = StrandFeedForward(config.width, config.feed_forward)

    def forward(self, hidden_BLD: Tensor) -> Tensor:
        """Refine the hidden states; shape (B, L, D) in and out."""
        found = functional.silu(self.convolution(self.convolution_norm(hidden_BLD)))
        hidden_BLD = hidden_BLD + self.merge(found)
        refined: Tensor = hidden_BLD + self.feed_forward(self.feed_forward_norm(hidden_BLD))
        return refined


class EquivariantConvolution(nn.Module):
    """Single-base tokens to hidden states, both strands alike.

    Parameters
    ----------
    config : EquivariantConvolutionConfig
        The shape.

    Examples
    --------
    >>> import torch
    >>> from genolect.encoders.layers.strand import letter_partners
    >>> encoder = EquivariantConvolution(EquivariantConvolutionConfig(vocabulary=7, width=12, context_lengths=()))
    >>> ids = torch.randint(7, (2, 5))
    >>> turned = encoder(letter_partners(7)[ids.flip(1)])
    >>> torch.allclose(turned, encoder(ids).flip(1).roll(6, -1), atol=1e-5)  # halves of the channels change places
    True
    """

    def __init__(self, config: EquivariantConvolutionConfig) -> None:
        super().__init__()
        self.config = config
        lengths = config.context_lengths
        self.stem = StrandStem(config.vocabulary, config.width, config.stem_reach)
        self.context = ContextEvidence(lengths) if lengths else None
        self.weigh_context = StrandLinear(evidence_partners(lengths), config.width) if lengths else None
        self.blocks = nn.ModuleList(StrandConvolutionBlock(config, dilation) for dilation in config.block_dilations)
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
        states = [hidden_BLD]
        for block in self.blocks:
            states.append(block(states[-1]))
        return [*states, self.norm(states[-1])]
