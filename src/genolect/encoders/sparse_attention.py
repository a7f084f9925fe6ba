"""Sparse attention: near tokens and a few far ones, equal to dense attention under the same mask.

Two rules say which tokens see each other:

- *anchors*: those at most ``reach`` apart; and some tokens spread over the window, the anchors, see all and are seen
  by all. Their number does not grow with the window, so neither does the cost of a token: time and memory are linear.
- *modulus*: the rule ``|i - j| <= 64 or (i + j) % 512 == 0``. Its second half pairs the tokens with remainder r by
  those with remainder -r: L / 512 keys for every query, in 512 groups that are computed one after the other. Memory is
  linear. Time is not: at 64k tokens the far keys of a token are as many as the near ones, at 1 Mb sixteen times more.

Legend: B windows, H heads, L tokens, K width per head, A anchors.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from genolect.encoders.window_attention import Mixed, Pattern, group_attention, put_together, window_attention

NEAR = 64
MODULUS = 512


def anchor_places(length: int, anchors: int, device: torch.device) -> Tensor:
    """Spread anchors evenly over a window.

    Parameters
    ----------
    length : int
        L.
    anchors : int
        Their number; where the window is shorter, every token is one.
    device : torch.device
        Where the tensor lives.

    Returns
    -------
    Tensor of int64, shape (A,)
        Their places, increasing.

    Examples
    --------
    >>> anchor_places(12, 3, torch.device("cpu")).tolist()
    [2, 6, 10]
    """
    count = min(length, anchors)
    return (2 * torch.arange(count, device=device) + 1) * length // max(1, 2 * count)


def anchored_mask(length: int, reach: int, anchors: int, device: torch.device) -> Tensor:
    """Tell which token sees which by the rule of anchors.

    Parameters
    ----------
    length : int
        L.
    reach : int
        Tokens on either side.
    anchors : int
        As in `anchor_places`.
    device : torch.device
        Where the tensor lives.

    Returns
    -------
    Tensor of bool, shape (L, L)
        Symmetric.

    Examples
    --------
    >>> anchored_mask(5, 1, 1, torch.device("cpu"))[0].tolist()
    [True, True, True, False, False]
    """
    places = torch.arange(length, device=device)
    seen = (places[:, None] - places).abs() <= reach
    chosen = anchor_places(length, anchors, device)
    seen[chosen] = seen[:, chosen] = True
    return seen


def modulus_mask(length: int, device: torch.device) -> Tensor:
    """Tell which token sees which by the rule of the modulus.

    Parameters
    ----------
    length : int
        L.
    device : torch.device
        Where the tensor lives.

    Returns
    -------
    Tensor of bool, shape (L, L)
        Symmetric.

    Examples
    --------
    >>> modulus_mask(600, torch.device("cpu"))[0].nonzero()[-2:, 0].tolist()
    [64, 512]
    """
    places = torch.arange(length, device=device)
    one, other = places[:, None], places
    return ((one - other).abs() <= NEAR) | ((one + other) % MODULUS == 0)


def anchored_attention(queries: Tensor, keys: Tensor, values: Tensor, *, reach: int, anchors: int) -> Tensor:
    """Attend by the rule of anchors, in linear time and memory.

    Parameters
    ----------
    queries, keys, values : Tensor, shape (B, H, L, K)
        As for dense attention.
    reach : int
        Tokens on either side; also the size of the blocks.
    anchors : int
        As in `anchor_places`.

    Returns
    -------
    Tensor, shape (B, H, L, K)
        Mixed values.

    Examples
    --------
    >>> vectors = torch.arange(1400.0).sin().view(1, 2, 100, 7)
    >>> mask = anchored_mask(100, 8, 3, vectors.device)
    >>> dense = functional.scaled_dot_product_attention(vectors, vectors, vectors, attn_mask=mask)
    >>> torch.allclose(anchored_attention(vectors, vectors, vectors, reach=8, anchors=3), dense, atol=1e-6)
    True
    """
    places = anchor_places(queries.shape[2], anchors, queries.device)
    asking, offering, offered = (each.flatten(0, 1) for each in (queries, keys, values))
    mixed = window_attention(asking, offering, offered, Pattern(reach, places)).values.view(values.shape)
    seen_all = functional.scaled_dot_product_attention(queries[:, :, places], keys, values)
    return mixed.index_copy(2, places, seen_all)


def modulus_attention(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Attend by the rule of the modulus, in linear memory.

    Parameters
    ----------
    queries, keys, values : Tensor, shape (B, H, L, K)
        As for dense attention.

    Returns
    -------
    Tensor, shape (B, H, L, K)
        Mixed values.

    Examples
    --------
    >>> vectors = torch.arange(2400.0).sin().view(1, 2, 600, 2)
    >>> mask = modulus_mask(600, vectors.device)
    >>> dense = functional.scaled_dot_product_attention(vectors, vectors, vectors, attn_mask=mask)
    >>> torch.allclose(modulus_attention(vectors, vectors, vectors), dense, atol=1e-6)
    True
    """
    L, device = queries.shape[2], queries.device
    asking, offering, offered = (each.flatten(0, 1) for each in (queries, keys, values))
    near = window_attention(asking, offering, offered, Pattern(NEAR, torch.arange(0, device=device)))
    remainders = torch.arange(MODULUS, device=device)
    partners = -remainders % MODULUS
    places = remainders[:, None] + torch.arange(0, L, MODULUS, device=device)
    partner_places = torch.where(places < L, places, -1)[partners]
    offering, offered = (_by_remainder(each)[:, partners] for each in (offering, offered))
    far = group_attention(_by_remainder(asking), offering, offered, (places, partner_places), NEAR)
    in_order = Mixed(*(each.transpose(1, 2).flatten(1, 2)[:, :L] for each in far))
    return put_together(near, in_order).view(values.shape)


def _by_remainder(vectors: Tensor) -> Tensor:
    """Tokens (N, L, K) in groups (N, 512, tokens per group, K) of the same remainder; zeros fill the last."""
    N, L, K = vectors.shape
    return functional.pad(vectors, (0, 0, 0, -L % MODULUS)).reshape(N, -1, MODULUS, K).transpose(1, 2)
