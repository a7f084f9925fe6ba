"""Checkpointing changes memory and nothing else: losses and gradients are equal to the last bit."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from genolect.encoders.hierarchical import Hierarchical, HierarchicalConfig
from genolect.encoders.layers.blocks import draw_weights, layer_states
from genolect.encoders.sparse_transformer import SparseTransformer, SparseTransformerConfig

VOCABULARY, B, L = 7, 2, 331


def sparse(every: int) -> nn.Module:
    shape = {"width": 24, "layers": 5, "heads": 2, "feed_forward": 40, "reach": 16, "anchors": 3}
    return SparseTransformer(SparseTransformerConfig(vocabulary=VOCABULARY, **shape, checkpoint_every=every))


def hierarchical(every: int) -> nn.Module:
    shape = {"width": 6, "patch": 8, "block": 64, "layers": 5, "heads": 3, "feed_forward": 90}
    return Hierarchical(HierarchicalConfig(vocabulary=VOCABULARY, **shape, checkpoint_every=every))


def drawn(network: nn.Module) -> nn.Module:
    generator = torch.Generator().manual_seed(7)
    draw_weights(network, generator)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.1)
    return network


def step(network: nn.Module, precision: torch.dtype) -> tuple[Tensor, dict[str, Tensor], int]:
    """Loss, gradients, and the bytes that the forward pass saves for the backward pass, each storage once."""
    ids = torch.randint(VOCABULARY, (B, L), generator=torch.Generator().manual_seed(9))
    ours = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept.setdefault(tensor.untyped_storage().data_ptr(), tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        with torch.autocast("cpu", precision, enabled=precision != torch.float32):
            hidden = network(ids)
        loss = (hidden * hidden.detach().roll(1, 1)).sum()
    saved = sum(tensor.untyped_storage().nbytes() for place, tensor in kept.items() if place not in ours)
    loss.backward()
    return loss.detach(), {name: parameter.grad for name, parameter in network.named_parameters()}, saved


@pytest.mark.parametrize("every", [1, 2, 5, 9])
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("build", [sparse, hierarchical])
def test_loss_and_gradients_are_equal_bit_for_bit(build, precision, every):
    loss, gradients, _ = step(drawn(build(0)), precision)
    again, found, _ = step(drawn(build(every)), precision)
    assert torch.equal(again, loss)
    assert all(torch.equal(found[name], gradient) for name, gradient in gradients.items())
    assert all(gradient.any() for gradient in gradients.values())


@pytest.mark.parametrize("build", [sparse, hierarchical])
def test_activation_memory_falls_by_more_than_60_per_cent(build):
    everything, some = (step(drawn(build(every)), torch.float32)[2] for every in (0, 1))
    assert 0 < some < 0.4 * everything


@pytest.mark.parametrize("every", [0, 1, 2, 7])
def test_every_state_is_given_in_order(every):
    layers = [lambda hidden, step=step: hidden + step for step in (1, 10, 100)]
    start = torch.zeros(2, requires_grad=True)
    states = [*layer_states(layers, start, checkpoint_every=every)]
    assert [state[0].item() for state in states] == [1, 11, 111]


@pytest.mark.parametrize(("every", "grad", "calls"), [(0, True, 1), (1, True, 2), (2, True, 2), (2, False, 1)])
def test_layers_are_computed_again_only_for_gradients(every, grad, calls):
    asked: list[float] = []

    def layer(hidden: Tensor, factor: Tensor) -> Tensor:
        asked.append(factor.item())
        return (hidden * factor).sin()

    start, factor = torch.ones(3, requires_grad=True), torch.tensor(2.0)
    with torch.set_grad_enabled(grad):
        *_, last = layer_states([layer, layer, layer], start, factor, checkpoint_every=every)
    if grad:
        last.sum().backward()
    assert len(asked) == 3 * calls


def test_dropout_falls_alike_both_times():
    dropout = nn.Dropout(0.5)
    start = torch.ones(64, requires_grad=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        *_, last = layer_states([dropout], start, checkpoint_every=1)
        torch.rand(11)
        last.sum().backward()
    assert torch.equal(start.grad, last.detach())
    assert 0 < last.detach().count_nonzero() < 64
