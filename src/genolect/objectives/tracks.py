"""Tracks as an objective: counts along the genome, in bins, from the bases of a window.

Legend: B windows, K bins, T tracks.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from genolect.objectives.objective import Batch, Inputs

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


@dataclass(frozen=True, kw_only=True)
class TrackBatch(Batch):
    """Windows with what was measured in them.

    Attributes
    ----------
    counts : Tensor of float32, shape (B, K, T)
        One value per bin and track, in reading order, at least 0; NaN where not known.
    """

    counts: Tensor


@dataclass(frozen=True)
class TrackMetrics:
    """Sums and counts, so that they add across batches and ranks.

    Attributes
    ----------
    total : float
        Summed loss in nats.
    bins : int
        Number of known bins, of all tracks together.
    """

    total: float = 0.0
    bins: int = 0

    def __add__(self, other: TrackMetrics) -> TrackMetrics:
        return TrackMetrics(self.total + other.total, self.bins + other.bins)

    def means(self) -> dict[str, float]:
        """Give the mean loss of a bin in nats."""
        return {"loss_per_bin": self.total / self.bins if self.bins else math.nan}


class TrackObjective:
    """Deviance of the counts in bins, given what is expected of them (`track_loss`).

    Parameters
    ----------
    loss : {'poisson', 'multinomial'}
        Each bin by itself, or how a window's total is spread over its bins, and the total.
    total_weight : float
        Weight of the total beside its spread; of the multinomial loss alone.

    Examples
    --------
    >>> ids = torch.zeros(1, 4, dtype=torch.int64)
    >>> counts = torch.tensor([[[3.0], [float("nan")]]])
    >>> batch = TrackBatch(ids.byte(), ids, torch.zeros(4, 2, dtype=torch.int64), counts=counts)
    >>> objective = TrackObjective("poisson")
    >>> inputs, targets = objective.corrupt(batch, key=7)
    >>> loss, metrics = objective.loss(torch.full((1, 2, 1), 3.0), targets)
    >>> loss.item(), metrics.bins
    (0.0, 1)
    """

    reads: Literal["tokens", "pooled", "bins"] = "bins"
    causal: bool | None = None
    metrics = TrackMetrics

    def __init__(self, loss: Literal["poisson", "multinomial"], *, total_weight: float = TOTAL_WEIGHT) -> None:
        spread = functools.partial(multinomial_loss, total_weight=total_weight)
        self._loss: TrackLoss = poisson_loss if loss == "poisson" else spread

    def corrupt(self, batch: Batch, key: int) -> tuple[Inputs, Tensor]:
        """Show the windows as they are.

        Parameters
        ----------
        batch : TrackBatch
            Windows and counts.
        key : int
            Not used: there is no chance in it.

        Returns
        -------
        inputs : Inputs
            The true tokens; none is selected.
        targets : Tensor of float32, shape (B, K, T)
            The counts.

        Raises
        ------
        ValueError
            If the batch has no counts.
        """
        if not isinstance(batch, TrackBatch):
            raise ValueError("an objective of tracks needs a TrackBatch")
        return Inputs(batch.ids, None), batch.counts

    def loss(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, TrackMetrics]:
        """Compare expected with true counts.

        Parameters
        ----------
        outputs : Tensor, shape (B, K, T)
            Expected counts, at least 0.
        targets : Tensor, shape (B, K, T)
            The counts, NaN where not known.

        Returns
        -------
        loss : Tensor, shape ()
            Nats per known bin and track; 0 where none is known.
        metrics : TrackMetrics
            Sums and counts.

        Raises
        ------
        ValueError
            If the shapes differ.
        """
        if outputs.shape != targets.shape:
            raise ValueError(f"counts {tuple(targets.shape)} for {tuple(outputs.shape)} predicted")
        loss = self._loss(outputs.to(torch.promote_types(outputs.dtype, torch.float32)), targets)
        bins = int((~targets.isnan()).sum())
        return loss, TrackMetrics(float(loss.detach()) * bins, bins)
