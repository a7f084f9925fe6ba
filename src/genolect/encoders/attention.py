"""One attention for every published model, with one convention: what is added to the scores before the softmax.

Padding, distances and any other rule are one tensor, `added`, that broadcasts to (B, H, L, L); None adds nothing.

Legend: B windows, H heads, L tokens, D width, K width per head.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from genolect.encoders.packing import Documents
from genolect.encoders.rotary import rotate

HIDDEN_SCORE = -1e30
"""Added to the score of a token that is not to be seen: no weight is left, and a window of padding gives no NaN."""


def hide_padding(real_BL: Tensor | None) -> Tensor | None:
    """Say which tokens are not to be attended to.

    Parameters
    ----------
    real_BL : Tensor of bool, shape (B, L), or None
        Which tokens are no padding; None where there is none.

    Returns
    -------
    Tensor of float32, shape (B, 1, 1, L), or None
        What to add to the scores.

    Examples
    --------
    >>> hide_padding(torch.tensor([[True, False]])).flatten().tolist()
    [0.0, -1.0000000150474662e+30]
    """
    if real_BL is None:
        return None
    return torch.zeros(real_BL.shape, device=real_BL.device).masked_fill(~real_BL, HIDDEN_SCORE)[:, None, None]


def attend(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    added: Tensor | None = None,
    *,
    dropout: float = 0.0,
    causal: bool = False,
    documents: Documents | None = None,
) -> Tensor:
    """Mix the values by the softmax of the scores.

    Parameters
    ----------
    queries, keys, values : Tensor, shape (B, H, L, K)
        One vector per token and head.
    added : Tensor, broadcastable to (B, H, L, L), optional
        Added to the scores.
    dropout : float
        Share of the weights that are set to zero.
    causal : bool
        Whether a token sees itself and those before it only.
    documents : Documents, optional
        Of a packed row: what sees each other (see `packing.Documents.attend`).

    Returns
    -------
    Tensor, shape (B, H, L, K)
        The mixtures.

    Examples
    --------
    >>> attend(torch.ones(1, 1, 2, 3), torch.ones(1, 1, 2, 3), torch.tensor([[[[2.0], [6.0]]]])).flatten().tolist()
    [4.0, 4.0]
    """
    added = None if added is None else added.to(queries.dtype)
    if documents is not None:
        return documents.attend(queries, keys, values, added, dropout=dropout, causal=causal)
    return functional.scaled_dot_product_attention(
        queries, keys, values, attn_mask=added, dropout_p=dropout, is_causal=causal
    )


def weights_of(queries: Tensor, keys: Tensor, added: Tensor | None = None) -> Tensor:
    """Give the weights by which `attend` mixes, at the price of all of them in memory.

    Parameters
    ----------
    queries, keys, added
        As in `attend`.

    Returns
    -------
    Tensor, shape (B, H, L, L)
        Weights of the keys for each query; every row sums to 1.

    Examples
    --------
    >>> weights_of(torch.ones(1, 1, 1, 3), torch.ones(1, 1, 2, 3)).flatten().tolist()
    [0.5, 0.5]
    """
    scores: Tensor = queries @ keys.transpose(-1, -2) * queries.shape[-1] ** -0.5
    if added is not None:
        scores = scores + added
    return scores.softmax(dim=-1)


class BiasedSelfAttention(nn.Module):
    """Self-attention as the published models have it: with biases, and with dropout of the weights.

    Parameters
    ----------
    width : int
        D.
    heads : int
        H; must divide D.
    dropout : float
        Share of the weights that are set to zero in training.
    """

    def __init__(self, width: int, heads: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.project = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)

    def forward(
        self,
        hidden_BLD: Tensor,
        added: Tensor | None = None,
        angles: Tensor | None = None,
        documents: Documents | None = None,
    ) -> Tensor:
        """Mix the tokens of each window; shape (B, L, D) in and out. With `angles`, positions are rotary."""
        queries, keys, values = self._parts(hidden_BLD, angles)
        dropout = self.dropout if self.training else 0.0
        mixed_BHLK = attend(queries, keys, values, added, dropout=dropout, documents=documents)
        merged: Tensor = self.merge(mixed_BHLK.transpose(1, 2).flatten(2))
        return merged

    def weights(self, hidden_BLD: Tensor, added: Tensor | None = None, angles: Tensor | None = None) -> Tensor:
        """Give the weights (B, H, L, L) by which `forward` mixes, without dropout."""
        queries, keys, _ = self._parts(hidden_BLD, angles)
        return weights_of(queries, keys, added)

    def _parts(self, hidden_BLD: Tensor, angles: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        B, L, _ = hidden_BLD.shape
        queries, keys, values = self.project(hidden_BLD).view(B, L, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        return (queries, keys, values) if angles is None else (rotate(queries, angles), rotate(keys, angles), values)
