"""What every encoder keeps, whatever it is made of. A new encoder joins the list below and is held to all of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from genolect.encoders.bert import BertConfig
from genolect.encoders.build import new_published
from genolect.encoders.equivariant_convolution import EquivariantConvolution, EquivariantConvolutionConfig
from genolect.encoders.equivariant_transformer import EquivariantTransformer, EquivariantTransformerConfig
from genolect.encoders.esm import EsmConfig
from genolect.encoders.hierarchical import Hierarchical, HierarchicalConfig
from genolect.encoders.layers.blocks import draw_weights
from genolect.encoders.mosaic_bert import MosaicBertConfig
from genolect.encoders.sparse_transformer import SparseTransformer, SparseTransformerConfig
from genolect.encoders.transformer import Transformer, TransformerConfig

VOCABULARY, B, L = 7, 5, 23


def counting(network: nn.Module) -> nn.Module:
    """Fill the context counts of an encoder."""
    generator = torch.Generator().manual_seed(6)
    counts = {k: torch.randint(50, (4**k, 4), generator=generator) for k in network.config.context_lengths}
    network.get_submodule("context").set_counts(counts)
    return network


def transformer() -> nn.Module:
    config = TransformerConfig(
        vocabulary=VOCABULARY, width=12, layers=2, heads=3, feed_forward=17, stem_reach=9, context_lengths=(2, 4)
    )
    return counting(Transformer(config))


def transformer_without_counts() -> Transformer:
    config = TransformerConfig(vocabulary=VOCABULARY, width=18, layers=3, heads=1, feed_forward=5, context_lengths=())
    return Transformer(config)


def bert() -> nn.Module:
    shape = BertConfig(vocabulary=VOCABULARY, width=12, layers=2, heads=3, feed_forward=17, positions=31, dropout=0.2)
    return new_published(shape, tied=True)[0]


def mosaic_bert() -> nn.Module:
    shape = MosaicBertConfig(vocabulary=VOCABULARY, width=15, layers=3, heads=5, feed_forward=8)
    return new_published(shape, tied=True)[0]


def first_esm() -> nn.Module:
    shape = EsmConfig(vocabulary=VOCABULARY, width=12, layers=2, heads=4, feed_forward=17, positions=32, mask_id=5)
    return new_published(shape, tied=False)[0]


def second_esm() -> nn.Module:
    shape = EsmConfig(vocabulary=VOCABULARY, width=12, layers=3, heads=2, feed_forward=9, gated=True)
    return new_published(shape, tied=False)[0]


def sparse_transformer() -> SparseTransformer:
    shape = {"width": 20, "layers": 2, "heads": 2, "feed_forward": 13, "reach": 3, "anchors": 4, "periods": (10.5,)}
    return SparseTransformer(SparseTransformerConfig(vocabulary=VOCABULARY, **shape))


def sparse_transformer_along_cpg() -> SparseTransformer:
    shape = {"width": 12, "layers": 3, "heads": 3, "feed_forward": 10, "anchors": "modulus", "cpg_reach": 6}
    return SparseTransformer(SparseTransformerConfig(vocabulary=VOCABULARY, **shape))


def hierarchical() -> Hierarchical:
    shape = {"width": 9, "patch": 2, "block": 8, "layers": 2, "heads": 3, "feed_forward": 15, "checkpoint_every": 1}
    return Hierarchical(HierarchicalConfig(vocabulary=VOCABULARY, **shape))


def equivariant_transformer() -> nn.Module:
    config = EquivariantTransformerConfig(
        vocabulary=VOCABULARY, width=24, layers=2, heads=4, feed_forward=18, stem_reach=9, context_lengths=(2, 4)
    )
    return counting(EquivariantTransformer(config))


def equivariant_convolution() -> nn.Module:
    shape = {"width": 14, "layers": 4, "reach": 5, "dilations": (1, 3), "feed_forward": 18, "stem_reach": 13}
    return counting(
        EquivariantConvolution(EquivariantConvolutionConfig(vocabulary=VOCABULARY, context_lengths=(2, 4), **shape))
    )


ENCODERS = [
    transformer,
    transformer_without_counts,
    equivariant_transformer,
    equivariant_convolution,
    sparse_transformer,
    sparse_transformer_along_cpg,
    hierarchical,
    bert,
    mosaic_bert,
    first_esm,
    second_esm,
]


@pytest.fixture(params=ENCODERS, ids=lambda build: build.__name__)
def build(request) -> Callable[[], nn.Module]:
    return request.param


def woken(build: Callable[[], nn.Module]) -> nn.Module:
    """An encoder as training would leave it: everything that starts at zero has moved away."""
    network = build()
    draw_weights(network, torch.Generator().manual_seed(7))
    generator = torch.Generator().manual_seed(8)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.1)
    return network.eval()


def windows(rows: int = B, length: int = L) -> torch.Tensor:
    return torch.randint(VOCABULARY, (rows, length), generator=torch.Generator().manual_seed(9))


@torch.no_grad()
def test_hidden_states_have_the_shape_of_the_contract(build):
    network = woken(build)
    hidden = network(windows(3, 29))
    assert hidden.shape == (3, 29, network.config.width)
    assert hidden.dtype == torch.float32
    assert hidden.isfinite().all()


@torch.no_grad()
@pytest.mark.parametrize("counted", [False, True])
def test_a_window_is_read_alike_alone_and_in_any_batch(build, counted):
    """To 2e-6: the processor may order a sum by the number of rows."""
    network, given = woken(build), windows()
    together = network(given, given if counted else None)
    for row in range(B):
        own = given[row : row + 1]
        alone = network(own, own if counted else None)
        torch.testing.assert_close(alone[0], together[row], atol=2e-6, rtol=2e-6)


@torch.no_grad()
def test_permuting_the_batch_permutes_the_hidden_states(build):
    network, given = woken(build), windows()
    order = torch.tensor([3, 0, 4, 2, 1])
    torch.testing.assert_close(network(given[order]), network(given)[order], atol=2e-6, rtol=2e-6)


@torch.no_grad()
def test_the_same_weights_and_windows_give_the_same_bits(build):
    one, other = woken(build), woken(build)
    assert torch.equal(one(windows()), other(windows()))


@torch.no_grad()
def test_every_token_is_heard_far_and_near(build):
    network, given = woken(build), windows(1)
    before = network(given)
    for position in (0, L // 2, L - 1):
        changed = given.clone()
        changed[0, position] = (changed[0, position] + 1) % VOCABULARY
        heard = (network(changed) - before).abs().amax(-1)[0]
        assert heard.min() > 0
        assert heard[position] > 1e-3


@torch.no_grad()
def test_reduced_precision_stays_close(build):
    """Hidden states are normalised, about 1; bfloat16 has 8 bits: a few roundings of 0.4 % each."""
    network, given = woken(build), windows()
    exact = network(given)
    with torch.autocast("cpu", torch.bfloat16):
        reduced = network(given)
    difference = (reduced.float() - exact).abs()
    assert 0 < difference.mean() < 0.01
    assert difference.max() < 0.1


def test_every_weight_learns_once_it_left_zero(build):
    network, given = woken(build).train(), windows()
    target = torch.randn(B, L, network.config.width, generator=torch.Generator().manual_seed(1))
    (network(given) * target).sum().backward()
    silent = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    silent += [name for name, parameter in network.named_parameters() if not parameter.grad.any()]
    assert silent == []


def test_two_steps_reach_every_weight_from_the_start(build):
    """What starts at zero blocks what lies before it for one step only."""
    network, given = build(), windows()
    draw_weights(network, torch.Generator().manual_seed(7))
    target = torch.randn(B, L, network.config.width, generator=torch.Generator().manual_seed(1))
    start = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
    for _ in range(2):
        network.zero_grad()
        (network(given) * target).sum().backward()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.sub_(parameter.grad, alpha=0.01)
    stuck = [name for name, parameter in network.named_parameters() if torch.equal(parameter, start[name])]
    assert stuck == []


@torch.no_grad()
def test_reading_changes_nothing(build):
    network, given = woken(build), windows()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    shown = given.clone()
    network(given, given)
    assert torch.equal(given, shown)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # torch's own tracer does it
def test_a_compiled_encoder_gives_the_same_states_and_gradients(build):
    """As torch traces it, forward and backward; what a code generator makes of the graph is not looked at."""
    plain, other, given = woken(build), woken(build), windows()
    compiled = torch.compile(other, backend="aot_eager")
    target = torch.randn(B, L, plain.config.width, generator=torch.Generator().manual_seed(1))
    expected, found = plain(given), compiled(given)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    for states in (expected, found):
        (states * target).sum().backward()
    for (name, one), two in zip(plain.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(
            two.grad, one.grad, atol=1e-4, rtol=1e-4, msg=lambda text, name=name: f"{name}: {text}"
        )
