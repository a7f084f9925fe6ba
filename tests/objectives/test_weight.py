"""A weighted sum of objectives: each part as it would be alone, weights that follow their schedule."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genolect.encoders.heads import HeadConfig
from genolect.encoders.transformer import TransformerConfig
from genolect.errors import ConfigurationError
from genolect.model import new_model
from genolect.objectives.causal import CausalMetrics, CausalObjective
from genolect.objectives.combined import CombinedMetrics, CombinedObjective, WeightConfig
from genolect.objectives.objective import Batch, Inputs
from genolect.objectives.supervised import NO_CLASS, LabelledBatch, SupervisedObjective
from genolect.tokenizers.nucleotide import NucleotideTokenizer

B, L, C = 8, 19, 3


class Keyed:
    """An objective that passes its key on."""

    reads = "pooled"
    causal = False

    def corrupt(self, batch: Batch, key: int) -> tuple[Inputs, int]:
        return Inputs(batch.ids, None), key

    def loss(self, outputs: torch.Tensor, targets: Any) -> tuple[torch.Tensor, CausalMetrics]:
        return outputs.square().sum(), CausalMetrics(1.0, 2)


def batch() -> LabelledBatch:
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(4, (B, L), generator=generator)
    labels = torch.tensor([0, NO_CLASS, 2, 1, NO_CLASS, NO_CLASS, 0, 2])
    return LabelledBatch(ids.byte(), ids, torch.arange(L)[:, None] + torch.tensor([0, 1]), labels=labels)


def semi_supervised(**weights: float) -> CombinedObjective:
    parts = {"next": CausalObjective(range(4)), "label": SupervisedObjective("classes", reads="pooled")}
    return CombinedObjective(parts, {name: WeightConfig(value=weights[name]) for name in parts})


def test_the_loss_is_the_weighted_sum_of_what_the_parts_lose_alone():
    objective = semi_supervised(next=0.75, label=2.5)
    inputs, targets = objective.corrupt(batch(), key=4)
    generator = torch.Generator().manual_seed(2)
    outputs = {
        "next": torch.randn(B * (L - 1), 4, generator=generator, dtype=torch.float64),
        "label": torch.randn(B, C, generator=generator, dtype=torch.float64),
    }
    loss, metrics = objective.loss(outputs, targets, step=3)
    alone = {name: part.loss(outputs[name], targets[name]) for name, part in objective.parts.items()}
    assert loss.item() == pytest.approx(0.75 * alone["next"][0].item() + 2.5 * alone["label"][0].item(), rel=1e-12)
    assert metrics.parts == {name: one for name, (_, one) in alone.items()}
    assert inputs["next"].ids is inputs["label"].ids  # so one pass of the encoder serves both
    assert torch.autograd.gradcheck(
        lambda first, second: objective.loss({"next": first, "label": second}, targets, step=3)[0],
        [tensor.requires_grad_() for tensor in outputs.values()],
    )


def test_every_part_draws_for_itself():
    both = CombinedObjective({"one": Keyed(), "two": Keyed()}, {"one": WeightConfig(), "two": WeightConfig()})
    keys, again, others = (both.corrupt(batch(), key)[1] for key in (5, 5, 6))
    assert keys == again
    assert len({*keys.values(), *others.values()}) == 4
    alone = CombinedObjective({"two": Keyed()}, {"two": WeightConfig()})
    assert alone.corrupt(batch(), 5)[1]["two"] == keys["two"]


@pytest.mark.parametrize(("parts", "causal"), [(["keyed"], False), (["keyed", "next"], True)])
def test_one_part_that_must_not_look_ahead_decides_for_all(parts, causal):
    known = {"keyed": Keyed(), "next": CausalObjective(range(4))}
    combined = CombinedObjective({name: known[name] for name in parts}, {name: WeightConfig() for name in parts})
    assert combined.causal == causal


def test_metrics_add_part_by_part():
    one = CombinedMetrics({"a": CausalMetrics(1.0, 2), "b": CausalMetrics(3.0, 4, 5.0, 6)})
    assert (one + one).parts == {"a": CausalMetrics(2.0, 4), "b": CausalMetrics(6.0, 8, 10.0, 12)}
    with pytest.raises(ValueError, match=r"metrics of \['a', 'b'\] do not add to those of \['a'\]"):
        one + CombinedMetrics({"a": CausalMetrics()})


@pytest.mark.parametrize("weights", [{}, {"next": WeightConfig(), "more": WeightConfig()}])
def test_weights_that_do_not_fit_are_refused(weights):
    with pytest.raises(ValueError, match=r"do not fit parts \['next'\]"):
        CombinedObjective({"next": CausalObjective(range(4))}, weights)
    with pytest.raises(ValueError, match=r"do not fit parts \[\]"):
        CombinedObjective({}, {})


@given(value=st.floats(0, 9), final=st.floats(0, 9), first=st.integers(0, 99), steps=st.integers(1, 99))
@pytest.mark.parametrize("shape", ["linear", "cosine"])
def test_a_weight_moves_between_its_steps_and_rests_elsewhere(shape, value, final, first, steps):
    weight = WeightConfig(value=value, final=final, first=first, last=first + steps, shape=shape)
    assert weight.at(0) == weight.at(first) == value
    assert weight.at(first + steps) == weight.at(first + steps + 7) == pytest.approx(final, abs=1e-12)
    path = [weight.at(step) for step in range(first, first + steps + 1)]
    assert path == sorted(path, reverse=final < value) or max(path) - min(path) < 1e-12
    mirrored = [value + final - weight for weight in reversed(path)]
    assert mirrored == pytest.approx(path, abs=1e-9)


def test_the_two_shapes_by_hand():
    straight, slow = (WeightConfig(value=1, final=3, first=10, last=14, shape=s) for s in ("linear", "cosine"))
    assert [straight.at(step) for step in range(10, 15)] == [1, 1.5, 2, 2.5, 3]
    expected = [2 - math.cos(math.pi * share / 4) for share in range(5)]
    assert [slow.at(step) for step in range(10, 15)] == pytest.approx(expected)
    assert WeightConfig(value=0.3).at(10**6) == 0.3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"final": 1.0}, r"a weight cannot move from step 0 to step 0"),
        ({"final": 1.0, "first": 9, "last": 4}, r"from step 9 to step 4"),
        ({"value": -0.5}, r"value: .*greater than or equal to 0"),
        ({"shape": "square"}, r"shape: .*'linear' or 'cosine'"),
    ],
)
def test_weights_that_make_no_sense_are_refused(values, message):
    with pytest.raises(ConfigurationError, match=message):
        WeightConfig.from_mapping(values, "weights")


def test_labels_are_learned_beside_the_sequence_and_reach_the_unlabelled():
    """The class of a window is its most frequent base; half of the windows have no label."""
    generator = torch.Generator().manual_seed(3)
    config = TransformerConfig(
        vocabulary=7, width=16, heads=2, layers=1, feed_forward=16, stem_reach=3, context_lengths=(), causal=True
    )
    model = new_model(config, NucleotideTokenizer(), seed=3, heads={"label": HeadConfig(kind="window", outputs=4)})
    objective = semi_supervised(next=0.5, label=1.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)

    def windows(rows: int) -> tuple[LabelledBatch, torch.Tensor]:
        truth = torch.randint(4, (rows,), generator=generator)
        frequent = torch.rand(rows, 25, generator=generator) < 0.5
        ids = torch.where(frequent, truth[:, None], torch.randint(4, (rows, 25), generator=generator))
        labels = torch.where(torch.arange(rows) % 2 == 0, truth, NO_CLASS)
        return LabelledBatch(ids.byte(), ids, torch.arange(25)[:, None] + torch.tensor([0, 1]), labels=labels), truth

    for step in range(40):
        inputs, targets = objective.corrupt(windows(32)[0], key=step)
        hidden = model.encoder(inputs["next"].ids)
        outputs = {
            "next": model.read(hidden, inputs["next"].ids, inputs["next"].selected),
            "label": model.read(hidden, inputs["label"].ids, None, head="label"),
        }
        loss, _ = objective.loss(outputs, targets, step=step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    given, truth = windows(301)
    with torch.no_grad():
        inputs, targets = objective.corrupt(given, key=0)
        outputs = {
            name: model(one.ids, one.selected, head=None if name == "next" else name) for name, one in inputs.items()
        }
        _, metrics = objective.loss(outputs, targets, step=0)
    unlabelled = given.labels == NO_CLASS
    assert metrics.parts["label"].accuracy > 0.9
    assert (outputs["label"].argmax(-1) == truth)[unlabelled].double().mean() > 0.9
    assert metrics.parts["next"].bits_per_base < 1.9
