"""Every objective keeps the contract."""

from __future__ import annotations

import inspect
from dataclasses import FrozenInstanceError

import pytest
import torch

from genolect.objectives.causal import CausalObjective
from genolect.objectives.masked import MaskedBases, MaskedBasesConfig, Vocabulary
from genolect.objectives.objective import Batch, Inputs, Objective
from genolect.objectives.supervised import LabelledBatch, SupervisedObjective

B, L, V = 3, 11, 4
OBJECTIVES: list[Objective] = [
    MaskedBases(MaskedBasesConfig(rate=0.5), Vocabulary(mask_id=V + 1, targets=range(V))),
    CausalObjective(range(V)),
    SupervisedObjective("classes", reads="pooled"),
    SupervisedObjective("values", reads="tokens"),
]


def batch(objective: Objective) -> Batch:
    generator = torch.Generator().manual_seed(4)
    ids = torch.randint(V + 1, (B, L), generator=generator)
    spans = torch.arange(L)[:, None] + torch.tensor([0, 1])
    tokens = objective.reads == "tokens"
    labels = torch.randn(B, L, generator=generator) if tokens else torch.randint(V, (B,), generator=generator)
    return LabelledBatch(ids.byte(), ids, spans, labels=labels)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: f"{type(objective).__name__}-{objective.reads}")
def test_the_contract_is_kept(objective):
    assert [*inspect.signature(objective.corrupt).parameters] == ["batch", "key"]
    assert [*inspect.signature(objective.loss).parameters] == ["outputs", "targets"]
    given = batch(objective)
    before = given.ids.clone()
    inputs, targets = objective.corrupt(given, key=5)
    assert torch.equal(given.ids, before)
    assert inputs.ids.dtype == torch.int64
    assert (inputs.selected is None) == (objective.reads == "pooled")
    rows = len(inputs.ids) if inputs.selected is None else int(inputs.selected.sum())
    outputs = torch.zeros(rows, 1 if getattr(objective, "labels", "") == "values" else V, requires_grad=True)
    loss, metrics = objective.loss(outputs, targets)
    assert loss.shape == ()
    loss.backward()
    assert outputs.grad is not None
    assert metrics + metrics != metrics


def test_batches_and_inputs_are_frozen():
    ids = torch.zeros(2, 5, dtype=torch.int64)
    for thing in (Batch(ids.to(torch.uint8), ids, torch.zeros(5, 2, dtype=torch.int64)), Inputs(ids, None)):
        with pytest.raises(FrozenInstanceError):
            thing.ids = ids
