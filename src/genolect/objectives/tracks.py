"""Tracks as an objective: counts along the genome, in bins, from the bases of a window.

Legend: B windows, K bins, T tracks.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from genolect.objectives.objective import Batch, Inputs
from genolect.objectives.track_loss import TOTAL_WEIGHT, TrackLoss, multinomial_loss, poisson_loss


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
