"""What every encoder is: a shape that names its kind, builds the network and says what it can be asked.

An encoder is one file of this folder: a configuration with a `kind`, and the network that its `build` makes. Nothing
else names it; `genolect.encoders.build` finds the files. A kind from outside the package is known as soon as its
configuration is defined.

Legend: B windows, L tokens, D width, S selected tokens, V predictable tokens.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field
from torch import nn

from genolect.config import Configuration
from genolect.encoders.heads import MaskedHead, PredictableHead, StrandTokenHead, TokenHead
from genolect.errors import ConfigurationError

KINDS: dict[str, type[EncoderConfig]] = {}
# Fields of a shape that follow from the tokenizer and from what is asked: nobody chooses them.
DERIVED = ("vocabulary", "causal")


class HeadConfig(Configuration):
    """A head beside the one that predicts tokens.

    Attributes
    ----------
    kind : {'token', 'window', 'strand_window', 'projection', 'track'}
        A `TokenHead`, a `WindowHead`, a `strand_heads.StrandWindowHead`, a `ProjectionHead` or a `track_heads.BinHead`.
    outputs : int
        Classes or values per token, P, or tracks.
    tokens_per_bin, crop : int
        As in `track_heads.BinHead`, for tracks.
    """

    kind: Literal["token", "window", "strand_window", "projection", "track"]
    outputs: int = Field(ge=1)
    tokens_per_bin: int = Field(1, ge=1)
    crop: int = Field(0, ge=0)

    @property
    def answers(self) -> Literal["tokens", "pooled", "bins"]:
        """What it answers for: tokens, whole windows or bins."""
        return "tokens" if self.kind == "token" else "bins" if self.kind == "track" else "pooled"


class EncoderConfig(Configuration):
    """Shape of an encoder.

    Attributes
    ----------
    kind : str
        What recipes and model directories call it; a class without one is a base of others.
    described : str
        The kind in a few words, for people.
    packs : bool
        Whether the network takes ``documents``, those of a packed row (see `layers.attention`). The dense ones do. The
        others would have to cut the row in every layer; they read sequences of one length at a time.
    gives_bins : bool
        Whether hidden states are of bins, so that nothing but tracks can be asked.
    single_bases : bool
        Whether nothing but single bases can be read.
    both_strands : bool
        Whether what it says of one strand follows from what it says of the other.
    sized : bool
        Whether its default shape follows the budget of a training.
    vocabulary, width, layers : int
        Number of token ids; D, channels per token; number of blocks.
    """

    kind: ClassVar[str] = ""
    described: ClassVar[str] = ""
    packs: ClassVar[bool] = False
    gives_bins: ClassVar[bool] = False
    single_bases: ClassVar[bool] = False
    both_strands: ClassVar[bool] = False
    sized: ClassVar[bool] = False

    vocabulary: int = Field(ge=1)
    width: int = Field(ge=1)
    layers: int = Field(ge=1)

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        """Make a new kind known."""
        super().__pydantic_init_subclass__(**options)
        if "kind" in vars(cls):
            KINDS[cls.kind] = cls

    def build(self) -> nn.Module:
        """Make the network: ``forward(ids, counted)`` gives (B, L, D), ``states(ids, counted)`` those of all layers."""
        raise ConfigurationError(f"the shape {type(self).__name__} builds nothing", fix="define its method build")

    def token_head(self, targets: range, encoder: Any) -> nn.Module:
        """Make the head that predicts tokens: hidden states (S, D) in, logits (S, V) out."""
        return TokenHead(self.width, len(targets))

    @property
    def sees_ahead(self) -> bool:
        """Whether a token sees those behind it."""
        return True

    @property
    def longest_window(self) -> int | None:
        """How many tokens a window may have; None where there is no end."""
        return None

    @property
    def ties_head(self) -> bool:
        """Whether the head that predicts tokens takes the vectors of the ids from the embedding."""
        return False

    @property
    def output_width(self) -> int:
        """Channels of what the heads get."""
        return self.width

    @property
    def periods_in_tokens(self) -> list[float]:
        """Periods of the rotary positions, in tokens; empty where positions are not rotary."""
        return []


class StrandConfig(EncoderConfig):
    """Shape of an encoder that is exactly strand-symmetric."""

    single_bases: ClassVar[bool] = True
    both_strands: ClassVar[bool] = True

    def token_head(self, targets: range, encoder: Any) -> nn.Module:
        """Make a head that keeps the symmetry."""
        return StrandTokenHead(self.width, len(targets))


class BinConfig(EncoderConfig):
    """Shape of an encoder whose hidden states are of bins.

    Attributes
    ----------
    crop : int
        Bins that are cut off at either end, where the context is one-sided.
    input_tracks : int
        Signals along the bases that are read beside them; 0 for none.
    """

    gives_bins: ClassVar[bool] = True

    crop: int = Field(0, ge=0)
    input_tracks: int = Field(0, ge=0)

    @property
    def bin_length(self) -> int:
        """Bases per bin."""
        return 1

    def token_head(self, targets: range, encoder: Any) -> nn.Module:
        """Make nothing: there are no hidden states of tokens."""
        return nn.Identity()


class PublishedEncoder(nn.Module):
    """A network of the published masked language models."""

    config: Any
    embedding: nn.Embedding


class PublishedConfig(EncoderConfig):
    """Shape of a published masked language model, which has a head of its own.

    Attributes
    ----------
    tied : bool
        Whether the head takes the vectors of the token ids from the embedding.
    norm_epsilon : float
        Added to the variance in each norm.
    """

    packs: ClassVar[bool] = True
    tied: ClassVar[bool] = True

    norm_epsilon: float = Field(1e-12, gt=0)

    @property
    def ties_head(self) -> bool:
        """Whether the head that predicts tokens takes the vectors of the ids from the embedding."""
        return self.tied

    def masked_head(self) -> MaskedHead:
        """Make the head that was trained with the encoder: logits of every token id."""
        return MaskedHead(self.width, self.vocabulary, norm_epsilon=self.norm_epsilon)

    def token_head(self, targets: range, encoder: Any) -> nn.Module:
        """Make the published head, of which only the predictable ids are asked."""
        head = self.masked_head()
        if self.tied:
            head.tie(encoder.embedding)
        return PredictableHead(head, targets)
