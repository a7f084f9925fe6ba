"""Distance along CpG density: positions advance faster where CpG are dense, so that islands are finely resolved.

The density of a place is the ratio of observed to expected CpG among the neighbour pairs around it (Gardiner-Garden &
Frommer 1987, doi:10.1016/0022-2836(87)90689-9). Only pairs of visible bases count, so what is hidden moves nothing.

Steps are taken relative to their mean over the window: where density is constant, whatever its level, positions are
those of plain rotary, and a window is as long as it has tokens. A CpG read on the other strand is a CpG: both strands
have the same distances.

Legend: B windows, L tokens, one base each: A C G T = 0 1 2 3.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

BASES = 4
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
