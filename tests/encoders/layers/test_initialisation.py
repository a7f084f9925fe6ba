"""Initial weights: functions of the generator alone, with the distributions that are promised."""

from __future__ import annotations

import pytest
import torch
from scipy.stats import kstest
from torch import nn

from genolect.encoders.layers.blocks import EMBEDDING_DEVIATION, draw_weights
from genolect.encoders.layers.linear import LinearFromZero


class Network(nn.Module):
    """One of each part, the sizes all different."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(61, 53)
        self.convolution = nn.Conv1d(11, 47, 13)
        self.linear = nn.Linear(37, 83)
        self.plain = nn.Linear(43, 71, bias=False)
        self.merge = LinearFromZero(29, 31)
        self.norm = nn.LayerNorm(17)


def filled(seed: int) -> Network:
    network = Network()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(torch.nan)
    draw_weights(network, torch.Generator().manual_seed(seed))
    return network


def test_every_weight_is_a_function_of_the_seed():
    one, again, other = (dict(filled(seed).named_parameters()) for seed in (1, 1, 2))
    for name, parameter in one.items():
        assert torch.equal(parameter, again[name])
        assert parameter.isfinite().all()
        assert torch.equal(parameter, other[name]) == name.startswith(("merge", "norm"))


def test_the_global_generator_is_not_used():
    network, state = Network(), torch.get_rng_state()
    draw_weights(network, torch.Generator().manual_seed(3))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(("name", "inputs"), [("convolution", 11 * 13), ("linear", 37), ("plain", 43)])
def test_maps_are_uniform_as_torch_draws_them(name, inputs):
    reach = inputs**-0.5
    ours, torchs = filled(4), Network()
    for parameter in getattr(ours, name).parameters():
        assert kstest(parameter.detach().flatten().numpy(), "uniform", (-reach, 2 * reach)).pvalue > 0.001
    for parameter in getattr(torchs, name).parameters():
        assert parameter.abs().max() <= reach


def test_embeddings_are_normal():
    values = filled(4).embedding.weight.detach().flatten().numpy()
    assert kstest(values, "norm", (0, EMBEDDING_DEVIATION)).pvalue > 0.001


def test_norms_and_maps_from_zero_have_no_chance_in_them():
    network = filled(4)
    assert (network.norm.weight == 1).all()
    assert (network.norm.bias == 0).all()
    assert not any(parameter.any() for parameter in network.merge.parameters())


def test_a_part_without_a_rule_is_refused():
    with pytest.raises(TypeError, match="no rule says how the weights of GRU start"):
        draw_weights(nn.Sequential(nn.Linear(3, 5), nn.GRU(5, 7)), torch.Generator())
