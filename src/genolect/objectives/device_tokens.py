"""Tokens from raw bases, on whatever device the bases are: what is moved to a GPU is one byte per base.

Legend: B windows, L bases.

A raw base is one byte. Its three lowest bits are A C G T = 0 … 3, or something larger where the base is unknown (N);
the next bit, the soft-mask, travels with the base and plays no part in tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor

_BASE_BITS = 0b0111
_UNKNOWN_BIT = 0b0100
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
    return (bases & _BASE_BITS).long()


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
    digits = (bases & _BASE_BITS).int()
    # An N counts 4^k in every place, so that the sum is at least 4^k; for k = 8 it still fits into 31 bits.
    digits = torch.where(digits >= _UNKNOWN_BIT, unknown, digits)
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
    turned = torch.where((turned & _UNKNOWN_BIT) == 0, turned ^ _COMPLEMENT_BITS, turned)
    return torch.where(rows[:, None], turned, bases)
