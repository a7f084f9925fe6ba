"""The initial weights of a network, drawn from one explicit generator."""

from __future__ import annotations

import torch
from torch import nn

from genolect.encoders.layers import LinearFromZero

EMBEDDING_DEVIATION = 0.5


def draw_weights(network: nn.Module, generator: torch.Generator) -> None:
    """Give every parameter its initial value; they depend on the generator alone.

    Linear maps and convolutions start uniform within 1 / sqrt(inputs) on either side of zero, as torch's own do;
    token embeddings start normal with a deviation of 0.5; norms start as plain norms, `LinearFromZero` at zero.

    Parameters
    ----------
    network : Module
        Changed in place, on the CPU.
    generator : Generator
        The source of every draw.

    Raises
    ------
    TypeError
        If a part has weights but no rule here.

    Examples
    --------
    >>> maps = [nn.Linear(3, 2), nn.Linear(3, 2)]
    >>> for linear in maps:
    ...     draw_weights(linear, torch.Generator().manual_seed(5))
    >>> torch.equal(maps[0].weight, maps[1].weight)
    True
    """
    with torch.no_grad():
        for part in network.modules():
            if isinstance(part, LinearFromZero | nn.LayerNorm):
                part.reset_parameters()
            elif isinstance(part, nn.Linear | nn.Conv1d):
                reach = part.weight[0].numel() ** -0.5
                for parameter in part.parameters():
                    parameter.uniform_(-reach, reach, generator=generator)
            elif isinstance(part, nn.Embedding):
                part.weight.normal_(std=EMBEDDING_DEVIATION, generator=generator)
            elif [*part.parameters(recurse=False)]:
                raise TypeError(f"no rule says how the weights of {type(part).__name__} start")
