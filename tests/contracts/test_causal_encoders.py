"""A causal encoder and each of its parts: no token changes, to the last bit, with what comes after it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from genolect.encoders.layers.blocks import LocalStem, SelfAttention, draw_weights
from genolect.encoders.layers.context import ContextEvidence
from genolect.encoders.layers.positions import rotary_angles
from genolect.encoders.transformer import Block, Transformer, TransformerConfig

VOCABULARY, B, L, D, H = 7, 3, 67, 12, 3
SHAPE = {"vocabulary": VOCABULARY, "width": D, "heads": H, "layers": 2, "feed_forward": 17, "stem_reach": 9}
Reader = Callable[[Tensor], Tensor]


def woken(part: nn.Module) -> nn.Module:
    """A part as training would leave it: everything that starts at zero has moved away, counts are there."""
    draw_weights(part, torch.Generator().manual_seed(7))
    generator = torch.Generator().manual_seed(8)
    with torch.no_grad():
        for parameter in part.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.2)
    for module in part.modules():
        if isinstance(module, ContextEvidence):
            module.set_counts({k: torch.randint(50, (4**k, 4), generator=generator) for k in module.lengths})
    return part.eval()


def of_vectors(mix: nn.Module) -> Reader:
    """Let a part that mixes vectors read ids."""
    embedding = woken(nn.Embedding(VOCABULARY, D))
    return lambda ids: mix(embedding(ids), rotary_angles(ids.shape[1], D // H, 100.0, ids.device))


def config(causal: bool, lengths: tuple[int, ...]) -> TransformerConfig:
    return TransformerConfig(**SHAPE, context_lengths=lengths, causal=causal)


PARTS: dict[str, Callable[[bool], Reader]] = {
    "stem": lambda causal: woken(LocalStem(VOCABULARY, D, 9, causal=causal)),
    "context": lambda causal: woken(ContextEvidence((1, 3), causal=causal)),
    "attention": lambda causal: of_vectors(woken(SelfAttention(D, H, causal=causal))),
    "block": lambda causal: of_vectors(woken(Block(config(causal, ())))),
    "encoder": lambda causal: woken(Transformer(config(causal, (2, 4)))),
    "encoder without counts": lambda causal: woken(Transformer(config(causal, ()))),
}


@pytest.fixture(params=PARTS)
def build(request) -> Callable[[bool], Reader]:
    return PARTS[request.param]


def windows(length: int = L, seed: int = 9) -> Tensor:
    return torch.randint(4, (B, length), generator=torch.Generator().manual_seed(seed))


def changed_from(ids: Tensor, place: int, seed: int) -> Tensor:
    """Other tokens from a place on, this one surely; all ids occur."""
    strangers = torch.randint(VOCABULARY, ids.shape, generator=torch.Generator().manual_seed(seed))
    strangers[:, place] = (ids[:, place] + 1) % 4
    return torch.cat([ids[:, :place], strangers[:, place:]], dim=1)


@torch.no_grad()
@settings(max_examples=25, deadline=None)
@given(place=st.integers(0, L - 1), seed=st.integers(0, 99))
@pytest.mark.parametrize("part", PARTS)
def test_the_past_never_hears_the_future(part, place, seed):
    network, ids = PARTS[part](True), windows()
    before, after = network(ids), network(changed_from(ids, place, seed))
    assert torch.equal(after[:, :place], before[:, :place])
    assert not torch.equal(after[:, place], before[:, place])


@torch.no_grad()
def test_without_the_flag_the_past_hears_the_future(build):
    network, ids = build(False), windows()
    after = network(changed_from(ids, 40, 1))
    assert not torch.equal(after[:, 39], network(ids)[:, 39])


@torch.no_grad()
@pytest.mark.parametrize("reduced", [False, True])
@pytest.mark.parametrize("length", [1, 2, 33, 700])
def test_length_and_precision_do_not_matter(build, length, reduced):
    network, ids = build(True), windows(length)
    place = length // 2
    with torch.autocast("cpu", torch.bfloat16, enabled=reduced):
        before, after = network(ids), network(changed_from(ids, place, 3))
    assert torch.equal(after[:, :place], before[:, :place])


@torch.no_grad()
def test_a_window_that_is_cut_reads_as_before(build):
    """To rounding: the order of sums may depend on the length."""
    network, ids = build(True), windows()
    torch.testing.assert_close(network(ids[:, :41]), network(ids)[:, :41], atol=2e-6, rtol=2e-6)


def test_no_gradient_comes_from_the_future():
    network = PARTS["encoder without counts"](True)
    vectors = torch.nn.functional.one_hot(windows(), VOCABULARY).float().requires_grad_()
    network.stem.register_forward_hook(lambda module, given, out: vectors @ module.embedding.weight)
    network(windows())[:, 30].square().sum().backward()
    heard = vectors.grad.abs().sum(-1)
    assert (heard[:, :31] > 0).all()
    assert (heard[:, 31:] == 0).all()


@torch.no_grad()
def test_everything_before_is_heard():
    network, ids = PARTS["encoder"](True), windows()
    before = network(ids)
    for place in (0, 20, L - 1):
        changed = ids.clone()
        changed[:, place] = (changed[:, place] + 1) % 4
        assert (network(changed) - before).abs().amax(-1)[:, place:].min() > 0


@torch.no_grad()
def test_a_configuration_from_before_there_was_a_choice_gives_the_same_bits():
    values = config(False, (2, 4)).to_mapping()
    del values["causal"]
    old = TransformerConfig.from_mapping(values, "model")
    assert old == config(False, (2, 4))
    one, other = woken(Transformer(old)), PARTS["encoder"](False)
    assert [*one.state_dict()] == [*other.state_dict()]
    assert torch.equal(one(windows()), other(windows()))


def test_causal_or_not_the_weights_have_the_same_names():
    assert [*PARTS["encoder"](True).state_dict()] == [*PARTS["encoder"](False).state_dict()]
    assert len(TransformerConfig.model_fields) <= 10
