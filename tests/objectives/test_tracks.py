"""Tracks as an objective: the losses of `track_loss`, sums that add, and bins that are not known."""

from __future__ import annotations

import pytest
import torch

from genolect.objectives.objective import Batch
from genolect.objectives.tracks import TrackBatch, TrackMetrics, TrackObjective, multinomial_loss, poisson_loss

B, L, K, T = 3, 20, 4, 2


def batch() -> TrackBatch:
    ids = torch.randint(4, (B, L), generator=torch.Generator().manual_seed(1))
    counts = 9 * torch.rand((B, K, T), generator=torch.Generator().manual_seed(2))
    counts[0, 1], counts[2, :, 1] = torch.nan, torch.nan
    return TrackBatch(ids.byte(), ids, torch.zeros(L, 2, dtype=torch.int64), counts=counts)


def rates() -> torch.Tensor:
    return 5 * torch.rand((B, K, T), generator=torch.Generator().manual_seed(3)) + 0.1


@pytest.mark.parametrize(
    ("objective", "loss"),
    [
        (TrackObjective("poisson"), poisson_loss),
        (TrackObjective("multinomial"), multinomial_loss),
        (TrackObjective("multinomial", total_weight=0.7), lambda a, b: multinomial_loss(a, b, total_weight=0.7)),
    ],
)
def test_the_loss_is_that_of_the_counts_that_are_known(objective, loss):
    inputs, targets = objective.corrupt(batch(), key=5)
    assert torch.equal(inputs.ids, batch().ids)
    assert inputs.selected is None
    found, metrics = objective.loss(rates(), targets)
    assert found == loss(rates(), batch().counts)
    assert metrics.bins == B * K * T - 2 - K
    assert metrics.means()["loss_per_bin"] == pytest.approx(found.item())


def test_the_losses_differ():
    losses = [TrackObjective(loss).loss(rates(), batch().counts)[0].item() for loss in ("poisson", "multinomial")]
    assert losses[0] != losses[1]


def test_metrics_add_and_nothing_is_nothing():
    one, other = TrackMetrics(4.0, 2), TrackMetrics(1.0, 3)
    assert (one + other).means() == {"loss_per_bin": 1.0}
    assert torch.tensor(TrackMetrics().means()["loss_per_bin"]).isnan()
    unknown = torch.full((B, K, T), torch.nan)
    loss, metrics = TrackObjective("poisson").loss(rates(), unknown)
    assert (loss.item(), metrics) == (0.0, TrackMetrics())


def test_other_batches_and_shapes_are_refused():
    given = batch()
    with pytest.raises(ValueError, match="needs a TrackBatch"):
        TrackObjective("poisson").corrupt(Batch(given.bases, given.ids, given.spans), key=5)
    with pytest.raises(ValueError, match=r"counts \(3, 4, 2\) for \(3, 4, 1\) predicted"):
        TrackObjective("poisson").loss(rates()[..., :1], given.counts)
