"""Views of windows: what may be done to a stretch of DNA without making it another stretch.

A view is a function of (bases, key). Every draw depends on the key and on the window's row (and, for mutations, on the
base's place), so that a view is the same on every device. The soft-mask travels with its base.

Legend: B windows, W bases per window.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from genolect.objectives.device_tokens import reverse_complement_rows
from genolect.objectives.selection import MOST_TOKENS, RESOLUTION, counter_words
from genolect.philox import key_words
from genolect.randomness import derived_key

View = Callable[[Tensor, int], Tensor]
"""Takes bases, a tensor of uint8 of shape (B, W), and a key; gives bases of shape (B, W or fewer)."""

_UNKNOWN_BIT = 0b0100
_LETTER_BITS = 0b0011


def composed(*views: View) -> View:
    """Chain views, each with a key of its own; none at all changes nothing.

    Parameters
    ----------
    *views : callable
        The views, the first one first.

    Returns
    -------
    callable
        The view.

    Examples
    --------
    >>> view = composed(cropped(3), reverse_complemented(1.0))
    >>> view(torch.zeros((1, 5), dtype=torch.uint8), 7).tolist()
    [[3, 3, 3]]
    """

    def view(bases: Tensor, key: int) -> Tensor:
        for number, part in enumerate(views):
            bases = part(bases, derived_key(key, "view", number))
        return bases

    return view


def reverse_complemented(rate: float) -> View:
    """Read each window from the other strand with some probability.

    Parameters
    ----------
    rate : float
        The probability.

    Returns
    -------
    callable
        The view.

    Raises
    ------
    ValueError
        If the rate is no probability.

    Examples
    --------
    >>> reverse_complemented(1.0)(torch.tensor([[0, 0, 9]], dtype=torch.uint8), 7).tolist()
    [[10, 3, 3]]
    """
    limit = _limit(rate)
    return lambda bases, key: reverse_complement_rows(bases, _words(bases[:, 0], key)[0] < limit)


def cropped(length: int) -> View:
    """Keep a stretch of each window, at a place drawn evenly for each window.

    Parameters
    ----------
    length : int
        Bases to keep.

    Returns
    -------
    callable
        The view; it refuses windows that are shorter with a ValueError.

    Raises
    ------
    ValueError
        If nothing would be kept.

    Examples
    --------
    >>> cropped(2)(torch.tensor([[0, 1, 2, 3]], dtype=torch.uint8), 7).shape
    torch.Size([1, 2])
    """
    if length < 1:
        raise ValueError(f"a crop of {length} bases keeps nothing")

    def view(bases: Tensor, key: int) -> Tensor:
        places = bases.shape[1] - length + 1
        if places < 1:
            raise ValueError(f"{length} bases cannot be cropped out of windows of {bases.shape[1]}")
        starts = _words(bases[:, 0], key)[0] * places >> 32
        return bases.gather(1, starts[:, None] + torch.arange(length, device=bases.device))

    return view


def shifted(most: int) -> View:
    """Crop so that two views of one window are shifted against each other by at most so many bases.

    Parameters
    ----------
    most : int
        Bases; each view is shorter than the window by as many.

    Returns
    -------
    callable
        The view; it refuses windows that are not longer than the shift with a ValueError.

    Raises
    ------
    ValueError
        If the shift is negative.

    Examples
    --------
    >>> shifted(1)(torch.tensor([[0, 1, 2, 3]], dtype=torch.uint8), 7).shape
    torch.Size([1, 3])
    """
    if most < 0:
        raise ValueError(f"a shift of {most} bases is none")
    return lambda bases, key: cropped(bases.shape[1] - most)(bases, key)


def mutated(rate: float) -> View:
    """Replace each base by one of the other three with some probability; N stays N, and no base becomes N.

    Parameters
    ----------
    rate : float
        The probability, a multiple of 2^-32.

    Returns
    -------
    callable
        The view; it refuses 2^32 bases or more with a ValueError.

    Raises
    ------
    ValueError
        If the rate is no probability.

    Examples
    --------
    >>> mutated(0.0)(torch.tensor([[0, 12, 3]], dtype=torch.uint8), 7).tolist()
    [[0, 12, 3]]
    """
    limit = _limit(rate)

    def view(bases: Tensor, key: int) -> Tensor:
        left, right = _words(bases, key)
        other = (bases + (1 + (right * _LETTER_BITS >> 32)).to(torch.uint8)) & _LETTER_BITS
        struck = (left < limit) & ((bases & _UNKNOWN_BIT) == 0)
        return torch.where(struck, (bases & ~_LETTER_BITS) | other, bases)

    return view


def _limit(rate: float) -> int:
    if not 0 <= rate <= 1:
        raise ValueError(f"the rate {rate} must lie between 0 and 1")
    return round(rate * RESOLUTION)


def _words(places: Tensor, key: int) -> tuple[Tensor, Tensor]:
    """Draw two random words of 32 bits for each entry of a tensor, whatever it holds."""
    if places.numel() >= MOST_TOKENS:
        raise ValueError(f"{places.numel()} draws at once need fewer than 2^32")
    return counter_words(torch.arange(places.numel(), device=places.device).view(places.shape), *key_words(key))
