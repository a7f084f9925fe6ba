"""Rotary frequencies by base and by name: some pairs of channels turn once in a period that the configuration states.

With the right period a head hears what recurs along the DNA, such as the 10.5 bases per turn of the double helix:
tokens whole turns apart have the same phase. All other pairs keep the geometric series of the base. Scores depend on
the distance alone, whatever the frequencies (Su et al. 2021, doi:10.48550/arXiv.2104.09864).

Legend: B windows, L tokens, K width per head.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

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
