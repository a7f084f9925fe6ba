"""Rotary positions (Su et al. 2021, doi:10.48550/arXiv.2104.09864): attention scores depend on j - i only.

Legend: B windows, H heads, L tokens, K width per head.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from genolect.arrays import BASES

ROTARY_BASE = 10_000.0
"""What published models have."""


def rotary_angles(length: int, head_width: int, base: float, device: torch.device) -> Tensor:
    """Give the angle of every position and frequency.

    Parameters
    ----------
    length : int
        Number of tokens, L.
    head_width : int
        Width per head, K; even.
    base : float
        The slowest frequency turns once in about ``2 pi base`` tokens.
    device : torch.device
        Where the tensor lives.

    Returns
    -------
    Tensor of float32, shape (L, K / 2)
        Angles in radians.

    Examples
    --------
    >>> rotary_angles(3, 4, 100.0, torch.device("cpu"))[2].tolist()
    [2.0, 0.20000000298023224]
    """
    frequencies = base ** (-torch.arange(0, head_width, 2, device=device) / head_width)
    return torch.arange(length, device=device)[:, None] * frequencies


def rotate(vectors_BHLK: Tensor, angles: Tensor) -> Tensor:
    """Turn queries or keys by their position's angles.

    Parameters
    ----------
    vectors_BHLK : Tensor, shape (B, H, L, K)
        Queries or keys.
    angles : Tensor of float32, shape (L, K / 2)
        From `rotary_angles`.

    Returns
    -------
    Tensor, shape (B, H, L, K)
        Turned vectors, in the dtype that came in.

    Examples
    --------
    >>> turned = rotate(torch.ones(1, 1, 2, 2), rotary_angles(2, 2, 1.0, torch.device("cpu")))
    >>> [round(value, 3) for value in turned[0, 0, 1].tolist()]
    [-0.301, 1.382]
    """
    # In the vectors' own precision: float32 waves would double the time of this step.
    cosine, sine = angles.cos().to(vectors_BHLK.dtype), angles.sin().to(vectors_BHLK.dtype)
    first, second = vectors_BHLK.chunk(2, dim=-1)
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1)


HELIX = 10.5
"""Base pairs per turn of B-DNA in solution (Wang 1979, doi:10.1073/pnas.76.1.200)."""


def rotary_frequencies(head_width: int, base: float, periods: tuple[float, ...] = ()) -> Tensor:
    """Give the frequency of every pair of channels: those of the base first, then those of the periods.

    Parameters
    ----------
    head_width : int
        Width per head, K; even.
    base : float
        As in `rotary.rotary_angles`.
    periods : tuple of float
        Tokens per turn of one pair each; at most K / 2.

    Returns
    -------
    Tensor of float64, shape (K / 2,)
        Radians per token.

    Raises
    ------
    ValueError
        If there are more periods than pairs.

    Examples
    --------
    >>> [round(value, 4) for value in rotary_frequencies(6, 100.0, (10.5,)).tolist()]
    [1.0, 0.1, 0.5984]
    """
    pairs = head_width // 2 - len(periods)
    if pairs < 0:
        raise ValueError(f"{len(periods)} periods need {2 * len(periods)} channels per head, there are {head_width}")
    series = [base ** (-pair / pairs) for pair in range(pairs)]
    return torch.tensor([*series, *(2 * math.pi / period for period in periods)], dtype=torch.float64)


def rotary_periods(head_width: int, base: float, periods: tuple[float, ...] = ()) -> list[float]:
    """List after how many tokens each pair of channels has turned once, the fastest first.

    Parameters
    ----------
    head_width, base, periods
        As in `rotary_frequencies`.

    Returns
    -------
    list of float
        K / 2 periods in tokens.

    Examples
    --------
    >>> [round(period, 1) for period in rotary_periods(6, 100.0, (10.5,))]
    [6.3, 10.5, 62.8]
    """
    return sorted((2 * math.pi / rotary_frequencies(head_width, base, periods)).tolist())


def angles_at(positions: Tensor, frequencies: Tensor) -> Tensor:
    """Give the angle of every position and frequency, as exact a million tokens away as at the start.

    Parameters
    ----------
    positions : Tensor of float64, shape (..., L)
        Places along the sequence, in tokens.
    frequencies : Tensor of float64, shape (K / 2,)
        From `rotary_frequencies`.

    Returns
    -------
    Tensor of float32, shape (..., L, K / 2)
        Radians, less whole turns.

    Examples
    --------
    >>> angles_at(torch.arange(3.0, dtype=torch.float64), rotary_frequencies(2, 100.0))[:, 0].tolist()
    [0.0, 1.0, 2.0]
    """
    # Whole turns go while there are 53 bits: at 1 Mb the 24 bits of float32 leave errors of 3 degrees.
    return (positions[..., None] * frequencies.to(positions.device)).remainder(2 * math.pi).to(torch.float32)


def alibi_slopes(heads: int) -> list[float]:
    """Give how fast each head's scores fall, per token of distance.

    For a power of two the slopes are 2^(-8/H), 2^(-16/H), … 2^-8. For other numbers the published models take those
    of the next lower power of two, and then every second one, from the first, of the next higher.

    Parameters
    ----------
    heads : int
        H.

    Returns
    -------
    list of float
        H slopes.

    Examples
    --------
    >>> alibi_slopes(3)
    [0.0625, 0.00390625, 0.25]
    """
    lower = 1 << (heads.bit_length() - 1)
    slopes = [2.0 ** (-8 * number / lower) for number in range(1, lower + 1)]
    between = [2.0 ** (-4 * number / lower) for number in range(1, 2 * lower + 1, 2)]
    return slopes + between[: heads - lower]


def alibi(length: int, heads: int, device: torch.device) -> Tensor:
    """Give what ALiBi adds to the scores; both directions fall alike, as in encoders.

    Parameters
    ----------
    length : int
        L.
    heads : int
        H.
    device : torch.device
        Where the tensor lives.

    Returns
    -------
    Tensor of float32, shape (H, L, L)
        Zero on the diagonal, below zero elsewhere.

    Examples
    --------
    >>> alibi(3, 1, torch.device("cpu"))[0, 0].tolist()
    [-0.0, -0.00390625, -0.0078125]
    """
    positions = torch.arange(length, device=device)
    distances = (positions[:, None] - positions).abs()
    return -torch.tensor(alibi_slopes(heads), device=device)[:, None, None] * distances


CYTOSINE, GUANINE = 1, 2
PRIOR = 4.0
"""CpG added to the observed and to the expected: few pairs say little, and none say 1."""


def cpg_density(ids: Tensor, reach: int) -> Tensor:
    """Give the observed over the expected number of CpG around each pair of neighbours.

    Parameters
    ----------
    ids : Tensor of int64, shape (B, L)
        What is shown; only 0 … 3 count as visible bases.
    reach : int
        Pairs on either side that count.

    Returns
    -------
    Tensor of float64, shape (B, L - 1)
        About 1 where CpG are as frequent as C and G allow, more in islands, less where they were lost.

    Examples
    --------
    >>> cpg_density(torch.tensor([[1, 2, 1, 2], [0, 3, 0, 3]]), 5).tolist()
    [[1.125, 1.125, 1.125], [1.0, 1.0, 1.0]]
    """
    first, second = ids[:, :-1], ids[:, 1:]
    visible = (first < BASES) & (second < BASES)
    cytosine, guanine = visible & (first == CYTOSINE), visible & (second == GUANINE)
    pairs, cytosines, guanines, observed = _sums(
        torch.stack([visible, cytosine, guanine, cytosine & guanine]), reach
    ).to(torch.float64)
    expected = cytosines * guanines / pairs.clamp(min=1)
    density: Tensor = (observed + PRIOR) / (expected + PRIOR)
    return density


def cpg_positions(density: Tensor) -> Tensor:
    """Place tokens along the density: the step between neighbours grows with it.

    Parameters
    ----------
    density : Tensor of float64, shape (B, L - 1)
        From `cpg_density`.

    Returns
    -------
    Tensor of float64, shape (B, L)
        From 0 to L - 1, increasing; whole numbers where the density is constant.

    Examples
    --------
    >>> cpg_positions(torch.tensor([[0.5, 0.5, 2.0]])).tolist()
    [[0.0, 0.75, 1.5, 3.0]]
    """
    steps = 1 + density  # No step is nothing: two tokens never share a place.
    return functional.pad((steps / steps.mean(dim=1, keepdim=True)).cumsum(dim=1), (1, 0))


def _sums(values: Tensor, reach: int) -> Tensor:
    """Add up the values at most `reach` places away along the last axis."""
    length = values.shape[-1]
    sums = functional.pad(values.cumsum(dim=-1), (1, 0))
    places = torch.arange(length, device=values.device)
    return sums[..., (places + reach + 1).clamp(max=length)] - sums[..., (places - reach).clamp(min=0)]
