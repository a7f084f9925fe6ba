"""Long-range presets: the size that is stated, and a sibling that learns on a processor."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from genolect.encoders.build import preset
from genolect.encoders.hierarchical import Hierarchical
from genolect.encoders.layers.blocks import draw_weights
from genolect.encoders.sparse_transformer import SparseTransformer


def parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_nucleo_transformer_has_350_million_parameters_and_64_blocks():
    config = preset("nucleo-transformer")
    with torch.device("meta"):
        network = Hierarchical(config)
    width, inner = 1024, 2944
    layer = 2 * 4 * width**2 + 3 * width * inner + 3 * width + width
    ends = 2 * (width**2 + width) + 2 * width + 2 * 64 + 7 * 64 + 7 * 64 * 21 + 64
    assert parameters(network) == 20 * layer + ends
    assert parameters(network) == pytest.approx(350e6, rel=0.01)
    assert 64 * config.block == 1024 * 1024
    assert any(period == pytest.approx(10.5) for period in config.periods_in_tokens)


@pytest.mark.parametrize(
    ("build", "config"),
    [(Hierarchical, preset("nucleo-transformer-tiny")), (SparseTransformer, preset("sparse-small"))],
)
def test_the_small_ones_learn(build, config):
    """Which base stood at the hidden places of one window: the loss falls from ln 4."""
    network = build(config)
    generator = torch.Generator().manual_seed(3)
    draw_weights(network, generator)
    head = torch.nn.Linear(config.width, 4)
    draw_weights(head, generator)
    truth = torch.randint(4, (1, 1_000), generator=generator)
    selected = torch.rand(truth.shape, generator=generator) < 0.15
    optimizer = torch.optim.Adam([*network.parameters(), *head.parameters()], lr=3e-3)
    losses = []
    for _ in range(30):
        loss = functional.cross_entropy(head(network(torch.where(selected, 5, truth)))[selected], truth[selected])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(1.386, abs=0.4)
    assert losses[-1] < 0.7 * losses[0]
