"""MosaicBERT as DNABERT-2 is: BERT with ALiBi in place of positions, and a gated feed-forward.

Sources: Portes et al. 2023, doi:10.48550/arXiv.2312.17482; DNABERT-2, Zhou et al. 2024, doi:10.48550/arXiv.2306.15006.

Legend: B windows, L tokens, D width, H heads.
"""

from __future__ import annotations

from typing import ClassVar, cast

from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from genolect.encoders.encoder import PublishedConfig, PublishedEncoder
from genolect.encoders.layers.attention import BiasedSelfAttention, Documents, hide_padding
from genolect.encoders.layers.positions import alibi


class MosaicBertConfig(PublishedConfig):
    """Shape of a MosaicBERT encoder; the defaults are those of DNABERT-2.

    Attributes
    ----------
    vocabulary : int
        Number of token ids.
    width : int
        D, channels per token.
    layers : int
        Number of blocks.
    heads : int
        Attention heads; must divide ``width``.
    feed_forward : int
        Inner width of the gated feed-forward.
    token_types : int
        Kinds of segment that have a vector; a window of DNA is all of the first kind.
    dropout : float
        Share of the hidden values that are set to zero in training.
    attention_dropout : float
        Share of the attention weights that are set to zero in training.
    norm_epsilon : float
        Added to the variance in each norm.
    """

    kind: ClassVar[str] = "mosaic_bert"
    described: ClassVar[str] = "BERT with ALiBi as in DNABERT-2"

    vocabulary: int = Field(ge=1)
    width: int = Field(768, ge=1)
    layers: int = Field(12, ge=1)
    heads: int = Field(12, ge=1)
    feed_forward: int = Field(3072, ge=1)
    token_types: int = Field(2, ge=1)
    dropout: float = Field(0.1, ge=0, lt=1)
    attention_dropout: float = Field(0.0, ge=0, lt=1)

    @model_validator(mode="after")
    def _fits_together(self) -> MosaicBertConfig:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} must be a multiple of heads {self.heads}")
        return self

    def build(self) -> MosaicBertEncoder:
        """Make the network."""
        return MosaicBertEncoder(self)


class MosaicBertBlock(nn.Module):
    """Attention, then gated feed-forward, each added to what came in and the sum normalised."""

    def __init__(self, config: MosaicBertConfig) -> None:
        super().__init__()
        self.attention = BiasedSelfAttention(config.width, config.heads, dropout=config.attention_dropout)
        self.attention_norm = nn.LayerNorm(config.width, eps=config.norm_epsilon)
        self.widen = nn.Linear(config.width, 2 * config.feed_forward, bias=False)
        self.narrow = nn.Linear(config.feed_forward, config.width)
        self.feed_forward_norm = nn.LayerNorm(config.width, eps=config.norm_epsilon)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, hidden_BLD: Tensor, added: Tensor, documents: Documents | None = None) -> Tensor:
        """Refine the hidden states; shape (B, L, D) in and out."""
        heard_BLD = self.dropout(self.attention(hidden_BLD, added, documents=documents))
        hidden_BLD = self.attention_norm(hidden_BLD + heard_BLD)
        gates, values = self.widen(hidden_BLD).chunk(2, dim=-1)
        narrowed = self.narrow(self.dropout(functional.gelu(gates) * values))
        refined: Tensor = self.feed_forward_norm(hidden_BLD + narrowed)
        return refined


class MosaicBertEncoder(PublishedEncoder):
    """Tokens to hidden states; windows may be of any length.

    Parameters
    ----------
    config : MosaicBertConfig
        The shape.

    Examples
    --------
    >>> import torch
    >>> config = MosaicBertConfig(vocabulary=7, width=12, heads=3, layers=2, feed_forward=5)
    >>> MosaicBertEncoder(config)(torch.tensor([[1, 2, 6]])).shape
    torch.Size([1, 3, 12])
    """

    def __init__(self, config: MosaicBertConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.token_types = nn.Embedding(config.token_types, config.width)
        self.embedding_norm = nn.LayerNorm(config.width, eps=config.norm_epsilon)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(MosaicBertBlock(config) for _ in range(config.layers))

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
            Which tokens are no padding; without it all are real.
        documents : Documents, optional
            Of a packed row, B = 1 (see `packing`): each is read as if it were a window of its own.

        Returns
        -------
        Tensor, shape (B, L, D)
            Hidden states after the last block.
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
        """Encode windows and keep what enters the first block and what leaves each, (B, L, D) each; see `forward`."""
        embedded = self.embedding(ids) + self.token_types.weight[0]
        length = ids.shape[1] if documents is None else documents.longest
        states, added = [self.dropout(self.embedding_norm(embedded))], self._added(ids, length, real_BL)
        for block in self.blocks:
            states.append(block(states[-1], added, documents))
        return states

    def attention_weights(
        self, ids: Tensor, counted: Tensor | None = None, *, real_BL: Tensor | None = None
    ) -> list[Tensor]:
        """Give each block's attention weights, (B, H, L, L) each, rows summing to 1; see `forward`."""
        added, states = self._added(ids, ids.shape[1], real_BL), self.states(ids, real_BL=real_BL)
        blocks = cast(list[MosaicBertBlock], self.blocks)
        return [block.attention.weights(seen, added) for block, seen in zip(blocks, states[:-1], strict=True)]

    def _added(self, ids: Tensor, length: int, real_BL: Tensor | None) -> Tensor:
        falling, hidden = alibi(length, self.config.heads, ids.device), hide_padding(real_BL)
        return falling if hidden is None else falling + hidden


PRESETS = {"dnabert-2-117m": MosaicBertConfig(vocabulary=4096)}
