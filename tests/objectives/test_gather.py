"""Two ranks are one: values, gradients, temperatures of InfoNCE in two processes equal those of the joined batch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from torch import distributed, multiprocessing

from genolect.errors import ConfigurationError
from genolect.objectives.contrastive import ContrastiveConfig, ContrastiveObjective, Pairs
from genolect.objectives.info_nce import gathered, rank_and_ranks, summed

RANKS, R, D, P, STEPS = 2, 9, 7, 5, 3
RULES = ("fixed", "learned", "formula", "held")


def inputs(step: int) -> tuple[torch.Tensor, torch.Tensor]:
    """What an encoder of one matrix is given, for all ranks: (2 views, RANKS x R, D), and the windows' places."""
    generator = torch.Generator().manual_seed(step)
    first = torch.randn((RANKS * R, D), generator=generator, dtype=torch.float64)
    views = torch.stack((first, first + 0.3 * torch.randn(first.shape, generator=generator, dtype=torch.float64)))
    places = torch.randint(40, (RANKS * R, 2), generator=generator) // torch.tensor([1, 20])
    return views, places


def train(rule: str, rank: int, ranks: int) -> dict[str, torch.Tensor]:
    """Some steps of the objective on this rank's share; losses, sums and gradients of each."""
    config = ContrastiveConfig(rule=rule, p_pos=0.4, spare_overlaps=True)
    objective = ContrastiveObjective(config, lambda bases: bases)
    objective.temperature.double()
    weights = torch.linspace(-1, 1, D * P, dtype=torch.float64).sin().view(D, P).requires_grad_()
    share = slice(rank * RANKS * R // ranks, (rank + 1) * RANKS * R // ranks)
    found: dict[str, torch.Tensor] = {}
    for step in range(STEPS):
        views, places = inputs(step)
        outputs = (views[:, share] @ weights).flatten(0, 1)
        loss, metrics = objective.loss(outputs, Pairs(places[share], 6))
        trained = [weights, *objective.temperature.parameters()]
        gradients = [summed(part) / ranks for part in torch.autograd.grad(loss, trained)]
        found |= {f"{step} gradient {number}": gradient for number, gradient in enumerate(gradients)}
        sums = [metrics.nats, metrics.count, metrics.p_pos, metrics.correct, metrics.temperature]
        found[f"{step} sums"] = summed(torch.tensor(sums, dtype=torch.float64))
        found[f"{step} loss"] = summed(loss) / ranks
        with torch.no_grad():
            weights -= gradients[0]
            for part, gradient in zip(objective.temperature.parameters(), gradients[1:], strict=True):
                part -= gradient
    return found


def one_rank(rank: int, folder: str, task: str) -> None:
    """What each process does."""
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=RANKS)
    try:
        if task == "train":
            results = {rule: train(rule, rank, RANKS) for rule in RULES}
            results["order"] = {"rows": gathered(torch.full((3, 1), rank)), "rank": torch.tensor(rank_and_ranks())}
            torch.save(results, f"{folder}/{rank}.pt")
        else:
            gathered(torch.zeros((3 + rank, 2)))
    finally:
        distributed.destroy_process_group()


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> list[dict]:
    folder = tmp_path_factory.mktemp("ranks")
    multiprocessing.spawn(one_rank, (str(folder), "train"), nprocs=RANKS)
    return [torch.load(Path(folder, f"{rank}.pt"), weights_only=True) for rank in range(RANKS)]


@pytest.mark.parametrize("rule", RULES)
def test_two_ranks_are_one_with_the_joined_batch(two, rule):
    alone = train(rule, 0, 1)
    for rank in range(RANKS):
        assert two[rank][rule].keys() == alone.keys()
        for name, value in alone.items():
            torch.testing.assert_close(two[rank][rule][name], value, rtol=0, atol=1e-10)
    assert alone["2 gradient 0"].abs().max() > 1e-3


def test_without_the_other_ranks_gradients_the_result_would_differ(two):
    """The test above can fail: rank 0's own half of the batch has other gradients."""
    views, _ = inputs(0)
    objective = ContrastiveObjective(ContrastiveConfig(rule="fixed"), lambda bases: bases)
    weights = torch.linspace(-1, 1, D * P, dtype=torch.float64).sin().view(D, P).requires_grad_()
    loss, _ = objective.loss((views[:, :R] @ weights).flatten(0, 1), Pairs(None, 6))
    assert (torch.autograd.grad(loss, weights)[0] - two[0]["fixed"]["0 gradient 0"]).abs().max() > 1e-3


def test_rows_come_in_the_order_of_the_ranks(two):
    for rank in range(RANKS):
        assert two[rank]["order"]["rows"].flatten().tolist() == [0, 0, 0, 1, 1, 1]
        assert two[rank]["order"]["rank"].tolist() == [rank, RANKS]


def test_ranks_with_unequal_batches_are_refused(tmp_path):
    with pytest.raises(multiprocessing.ProcessRaisedException, match=r"the ranks bring 3, 4 windows") as caught:
        multiprocessing.spawn(one_rank, (str(tmp_path), "unequal"), nprocs=RANKS)
    assert ConfigurationError.__name__ in str(caught.value)


def test_alone_everything_is_the_identity():
    values = torch.tensor([[1.0, 2.0]], requires_grad=True)
    assert gathered(values) is values
    assert rank_and_ranks() == (0, 1)
    total = summed(values)
    assert total.tolist() == values.tolist()
    assert not total.requires_grad
