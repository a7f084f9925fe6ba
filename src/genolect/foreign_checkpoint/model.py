"""What a checkpoint of other people holds: encoder, masked head, tokenizer.

Legend: B windows, L tokens, V token ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from genolect.encoders.masked_heads import MaskedHead
from genolect.encoders.published import PublishedConfig, PublishedEncoder
from genolect.tokenizers.tokenizer import Tokenizer


@dataclass(frozen=True)
class ForeignModel:
    """A published model; train and evaluation mode are those of its parts.

    Attributes
    ----------
    encoder : BertEncoder, EsmEncoder or MosaicBertEncoder
        The encoder.
    head : MaskedHead or None
        Its masked head, if the checkpoint has one.
    tokenizer : Tokenizer or None
        Its tokenizer, if the folder has a vocabulary.
    spare : mapping of str to Tensor
        Weights of other heads (BERT's pooler, ESM's contacts), by the checkpoint's names: kept, and written back.
    """

    encoder: PublishedEncoder
    head: MaskedHead | None
    tokenizer: Tokenizer | None = None
    spare: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def config(self) -> PublishedConfig:
        """The shape."""
        return self.encoder.config

    @property
    def tied(self) -> bool:
        """Whether the head takes the vectors of the token ids from the encoder's embedding."""
        return self.head is not None and self.head.decode.weight is self.encoder.embedding.weight

    def logits(self, ids: Tensor, *, real_BL: Tensor | None = None) -> Tensor:
        """Predict every token.

        Parameters
        ----------
        ids : Tensor of int64, shape (B, L)
            Token ids as shown.
        real_BL : Tensor of bool, shape (B, L), optional
            Which tokens are no padding; without it all are real.

        Returns
        -------
        Tensor, shape (B, L, V)
            Logits of every token id.

        Raises
        ------
        ValueError
            If the checkpoint had no head.
        """
        if self.head is None:
            raise ValueError("this checkpoint is an encoder without a masked head")
        logits: Tensor = self.head(self.encoder(ids, real_BL=real_BL))
        return logits
