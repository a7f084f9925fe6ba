"""Which tokens are selected and what is shown in their place: one draw per token, the same on every device.

A token's draw is a function of the key and of its place in the batch (`philox`), not of what the tokens are.
Each token is selected independently; rates are multiples of 2^-32.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from genolect.objectives.selection_kernel import replace_selected
from genolect.philox import KEY_STEP, LOW, MULTIPLIER, ROUNDS, key_words

RESOLUTION = 2**32
MOST_TOKENS = 2**32
HOST = "cpu"
"""The device whose tokens `selection_kernel` reads."""


def select_tokens(
    ids: Tensor, key: int, shares: tuple[float, float, float], targets: range, *, mask_id: int, unselected: int
) -> tuple[Tensor, Tensor]:
    """Hide, replace or keep some tokens, and say which.

    Parameters
    ----------
    ids : Tensor of int64
        True tokens, of any shape.
    key : int
        Every draw is a function of it, not negative, below 2^64.
    shares : tuple of float
        Probability that a token is hidden; that it is hidden or replaced by a random one of the targets (itself
        included); that it is selected at all. Ascending, at most 1.
    targets : range
        Ids that can be selected, one after the other.
    mask_id : int
        What is shown for a hidden token.
    unselected : int
        What stands for the truth where no token was selected.

    Returns
    -------
    shown : Tensor of int64, the shape of `ids`
        What the encoder sees, on the device of `ids`.
    truth : Tensor of int64, the shape of `ids`
        The true token where one was selected, `unselected` elsewhere.

    Raises
    ------
    ValueError
        If there are 2^32 tokens or more, or the targets are not side by side.

    Examples
    --------
    >>> ids = torch.arange(6)
    >>> shown, truth = select_tokens(ids, 7, (1.0, 1.0, 1.0), range(1, 4), mask_id=9, unselected=-100)
    >>> shown.tolist(), truth.tolist()
    ([0, 9, 9, 9, 4, 5], [-100, 1, 2, 3, -100, -100])
    """
    if ids.numel() >= MOST_TOKENS or targets.step != 1:
        raise ValueError(f"{ids.numel()} tokens and targets {targets} need fewer than 2^32 tokens and a step of 1")
    words = key_words(key)
    hidden, replaced, selected = shares
    limits = (round(hidden * RESOLUTION), round(replaced * RESOLUTION), round(selected * RESOLUTION))
    choice = (targets.start, len(targets), mask_id, unselected)
    if ids.device.type == HOST:
        out = torch.empty((2, *ids.shape), dtype=torch.int64)
        replace_selected(ids.contiguous().view(-1).numpy(), words, limits, choice, out.view(2, -1).numpy())
        return out[0], out[1]
    return _select_anywhere(ids, words, limits, choice)


def _select_anywhere(
    ids: Tensor, words: tuple[int, int], limits: tuple[int, int, int], choice: tuple[int, int, int, int]
) -> tuple[Tensor, Tensor]:
    """Do what `replace_selected` does with operations that every device has, to the last bit."""
    first, many, hiding, unselected = choice
    left, right = counter_words(torch.arange(ids.numel(), device=ids.device).view(ids.shape), *words)
    hidden, replaced, selected = limits
    stranger = first + (right * many >> 32)
    appearance = torch.where(left < hidden, hiding, torch.where(left < replaced, stranger, ids))
    chosen = (left < selected) & (ids >= first) & (ids < first + many)
    return torch.where(chosen, appearance, ids), torch.where(chosen, ids, unselected)


def places_of(flags: Tensor) -> Tensor:
    """Give the places that are set, in reading order; on the processor numpy finds them four times faster than torch.

    Parameters
    ----------
    flags : Tensor of bool
        Of any shape.

    Returns
    -------
    Tensor of int64, shape (number of them,)
        Places in the flattened tensor.

    Examples
    --------
    >>> places_of(torch.tensor([[False, True], [True, False]])).tolist()
    [1, 2]
    """
    if flags.device.type == HOST:
        return torch.from_numpy(np.flatnonzero(flags.numpy()))
    return flags.flatten().nonzero().flatten()


def counter_words(left: Tensor, low: int, high: int) -> tuple[Tensor, Tensor]:
    """Do what `philox.random_words` does, on any device: in int64 a product wraps, and the mask mends its upper half.

    Parameters
    ----------
    left : Tensor of int64
        Places, below 2^32, of any shape.
    low, high : int
        Words of a key (`philox.key_words`).

    Returns
    -------
    left, right : Tensor of int64, the shape of the places
        Two random words per place, each below 2^32.

    Examples
    --------
    >>> from genolect.philox import random_words
    >>> [int(word) for word in counter_words(torch.tensor([5]), 1, 2)] == [int(word) for word in random_words(5, 1, 2)]
    True
    """
    right = torch.full_like(left, high)
    for number in range(ROUNDS):
        product = left * MULTIPLIER
        left = ((product >> 32) & LOW) ^ ((low + number * KEY_STEP) & LOW) ^ right
        right = product & LOW
    return left, right
