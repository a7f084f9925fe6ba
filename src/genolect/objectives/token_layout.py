"""How tokens lie on the bases: which touch which bases, which bases are still shown, which tokens count a base once.

Legend: B windows, W bases per window, L tokens, T tiles, k bases per word.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from genolect.errors import ConfigurationError


@dataclass(frozen=True)
class Tiles:
    """Overlapping words of equal length that cover every base, each base counted by one of them.

    Attributes
    ----------
    tokens : Tensor of int64, shape (T,)
        Which tokens; with a stride of 1, every k-th one, and the last.
    places : Tensor of int64, shape (T, k)
        Their bases.
    fresh : Tensor of bool, shape (T, k)
        Bases that no tile before covers: those that this one counts.
    """

    tokens: Tensor
    places: Tensor
    fresh: Tensor


@dataclass(frozen=True)
class Layout:
    """Where the tokens of a batch lie.

    Attributes
    ----------
    starts, ends : Tensor of int64, shape (L,) or (B, L)
        Bases that each token covers, 0-based half-open.
    width : int
        W.
    single : bool
        Whether token i is base i.
    tiles : Tiles or None
        Given where tokens overlap.
    firsts : Tensor of int64, shape (W,) or (B, W), or None
        First base of each base's word; given where words of several bases stand side by side. What no token covers
        makes up words of its own.
    """

    starts: Tensor
    ends: Tensor
    width: int
    single: bool
    tiles: Tiles | None
    firsts: Tensor | None

    def count(self, flags: Tensor) -> Tensor:
        """Count, or sum up, what stands at the bases of each token.

        Parameters
        ----------
        flags : Tensor of bool or float, shape (B, W)
            What stands at each base.

        Returns
        -------
        Tensor of int32 or float64, shape (B, L)
            The sums.
        """
        kind = torch.float64 if flags.is_floating_point() else torch.int32
        if self.single:
            return flags.to(kind)
        sums = torch.zeros(len(flags), self.width + 1, dtype=kind, device=flags.device)
        torch.cumsum(flags, 1, dtype=kind, out=sums[:, 1:])
        if self.starts.dim() == 1:
            return sums[:, self.ends] - sums[:, self.starts]
        return sums.gather(1, self.ends) - sums.gather(1, self.starts)

    def covered(self, tokens: Tensor) -> Tensor:
        """Tell which bases some tokens cover: from shape (B, L) to (B, W), both bool."""
        if self.single:
            return tokens
        B = len(tokens)
        change = torch.zeros(B, self.width + 1, dtype=torch.int32, device=tokens.device)
        one = tokens.int()
        change.scatter_add_(1, self.starts.expand_as(one), one)
        change.scatter_add_(1, self.ends.expand_as(one), -one)
        return change.cumsum(1)[:, : self.width] > 0


def token_layout(spans: Tensor, width: int) -> Layout:
    """Read how tokens lie on the bases.

    Parameters
    ----------
    spans : Tensor of int64, shape (L, 2) or (B, L, 2)
        Bases that each token covers, in order; start = end for padding.
    width : int
        W, bases per window.

    Returns
    -------
    Layout
        The layout.

    Raises
    ------
    ConfigurationError
        If tokens overlap and are not of equal length and at the same places in every window.

    Examples
    --------
    >>> layout = token_layout(torch.tensor([[0, 3], [1, 4], [2, 5], [3, 6], [4, 7]]), 7)
    >>> layout.tiles.tokens.tolist(), layout.tiles.fresh.int().tolist()
    ([0, 3, 4], [[1, 1, 1], [1, 1, 1], [0, 0, 1]])
    """
    starts, ends = spans[..., 0].contiguous(), spans[..., 1].contiguous()
    filled = starts[..., 1:] < ends[..., 1:]
    overlapping = bool(((starts[..., 1:] < ends[..., :-1]) & filled).any())
    columns = torch.arange(width, device=spans.device)
    single = starts.shape == columns.shape and bool(((starts == columns) & (ends == columns + 1)).all())
    tiles = _tiles(spans) if overlapping else None
    firsts = None if overlapping or single else _firsts(starts, ends, columns)
    return Layout(starts, ends, width, single, tiles, firsts)


def _firsts(starts: Tensor, ends: Tensor, columns: Tensor) -> Tensor:
    """Give the first base of each base's word; what follows a word begins one too."""
    begins = torch.zeros(*starts.shape[:-1], len(columns) + 1, dtype=torch.bool, device=starts.device)
    begins.scatter_(-1, starts, True).scatter_(-1, ends, True)
    return torch.where(begins[..., :-1], columns, 0).cummax(-1).values


def _tiles(spans: Tensor) -> Tiles:
    """Walk from each tile to the furthest token that leaves no base out."""
    lengths = spans[..., 1] - spans[..., 0]
    if spans.dim() != 2 or bool((lengths != lengths[0]).any()):
        raise ConfigurationError(
            "the tokens overlap, and are of different lengths or at other places in each window",
            fix="mask words of equal length, or words side by side",
        )
    starts, ends = spans.cpu().numpy().T
    furthest = np.searchsorted(starts, ends, side="right") - 1
    tiles = [0]
    while tiles[-1] < len(starts) - 1:
        tiles.append(max(int(furthest[tiles[-1]]), tiles[-1] + 1))
    tokens = torch.tensor(tiles, device=spans.device)
    places = spans[tokens, :1] + torch.arange(int(lengths[0]), device=spans.device)
    before = torch.cat([places.new_zeros(1), places[:-1, -1] + 1])
    return Tiles(tokens, places, places >= before[:, None])


BASE_BITS = 0b0111
UNKNOWN_BIT = 0b0100
_COMPLEMENT_BITS = 0b0011
LONGEST_WORD = 8


def nucleotide_ids(bases: Tensor) -> Tensor:
    """Give the id of each base: A C G T N = 0 … 4.

    Parameters
    ----------
    bases : Tensor of uint8, shape (..., L)
        Raw bases.

    Returns
    -------
    Tensor of int64, shape (..., L)
        The ids.

    Examples
    --------
    >>> nucleotide_ids(torch.tensor([0, 1, 10, 3, 4], dtype=torch.uint8)).tolist()
    [0, 1, 2, 3, 4]
    """
    return (bases & BASE_BITS).long()


def kmer_ids(bases: Tensor, k: int, stride: int = 1) -> Tensor:
    """Give the id of each k-mer: its bases as the digits of a number to base 4, the leftmost most significant.

    Parameters
    ----------
    bases : Tensor of uint8, shape (..., L)
        Raw bases.
    k : int
        Bases per word, 1 to 8.
    stride : int
        Bases from the beginning of one word to that of the next: 1 for overlapping words, k for words side by side.

    Returns
    -------
    Tensor of int64, shape (..., (L - k) // stride + 1)
        The ids, 0 to 4^k - 1; 4^k for a word with an N. Empty where L < k.

    Raises
    ------
    ValueError
        If k or the stride is out of range.

    Examples
    --------
    >>> kmer_ids(torch.tensor([0, 3, 2, 1, 3, 0, 2], dtype=torch.uint8), 3).tolist()  # ATGCTAG: ATG TGC GCT CTA TAG
    [14, 57, 39, 28, 50]
    """
    if not 1 <= k <= LONGEST_WORD or stride < 1:
        raise ValueError(f"k {k} and stride {stride} need 1 <= k <= {LONGEST_WORD} and stride >= 1")
    unknown: int = 4**k
    count = max(0, (bases.shape[-1] - k) // stride + 1)
    digits = (bases & BASE_BITS).int()
    # An N counts 4^k in every place, so that the sum is at least 4^k; for k = 8 it still fits into 31 bits.
    digits = torch.where(digits >= UNKNOWN_BIT, unknown, digits)
    ids = torch.zeros((*bases.shape[:-1], count), dtype=torch.int32, device=bases.device)
    for place in range(k):
        ids = 4 * ids + digits[..., place : place + (count - 1) * stride + 1 : stride] if count else ids
    return ids.clamp(max=unknown).long()


def reverse_complement_rows(bases: Tensor, rows: Tensor) -> Tensor:
    """Read some windows from the other strand, 5' to 3'.

    Parameters
    ----------
    bases : Tensor of uint8, shape (B, L)
        Raw bases.
    rows : Tensor of bool, shape (B,)
        Which windows.

    Returns
    -------
    Tensor of uint8, shape (B, L)
        The windows; the soft-mask travels with its base.

    Examples
    --------
    >>> two = torch.tensor([[0, 0, 1], [0, 4, 9]], dtype=torch.uint8)
    >>> reverse_complement_rows(two, torch.tensor([False, True])).tolist()
    [[0, 0, 1], [10, 4, 3]]
    """
    turned = bases.flip(-1)
    turned = torch.where((turned & UNKNOWN_BIT) == 0, turned ^ _COMPLEMENT_BITS, turned)
    return torch.where(rows[:, None], turned, bases)
