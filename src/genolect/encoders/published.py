"""The published masked language models: an encoder and the head that was trained with it."""

from __future__ import annotations

from typing import TypeAlias

import torch

from genolect.encoders.bert import BertConfig, BertEncoder
from genolect.encoders.esm import EsmConfig, EsmEncoder
from genolect.encoders.masked_heads import MaskedHead
from genolect.encoders.mosaic_bert import MosaicBertConfig, MosaicBertEncoder

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
