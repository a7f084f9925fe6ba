"""Gradient checkpointing: less memory for more time (Chen et al. 2016, doi:10.48550/arXiv.1604.06174).

What a layer needs for the backward pass is dropped after the forward pass and computed again when its turn comes. Kept
are the hidden states between groups of layers. Loss and gradients stay the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint


def layer_states(
    layers: Sequence[Callable[..., Tensor]], hidden: Tensor, *shared: Any, checkpoint_every: int = 0
) -> Iterator[Tensor]:
    """Go through the layers and give what leaves each; who needs the last only lets the others go.

    Parameters
    ----------
    layers : sequence of callable
        Each turns hidden states, and what is shared, into hidden states.
    hidden : Tensor
        What enters the first.
    *shared : any
        Given to every layer.
    checkpoint_every : int
        Layers per group that is computed again; 0 keeps everything. Groups matter only where gradients are wanted.

    Yields
    ------
    Tensor
        What leaves each layer.

    Examples
    --------
    >>> values = torch.tensor([2.0], requires_grad=True)
    >>> *_, last = layer_states([torch.square, torch.square], values, checkpoint_every=1)
    >>> last.backward()
    >>> values.grad.tolist()
    [32.0]
    """
    size = checkpoint_every if checkpoint_every and torch.is_grad_enabled() else 0
    if not size:
        for layer in layers:
            hidden = layer(hidden, *shared)
            yield hidden
        return
    for start in range(0, len(layers), size):
        group = layers[start : start + size]
        states: list[Tensor] = checkpoint(_pass_through, group, hidden, *shared, use_reentrant=False)
        hidden = states[-1]
        yield from states


def _pass_through(group: Sequence[Callable[..., Tensor]], hidden: Tensor, *shared: Any) -> list[Tensor]:
    states = []
    for layer in group:
        hidden = layer(hidden, *shared)
        states.append(hidden)
    return states
