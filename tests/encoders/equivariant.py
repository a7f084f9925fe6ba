"""Strand-symmetric encoders all of whose weights act, windows with every kind of token, and what to expect of them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from genolect.encoders.equivariant_convolution import EquivariantConvolution, EquivariantConvolutionConfig
from genolect.encoders.equivariant_transformer import EquivariantTransformer, EquivariantTransformerConfig
from genolect.encoders.layers.blocks import draw_weights
from genolect.encoders.layers.context import ContextEvidence
from genolect.tokenizers.nucleotide import NucleotideTokenizer

VOCABULARY = 7  # A C G T N [MASK] [PAD]


def awake(part: nn.Module, spread: float = 0.2) -> nn.Module:
    """Move every weight to where training may leave it; fill the context counts with what no genome would give."""
    generator = torch.Generator().manual_seed(8)
    draw_weights(part, generator)
    with torch.no_grad():
        for parameter in part.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=spread)
    for module in part.modules():
        if isinstance(module, ContextEvidence):
            module.set_counts({k: torch.randint(50, (4**k, 4), generator=generator) for k in module.lengths})
    return part.eval()


def transformer(**changes: object) -> EquivariantTransformer:
    shape = {"vocabulary": VOCABULARY, "width": 24, "layers": 3, "heads": 4, "feed_forward": 14, "stem_reach": 9}
    return EquivariantTransformer(EquivariantTransformerConfig(**{**shape, "context_lengths": (2, 4), **changes}))


def convolution(**changes: object) -> EquivariantConvolution:
    shape = {"vocabulary": VOCABULARY, "width": 10, "layers": 3, "reach": 5, "dilations": (1, 3), "feed_forward": 14}
    shape |= {"stem_reach": 7, "context_lengths": (2, 4)}
    return EquivariantConvolution(EquivariantConvolutionConfig(**{**shape, **changes}))


def windows(rows: int = 3, length: int = 23, of: int = VOCABULARY) -> Tensor:
    return torch.randint(of, (rows, length), generator=torch.Generator().manual_seed(9))


def reverse(ids: Tensor) -> Tensor:
    """The other strand of windows, by the tokenizer's own table."""
    return torch.from_numpy(NucleotideTokenizer().reverse_complement(ids.numpy().astype(np.uint8)).astype(np.int64))


def swapped(hidden: Tensor) -> Tensor:
    """Hidden states of the other strand, written out channel by channel."""
    half = hidden.shape[-1] // 2
    return torch.cat([hidden[..., half:], hidden[..., :half]], dim=-1)[:, torch.arange(hidden.shape[1] - 1, -1, -1)]
