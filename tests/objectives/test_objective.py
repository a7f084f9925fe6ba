"""The contract: what is given cannot be changed under way, and the masked objective keeps to it."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
import torch

from genolect.objectives.masked_bases import MaskedBases, Words
from genolect.objectives.masked_config import MaskedBasesConfig
from genolect.objectives.objective import Batch, Inputs, Objective


def test_batches_and_inputs_are_frozen():
    ids = torch.zeros(2, 5, dtype=torch.int64)
    for thing in (Batch(ids.to(torch.uint8), ids, torch.zeros(5, 2, dtype=torch.int64)), Inputs(ids, None)):
        with pytest.raises(FrozenInstanceError):
            thing.ids = ids


def test_the_masked_objective_is_one():
    objective: Objective = MaskedBases(MaskedBasesConfig(), Words(mask_id=5, targets=range(4)))
    assert (objective.reads, objective.causal) == ("tokens", False)
