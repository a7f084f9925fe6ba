"""One attention for every published model, with one convention: what is added to the scores before the softmax.

Padding, distances and any other rule are one tensor, `added`, that broadcasts to (B, H, L, L); None adds nothing.

Legend: B windows, H heads, L tokens, D width, K width per head.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from genolect.encoders.layers.positions import rotate


@dataclass(frozen=True)
class Documents:
    """Where the documents of a packed row end.

    Attributes
    ----------
    lengths : tuple of int
        Tokens of each document, at least one.

    Raises
    ------
    ValueError
        If there is no document, or an empty one.

    Examples
    --------
    >>> documents = Documents((2, 2, 5))
    >>> documents.runs, documents.tokens, documents.longest
    ([(2, 2), (1, 5)], 9, 5)
    """

    lengths: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.lengths or min(self.lengths) < 1:
            raise ValueError(f"documents of {self.lengths} tokens cannot be packed: each needs one at least")

    @property
    def tokens(self) -> int:
        """T."""
        return sum(self.lengths)

    @property
    def longest(self) -> int:
        """Tokens of the longest document."""
        return max(self.lengths)

    @property
    def runs(self) -> list[tuple[int, int]]:
        """How many neighbouring documents share which length: pairs of G and L."""
        runs: list[tuple[int, int]] = []
        for length in self.lengths:
            count = runs.pop()[0] if runs and runs[-1][1] == length else 0
            runs.append((count + 1, length))
        return runs

    def windows(self, row: Tensor) -> list[Tensor]:
        """Cut a row, shape (1, T, ...), into windows, one tensor (G, L, ...) for each of the runs; views.

        Raises
        ------
        ValueError
            If the row has another shape.
        """
        if row.shape[:2] != (1, self.tokens):
            raise ValueError(f"{self.tokens} tokens of documents need a row of the shape (1, {self.tokens}, ...)")
        parts = torch.split(row[0], [count * length for count, length in self.runs])
        return [part.view(*run, *row.shape[2:]) for part, run in zip(parts, self.runs, strict=True)]

    def apart(self, read: Callable[..., Tensor], *rows: Tensor | None) -> Tensor:
        """Read every document by itself.

        Parameters
        ----------
        read : callable
            Turns windows, shape (G, L, ...) each, into one tensor (G, L, ...).
        *rows : Tensor, shape (1, T, ...), or None
            What it is given, cut into documents; None stays None.

        Returns
        -------
        Tensor, shape (1, T, ...)
            What it made of them, end to end again.

        Examples
        --------
        >>> Documents((2, 3)).apart(lambda windows: windows.cumsum(1), torch.ones(1, 5, dtype=torch.int64)).tolist()
        [[1, 2, 1, 2, 3]]
        """
        cut = [[None] * len(self.runs) if row is None else self.windows(row) for row in rows]
        return torch.cat([read(*parts).flatten(0, 1) for parts in zip(*cut, strict=True)])[None]

    def along(self, table: Tensor) -> Tensor:
        """Lay the rows of a table of positions, shape (L or more, ...), along the row, anew for each document.

        Examples
        --------
        >>> Documents((2, 3)).along(torch.tensor([7, 8, 9])).tolist()
        [7, 8, 7, 8, 9]
        """
        numbers = torch.arange(self.longest, device=table.device)
        return table[torch.cat([numbers[:length] for length in self.lengths])]

    def attend(
        self,
        queries: Tensor,
        keys: Tensor,
        values: Tensor,
        added: Tensor | None = None,
        *,
        dropout: float = 0.0,
        causal: bool = False,
    ) -> Tensor:
        """Mix the values of each document by the softmax of its own scores; none between documents are computed.

        Parameters
        ----------
        queries, keys, values : Tensor, shape (1, H, T, K)
            One vector per token and head.
        added : Tensor, shape (..., longest, longest), optional
            Added to the scores of each document, as far as it reaches.
        dropout : float
            Share of the weights that are set to zero.
        causal : bool
            Whether a token sees itself and those before it only.

        Returns
        -------
        Tensor, shape (1, H, T, K)
            The mixtures.

        Raises
        ------
        ValueError
            If what is added has another shape: a packed row has no padding to hide.
        """
        if added is not None and added.shape[-2:] != (self.longest, self.longest):
            raise ValueError(f"what is added to scores ends on {tuple(added.shape[-2:])}, not twice {self.longest}")

        def mix(*windows: Tensor) -> Tensor:
            L = windows[0].shape[1]
            mask = None if added is None else added[..., :L, :L]
            query, key, value = (window.transpose(1, 2) for window in windows)
            return functional.scaled_dot_product_attention(
                query, key, value, attn_mask=mask, dropout_p=dropout, is_causal=causal
            ).transpose(1, 2)

        return self.apart(mix, *(part.transpose(1, 2) for part in (queries, keys, values))).transpose(1, 2)


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
