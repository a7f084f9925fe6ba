"""Rotary positions (Su et al. 2021, doi:10.48550/arXiv.2104.09864): attention scores depend on j - i only.

Legend: B windows, H heads, L tokens, K width per head.
"""

from __future__ import annotations

import torch
from torch import Tensor


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
