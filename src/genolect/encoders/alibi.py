"""ALiBi (Press et al. 2022, doi:10.48550/arXiv.2108.12409): scores fall with distance, at a rate of each head's own.

Legend: H heads, L tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor


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
