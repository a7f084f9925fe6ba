"""Parts of encoders: rotary self-attention, the gated feed-forward and the local stem.

Legend: B windows, L tokens, D width, H heads, K width per head.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from genolect.encoders.layers.attention import Documents, attend, weights_of
from genolect.encoders.layers.linear import LinearFromZero
from genolect.encoders.layers.positions import rotate


class SelfAttention(nn.Module):
    """Multi-head attention of every token to every token, with rotary positions.

    Parameters
    ----------
    width : int
        D.
    heads : int
        H; must divide D.
    causal : bool
        Whether a token attends to itself and those before it only.
    """

    def __init__(self, width: int, heads: int, *, causal: bool = False) -> None:
        super().__init__()
        self.heads = heads
        self.causal = causal
        self.project = nn.Linear(width, 3 * width, bias=False)
        self.merge = LinearFromZero(width, width, bias=False)

    def forward(self, hidden_BLD: Tensor, angles: Tensor, documents: Documents | None = None) -> Tensor:
        """Mix the tokens of each window; shape (B, L, D) in and out."""
        queries, keys, values = self._projected(hidden_BLD, angles)
        mixed_BHLK = attend(queries, keys, values, causal=self.causal, documents=documents)
        merged: Tensor = self.merge(mixed_BHLK.transpose(1, 2).reshape(hidden_BLD.shape))
        return merged

    def weights(self, hidden_BLD: Tensor, angles: Tensor) -> Tensor:
        """Give how much each token attends to each, shape (B, H, L, L); rows sum to 1."""
        queries, keys, _ = self._projected(hidden_BLD, angles)
        L = hidden_BLD.shape[1]
        future = torch.ones(L, L, dtype=torch.bool, device=hidden_BLD.device).triu(1)
        added = torch.zeros_like(future, dtype=queries.dtype).masked_fill(future, -torch.inf) if self.causal else None
        return weights_of(queries, keys, added)

    def _projected(self, hidden_BLD: Tensor, angles: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give queries, keys and values, (B, H, L, K) each, the first two turned by their positions."""
        B, L, _ = hidden_BLD.shape
        queries, keys, values = self.project(hidden_BLD).view(B, L, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        return rotate(queries, angles), rotate(keys, angles), values


class GatedFeedForward(nn.Module):
    """SwiGLU (Shazeer 2020, doi:10.48550/arXiv.2002.05202): one half of the projection gates the other.

    Parameters
    ----------
    width : int
        D.
    inner_width : int
        Width of each half.
    """

    def __init__(self, width: int, inner_width: int) -> None:
        super().__init__()
        self.project = nn.Linear(width, 2 * inner_width, bias=False)
        self.merge = LinearFromZero(inner_width, width, bias=False)

    def forward(self, hidden_BLD: Tensor) -> Tensor:
        """Transform each token by itself; shape (B, L, D) in and out."""
        values, gates = self.project(hidden_BLD).chunk(2, dim=-1)
        merged: Tensor = self.merge(values * functional.silu(gates))
        return merged


class LocalStem(nn.Module):
    """Token embeddings plus a convolution over the neighbouring tokens: motifs of up to `reach` bases at once.

    Parameters
    ----------
    vocabulary : int
        Number of token ids.
    width : int
        D.
    reach : int
        Tokens that the convolution sees; odd. With 1 there is none: the embedding says it all.
    causal : bool
        Whether these end with the token itself, which otherwise stands in their middle.
    """

    def __init__(self, vocabulary: int, width: int, reach: int, *, causal: bool = False) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.before = reach - 1 if causal else 0
        padding = 0 if causal else reach // 2
        self.convolution = nn.Conv1d(vocabulary, width, reach, padding=padding) if reach > 1 else None

    def forward(self, ids: Tensor) -> Tensor:
        """Turn ids (B, L) into vectors (B, L, D)."""
        embedded: Tensor = self.embedding(ids)
        if self.convolution is None:
            return embedded
        one_hot_BVL = functional.one_hot(ids, self.embedding.num_embeddings).transpose(1, 2).to(torch.float32)
        if self.before:
            one_hot_BVL = functional.pad(one_hot_BVL, (self.before, 0))
        local: Tensor = self.convolution(one_hot_BVL).transpose(1, 2)
        return embedded + local


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
