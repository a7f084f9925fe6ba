"""Losses of tracks: equal to an independent float64 reference, value and gradient."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from genolect.objectives.tracks import joint_loss, multinomial_loss, poisson_loss

B, K, T = 3, 7, 2
NAN = float("nan")


def example(seed: int = 0, unknown: float = 0.2) -> tuple[torch.Tensor, torch.Tensor]:
    """Rates, and counts with zeros and some unknown; one window and track without any, one with zeros only."""
    generator = np.random.Generator(np.random.Philox(seed))
    rates = generator.gamma(2.0, 3.0, (B, K, T)) + 0.01
    counts = generator.poisson(3.0, (B, K, T)).astype(np.float64)
    counts[generator.random((B, K, T)) < unknown] = NAN
    counts[1, :, 0] = NAN
    counts[2, :, 1] = 0.0
    return torch.from_numpy(rates), torch.from_numpy(counts)


def poisson_reference(rates: np.ndarray, counts: np.ndarray) -> float:
    """From scipy's likelihoods: that of the rate against that of the count itself."""
    known = ~np.isnan(counts)
    rates, counts = rates[known], counts[known]
    best = stats.poisson.logpmf(counts, np.where(counts > 0, counts, 1e-300))
    return float((best - stats.poisson.logpmf(counts, rates)).mean())


def multinomial_reference(rates: np.ndarray, counts: np.ndarray, total_weight: float) -> float:
    total = known_bins = 0.0
    for window in range(rates.shape[0]):
        for track in range(rates.shape[2]):
            known = ~np.isnan(counts[window, :, track])
            if not known.any():
                continue
            own, expected = counts[window, known, track], rates[window, known, track]
            known_bins += known.sum()
            share = own / own.sum() if own.sum() else expected / expected.sum()
            best = stats.multinomial.logpmf(own, int(own.sum()), share)
            total += best - stats.multinomial.logpmf(own, int(own.sum()), expected / expected.sum())
            total += total_weight * poisson_reference(np.array([expected.sum()]), np.array([own.sum()]))
    return float(total / known_bins)


@pytest.mark.parametrize("seed", range(5))
def test_the_poisson_loss_equals_the_reference(seed):
    rates, counts = example(seed)
    assert poisson_loss(rates, counts).item() == pytest.approx(poisson_reference(rates.numpy(), counts.numpy()))


@pytest.mark.parametrize("weight", [0.0, 0.2, 3.0])
def test_the_multinomial_loss_equals_the_reference(weight):
    rates, counts = example(6)
    expected = multinomial_reference(rates.numpy(), counts.numpy(), weight)
    assert multinomial_loss(rates, counts, total_weight=weight).item() == pytest.approx(expected)


@pytest.mark.parametrize("loss", [poisson_loss, multinomial_loss])
def test_single_precision_is_close_at_high_counts(loss):
    rates, counts = example(3)
    exact = loss(1000 * rates, 1000 * counts)
    assert loss(1000 * rates.float(), 1000 * counts.float()).item() == pytest.approx(exact.item(), rel=1e-4)


@pytest.mark.parametrize("loss", [poisson_loss, multinomial_loss])
def test_the_gradient_is_that_of_finite_differences(loss):
    rates, counts = example(1)
    rates.requires_grad_()
    loss(rates, counts).backward()
    step = 1e-6
    for place in np.ndindex(B, K, T):
        nudge = torch.zeros_like(rates)
        nudge[place] = step
        slope = (loss(rates + nudge, counts) - loss(rates - nudge, counts)) / (2 * step)
        assert rates.grad[place].item() == pytest.approx(slope.item(), abs=1e-7)
        assert counts[place].isnan() <= (rates.grad[place] == 0)


@pytest.mark.parametrize("loss", [poisson_loss, multinomial_loss])
def test_only_the_truth_has_no_loss(loss):
    counts = example(2)[1].nan_to_num(4.0) + 1
    assert loss(counts.clone(), counts).item() == pytest.approx(0, abs=1e-12)
    assert loss(counts * 1.1, counts).item() > 1e-4
    assert loss(counts.flip(1), counts).item() > 1e-2


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30)
def test_losses_are_never_negative(seed):
    rates, counts = example(seed)
    assert poisson_loss(rates, counts).item() >= 0
    assert multinomial_loss(rates, counts).item() >= 0


def test_without_its_total_the_multinomial_loss_sees_shares_only():
    rates, counts = example(4)
    alone = multinomial_loss(rates, counts, total_weight=0.0)
    assert multinomial_loss(5 * rates, counts, total_weight=0.0).item() == pytest.approx(alone.item())
    assert multinomial_loss(5 * rates, counts).item() > multinomial_loss(rates, counts).item() + 0.1


@pytest.mark.parametrize("loss", [poisson_loss, multinomial_loss])
def test_what_is_predicted_for_unknown_bins_does_not_matter(loss):
    rates, counts = example(5)
    other = torch.where(counts.isnan(), 1e6, rates)
    assert loss(other, counts).item() == pytest.approx(loss(rates, counts).item())


@pytest.mark.parametrize("loss", [poisson_loss, multinomial_loss])
def test_where_nothing_is_known_nothing_is_learnt(loss):
    rates = example()[0].requires_grad_()
    value = loss(rates, torch.full_like(rates, NAN))
    value.backward()
    assert value.item() == 0
    assert not rates.grad.any()


@pytest.mark.parametrize("loss", [poisson_loss, multinomial_loss])
def test_a_rate_of_zero_stays_finite(loss):
    rates = torch.tensor([[[0.0], [0.0], [2.0]]], requires_grad=True)
    value = loss(rates, torch.tensor([[[0.0], [3.0], [1.0]]]))
    value.backward()
    assert math.isfinite(value.item())
    assert rates.grad.isfinite().all()


def test_heads_add_up_and_may_stay_out():
    rates, counts = example(7)
    losses = {"one": poisson_loss, "two": multinomial_loss}
    both = joint_loss({"one": rates, "two": rates}, {"one": counts, "two": counts}, losses)
    assert both.item() == pytest.approx((poisson_loss(rates, counts) + multinomial_loss(rates, counts)).item())
    one = joint_loss({"one": rates, "two": rates}, {"one": counts}, losses)
    assert one.item() == poisson_loss(rates, counts).item()


@pytest.mark.parametrize(
    ("heads", "message"),
    [
        ({}, r"counts of \[\] for the heads \['one'\]"),
        ({"two": (B, K, T)}, r"counts of \['two'\] for the heads \['one'\]"),
        ({"one": (B, K, T + 1)}, r"one: counts \(3, 7, 3\) for \(3, 7, 2\) predicted"),
    ],
)
def test_counts_that_do_not_fit_are_refused(heads, message):
    counts = {name: torch.ones(shape) for name, shape in heads.items()}
    with pytest.raises(ValueError, match=message):
        joint_loss({"one": torch.ones(B, K, T)}, counts, {"one": poisson_loss})
