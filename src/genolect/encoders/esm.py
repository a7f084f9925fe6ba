"""ESM as Nucleotide Transformer is: each norm stands before what it belongs to, and one more after all blocks.

Version 1 has learned positions, a plain feed-forward and ESM's own treatment of [MASK]; version 2 has rotary positions
and a gated feed-forward without biases.

Sources: Lin et al. 2023, doi:10.1126/science.ade2574; Nucleotide Transformer, Dalla-Torre et al. 2024,
doi:10.1038/s41592-024-02523-z.

Legend: B windows, L tokens, D width, H heads.
"""

from __future__ import annotations

from typing import ClassVar, cast

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from genolect.encoders.encoder import PublishedConfig, PublishedEncoder
from genolect.encoders.layers.attention import BiasedSelfAttention, Documents, hide_padding
from genolect.encoders.layers.positions import ROTARY_BASE, rotary_angles

MASKED_IN_TRAINING = 0.15 * 0.8
"""Share of the tokens that were [MASK] when ESM's models were trained; a constant of the method."""


class EsmConfig(PublishedConfig):
    """Shape of an ESM encoder.

    Attributes
    ----------
    vocabulary : int
        Number of token ids.
    width : int
        D, channels per token.
    layers : int
        Number of blocks.
    heads : int
        Attention heads; must divide ``width``, for rotary positions into even parts.
    feed_forward : int
        Inner width of the feed-forward.
    positions : int, optional
        Rows of the table of learned positions, of which a window cannot use the first ``padding_id + 1``; rotary
        positions without it.
    gated : bool
        Whether the feed-forward is gated by a SiLU and has no biases, or is a GELU with biases.
    padding_id : int
        Token id of padding; learned positions are counted from the next number.
    mask_id : int, optional
        Token id of [MASK], if its vector is zero and the others are scaled for how many tokens are hidden.
    norm_epsilon : float
        Added to the variance in each norm.
    """

    kind: ClassVar[str] = "esm"
    described: ClassVar[str] = "ESM as in Nucleotide Transformer"
    tied: ClassVar[bool] = False

    vocabulary: int = Field(ge=1)
    width: int = Field(ge=1)
    layers: int = Field(ge=1)
    heads: int = Field(ge=1)
    feed_forward: int = Field(ge=1)
    positions: int | None = Field(None, ge=1)
    gated: bool = False
    padding_id: int = Field(1, ge=0)
    mask_id: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _fits_together(self) -> EsmConfig:
        parts = self.heads if self.positions else 2 * self.heads
        if self.width % parts:
            raise ValueError(f"width {self.width} must be a multiple of {parts}")
        if self.positions is not None and self.positions <= self.padding_id + 1:
            raise ValueError(f"positions {self.positions} must be more than padding_id + 1 = {self.padding_id + 1}")
        return self

    def build(self) -> EsmEncoder:
        """Make the network."""
        return EsmEncoder(self)

    @property
    def longest_window(self) -> int | None:
        """How many tokens a window may have: learned positions begin after that of padding."""
        return None if self.positions is None else self.positions - self.padding_id - 1


class EsmBlock(nn.Module):
    """Attention, then feed-forward, each read through a norm and added to what came in."""

    def __init__(self, config: EsmConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.width, eps=config.norm_epsilon)
        self.attention = BiasedSelfAttention(config.width, config.heads)
        self.feed_forward_norm = nn.LayerNorm(config.width, eps=config.norm_epsilon)
        self.gated = config.gated
        self.widen = nn.Linear(config.width, config.feed_forward * (1 + config.gated), bias=not config.gated)
        self.narrow = nn.Linear(config.feed_forward, config.width, bias=not config.gated)

    def forward(
        self, hidden_BLD: Tensor, added: Tensor | None, angles: Tensor | None, documents: Documents | None = None
    ) -> Tensor:
        """Refine the hidden states; shape (B, L, D) in and out."""
        hidden_BLD = hidden_BLD + self.attention(self.attention_norm(hidden_BLD), added, angles, documents)
        widened = self.widen(self.feed_forward_norm(hidden_BLD))
        if self.gated:
            gates, values = widened.chunk(2, dim=-1)
            widened = functional.silu(gates) * values
        else:
            widened = functional.gelu(widened)
        refined: Tensor = hidden_BLD + self.narrow(widened)
        return refined

    def attention_weights(self, hidden_BLD: Tensor, added: Tensor | None, angles: Tensor | None) -> Tensor:
        """Give the weights of the attention, shape (B, H, L, L)."""
        return self.attention.weights(self.attention_norm(hidden_BLD), added, angles)


class EsmEncoder(PublishedEncoder):
    """Tokens to hidden states.

    Parameters
    ----------
    config : EsmConfig
        The shape.

    Examples
    --------
    >>> config = EsmConfig(vocabulary=7, width=12, heads=3, layers=2, feed_forward=5, gated=True)
    >>> EsmEncoder(config)(torch.tensor([[3, 2, 6]])).shape
    torch.Size([1, 3, 12])
    """

    def __init__(self, config: EsmConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Embedding(config.positions, config.width) if config.positions else None
        self.blocks = nn.ModuleList(EsmBlock(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width, eps=config.norm_epsilon)

    def forward(
        self,
        ids: Tensor,
        counted: Tensor | None = None,
        *,
        real_BL: Tensor | None = None,
        documents: Documents | None = None,
    ) -> Tensor:
        """Encode windows.

        Parameters
        ----------
        ids : Tensor of int64, shape (B, L)
            Token ids as shown.
        counted : Tensor, optional
            Not used: this encoder has no context counts.
        real_BL : Tensor of bool, shape (B, L), optional
            Which tokens are no padding; without it all are real. Learned positions count real tokens only.
        documents : Documents, optional
            Of a packed row, B = 1 (see `packing`): each is read as if it were a window of its own.

        Returns
        -------
        Tensor, shape (B, L, D)
            Hidden states after the last norm.

        Raises
        ------
        ValueError
            If the windows are longer than the model has positions.
        """
        return self.states(ids, counted, real_BL=real_BL, documents=documents)[-1]

    def states(
        self,
        ids: Tensor,
        counted: Tensor | None = None,
        *,
        real_BL: Tensor | None = None,
        documents: Documents | None = None,
    ) -> list[Tensor]:
        """Keep what enters the first block, what leaves each, and what the norm makes of it; (B, L, D) each."""
        added, angles, read = hide_padding(real_BL), self._angles(ids, documents), self._embedded
        real_BL = torch.ones_like(ids, dtype=torch.bool) if real_BL is None else real_BL
        states = [read(ids, real_BL) if documents is None else documents.apart(read, ids, real_BL)]
        for block in self.blocks:
            states.append(block(states[-1], added, angles, documents))
        return [*states, self.norm(states[-1])]

    def attention_weights(
        self, ids: Tensor, counted: Tensor | None = None, *, real_BL: Tensor | None = None
    ) -> list[Tensor]:
        """Give each block's attention weights, (B, H, L, L) each, rows summing to 1; see `forward`."""
        added, angles, states = hide_padding(real_BL), self._angles(ids), self.states(ids, real_BL=real_BL)
        blocks = cast(list[EsmBlock], self.blocks)
        return [block.attention_weights(seen, added, angles) for block, seen in zip(blocks, states[:-2], strict=True)]

    def _angles(self, ids: Tensor, documents: Documents | None = None) -> Tensor | None:
        if self.positions is not None:
            return None
        length = ids.shape[1] if documents is None else documents.longest
        angles = rotary_angles(length, self.config.width // self.config.heads, ROTARY_BASE, ids.device)
        return angles if documents is None else documents.along(angles)

    def _embedded(self, ids: Tensor, real_BL: Tensor) -> Tensor:
        embedded: Tensor = self.embedding(ids)
        if self.config.mask_id is not None:
            masked = ids == self.config.mask_id
            seen_now = 1 - masked.sum(1) / real_BL.sum(1).clamp(min=1)
            embedded = embedded.masked_fill(masked[..., None], 0.0)
            # Where nothing is seen there is nothing to scale, and no zero to divide by.
            embedded = embedded * (1 - MASKED_IN_TRAINING) / seen_now.clamp(min=1e-9)[:, None, None]
        if self.positions is not None:
            usable = self.positions.num_embeddings - self.config.padding_id - 1
            if ids.shape[1] > usable:
                raise ValueError(f"a window of {ids.shape[1]} tokens is longer than the {usable} positions there are")
            embedded = embedded + self.positions(self.config.padding_id + real_BL.cumsum(1))
        return embedded * real_BL[..., None]


def _first_version(width: int, layers: int, feed_forward: int) -> EsmConfig:
    return EsmConfig(
        vocabulary=4105,
        width=width,
        layers=layers,
        heads=20,
        feed_forward=feed_forward,
        positions=1002,
        padding_id=1,
        mask_id=2,
    )


def _second_version(width: int, layers: int) -> EsmConfig:
    return EsmConfig(vocabulary=4107, width=width, layers=layers, heads=16, feed_forward=4 * width, gated=True)


PRESETS = {
    "nucleotide-transformer-500m-human-ref": _first_version(1280, 24, 5120),
    "nucleotide-transformer-500m-1000g": _first_version(1280, 24, 5120),
    "nucleotide-transformer-2.5b-1000g": _first_version(2560, 32, 10240),
    "nucleotide-transformer-2.5b-multi-species": _first_version(2560, 32, 10240),
    "nucleotide-transformer-v2-50m-multi-species": _second_version(512, 12),
    "nucleotide-transformer-v2-100m-multi-species": _second_version(512, 22),
    "nucleotide-transformer-v2-250m-multi-species": _second_version(768, 24),
    "nucleotide-transformer-v2-500m-multi-species": _second_version(1024, 29),
}
