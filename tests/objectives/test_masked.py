"""The masked objective: rates, what is never selected, a loss that a slow reference confirms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import binomtest, chisquare

from genolect.errors import ConfigurationError
from genolect.objectives.masked import UNSELECTED, MaskedConfig, MaskedObjective, Metrics

MASK, N, PADDING, TARGETS = 5, 4, 6, 4
B, L = 1009, 1021  # more than a million tokens


def objective(**rates: float) -> MaskedObjective:
    return MaskedObjective(MaskedConfig(**rates), mask_id=MASK, targets=range(TARGETS))


def some_ids(*shape: int, of: int = 7, seed: int = 1) -> torch.Tensor:
    return torch.randint(of, shape, generator=torch.Generator().manual_seed(seed))


def likely(count: int, of: int, rate: float) -> None:
    assert binomtest(count, of, rate).pvalue > 1e-4


@pytest.mark.parametrize(("rate", "hidden", "random"), [(0.15, 0.8, 0.1), (0.4, 0.5, 0.3)])
def test_a_million_tokens_meet_their_fates_at_the_given_rates(rate, hidden, random):
    ids = some_ids(B, L, of=TARGETS)
    inputs, targets = objective(rate=rate, hidden_share=hidden, random_share=random).corrupt(ids, key=11)
    selected = targets != UNSELECTED
    count = int(selected.sum())
    masked, changed = inputs == MASK, (inputs != ids) & (inputs != MASK)
    likely(count, ids.numel(), rate)
    likely(int(masked.sum()), count, hidden)
    likely(int(changed.sum()), count, random * 3 / 4)  # one stranger in four is the base itself
    assert not (masked | changed)[~selected].any()
    pairs = torch.bincount(ids[changed] * TARGETS + inputs[changed], minlength=TARGETS**2).view(TARGETS, TARGETS)
    assert chisquare(pairs[~torch.eye(TARGETS, dtype=torch.bool)].numpy()).pvalue > 1e-4
    per_row, per_column = selected.sum(1).double(), selected.sum(0).double()
    for sums, trials in ((per_row, L), (per_column, B)):
        assert sums.var().item() == pytest.approx(trials * rate * (1 - rate), rel=0.25)


@settings(deadline=None)
@given(
    rate=st.floats(0.01, 0.99),
    hidden=st.floats(0, 1),
    key=st.integers(0, 2**63 - 1),
    seed=st.integers(0, 99),
)
def test_special_tokens_stay_and_targets_are_the_truth(rate, hidden, key, seed):
    ids = some_ids(7, 23, seed=seed)
    before = ids.clone()
    inputs, targets = objective(rate=rate, hidden_share=hidden, random_share=1 - hidden).corrupt(ids, key)
    assert torch.equal(ids, before)
    assert inputs.dtype == targets.dtype == torch.int64
    selected = targets != UNSELECTED
    assert not selected[ids >= TARGETS].any()
    assert torch.equal(targets[selected], ids[selected])
    assert torch.equal(inputs[~selected], ids[~selected])
    assert (inputs[selected] < TARGETS).logical_or(inputs[selected] == MASK).all()


def test_draws_are_a_function_of_the_key():
    ids = some_ids(5, 301)
    state = torch.get_rng_state()
    one, again, other = (objective().corrupt(ids, key) for key in (2**62 + 1, 2**62 + 1, 2**62 + 2))
    assert all(map(torch.equal, one, again))
    assert not torch.equal(one[1], other[1])
    assert torch.equal(torch.get_rng_state(), state)


def test_which_tokens_are_selected_does_not_depend_on_what_they_are():
    one, other = (objective().corrupt(some_ids(5, 301, of=TARGETS, seed=seed), 9)[1] for seed in (1, 2))
    assert torch.equal(one == UNSELECTED, other == UNSELECTED)


def test_everything_hidden_shows_nothing_of_the_truth():
    ids = some_ids(13, 211)
    inputs, targets = objective(hidden_share=1.0, random_share=0.0).corrupt(ids, 3)
    assert (inputs[targets != UNSELECTED] == MASK).all()
    kept, _ = objective(hidden_share=0.0, random_share=0.0).corrupt(ids, 3)
    assert torch.equal(kept, ids)


def test_the_loss_equals_a_reference_in_double_precision():
    generator = torch.Generator().manual_seed(4)
    logits = torch.randn(2003, TARGETS, generator=generator) * 5
    targets = some_ids(2003, of=TARGETS)
    loss, metrics = objective().loss(logits, targets)
    scores = logits.double().numpy()
    nats = [
        math.log(np.exp(row - row.max()).sum()) + row.max() - row[t] for row, t in zip(scores, targets, strict=True)
    ]
    assert loss.item() == pytest.approx(np.mean(nats), rel=1e-6)
    assert metrics.nats == pytest.approx(math.fsum(nats), rel=1e-6)
    assert metrics.count == 2003
    assert metrics.bits_per_base == pytest.approx(np.mean(nats) / math.log(2), rel=1e-6)


def test_reduced_precision_is_undone_before_the_loss():
    logits = torch.randn(4001, TARGETS, generator=torch.Generator().manual_seed(4)).bfloat16()
    targets = some_ids(4001, of=TARGETS)
    assert torch.equal(objective().loss(logits, targets)[0], objective().loss(logits.float(), targets)[0])


def test_undecided_logits_cost_two_bits():
    loss, metrics = objective().loss(torch.zeros(7, TARGETS), some_ids(7, of=TARGETS))
    assert loss.item() == pytest.approx(math.log(4))
    assert metrics.bits_per_base == pytest.approx(2)


def test_nothing_selected_is_no_loss_and_no_figure():
    logits = torch.zeros(0, TARGETS, requires_grad=True)
    loss, metrics = objective().loss(logits, torch.zeros(0, dtype=torch.int64))
    loss.backward()
    assert (loss.item(), metrics) == (0, Metrics(0.0, 0))
    assert math.isnan(metrics.bits_per_base)


def test_metrics_of_parts_add_to_those_of_the_whole():
    logits = torch.randn(37, TARGETS, generator=torch.Generator().manual_seed(4))
    targets = some_ids(37, of=TARGETS)
    whole = objective().loss(logits, targets)[1]
    parts = sum((objective().loss(logits[part], targets[part])[1] for part in (slice(5), slice(5, 37))), Metrics())
    assert parts.count == whole.count
    assert parts.nats == pytest.approx(whole.nats, rel=1e-6)


def test_shares_above_one_are_refused():
    with pytest.raises(ConfigurationError, match=r"hidden_share 0\.8 \+ random_share 0\.3 must be at most 1"):
        MaskedConfig.from_mapping({"random_share": 0.3}, "plan")
    for rates in ({"rate": 0.0}, {"rate": 1.0}, {"hidden_share": 1.1}, {"random_share": -0.1}):
        with pytest.raises(ValidationError, match=str(*rates)):
            MaskedConfig(**rates)


def test_targets_may_begin_after_other_tokens():
    targets = range(3, 8)
    late = MaskedObjective(MaskedConfig(rate=0.6, hidden_share=0.3, random_share=0.6), mask_id=1, targets=targets)
    ids = some_ids(59, 61, of=11)
    inputs, truth = late.corrupt(ids, key=5)
    selected = truth != UNSELECTED
    assert set(ids[selected].tolist()) == set(targets)
    assert set(inputs[inputs != ids].tolist()) == {1, *targets}
    sure = torch.nn.functional.one_hot(truth[selected] - targets.start, len(targets)) * 50.0
    assert late.loss(sure, truth[selected])[1].bits_per_base < 1e-6
