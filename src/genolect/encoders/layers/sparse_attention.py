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

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

HIDDEN = -1e30
"""Score of a key that a query does not see: its weight is exactly zero, and finite where nothing is seen."""
SCORES = {"cpu": 1 << 19}
MANY_SCORES = 1 << 26
"""Scores in memory at a time: what the processor's cache holds; elsewhere, what keeps a GPU busy."""


class Mixed(NamedTuple):
    """What attention gives.

    Attributes
    ----------
    values : Tensor, shape (N, L, K)
        Values, mixed by the softmax of the scores.
    log_sums : Tensor of at least float32, shape (N, L)
        Logarithm of the sum of each query's exponentials.
    """

    values: Tensor
    log_sums: Tensor


class Pattern(NamedTuple):
    """Which keys a query sees.

    Attributes
    ----------
    reach : int
        R: tokens on either side.
    anchors : Tensor of int64, shape (A,)
        Places of tokens that all see, wherever they are.
    """

    reach: int
    anchors: Tensor


def window_attention(queries: Tensor, keys: Tensor, values: Tensor, pattern: Pattern) -> Mixed:
    """Let every query attend to the keys at most ``reach`` away, and to the anchors, in linear memory and time.

    Parameters
    ----------
    queries, keys, values : Tensor, shape (N, L, K)
        The scores are their products divided by the root of K.
    pattern : Pattern
        Which keys are seen.

    Returns
    -------
    Mixed
        For every query.

    Examples
    --------
    >>> pattern = Pattern(reach=1, anchors=torch.tensor([4]))
    >>> values = torch.arange(5.0).view(1, 5, 1)
    >>> window_attention(torch.zeros(1, 5, 1), torch.zeros(1, 5, 1), values, pattern).values.flatten().tolist()
    [1.6666666269302368, 1.75, 2.5, 3.0, 3.5]
    """
    scaled = queries * queries.shape[-1] ** -0.5
    return Mixed(*_WindowAttention.apply(scaled, keys, values, pattern))  # type: ignore[no-untyped-call]


def group_attention(queries: Tensor, keys: Tensor, values: Tensor, places: tuple[Tensor, Tensor], beyond: int) -> Mixed:
    """Let every query of a group attend to the keys of that group that are further away than a distance.

    Parameters
    ----------
    queries, keys, values : Tensor, shape (N, G, Q, K)
        The scores are their products divided by the root of K.
    places : tuple of Tensor of int64, both of shape (G, Q)
        Where queries and keys stand in the sequence; a negative key is none.
    beyond : int
        Keys at most so far from the query are left out.

    Returns
    -------
    Mixed
        With the axes (G, Q) instead of L; a query without keys has a log of sums next to `HIDDEN`.

    Examples
    --------
    >>> places, ones = torch.tensor([[0, 8, 16]]), torch.ones(1, 1, 3, 2)
    >>> group_attention(ones, ones, ones, (places, places), 8).values[0, 0, 0].tolist()
    [1.0, 1.0]
    """
    scaled = queries * queries.shape[-1] ** -0.5
    return Mixed(*_GroupAttention.apply(scaled, keys, values, *places, beyond))  # type: ignore[no-untyped-call]


def put_together(one: Mixed, other: Mixed) -> Tensor:
    """Give the attention over the keys of both, which must have none in common.

    Parameters
    ----------
    one, other : Mixed
        Of the same queries.

    Returns
    -------
    Tensor, shape (N, L, K)
        Mixed values.

    Examples
    --------
    >>> three, one = (Mixed(torch.full((1, 1, 1), v), torch.full((1, 1), n).log()) for v, n in ((8.0, 3.0), (4.0, 1.0)))
    >>> put_together(three, one).item()
    7.0
    """
    total = torch.logaddexp(one.log_sums, other.log_sums)
    shares = ((part.log_sums - total).exp()[..., None].to(part.values.dtype) for part in (one, other))
    first, second = (part.values * share for part, share in zip((one, other), shares, strict=True))
    return first + second


def _attend(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Plain attention, (..., Q, K) to (..., M, K), with a bias (..., Q, M) whose precision the softmax has."""
    weights = (queries @ keys.transpose(-1, -2)).to(bias.dtype).add_(bias)
    largest = weights.amax(-1, keepdim=True)
    weights.sub_(largest).exp_()
    sums = weights.sum(-1, keepdim=True)
    mixed = (weights.to(values.dtype) @ values).to(bias.dtype).div_(sums)
    return mixed, (largest + sums.log()).squeeze(-1)


def _gradients(given: tuple[Tensor, ...], mixed: tuple[Tensor, ...], wanted: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Gradients of queries, keys and values of `_attend`, given what it was given, what it gave and their gradients."""
    queries, keys, values, bias = given
    weights = (queries @ keys.transpose(-1, -2)).to(bias.dtype).add_(bias).sub_(mixed[1][..., None]).exp_()
    balance = (mixed[0].to(bias.dtype) * wanted[0]).sum(-1) - wanted[1]
    towards_mixed = wanted[0].to(values.dtype)
    towards_scores = (towards_mixed @ values.transpose(-1, -2)).to(bias.dtype)
    towards_scores = towards_scores.sub_(balance[..., None]).mul_(weights).to(queries.dtype)
    return (
        towards_scores @ keys,
        towards_scores.transpose(-1, -2) @ queries,
        weights.to(values.dtype).transpose(-1, -2) @ towards_mixed,
    )


class _WindowAttention(torch.autograd.Function):
    """Blocks of R queries; each sees the 3 R keys around it, as far as the distance allows, and A anchors."""

    @staticmethod
    def forward(context: Any, queries: Tensor, keys: Tensor, values: Tensor, pattern: Pattern) -> tuple[Tensor, Tensor]:
        mixed = torch.empty_like(values, memory_format=torch.contiguous_format)
        log_sums = values.new_empty(values.shape[:2], dtype=_exact(values))
        with torch.autocast(queries.device.type, enabled=False):
            for start, stop in _stretches(queries, pattern):
                part, logs = _attend(*_blocks((queries, keys, values), pattern, start, stop))
                mixed[:, start:stop] = part.flatten(1, 2)[:, : stop - start]
                log_sums[:, start:stop] = logs.flatten(1, 2)[:, : stop - start]
        context.save_for_backward(queries, keys, values, mixed, log_sums)
        context.pattern = pattern
        return mixed, log_sums

    @staticmethod
    @once_differentiable
    def backward(context: Any, *wanted: Tensor) -> tuple[Tensor | None, ...]:
        *given, mixed, log_sums = context.saved_tensors
        pattern: Pattern = context.pattern
        found = tuple(torch.zeros(each.shape, dtype=_exact(each), device=each.device) for each in given)
        with torch.autocast(mixed.device.type, enabled=False):
            for start, stop in _stretches(mixed, pattern):
                blocks = _blocks(given, pattern, start, stop)
                parts, aims = (
                    tuple(_in_blocks(each, pattern.reach, start, stop) for each in pair)
                    for pair in ((mixed, log_sums), wanted)
                )
                towards_queries, *others = _gradients(blocks, parts, aims)
                found[0][:, start:stop] = towards_queries.flatten(1, 2)[:, : stop - start]
                for total, gradient in zip(found[1:], others, strict=True):
                    _give_back(total, gradient, pattern, start)
        return *(total.to(each.dtype) for total, each in zip(found, given, strict=True)), None


def _stretches(queries: Tensor, pattern: Pattern) -> Iterator[tuple[int, int]]:
    """Cut the tokens into stretches of whole blocks; the last may end within one."""
    N, L, _ = queries.shape
    scores_per_block = N * pattern.reach * (3 * pattern.reach + len(pattern.anchors))
    step = pattern.reach * max(1, SCORES.get(queries.device.type, MANY_SCORES) // scores_per_block)
    for start in range(0, L, step):
        yield start, min(start + step, L)


def _in_blocks(vectors: Tensor, reach: int, start: int, stop: int) -> Tensor:
    """Tokens from start to stop, (N, L, ...), as blocks (N, C, R, ...); zeros fill the last."""
    missing = -(stop - start) % reach
    part = vectors[:, start:stop]
    if missing:
        part = torch.cat([part, part.new_zeros(len(part), missing, *part.shape[2:])], dim=1)
    return part.reshape(len(part), -1, reach, *part.shape[2:])


def _blocks(given: Any, pattern: Pattern, start: int, stop: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Queries (N, C, R, K), keys and values (N, C, M, K), and the bias (C, R, M) of a stretch."""
    queries, keys, values = given
    reach, anchors = pattern
    blocks = _in_blocks(queries, reach, start, stop)
    C, L = blocks.shape[1], queries.shape[1]
    around = (start - reach, start + (C + 1) * reach)

    def seen(vectors: Tensor) -> Tensor:
        inside = vectors[:, max(0, around[0]) : around[1]]
        padded = functional.pad(inside, (0, 0, max(0, -around[0]), max(0, around[1] - L)))
        windows = padded.unfold(1, 3 * reach, reach).transpose(-1, -2)
        return torch.cat([windows, vectors[:, None, anchors].expand(-1, C, -1, -1)], dim=2)

    places = torch.arange(*around, device=queries.device)
    inner = torch.arange(reach, device=queries.device)[:, None]
    near = (torch.arange(3 * reach, device=queries.device) - reach - inner).abs() <= reach
    bias = torch.zeros(C, reach, 3 * reach + len(anchors), dtype=_exact(queries), device=queries.device)
    bias[:, :, : 3 * reach].masked_fill_(~near, HIDDEN)
    if around[0] < 0 or around[1] > L:
        outside = ((places < 0) | (places >= L)).unfold(0, 3 * reach, reach)
        bias[:, :, : 3 * reach].masked_fill_(outside[:, None], HIDDEN)
    # An anchor within reach is seen already; it must not count twice.
    asking = places[reach:-reach].view(C, reach, 1)
    bias[:, :, 3 * reach :].masked_fill_((asking - anchors).abs() <= reach, HIDDEN)
    return blocks, seen(keys), seen(values), bias


def _give_back(total: Tensor, gradient: Tensor, pattern: Pattern, start: int) -> None:
    """Add what the blocks (N, C, M, K) of a stretch say to the gradient of all keys or values (N, L, K)."""
    reach, anchors = pattern
    N, C, _, K = gradient.shape
    stretch = gradient.new_zeros(N, (C + 2) * reach, K, dtype=total.dtype)
    for third in range(3):
        part = gradient[:, :, third * reach : (third + 1) * reach].reshape(N, C * reach, K)
        stretch[:, third * reach : (third + C) * reach] += part
    first = start - reach
    end = min(total.shape[1], first + stretch.shape[1])
    total[:, max(0, first) : end] += stretch[:, max(0, -first) : end - first]
    total.index_add_(1, anchors, gradient[:, :, 3 * reach :].sum(1, dtype=total.dtype))


class _GroupAttention(torch.autograd.Function):
    """A few groups at a time."""

    @staticmethod
    def forward(context: Any, *given: Any) -> tuple[Tensor, Tensor]:
        queries, keys, values, asking, answering, beyond = given
        with torch.autocast(queries.device.type, enabled=False):
            parts = [
                _attend(*_group((queries, keys, values), (asking, answering), beyond, groups))
                for groups in _few_groups(queries)
            ]
        mixed = torch.cat([part[0] for part in parts], dim=1).to(values.dtype)
        log_sums = torch.cat([part[1] for part in parts], dim=1)
        context.save_for_backward(queries, keys, values, asking, answering, mixed, log_sums)
        context.beyond = beyond
        return mixed, log_sums

    @staticmethod
    @once_differentiable
    def backward(context: Any, *wanted: Tensor) -> tuple[Tensor | None, ...]:
        *given, asking, answering, mixed, log_sums = context.saved_tensors
        with torch.autocast(mixed.device.type, enabled=False):
            parts = [
                _gradients(
                    _group(given, (asking, answering), context.beyond, groups),
                    (mixed[:, groups], log_sums[:, groups]),
                    (wanted[0][:, groups], wanted[1][:, groups]),
                )
                for groups in _few_groups(mixed)
            ]
        found = (torch.cat(part, dim=1) for part in zip(*parts, strict=True))
        return *found, None, None, None


def _few_groups(queries: Tensor) -> list[slice]:
    N, G, Q, _ = queries.shape
    step = max(1, SCORES.get(queries.device.type, MANY_SCORES) // (N * Q * Q))
    return [slice(start, start + step) for start in range(0, G, step)]


def _group(given: Any, places: tuple[Tensor, Tensor], beyond: int, groups: slice) -> tuple[Tensor, ...]:
    """Queries, keys and values of some groups, and their bias."""
    asking, answering = places[0][groups, :, None], places[1][groups, None, :]
    hidden = ((asking - answering).abs() <= beyond) | (answering < 0)
    bias = torch.zeros(hidden.shape, dtype=_exact(given[0]), device=hidden.device).masked_fill_(hidden, HIDDEN)
    return *(each[:, groups] for each in given), bias


def _exact(vectors: Tensor) -> torch.dtype:
    """The precision of sums: at least float32."""
    return torch.promote_types(vectors.dtype, torch.float32)


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
