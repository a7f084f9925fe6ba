"""The contrastive objective: what its views are, what its loss is, what it refuses."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from pydantic import ValidationError

from genolect.errors import ConfigurationError
from genolect.objectives.contrastive import ContrastiveConfig, ContrastiveMetrics, ContrastiveObjective, Pairs, overlaps
from genolect.objectives.info_nce import compared, info_nce
from genolect.objectives.objective import Batch
from genolect.objectives.token_layout import kmer_ids, nucleotide_ids, reverse_complement_rows

B, W, P = 19, 61, 13


def batch(rows: int = B) -> Batch:
    bases = torch.randint(5, (rows, W), generator=torch.Generator().manual_seed(1)).to(torch.uint8)
    places = torch.arange(W)
    return Batch(bases, nucleotide_ids(bases), torch.stack((places, places + 1), 1))


def objective(paired: bool = False, ids_of=nucleotide_ids, **values) -> ContrastiveObjective:
    return ContrastiveObjective(ContrastiveConfig(**values), ids_of, paired=paired)


def outputs(rows: int = 2 * B) -> torch.Tensor:
    return torch.randn((rows, P), generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def test_the_second_view_alone_changes_the_strand():
    inputs, _ = objective(reverse_complement=1.0, mutation_rate=0.0).corrupt(batch(), 7)
    bases = batch().bases
    assert inputs.selected is None
    assert torch.equal(inputs.ids[:B], bases.long())
    assert torch.equal(inputs.ids[B:], reverse_complement_rows(bases, torch.ones(B, dtype=torch.bool)).long())


def test_views_are_cut_and_mutated_independently_and_by_the_key_alone():
    made = objective(shift=6, crop=41, mutation_rate=0.2)
    one, again, other = (made.corrupt(batch(), key)[0].ids for key in (3, 3, 4))
    assert one.shape == (2 * B, 41)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert not torch.equal(one[:B], one[B:])


def test_tokens_are_made_by_whoever_knows_them():
    inputs, _ = objective(ids_of=lambda bases: kmer_ids(bases, 3), shift=5).corrupt(batch(), 7)
    assert inputs.ids.shape == (2 * B, W - 5 - 3 + 1)


def test_pairs_keep_their_partners():
    made = objective(paired=True, reverse_complement=0.0, mutation_rate=0.01)
    inputs, _ = made.corrupt(batch(12), 7)
    assert inputs.ids.shape == (12, W)
    assert (inputs.ids != batch(12).ids).double().mean() < 0.03


@pytest.mark.parametrize("symmetric", [True, False])
def test_loss_and_metrics_are_those_of_info_nce(symmetric):
    made = objective(rule="fixed", temperature=0.3, symmetric=symmetric)
    loss, metrics = made.loss(outputs(), Pairs(None, W))
    similarities = compared(*outputs().chunk(2), symmetric=symmetric)
    nats = info_nce(similarities, 0.3)
    assert float(loss) == pytest.approx(float(nats.mean()), abs=1e-7)
    assert metrics.count == B * (1 + symmetric)
    assert metrics.nats == pytest.approx(float(nats.sum()), abs=1e-5)
    assert metrics.p_pos == pytest.approx(float(nats.neg().exp().sum()), abs=1e-5)
    nearest = similarities.cosines.argmax(1) == similarities.partner
    assert metrics.correct == int(nearest.sum())
    assert metrics.means()["temperature"] == pytest.approx(0.3)


def test_an_encoder_that_says_always_the_same_costs_ln_b_and_is_never_right():
    made = objective(rule="fixed")
    loss, metrics = made.loss(torch.ones((2 * B, P)), Pairs(None, W))
    assert float(loss) == pytest.approx(math.log(B), abs=1e-6)
    assert metrics.means() == pytest.approx(
        {"nats": math.log(B), "p_pos": 1 / B, "accuracy": 0.0, "temperature": 0.1}, abs=1e-6
    )


def test_identical_views_are_always_told_apart():
    same = outputs(B)
    _, metrics = objective(rule="fixed").loss(torch.cat((same, same)), Pairs(None, W))
    assert metrics.means()["accuracy"] == 1.0


@pytest.mark.parametrize("rule", ["held", "formula", "learned", "fixed"])
def test_every_rule_gives_a_finite_gradient_and_is_recorded(rule):
    made = objective(rule=rule, p_pos=0.3)
    given = (outputs() + 3 * outputs(B).repeat(2, 1)).requires_grad_()
    loss, metrics = made.loss(given, Pairs(None, W))
    loss.backward()
    assert given.grad.isfinite().all()
    assert given.grad.abs().max() > 0
    assert len([*made.temperature.parameters()]) == (rule == "learned")
    assert 0 < metrics.means()["p_pos"] < 1
    if rule == "held":
        assert metrics.means()["p_pos"] == pytest.approx(0.3, abs=0.02)


def test_metrics_add():
    parts = [objective(rule="fixed").loss(outputs() * scale + scale, Pairs(None, W))[1] for scale in (1, 2)]
    total = parts[0] + parts[1] + ContrastiveMetrics()
    assert total.count == 4 * B
    mean = sum(part.means()["p_pos"] for part in parts) / 2
    assert total.means()["p_pos"] == pytest.approx(mean)
    assert total.correct == parts[0].correct + parts[1].correct
    assert math.isnan(ContrastiveMetrics().means()["nats"])


def test_overlapping_windows_are_no_negatives_of_each_other():
    made = objective(rule="fixed", spare_overlaps=True)
    places = torch.stack((torch.arange(B) * 1000, torch.zeros(B, dtype=torch.int64)), 1)
    apart = made.loss(outputs(), made.corrupt(replace(batch(), places=places), 1)[1])[0]
    places[1, 0] = places[0, 0] + W - 1
    near, metrics = made.loss(outputs(), made.corrupt(replace(batch(), places=places), 1)[1])
    places[1, 0] += 1
    touching = made.loss(outputs(), made.corrupt(replace(batch(), places=places), 1)[1])[0]
    assert float(touching) == float(apart) == float(objective(rule="fixed").loss(outputs(), Pairs(None, W))[0])
    assert float(near) < float(apart)
    left_out = torch.zeros((B, B), dtype=torch.bool)
    left_out[0, 1] = left_out[1, 0] = True
    expected = info_nce(compared(*outputs().chunk(2), left_out=left_out), 0.1)
    assert float(near) == pytest.approx(float(expected.mean()), abs=1e-6)
    assert metrics.count == 2 * B


def test_windows_of_other_records_never_overlap():
    places = torch.tensor([[10, 0], [10, 1], [70, 0], [71, 0]])
    assert overlaps(places, places, 61).int().tolist() == [[1, 0, 1, 0], [0, 1, 0, 0], [1, 0, 1, 1], [0, 0, 1, 1]]


def misplaced() -> Batch:
    return replace(batch(), places=torch.zeros(3, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: objective().loss(outputs(2), Pairs(None, W)), "a single pair"),
        (lambda: objective(paired=True).corrupt(batch(7), 1), "7 windows are not pairs"),
        (lambda: objective(spare_overlaps=True).corrupt(batch(), 1), "19 windows, given no places"),
        (
            lambda: objective(spare_overlaps=True).corrupt(replace(batch(), places=torch.zeros(3, 2)), 1),
            r"shape \[3, 2\]",
        ),
        (lambda: objective(p_pos=0.01).loss(outputs(), Pairs(None, W)), "p_pos 0.01 among 19 candidates"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ConfigurationError, match=message):
        call()


def test_two_views_that_are_the_same_are_refused():
    with pytest.raises(ValidationError, match="the two views are the same"):
        ContrastiveConfig(reverse_complement=0.0, mutation_rate=0.0)


def test_the_configuration_survives_being_saved():
    config = ContrastiveConfig(shift=4, rule="formula")
    assert ContrastiveConfig.from_mapping(config.to_mapping(), "here") == config
    assert len(ContrastiveConfig.model_fields) <= 10
    with pytest.raises(ConfigurationError, match="did you mean 'p_pos'"):
        ContrastiveConfig.from_mapping({"ppos": 0.5}, "here")
