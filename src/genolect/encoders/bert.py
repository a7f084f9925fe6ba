"""BERT as DNABERT and GROVER are: learned positions, and each norm after what it belongs to is added.

Sources: Devlin et al. 2019, doi:10.48550/arXiv.1810.04805; DNABERT, Ji et al. 2021, doi:10.1093/bioinformatics/btab083;
GROVER, Sanabria et al. 2024, doi:10.1038/s42256-024-00872-0.

Legend: B windows, L tokens, D width, H heads.
"""

from __future__ import annotations

from typing import ClassVar, cast

from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from genolect.encoders.encoder import PublishedConfig, PublishedEncoder
from genolect.encoders.layers.attention import BiasedSelfAttention, Documents, hide_padding


class BertConfig(PublishedConfig):
    """Shape of a BERT encoder; the defaults are those of BERT-base.

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
        Inner width of the feed-forward.
    positions : int
        Tokens of the longest window: each position has a vector of its own.
    token_types : int
        Kinds of segment that have a vector; a window of DNA is all of the first kind.
    dropout : float
        Share of the hidden values that are set to zero in training.
    attention_dropout : float
        Share of the attention weights that are set to zero in training.
    norm_epsilon : float
        Added to the variance in each norm.
    """

    kind: ClassVar[str] = "bert"
    described: ClassVar[str] = "BERT with learned positions"

    vocabulary: int = Field(ge=1)
    width: int = Field(768, ge=1)
    layers: int = Field(12, ge=1)
    heads: int = Field(12, ge=1)
    feed_forward: int = Field(3072, ge=1)
    positions: int = Field(512, ge=1)
    token_types: int = Field(2, ge=1)
    dropout: float = Field(0.1, ge=0, lt=1)
    attention_dropout: float = Field(0.1, ge=0, lt=1)

    @model_validator(mode="after")
    def _fits_together(self) -> BertConfig:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} must be a multiple of heads {self.heads}")
        return self

    def build(self) -> BertEncoder:
        """Make the network."""
        return BertEncoder(self)

    @property
    def longest_window(self) -> int:
        """How many tokens a window may have: each position has a vector."""
        return self.positions


class BertBlock(nn.Module):
    """Attention, then feed-forward, each added to what came in and the sum normalised."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.attention = BiasedSelfAttention(config.width, config.heads, dropout=config.attention_dropout)
        self.attention_norm = nn.LayerNorm(config.width, eps=config.norm_epsilon)
        self.widen = nn.Linear(config.width, config.feed_forward)
        self.narrow = nn.Linear(config.feed_forward, config.width)
        self.feed_forward_norm = nn.LayerNorm(config.width, eps=config.norm_epsilon)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, hidden_BLD: Tensor, added: Tensor | None, documents: Documents | None = None) -> Tensor:
        """Refine the hidden states; shape (B, L, D) in and out."""
        heard_BLD = self.dropout(self.attention(hidden_BLD, added, documents=documents))
        hidden_BLD = self.attention_norm(hidden_BLD + heard_BLD)
        widened = functional.gelu(self.widen(hidden_BLD))
        refined: Tensor = self.feed_forward_norm(hidden_BLD + self.dropout(self.narrow(widened)))
        return refined


class BertEncoder(PublishedEncoder):
    """Tokens to hidden states.

    Parameters
    ----------
    config : BertConfig
        The shape.

    Examples
    --------
    >>> import torch
    >>> config = BertConfig(vocabulary=7, width=12, heads=3, layers=2, feed_forward=5, positions=8)
    >>> BertEncoder(config)(torch.tensor([[1, 2, 6]])).shape
    torch.Size([1, 3, 12])
    """

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Embedding(config.positions, config.width)
        self.token_types = nn.Embedding(config.token_types, config.width)
        self.embedding_norm = nn.LayerNorm(config.width, eps=config.norm_epsilon)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(BertBlock(config) for _ in range(config.layers))

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
        """Encode windows and keep what enters the first block and what leaves each, (B, L, D) each; see `forward`."""
        L = ids.shape[1] if documents is None else documents.longest
        if self.config.positions < L:
            raise ValueError(f"a window of {L} tokens is longer than the {self.config.positions} positions there are")
        positions = self.positions.weight[:L] if documents is None else documents.along(self.positions.weight)
        embedded = self.embedding(ids) + positions + self.token_types.weight[0]
        states, added = [self.dropout(self.embedding_norm(embedded))], hide_padding(real_BL)
        for block in self.blocks:
            states.append(block(states[-1], added, documents))
        return states

    def attention_weights(
        self, ids: Tensor, counted: Tensor | None = None, *, real_BL: Tensor | None = None
    ) -> list[Tensor]:
        """Give each block's attention weights, (B, H, L, L) each, rows summing to 1; see `forward`."""
        added, states = hide_padding(real_BL), self.states(ids, real_BL=real_BL)
        blocks = cast(list[BertBlock], self.blocks)
        return [block.attention.weights(seen, added) for block, seen in zip(blocks, states[:-1], strict=True)]


PRESETS = {
    **{f"dnabert-{k}": BertConfig(vocabulary=4**k + 5) for k in range(3, 7)},
    "grover": BertConfig(vocabulary=609),
}
