"""Losses of predicted tracks: how unlikely the counts in the bins are, given what was expected of them.

Both losses are written as deviances: nothing but the counts' own part is subtracted, so that gradients are those of the
negative log-likelihood and a perfect prediction has the loss 0. Bins that are not known are NaN and leave no trace.

Legend: B windows, K bins, T tracks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

SMALLEST_RATE = 1e-6
"""Expected counts are not taken to be less: the logarithm of 0 has no gradient."""

TOTAL_WEIGHT = 0.2
"""Weight of a window's total beside the distribution over its bins (Linder et al. 2025, 10.1038/s41588-024-02053-6)."""

TrackLoss = Callable[[Tensor, Tensor], Tensor]


def poisson_loss(rates: Tensor, counts: Tensor) -> Tensor:
    r"""Poisson deviance, halved: the mean over known bins of ``rate - count + count log(count / rate)``.

    Parameters
    ----------
    rates : Tensor, shape (B, K, T)
        Expected counts, at least 0.
    counts : Tensor, shape (B, K, T)
        Counts, at least 0; NaN where unknown.

    Returns
    -------
    Tensor, scalar
        Nats per bin and track; 0 where nothing is known.

    Examples
    --------
    >>> poisson_loss(torch.tensor([[[2.0], [5.0]]]), torch.tensor([[[2.0], [float("nan")]]])).item()
    0.0
    """
    known = ~counts.isnan()
    rates, counts = _safe(rates, known, 1.0), counts.masked_fill(~known, 1.0)
    return (rates - counts + _relative(counts, rates)).sum() / known.sum().clamp(min=1)


def multinomial_loss(rates: Tensor, counts: Tensor, *, total_weight: float = TOTAL_WEIGHT) -> Tensor:
    """Multinomial deviance of the bins of each window and track, plus the weighted Poisson one of their total.

    Where the signal lies and how much of it there is are two questions, and the first tells more about the sequence.

    Parameters
    ----------
    rates, counts
        As in `poisson_loss`.
    total_weight : float
        Weight of the total.

    Returns
    -------
    Tensor, scalar
        Nats per bin and track: both terms are divided by the known bins of their window and track, then averaged over
        windows and tracks, each with the weight of its known bins; 0 where nothing is known.

    Examples
    --------
    >>> counts = torch.tensor([[[3.0], [1.0]]])
    >>> multinomial_loss(7 * counts, counts, total_weight=0.0).item()
    0.0
    """
    known = ~counts.isnan()
    some = known.any(dim=1)
    counts = counts.masked_fill(~known, 0.0)
    count_totals = counts.sum(dim=1)
    rate_totals = _safe(rates, known, 0.0).sum(dim=1).masked_fill(~some, 1.0)
    total_terms = _relative(count_totals, rate_totals)
    where = _relative(counts, _safe(rates, known, 1.0)).sum() - total_terms.sum()
    how_much = (rate_totals - count_totals + total_terms).masked_fill(~some, 0.0).sum()
    return (where + total_weight * how_much) / known.sum().clamp(min=1)


def joint_loss(rates: Mapping[str, Tensor], counts: Mapping[str, Tensor], losses: Mapping[str, TrackLoss]) -> Tensor:
    """Add the losses of several heads; a head whose counts are not at hand stays out.

    Parameters
    ----------
    rates, counts : mapping of str to Tensor, shape (B, K, tracks of the head)
        Expected and true counts per head.
    losses : mapping of str to callable
        The loss of each head.

    Returns
    -------
    Tensor, scalar
        The sum.

    Raises
    ------
    ValueError
        If counts are given for no head, or do not have the shape of the prediction.

    Examples
    --------
    >>> one, two = torch.ones(1, 3, 2), torch.full((1, 3, 1), 2.0)
    >>> joint_loss({"a": one, "b": two}, {"b": two}, {"a": poisson_loss, "b": multinomial_loss}).item()
    0.0
    """
    if not counts or set(counts) - set(rates):
        raise ValueError(f"counts of {sorted(counts)} for the heads {sorted(rates)}")
    for name in counts:
        if counts[name].shape != rates[name].shape:
            raise ValueError(f"{name}: counts {tuple(counts[name].shape)} for {tuple(rates[name].shape)} predicted")
    return torch.stack([losses[name](rates[name], counts[name]) for name in counts]).sum()


def _safe(rates: Tensor, known: Tensor, otherwise: float) -> Tensor:
    return rates.clamp(min=SMALLEST_RATE).masked_fill(~known, otherwise)


def _relative(counts: Tensor, rates: Tensor) -> Tensor:
    """``count log(count / rate)``, which is 0 for a count of 0."""
    return torch.xlogy(counts, counts) - counts * rates.log()
