"""The encoders by name: kinds, shapes of the published models and our own, and the networks that they describe.

The counts that documents print are round, and some are another model's. Weights of encoder and masked head together,
counted in `tests/encoders/test_presets.py`:

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
import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from torch import nn

from genolect import encoders
from genolect.encoders.encoder import KINDS, EncoderConfig, HeadConfig, PublishedConfig, PublishedEncoder
from genolect.encoders.heads import BinHead, MaskedHead, ProjectionHead, StrandWindowHead, TokenHead, WindowHead
from genolect.errors import ConfigurationError, shown


@cache
def _presets() -> dict[str, EncoderConfig]:
    """Load every file of the folder, by which its kind is known; give the shapes that the files name."""
    found: dict[str, EncoderConfig] = {}
    for file in pkgutil.iter_modules(encoders.__path__, f"{encoders.__name__}."):
        if file.name != __name__:
            found |= getattr(importlib.import_module(file.name), "PRESETS", {})
    return found


def encoder_kinds() -> dict[str, type[EncoderConfig]]:
    """Give the configuration of every kind, by name.

    Examples
    --------
    >>> encoder_kinds()["bert"].described
    'BERT with learned positions'
    """
    _presets()
    return dict(sorted(KINDS.items()))


def encoder_config(kind: str, values: Mapping[str, Any], where: str) -> EncoderConfig:
    """Read a shape.

    Parameters
    ----------
    kind : str
        One of `encoder_kinds`.
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
    kinds = encoder_kinds()
    if kind not in kinds:
        raise ConfigurationError(f"there is no encoder of the kind {shown(kind)}", fix=f"choose {', '.join(kinds)}")
    return kinds[kind].from_mapping(values, where)


def preset(name: str) -> EncoderConfig:
    """Give the shape of that name.

    Raises
    ------
    ConfigurationError
        If there is none of that name.

    Examples
    --------
    >>> preset("grover").vocabulary
    609
    """
    presets = _presets()
    if name not in presets:
        near = "".join(f"did you mean {match!r}? " for match in difflib.get_close_matches(name, presets, n=1))
        raise ConfigurationError(f"there is no preset {shown(name)}", fix=f"{near}Known: {', '.join(presets)}")
    return presets[name]


def new_encoder(config: EncoderConfig) -> Any:
    """Build an encoder; its weights are to be read, or drawn with `layers.blocks.draw_weights`.

    Returns
    -------
    Module
        The encoder: ``forward(ids, counted)`` gives (B, L, D), ``states(ids, counted)`` those of all layers. One that
        gives bins has no states.
    """
    with torch.random.fork_rng(devices=[]):  # torch's own first values, soon replaced, come from a global generator
        return config.build()


def new_published(config: PublishedConfig, *, tied: bool) -> tuple[PublishedEncoder, MaskedHead]:
    """Build an encoder and the head that was trained with it; their weights are to be read, or drawn.

    Parameters
    ----------
    config : PublishedConfig
        The shape.
    tied : bool
        Whether the head takes the vectors of the token ids from the encoder's embedding.
    """
    encoder: PublishedEncoder = new_encoder(config)
    with torch.random.fork_rng(devices=[]):
        head = config.masked_head()
    if tied:
        head.tie(encoder.embedding)
    return encoder, head


def require_tokens(config: EncoderConfig, what: str) -> None:
    """Refuse an encoder that gives bins where tokens are needed; `what` says who needs them.

    Raises
    ------
    ConfigurationError
        If it gives bins.

    Examples
    --------
    >>> require_tokens(encoder_config("enformer", {}, "here"), "a probe")
    Traceback (most recent call last):
    genolect.errors.ConfigurationError: a probe needs tokens, an encoder of the kind enformer gives bins. Fix: ...
    """
    if config.gives_bins:
        message = f"{what} needs tokens, an encoder of the kind {config.kind} gives bins"
        raise ConfigurationError(message, fix="take another encoder, or ask it about tracks alone")


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
