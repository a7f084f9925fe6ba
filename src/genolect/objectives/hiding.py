"""Which bases are hidden, replaced or kept: a pure function of the bases and a key, the same on every device.

A window is cut into blocks of one or more bases, and each block has one draw u, uniform on [0, 1). A base is selected
where u lies below the rate of its class, and the same u says what becomes of it. So a base is selected with exactly the
rate of its class, wherever it stands and however long the blocks are; hidden stretches are joined blocks, m / (1 - r)
bases long on average for blocks of mean length m. Rates are multiples of 2^-32.

Where words do not overlap, a block never ends inside a word: then hiding each word that touches a hidden base hides no
base more, and the share of hidden bases is the rate for every tokenizer. An N is never selected.

Legend: B windows, W bases per window, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from genolect.objectives.hiding_kernel import HIDDEN, KEPT, REPLACED, UNSELECTED, write_fates
from genolect.objectives.selection import HOST, MOST_TOKENS, RESOLUTION, counter_words
from genolect.philox import key_words
from genolect.randomness import derived_key

BASES = 4
_BASE_BITS = 0b0111


@dataclass(frozen=True)
class Hiding:
    """How bases are drawn.

    Attributes
    ----------
    shares : tuple of (float, float, float), one per class
        Probability that a base of the class is hidden; that it is hidden or replaced; that it is selected. Ascending.
    span : float
        Mean number of bases per block, at least 1.
    shape : {'geometric', 'fixed'}
        Whether the lengths of blocks are geometric, or all the same (a whole number, the first one cut at random).
    frequencies : tuple of 4 floats
        Of A C G T among the bases shown for replaced ones.
    """

    shares: tuple[tuple[float, float, float], ...]
    span: float = 1.0
    shape: Literal["geometric", "fixed"] = "geometric"
    frequencies: tuple[float, ...] = (0.25, 0.25, 0.25, 0.25)

    @property
    def limits(self) -> list[list[int]]:
        """The shares as draws of 32 bits."""
        return [[round(share * RESOLUTION) for share in shares] for shares in self.shares]

    @property
    def ends(self) -> list[int]:
        """Where the draws for A, C and G end."""
        return cumulative_limits(self.frequencies)[:-1]

    @property
    def blocks(self) -> tuple[int, int]:
        """Below which draw a block begins (-1: never by a draw), and every how many bases one does otherwise."""
        fixed = self.shape == "fixed" and self.span > 1
        return (-1, round(self.span)) if fixed else (round(RESOLUTION / self.span), 1)


def cumulative_limits(frequencies: Sequence[float]) -> list[int]:
    """Cut the draws of 32 bits into one stretch per word, as long as the word is frequent.

    Parameters
    ----------
    frequencies : sequence of float
        Of the words, up to a common factor.

    Returns
    -------
    list of int
        Where each word's stretch ends; the last ends at 2^32.

    Examples
    --------
    >>> [end / 2**32 for end in cumulative_limits([3, 1, 4])]
    [0.375, 0.5, 1.0]
    """
    total = sum(frequencies)
    return [round(part / total * RESOLUTION) for part in accumulate(frequencies)]


def draw_fates(
    bases: Tensor, key: int, hiding: Hiding, *, classes: Tensor | None = None, firsts: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Draw what becomes of each base.

    Parameters
    ----------
    bases : Tensor of uint8, shape (B, W)
        Base codes.
    key : int
        Every draw is a function of it, not negative, below 2^64.
    hiding : Hiding
        Rates.
    classes : Tensor of uint8, shape (B, W), optional
        Class of each base, below C.
    firsts : Tensor of int64, shape (W,) or (B, W), optional
        First base of the word that each base belongs to: words are hidden whole.

    Returns
    -------
    fates : Tensor of uint8, shape (B, W)
        `UNSELECTED`, `HIDDEN`, `REPLACED` or `KEPT`.
    shown : Tensor of uint8, shape (B, W)
        The bases with random ones for those replaced and N for those hidden, so that nothing made of them can tell.

    Raises
    ------
    ValueError
        If there are 2^32 bases or more.

    Examples
    --------
    >>> bases = torch.tensor([[0, 1, 2, 3, 4]], dtype=torch.uint8)
    >>> draw_fates(bases, 7, Hiding(shares=((0.0, 0.0, 1.0),)))[0].tolist()
    [[3, 3, 3, 3, 0]]
    """
    if bases.numel() >= MOST_TOKENS:
        raise ValueError(f"{bases.numel()} bases are too many at once: fewer than 2^32 are needed")
    keys = (*key_words(key), *key_words(derived_key(key, "blocks")))
    if bases.device.type != HOST:
        return _draw_anywhere(bases, keys, hiding, classes, firsts)
    out = torch.empty((2, *bases.shape), dtype=torch.uint8)
    kinds = np.zeros((1, 1), dtype=np.uint8) if classes is None else classes.contiguous().numpy()
    starts = np.zeros((1, 0), dtype=np.int64) if firsts is None else np.atleast_2d(firsts.contiguous().numpy())
    chances = np.array(hiding.limits, dtype=np.int64), np.array(hiding.ends, dtype=np.int64)
    write_fates(bases.contiguous().numpy(), kinds, starts, chances, (keys, hiding.blocks), out.numpy())
    return out[0], out[1]


def _draw_anywhere(
    bases: Tensor, keys: tuple[int, int, int, int], hiding: Hiding, classes: Tensor | None, firsts: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Do what `write_fates` does with operations that every device has, to the last bit."""
    B, W = bases.shape
    places = torch.arange(B * W, device=bases.device).view(B, W)
    left, right = counter_words(places, keys[0], keys[1])
    blocks = _blocks(places, keys[2:], hiding.blocks)
    if firsts is not None:
        blocks = blocks.gather(1, firsts.expand(B, W))
    left = left.gather(1, blocks)
    limits = torch.tensor(hiding.limits, device=bases.device)
    kinds = torch.zeros_like(bases, dtype=torch.int64) if classes is None else classes.long()
    hidden, replaced, selected = (left < limits[:, number][kinds] for number in range(3))
    codes = bases & _BASE_BITS
    known = codes < BASES
    fates = torch.where(hidden, HIDDEN, torch.where(replaced, REPLACED, torch.where(selected, KEPT, UNSELECTED)))
    fates = torch.where(known & selected, fates, UNSELECTED).to(torch.uint8)
    ends = torch.tensor(hiding.ends, device=bases.device)
    strangers = (right[..., None] >= ends).sum(-1).to(torch.uint8)
    unknown = torch.full_like(codes, BASES)
    shown = torch.where(fates == HIDDEN, unknown, torch.where(fates == REPLACED, strangers, codes))
    return fates, shown


def _blocks(places: Tensor, key: tuple[int, ...], blocks: tuple[int, int]) -> Tensor:
    """Give the first base of the block of each base."""
    limit, period = blocks
    B, W = places.shape
    columns = torch.arange(W, device=places.device)
    if limit < 0:
        phases = counter_words(torch.arange(B, device=places.device), *key)[0] * period >> 32
        begins = (columns + phases[:, None]) % period == 0
    elif limit >= RESOLUTION:
        return columns.expand(B, W)
    else:
        begins = counter_words(places, *key)[0] < limit
    return torch.where(begins, columns, 0).cummax(1).values
