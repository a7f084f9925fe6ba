"""The network: it sees whole sequences, and a sequence is answered alike alone and beside longer ones."""

from __future__ import annotations

import pytest
import torch

from genolect.evaluation.methods.convolution import Convolution


def awake(network: Convolution) -> Convolution:
    """Let the last layer, which starts at zero, say something."""
    with torch.no_grad():
        network.answer.weight.normal_(generator=torch.Generator().manual_seed(5))
        network.places.normal_(generator=torch.Generator().manual_seed(6))
    return network.eval()


def one_hot(length: int, seed: int) -> torch.Tensor:
    letters = torch.randint(4, (length,), generator=torch.Generator().manual_seed(seed))
    return torch.eye(4)[letters]


@pytest.mark.parametrize("longest", [7, 60, 128, 129, 300, 1_000, 5_000])
def test_one_output_sees_the_longest_sequence(longest):
    network = Convolution(longest, 3, seed=1, width=8)
    assert network.sees >= longest
    assert -(-longest // network.pool) <= 128


@pytest.mark.parametrize("longest", [60, 300])
def test_the_middle_feels_both_ends(longest):
    """What it claims to see it does see: the state at the centre moves with either end."""
    network = Convolution(longest, 1, seed=2, width=8).eval()
    bases = one_hot(longest, 3)[None].requires_grad_()
    state = torch.nn.functional.relu(network.motifs(bases.transpose(1, 2)))
    state = torch.nn.functional.avg_pool1d(state, network.pool, ceil_mode=True)  # of a maximum only one place counts
    within = torch.ones(1, 1, state.shape[2], dtype=torch.bool)
    for layer in network.layers:
        state = layer(state, within)
    state[0, :, state.shape[2] // 2].sum().backward()
    assert bases.grad is not None
    felt = bases.grad[0].abs().sum(dim=1)
    assert felt[0] > 0
    assert felt[-1] > 0


def test_a_sequence_is_answered_alike_alone_and_in_company():
    network = awake(Convolution(300, 2, seed=4, width=16))
    short, long = one_hot(41, 7), one_hot(300, 8)
    together = torch.zeros(2, 300, 4)
    together[0, :41], together[1] = short, long
    answers = network(together, torch.tensor([41, 300]))
    torch.testing.assert_close(network(short[None], torch.tensor([41])), answers[:1], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(network(long[None], torch.tensor([300])), answers[1:], atol=1e-5, rtol=1e-4)


def test_untrained_it_is_undecided_and_its_weights_follow_the_seed():
    one, same, other = (Convolution(50, 3, seed=seed, width=8) for seed in (1, 1, 2))
    assert not one(one_hot(50, 1)[None], torch.tensor([50])).any()
    assert all(map(torch.equal, one.parameters(), same.parameters()))
    assert not torch.equal(one.motifs.weight, other.motifs.weight)


def test_the_global_generator_is_left_alone():
    before = torch.random.get_rng_state()
    Convolution(50, 3, seed=1, width=8)
    assert torch.equal(before, torch.random.get_rng_state())
