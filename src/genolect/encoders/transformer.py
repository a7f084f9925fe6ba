"""The default encoder: a pre-norm transformer with rotary positions, a local stem and context evidence.

Legend: B windows, L tokens, D width.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import ClassVar, cast

from pydantic import Field, model_validator
from torch import Tensor, nn

from genolect.encoders.encoder import EncoderConfig
from genolect.encoders.layers.attention import Documents
from genolect.encoders.layers.blocks import GatedFeedForward, LocalStem, SelfAttention, layer_states
from genolect.encoders.layers.context import LONGEST_CONTEXT, ContextEvidence
from genolect.encoders.layers.positions import rotary_angles, rotary_periods

"""Counts of longer contexts would not fit into memory: each base more takes four times as much, 1 GB for 13."""


class TransformerConfig(EncoderConfig):
    """Shape of a transformer encoder.

    Attributes
    ----------
    vocabulary : int
        Number of token ids.
    width : int
        D, channels per token.
    layers : int
        Number of blocks.
    heads : int
        Attention heads; must divide ``width`` into even parts.
    feed_forward : int
        Inner width of the gated feed-forward.
    stem_reach : int
        Tokens that the convolution of the stem sees; odd.
    context_lengths : tuple of int
        Context lengths whose counts are an input, increasing; empty for none.
    rotary_base : float
        Base of the rotary frequencies.
    causal : bool
        Whether every token sees itself and those before it only.
    checkpoint_every : int
        Blocks per group that is computed again for the backward pass; 0 keeps everything.
    """

    kind: ClassVar[str] = "transformer"
    described: ClassVar[str] = "pre-norm transformer with rotary positions"
    packs: ClassVar[bool] = True
    sized: ClassVar[bool] = True

    vocabulary: int = Field(ge=1)
    width: int = Field(128, ge=2)
    layers: int = Field(4, ge=1)
    heads: int = Field(2, ge=1)
    feed_forward: int = Field(320, ge=1)
    stem_reach: int = Field(21, ge=1)
    context_lengths: tuple[int, ...] = (3, 5, 7, 9, 11)
    rotary_base: float = Field(10_000.0, gt=1)
    causal: bool = False
    checkpoint_every: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _fits_together(self) -> TransformerConfig:
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} must be a multiple of 2 x heads = {2 * self.heads}")
        if self.stem_reach % 2 == 0:
            raise ValueError(f"stem_reach {self.stem_reach} must be odd")
        allowed = range(1, LONGEST_CONTEXT + 1)
        if self.context_lengths != tuple(k for k in allowed if k in self.context_lengths):
            raise ValueError(f"context_lengths {self.context_lengths} must increase, from 1 to at most {allowed[-1]}")
        return self

    def build(self) -> Transformer:
        """Make the network."""
        return Transformer(self)

    @property
    def sees_ahead(self) -> bool:
        """Whether a token sees those behind it."""
        return not self.causal

    @property
    def periods_in_tokens(self) -> list[float]:
        """Periods of the rotary positions, in tokens."""
        return rotary_periods(self.width // self.heads, self.rotary_base)


class Block(nn.Module):
    """One pre-norm block: attention, then feed-forward, each added to what came in."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.width, bias=False)
        self.attention = SelfAttention(config.width, config.heads, causal=config.causal)
        self.feed_forward_norm = nn.LayerNorm(config.width, bias=False)
        self.feed_forward = GatedFeedForward(config.width, config.feed_forward)

    def forward(self, hidden_BLD: Tensor, angles: Tensor, documents: Documents | None = None) -> Tensor:
        """Refine the hidden states; shape (B, L, D) in and out."""
        hidden_BLD = hidden_BLD + self.attention(self.attention_norm(hidden_BLD), angles, documents)
        refined: Tensor = hidden_BLD + self.feed_forward(self.feed_forward_norm(hidden_BLD))
        return refined


class Transformer(nn.Module):
    """Tokens to hidden states.

    Parameters
    ----------
    config : TransformerConfig
        The shape.

    Examples
    --------
    >>> import torch
    >>> encoder = Transformer(TransformerConfig(vocabulary=7, width=12, heads=3, layers=2, context_lengths=(2,)))
    >>> encoder(torch.randint(7, (2, 5))).shape
    torch.Size([2, 5, 12])
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        lengths, causal = config.context_lengths, config.causal
        self.stem = LocalStem(config.vocabulary, config.width, config.stem_reach, causal=causal)
        self.context = ContextEvidence(lengths, causal=causal) if lengths else None
        self.weigh_context = nn.Linear(self.context.channels, config.width) if self.context else None
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)

    def forward(self, ids: Tensor, counted: Tensor | None = None, *, documents: Documents | None = None) -> Tensor:
        """Encode windows.

        Parameters
        ----------
        ids : Tensor of int64, shape (B, L)
            Token ids as shown.
        counted : Tensor of int64, shape (B, L), optional
            The true tokens, where the windows are part of the genome whose contexts were counted.
        documents : Documents, optional
            Of a packed row, B = 1 (see `packing`): each is read as if it were a window of its own.

        Returns
        -------
        Tensor, shape (B, L, D)
            Hidden states after the last norm.
        """
        (last_BLD,) = deque(self._states(ids, counted, documents), maxlen=1)
        return self._normalised(last_BLD)

    def states(self, ids: Tensor, counted: Tensor | None = None, *, documents: Documents | None = None) -> list[Tensor]:
        """Encode windows and keep every layer's hidden states.

        Parameters
        ----------
        ids, counted, documents
            As in `forward`.

        Returns
        -------
        list of Tensor, each of shape (B, L, D)
            What enters the first block, what leaves each block, and that after the last norm.
        """
        states = [*self._states(ids, counted, documents)]
        return [*states, self._normalised(states[-1])]

    def attention_weights(self, ids: Tensor, counted: Tensor | None = None) -> list[Tensor]:
        """Give each block's attention weights, (B, H, L, L) each, rows summing to 1; see `forward`."""
        *before, _ = self._states(ids, counted)
        angles = self._angles(ids)
        blocks = cast(list[Block], self.blocks)
        return [
            block.attention.weights(block.attention_norm(seen), angles)
            for block, seen in zip(blocks, before, strict=True)
        ]

    def _states(self, ids: Tensor, counted: Tensor | None, documents: Documents | None = None) -> Iterator[Tensor]:
        """Give what enters the first block, then what leaves each."""
        read = self._embedded
        hidden_BLD = read(ids, counted) if documents is None else documents.apart(read, ids, counted)
        yield hidden_BLD
        blocks, shared = cast(list[Block], [*self.blocks]), (self._angles(ids, documents), documents)
        yield from layer_states(blocks, hidden_BLD, *shared, checkpoint_every=self.config.checkpoint_every)

    def _embedded(self, ids: Tensor, counted: Tensor | None) -> Tensor:
        """Read what stands around each token; shape (B, L, D)."""
        hidden_BLD: Tensor = self.stem(ids)
        if self.context is not None and self.weigh_context is not None:
            hidden_BLD = hidden_BLD + self.weigh_context(self.context(ids, counted))
        return hidden_BLD

    def _angles(self, ids: Tensor, documents: Documents | None = None) -> Tensor:
        length = ids.shape[1] if documents is None else documents.longest
        angles = rotary_angles(length, self.config.width // self.config.heads, self.config.rotary_base, ids.device)
        return angles if documents is None else documents.along(angles)

    def _normalised(self, hidden_BLD: Tensor) -> Tensor:
        normalised: Tensor = self.norm(hidden_BLD)
        return normalised


PRESETS = {  # they read single nucleotides
    "small": TransformerConfig(vocabulary=7),
    "base": TransformerConfig(vocabulary=7, width=768, layers=12, heads=12, feed_forward=2048),
}
