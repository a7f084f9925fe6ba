"""Shapes of the published models, and our own, by name.

The counts that documents print are round, and some are another model's. Weights of encoder and masked head together,
as `parameter_count` gives them:

==============================================  =============  ====================================================
name                                                  weights  said to be
==============================================  =============  ====================================================
dnabert-3                                          86,095,941  110M, which is BERT-base with its 30,522 words of
dnabert-4                                          86,243,589  English; DNABERT has the same blocks, but 69 to 4,101
dnabert-5                                          86,834,181  words
dnabert-6                                          89,196,549
grover                                             86,511,201  12 blocks, 601 tokens: those in use; its ids are 609,
                                                               5 special tokens, 4 letters and 600 merges
dnabert-2-117m                                    117,074,176  117M
nucleotide-transformer-500m-human-ref             485,698,825  500M, rounded up
nucleotide-transformer-500m-1000g                 485,698,825  500M, rounded up
nucleotide-transformer-2.5b-1000g               2,547,800,585  2.5B
nucleotide-transformer-2.5b-multi-species       2,547,800,585  2.5B
nucleotide-transformer-v2-50m-multi-species        54,855,179  50M, which is its blocks alone
nucleotide-transformer-v2-100m-multi-species       96,839,179  100M
nucleotide-transformer-v2-250m-multi-species      233,545,995  250M, rounded up
nucleotide-transformer-v2-500m-multi-species      496,245,771  500M
small                                                 781,312  ours: the default
base                                               85,112,832  ours: the depth and width of BERT-base
nucleo-transformer                                350,844,736  about 350M, for windows of 1,024 kb
nucleo-transformer-tiny                               568,040  ours: its blocks, small enough for a processor
sparse-small                                          236,640  ours: every base of long windows at full resolution
==============================================  =============  ====================================================

Files hold more than the models read: BERT's a pooler; ESM's heads x layers + 1 weights that tell contacts in proteins;
those of version 2 of Nucleotide Transformer also 2,050 learned positions, although its positions are rotary.
"""

from __future__ import annotations

import difflib
from typing import TypeAlias

import torch
from torch import nn

from genolect.encoders.bert import BertConfig
from genolect.encoders.build import EncoderConfig, new_encoder, new_published
from genolect.encoders.esm import EsmConfig
from genolect.encoders.hierarchical import HierarchicalConfig
from genolect.encoders.layers.positions import HELIX
from genolect.encoders.mosaic_bert import MosaicBertConfig
from genolect.encoders.sparse_transformer import SparseTransformerConfig
from genolect.encoders.transformer import TransformerConfig
from genolect.errors import ConfigurationError, shown

MEGABASE = 1_048_576
"""1,024 kb: 64 blocks of 16,384 bases."""


def nucleo_transformer(vocabulary: int) -> HierarchicalConfig:
    """Give the shape of about 350 million parameters for windows of 1,024 kb.

    The patches are 1,024 wide, that of 16 bases; with all 20 layers checkpointed it trains on one large GPU.

    Parameters
    ----------
    vocabulary : int
        Number of token ids.

    Returns
    -------
    HierarchicalConfig
        The shape.

    Examples
    --------
    >>> config = nucleo_transformer(7)
    >>> MEGABASE // config.block, config.patch * config.width, config.layers
    (64, 1024, 20)
    """
    return HierarchicalConfig(
        vocabulary=vocabulary,
        width=64,
        layers=20,
        heads=16,
        feed_forward=2944,
        periods=(HELIX,),
        checkpoint_every=1,
    )


def nucleo_transformer_tiny(vocabulary: int) -> HierarchicalConfig:
    """Give a sibling of NucleoTransformer with the same blocks that trains on a processor.

    Parameters
    ----------
    vocabulary : int
        Number of token ids.

    Returns
    -------
    HierarchicalConfig
        The shape.

    Examples
    --------
    >>> config = nucleo_transformer_tiny(7)
    >>> config.block, config.patch * config.width, config.layers
    (16384, 128, 2)
    """
    return HierarchicalConfig(
        vocabulary=vocabulary, width=8, layers=2, heads=4, feed_forward=352, periods=(HELIX,), checkpoint_every=1
    )


def sparse_small(vocabulary: int) -> SparseTransformerConfig:
    """Give a sparse transformer that reads every base at full resolution and trains on a processor.

    Parameters
    ----------
    vocabulary : int
        Number of token ids.

    Returns
    -------
    SparseTransformerConfig
        The shape.

    Examples
    --------
    >>> sparse_small(7).reach
    64
    """
    return SparseTransformerConfig(
        vocabulary=vocabulary, width=96, layers=2, heads=3, feed_forward=256, periods=(HELIX,), checkpoint_every=1
    )


PresetConfig: TypeAlias = EncoderConfig

_NT_500M = EsmConfig(
    vocabulary=4105, width=1280, layers=24, heads=20, feed_forward=5120, positions=1002, padding_id=1, mask_id=2
)
_NT_2500M = EsmConfig(
    vocabulary=4105, width=2560, layers=32, heads=20, feed_forward=10240, positions=1002, padding_id=1, mask_id=2
)


def _second_version(width: int, layers: int) -> EsmConfig:
    return EsmConfig(vocabulary=4107, width=width, layers=layers, heads=16, feed_forward=4 * width, gated=True)


PRESETS: dict[str, PresetConfig] = {
    **{f"dnabert-{k}": BertConfig(vocabulary=4**k + 5) for k in range(3, 7)},
    "grover": BertConfig(vocabulary=609),
    "dnabert-2-117m": MosaicBertConfig(vocabulary=4096),
    "nucleotide-transformer-500m-human-ref": _NT_500M,
    "nucleotide-transformer-500m-1000g": _NT_500M,
    "nucleotide-transformer-2.5b-1000g": _NT_2500M,
    "nucleotide-transformer-2.5b-multi-species": _NT_2500M,
    "nucleotide-transformer-v2-50m-multi-species": _second_version(512, 12),
    "nucleotide-transformer-v2-100m-multi-species": _second_version(512, 22),
    "nucleotide-transformer-v2-250m-multi-species": _second_version(768, 24),
    "nucleotide-transformer-v2-500m-multi-species": _second_version(1024, 29),
    # Ours read single nucleotides.
    "small": TransformerConfig(vocabulary=7),
    "base": TransformerConfig(vocabulary=7, width=768, layers=12, heads=12, feed_forward=2048),
    "nucleo-transformer": nucleo_transformer(vocabulary=7),
    "nucleo-transformer-tiny": nucleo_transformer_tiny(vocabulary=7),
    "sparse-small": sparse_small(vocabulary=7),
}


def preset(name: str) -> PresetConfig:
    """Give the shape of that name.

    Parameters
    ----------
    name : str
        One of `PRESETS`.

    Returns
    -------
    BertConfig, EsmConfig, MosaicBertConfig or TransformerConfig
        The shape.

    Raises
    ------
    ConfigurationError
        If there is none of that name.

    Examples
    --------
    >>> preset("grover").vocabulary
    609
    """
    if name not in PRESETS:
        near = "".join(f"did you mean {match!r}? " for match in difflib.get_close_matches(name, PRESETS, n=1))
        raise ConfigurationError(f"there is no preset {shown(name)}", fix=f"{near}Known: {', '.join(PRESETS)}")
    return PRESETS[name]


def parameter_count(config: PresetConfig) -> int:
    """Count the weights of an encoder, and of its masked head if it is a published one, without making them.

    Parameters
    ----------
    config : BertConfig, EsmConfig, MosaicBertConfig or TransformerConfig
        The shape. BERT's heads share the vectors of the ids with the embedding; those of Nucleotide Transformer do not.

    Returns
    -------
    int
        Number of trained values; what is shared counts once.

    Examples
    --------
    >>> parameter_count(preset("dnabert-6"))
    89196549
    """
    with torch.device("meta"):
        parts: tuple[nn.Module, ...]
        if isinstance(config, BertConfig | EsmConfig | MosaicBertConfig):
            parts = new_published(config, tied=not isinstance(config, EsmConfig))
        else:
            parts = (new_encoder(config),)
    return sum(parameter.numel() for parameter in nn.ModuleList(parts).parameters())
