"""Averaging over strands: ask a model about both, map the second answer back, and take the mean.

Which strand of a window was given then no longer matters, for any model. Training does its part without a word here:
half of all training windows come from the other strand (`data.windows.WindowSampler`). Averaging costs a second pass,
and is wrong for what depends on the strand: splice donors and acceptors, direction of transcription.

Legend: B windows, W bases per window, L tokens, S selected tokens, V tokens, P entries of a vector.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genolect.sequence.alphabet import Bases, reverse_complement

Floats = npt.NDArray[np.floating]


def describe_both_strands(describe: Callable[[Bases], Floats], windows: Bases) -> Floats:
    """Describe windows by the mean of both strands' vectors: the same, to the last bit, whichever strand is given.

    Parameters
    ----------
    describe : callable
        Any model: takes windows as base codes (B, W), gives vectors (B, P), each of its window alone.
    windows : ndarray of uint8, shape (B, W)
        Base codes.

    Returns
    -------
    ndarray of float, shape (B, P)
        The means.

    Examples
    --------
    >>> windows = np.array([[0, 0, 1], [3, 2, 2]], dtype=np.uint8)  # AAC TGG
    >>> describe_both_strands(lambda bases: np.eye(4)[bases].mean(axis=1)[:, :2] * 6, windows).tolist()
    [[2.0, 1.0], [1.0, 2.0]]
    """
    # A window of even length has two middle bases; a description by the middle one holds both after this.
    both: Floats = (describe(windows) + describe(reverse_complement(windows))) / 2
    return both


def logits_of_both_strands(
    predict: Callable[[Tensor, Tensor], Tensor],
    ids: Tensor,
    selected: Tensor,
    *,
    partners: Tensor,
    target_partners: Tensor,
) -> Tensor:
    """Predict tokens by the mean of both strands' logits, each mapped back to its token.

    The mean of logits is the geometric mean of the probabilities, up to their sum; its loss is never above the mean of
    the strands' losses.

    Parameters
    ----------
    predict : callable
        Takes ids and selected as below, gives the logits of the selected tokens in reading order; a `SequenceModel`
        does.
    ids : Tensor of int64, shape (B, L)
        Token ids as shown.
    selected : Tensor of bool, shape (B, L)
        Which tokens to predict.
    partners : Tensor of int64, shape (V,)
        Each token's partner on the other strand, from `genolect.tokenizers.reading.token_partners`.
    target_partners : Tensor of int64, shape (number of logits,)
        The same for each place among the logits.

    Returns
    -------
    Tensor, shape (S, number of logits)
        Mean logits in reading order.

    Examples
    --------
    >>> complement = torch.tensor([3, 2, 1, 0])
    >>> def predict(ids, selected):  # Says: as the base before.
    ...     return torch.eye(4)[ids.roll(1, 1)][selected] * 2
    >>> ids = torch.tensor([[0, 1, 3]])
    >>> logits_of_both_strands(predict, ids, ids == 1, partners=complement, target_partners=complement).tolist()
    [[1.0, 0.0, 0.0, 1.0]]
    """
    places = torch.zeros_like(ids)
    turned = selected.flip(1)
    places[turned] = torch.arange(int(selected.sum()), device=ids.device)
    other = predict(partners[ids.flip(1)], turned)[places.flip(1)[selected]]
    return (predict(ids, selected) + other[:, target_partners]) / 2
