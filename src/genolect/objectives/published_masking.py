"""Masking as it was published, by tokens: with what it gives away (`objectives.leak` says how much).

DNABERT (Ji et al. 2021, doi:10.1093/bioinformatics/btab083) masks runs of k overlapping words: a word is a centre with
probability rate / k, and its neighbours are masked with it, as its code does. GROVER (Sanabria et al. 2024,
doi:10.1038/s42256-024-00872-0) selects 2.2 % of the tokens, one by one, hides 80 % of them and replaces the rest.

Legend: B windows, L tokens, k bases per word.
"""

from __future__ import annotations

import torch
from torch import Tensor

from genolect.objectives.selection import select_tokens
from genolect.randomness import derived_key

DNABERT_NEIGHBOURS = {3: (-1, 0, 1), 4: (-1, 0, 1, 2), 5: (-2, -1, 0, 1, 2), 6: (-2, -1, 0, 1, 2, 3)}
"""Words that are masked with a centre, by k, from the left."""

GROVER_RATE = 0.022
GROVER_HIDDEN, GROVER_RANDOM = 0.8, 0.2

Shares = tuple[float, float]


def dnabert_tokens(
    ids: Tensor, key: int, rate: float, shares: Shares, *, k: int, targets: range, mask_id: int
) -> tuple[Tensor, Tensor]:
    """Mask runs of overlapping words as DNABERT did; what becomes of each word of a run is drawn for it alone.

    Random words are drawn from the targets; DNABERT's code drew them from all tokens, five special ones among them.

    Parameters
    ----------
    ids : Tensor of int64, shape (B, L)
        True tokens, one for every base but the last k - 1.
    key : int
        Every draw is a function of it.
    rate : float
        0.15 in its first 100,000 steps, then 0.2; runs overlap, so that slightly fewer tokens are selected.
    shares : tuple of float
        Share of the selected tokens that is hidden, and that is random; 0.8 and 0.1.
    k : int
        3 to 6.
    targets : range
        Ids that can be selected.
    mask_id : int
        What hides.

    Returns
    -------
    shown : Tensor of int64, shape (B, L)
        What the encoder sees.
    selected : Tensor of bool, shape (B, L)
        The tokens to predict.

    Examples
    --------
    >>> ids = torch.arange(9).view(1, 9)
    >>> shown, selected = dnabert_tokens(ids, 2, 0.3, (1.0, 0.0), k=3, targets=range(64), mask_id=65)
    >>> shown.tolist()
    [[65, 65, 2, 3, 4, 65, 65, 65, 65]]
    """
    centre = rate / k
    drawn = select_tokens(
        ids, derived_key(key, "centres"), (centre, centre, centre), targets, mask_id=mask_id, unselected=-1
    )
    centres = drawn[1] >= 0
    chosen = torch.zeros_like(centres)
    L = ids.shape[1]
    for step in DNABERT_NEIGHBOURS[k]:
        chosen[:, max(step, 0) : L + min(step, 0)] |= centres[:, max(-step, 0) : L - max(step, 0)]
    hidden, random = shares
    offered = torch.where(chosen, ids, -1)
    shown, truth = select_tokens(offered, key, (hidden, hidden + random, 1.0), targets, mask_id=mask_id, unselected=-1)
    selected = truth >= 0
    return torch.where(selected, shown, ids), selected
