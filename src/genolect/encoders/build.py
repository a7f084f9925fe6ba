"""Every encoder by the name of its kind: what a model directory and a recipe say, and what is built from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import nn

from genolect.encoders.bert import BertConfig, BertEncoder
from genolect.encoders.enformer import EnformerTrunk, EnformerTrunkConfig
from genolect.encoders.equivariant_convolution import EquivariantConvolution, EquivariantConvolutionConfig
from genolect.encoders.equivariant_transformer import EquivariantTransformer, EquivariantTransformerConfig
from genolect.encoders.esm import EsmConfig, EsmEncoder
from genolect.encoders.heads import (
    BinHead,
    HeadConfig,
    MaskedHead,
    PredictableHead,
    ProjectionHead,
    StrandTokenHead,
    StrandWindowHead,
    TokenHead,
    WindowHead,
)
from genolect.encoders.hierarchical import Hierarchical, HierarchicalConfig
from genolect.encoders.mosaic_bert import MosaicBertConfig, MosaicBertEncoder
from genolect.encoders.sparse_transformer import SparseTransformer, SparseTransformerConfig
from genolect.encoders.transformer import Transformer, TransformerConfig
from genolect.errors import ConfigurationError, shown

PublishedConfig: TypeAlias = BertConfig | EsmConfig | MosaicBertConfig
PublishedEncoder: TypeAlias = BertEncoder | EsmEncoder | MosaicBertEncoder


def new_published(config: PublishedConfig, *, tied: bool) -> tuple[PublishedEncoder, MaskedHead]:
    """Build an encoder and its head; their weights are to be read, or drawn with `initialisation.draw_weights`.

    Parameters
    ----------
    config : BertConfig, EsmConfig or MosaicBertConfig
        The shape.
    tied : bool
        Whether the head takes the vectors of the token ids from the encoder's embedding.

    Returns
    -------
    encoder : BertEncoder, EsmEncoder or MosaicBertEncoder
        The encoder.
    head : MaskedHead
        The head.

    Examples
    --------
    >>> config = BertConfig(vocabulary=7, width=12, heads=3, layers=1, feed_forward=5, positions=8)
    >>> encoder, head = new_published(config, tied=True)
    >>> head.decode.weight is encoder.embedding.weight
    True
    """
    encoder: PublishedEncoder
    with torch.random.fork_rng(devices=[]):  # torch's own first values come from a global generator
        match config:
            case BertConfig():
                encoder = BertEncoder(config)
            case EsmConfig():
                encoder = EsmEncoder(config)
            case MosaicBertConfig():
                encoder = MosaicBertEncoder(config)
        head = MaskedHead(config.width, config.vocabulary, norm_epsilon=config.norm_epsilon)
    if tied:
        head.tie(encoder.embedding)
    return encoder, head


StrandConfig: TypeAlias = EquivariantTransformerConfig | EquivariantConvolutionConfig
EncoderConfig: TypeAlias = (
    TransformerConfig
    | SparseTransformerConfig
    | HierarchicalConfig
    | StrandConfig
    | PublishedConfig
    | EnformerTrunkConfig
)


class _Kind(NamedTuple):
    """The shape and the encoder of one kind, and whether it reads packed rows."""

    config: type[EncoderConfig]
    encoder: type[nn.Module]
    packs: bool = False


KINDS: dict[str, _Kind] = {
    "transformer": _Kind(TransformerConfig, Transformer, packs=True),
    "sparse": _Kind(SparseTransformerConfig, SparseTransformer),
    "hierarchical": _Kind(HierarchicalConfig, Hierarchical),
    "equivariant": _Kind(EquivariantTransformerConfig, EquivariantTransformer),
    "equivariant_convolution": _Kind(EquivariantConvolutionConfig, EquivariantConvolution),
    "bert": _Kind(BertConfig, BertEncoder, packs=True),
    "esm": _Kind(EsmConfig, EsmEncoder, packs=True),
    "mosaic_bert": _Kind(MosaicBertConfig, MosaicBertEncoder, packs=True),
    "enformer": _Kind(EnformerTrunkConfig, EnformerTrunk),
}


def kind_of(config: EncoderConfig) -> str:
    """Give the name of a shape's kind.

    Examples
    --------
    >>> kind_of(SparseTransformerConfig(vocabulary=7))
    'sparse'
    """
    return next(name for name, kind in KINDS.items() if kind.config is type(config))


def packs(config: EncoderConfig) -> bool:
    """Tell whether the encoder takes ``documents``, those of a packed row (see `packing`).

    The dense ones do. The others would have to cut the row in every layer, into the blocks, anchors or convolutions of
    each document; they read documents of one length at a time.

    Examples
    --------
    >>> packs(TransformerConfig(vocabulary=7)), packs(SparseTransformerConfig(vocabulary=7))
    (True, False)
    """
    return KINDS[kind_of(config)].packs


def longest_window(config: EncoderConfig) -> int | None:
    """Give how many tokens a window may have; None where there is no end.

    Examples
    --------
    >>> longest_window(BertConfig(vocabulary=7)), longest_window(TransformerConfig(vocabulary=7))
    (512, None)
    """
    match config:
        case BertConfig():
            return config.positions
        case EsmConfig():
            return None if config.positions is None else config.positions - config.padding_id - 1
        case _:
            return None


def encoder_config(kind: str, values: Mapping[str, Any], where: str) -> EncoderConfig:
    """Read a shape.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    values : mapping
        Its fields.
    where : str
        Where they stand, for the message.

    Returns
    -------
    EncoderConfig
        The shape.

    Raises
    ------
    ConfigurationError
        If there is no such kind, or naming what is unknown or out of range.

    Examples
    --------
    >>> encoder_config("bert", {"vocabulary": 69}, "config.json").width
    768
    """
    if kind not in KINDS:
        raise ConfigurationError(f"there is no encoder of the kind {shown(kind)}", fix=f"choose {', '.join(KINDS)}")
    return KINDS[kind].config.from_mapping(values, where)


def new_encoder(config: EncoderConfig) -> Any:
    """Build an encoder; its weights are to be read, or drawn with `initialisation.draw_weights`.

    Parameters
    ----------
    config : EncoderConfig
        The shape.

    Returns
    -------
    Module
        The encoder: ``forward(ids, counted)`` gives (B, L, D), ``states(ids, counted)`` those of all layers. One that
        gives bins (`gives_bins`) has no states.

    Examples
    --------
    >>> type(new_encoder(TransformerConfig(vocabulary=7, width=8, layers=1))).__name__
    'Transformer'
    """
    with torch.random.fork_rng(devices=[]):  # torch's own first values, soon replaced, come from a global generator
        return KINDS[kind_of(config)].encoder(config)


def gives_bins(config: EncoderConfig) -> bool:
    """Tell whether an encoder gives hidden states of bins, so that nothing but tracks can be asked of it.

    Examples
    --------
    >>> gives_bins(EnformerTrunkConfig()), gives_bins(BertConfig(vocabulary=7))
    (True, False)
    """
    return isinstance(config, EnformerTrunkConfig)


def require_tokens(config: EncoderConfig, what: str) -> None:
    """Refuse an encoder that gives bins where tokens are needed.

    Parameters
    ----------
    config : EncoderConfig
        The shape.
    what : str
        Who needs them, for the message.

    Raises
    ------
    ConfigurationError
        If it gives bins.

    Examples
    --------
    >>> require_tokens(EnformerTrunkConfig(), "a probe")
    Traceback (most recent call last):
    genolect.errors.ConfigurationError: a probe needs tokens, an encoder of the kind enformer gives bins. Fix: ...
    """
    if gives_bins(config):
        message = f"{what} needs tokens, an encoder of the kind {kind_of(config)} gives bins"
        raise ConfigurationError(message, fix="take another encoder, or ask it about tracks alone")


def output_width(config: EncoderConfig) -> int:
    """Give the channels of what an encoder gives to its heads.

    Examples
    --------
    >>> output_width(EnformerTrunkConfig(width=12)), output_width(BertConfig(vocabulary=7, width=12))
    (24, 12)
    """
    return 2 * config.width if isinstance(config, EnformerTrunkConfig) else config.width


def ties_head(config: EncoderConfig) -> bool:
    """Tell whether the head that predicts tokens takes its vectors of the ids from the encoder's embedding.

    Examples
    --------
    >>> ties_head(BertConfig(vocabulary=7)), ties_head(TransformerConfig(vocabulary=7))
    (True, False)
    """
    return isinstance(config, BertConfig | MosaicBertConfig)


def new_token_head(config: EncoderConfig, targets: range, encoder: Any) -> nn.Module:
    """Build the head that predicts tokens: that of the checkpoints where the encoder is one of theirs.

    Parameters
    ----------
    config : EncoderConfig
        The shape of the encoder.
    targets : range
        The predictable ids.
    encoder : Module
        The encoder; a head of BERT reads its embedding.

    Returns
    -------
    Module
        Hidden states of selected tokens (S, D) in, logits of the predictable ids out; nothing where there are no
        hidden states of tokens.

    Examples
    --------
    >>> shape = TransformerConfig(vocabulary=7, width=8, layers=1)
    >>> new_token_head(shape, range(4), new_encoder(shape))(torch.ones(3, 8)).shape
    torch.Size([3, 4])
    """
    if gives_bins(config):
        return nn.Identity()
    if isinstance(config, StrandConfig):
        return StrandTokenHead(config.width, len(targets))
    if not isinstance(config, PublishedConfig):
        return TokenHead(config.width, len(targets))
    head = MaskedHead(config.width, config.vocabulary, norm_epsilon=config.norm_epsilon)
    if ties_head(config):
        head.tie(encoder.embedding)
    return PredictableHead(head, targets)


def new_head(config: HeadConfig, width: int) -> nn.Module:
    """Build a head beside the one that predicts tokens.

    Parameters
    ----------
    config : HeadConfig
        Which, and how many outputs.
    width : int
        D, from `output_width`.

    Returns
    -------
    TokenHead, WindowHead, StrandWindowHead, ProjectionHead or BinHead
        The head.

    Examples
    --------
    >>> type(new_head(HeadConfig(kind="projection", outputs=5), 8)).__name__
    'ProjectionHead'
    """
    if config.kind == "track":
        return BinHead(width, config.outputs, tokens_per_bin=config.tokens_per_bin, crop=config.crop)
    kinds: dict[str, type[TokenHead | WindowHead | StrandWindowHead | ProjectionHead]] = {
        "token": TokenHead,
        "window": WindowHead,
        "strand_window": StrandWindowHead,
        "projection": ProjectionHead,
    }
    return kinds[config.kind](width, config.outputs)
