"""What every strand-symmetric encoder keeps, and every other one does not."""

from __future__ import annotations

import pytest
import torch

from genolect.encoders.heads import StrandTokenHead, StrandWindowHead
from genolect.encoders.transformer import Transformer, TransformerConfig
from tests.encoders.equivariant import VOCABULARY, awake, convolution, reverse, swapped, transformer, windows

EXACT = {"atol": 1e-5, "rtol": 0.0}
PADDING = 6


def plain() -> Transformer:
    shape = {"vocabulary": VOCABULARY, "width": 24, "layers": 3, "heads": 4, "feed_forward": 14, "stem_reach": 9}
    return Transformer(TransformerConfig(**shape, context_lengths=(2, 4)))


@pytest.fixture(params=[transformer, convolution], ids=lambda build: build.__name__)
def encoder(request):
    return awake(request.param())


@torch.no_grad()
@pytest.mark.parametrize("length", [1, 2, 22, 23, 150])
@pytest.mark.parametrize("counted", [False, True])
def test_the_other_strand_turns_every_hidden_state(encoder, length, counted):
    """All layers; bases, N, hidden and padding tokens anywhere."""
    given = windows(5, length)
    truth = windows(5, length, of=4) if counted else None
    states = encoder.states(given, truth)
    others = encoder.states(reverse(given), None if truth is None else reverse(truth))
    assert len(states) == encoder.config.layers + 2
    for state, other in zip(states, others, strict=True):
        torch.testing.assert_close(other, swapped(state), **EXACT)


@torch.no_grad()
def test_double_precision_leaves_no_doubt(encoder):
    """What is left in single precision is rounding: it falls a million-fold."""
    given, network = windows(of=4), encoder.double()
    if network.context is not None:
        network.context, network.weigh_context = None, None
    network.stem.convolution = None  # Its one-hot letters are float32.
    difference = network(reverse(given)) - swapped(network(given))
    assert difference.abs().max() < 1e-12


@torch.no_grad()
def test_padding_behind_is_padding_in_front_of_the_other_strand(encoder):
    given = windows(of=4)
    given[:, 17:] = PADDING
    turned = reverse(given)
    assert (turned[:, :6] == PADDING).all()
    torch.testing.assert_close(encoder(turned), swapped(encoder(given)), **EXACT)


@torch.no_grad()
def test_a_plain_transformer_fails():
    given, network = windows(), awake(plain())
    hidden, other = network(given), network(reverse(given))
    for turned in (hidden, hidden.flip(1), swapped(hidden), hidden.flip(1, 2)):
        assert (other - turned).abs().mean() > 0.1


@torch.no_grad()
def test_the_strands_are_not_merely_equal(encoder):
    """A network that says the same of both strands at every token would be symmetric too, and of no use."""
    hidden = encoder(windows())
    given, other = hidden.chunk(2, dim=-1)
    assert (given - other).abs().mean() > 0.1
    assert (hidden - swapped(hidden)).abs().mean() > 0.1


@torch.no_grad()
@pytest.mark.parametrize("half", [0, 1])
def test_strands_tell_each_other(encoder, half):
    """Not two networks side by side: a change of one strand's features in the stem reaches both halves."""
    embedding = encoder.stem.embedding
    width, given = encoder.config.width, windows(of=4)
    before = encoder(given)

    def louder(module, arguments, output):
        return output + torch.where(torch.arange(width) // (width // 2) == half, torch.linspace(0, 1, width), 0.0)

    handle = encoder.stem.register_forward_hook(louder)
    change = (encoder(given) - before).abs().mean(dim=(0, 1)).chunk(2)
    handle.remove()
    assert embedding.weight.shape == (VOCABULARY, width // 2)
    assert min(part.max() for part in change) > 1e-3


def test_both_strands_teach_the_same(encoder):
    """Gradients of a loss on one strand, and of the same loss on the other."""
    given, target = windows(), windows(of=4)
    head = awake(StrandTokenHead(encoder.config.width, 4))
    gradients = []
    for ids, truth in ((given, target), (reverse(given), reverse(target))):
        encoder.zero_grad()
        head.zero_grad()
        torch.nn.functional.cross_entropy(head(encoder(ids)).flatten(0, 1), truth.flatten()).backward()
        gradients.append([parameter.grad.clone() for part in (encoder, head) for parameter in part.parameters()])
    for one, other in zip(*gradients, strict=True):
        assert one.abs().max() > 0
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_predictions_are_complements(encoder):
    given = windows()
    head = awake(StrandTokenHead(encoder.config.width, 4))
    logits, other = head(encoder(given)), head(encoder(reverse(given)))
    torch.testing.assert_close(other, logits.flip(1)[..., [3, 2, 1, 0]], **EXACT)
    assert (other - logits.flip(1)).abs().mean() > 0.05


@torch.no_grad()
def test_answers_about_windows_do_not_know_the_strand(encoder):
    given = windows(4, 31)
    given[:2, 20:] = PADDING
    head = awake(StrandWindowHead(encoder.config.width, 3))
    answers, other = (head(encoder(ids), ids != PADDING) for ids in (given, reverse(given)))
    torch.testing.assert_close(other, answers, **EXACT)
    assert (answers[0] - answers[1]).abs().max() > 0.01


@torch.no_grad()
def test_a_palindrome_is_its_own_other_strand(encoder):
    half = windows(3, 11, of=4)
    hidden = encoder(torch.cat([half, reverse(half)], dim=1))
    torch.testing.assert_close(hidden, swapped(hidden), **EXACT)


def test_saved_weights_hold_no_tables(encoder):
    """Which channel is whose partner follows from the shape."""
    tensors = dict(encoder.named_parameters()).keys() | {f"context.counts_{k}" for k in encoder.config.context_lengths}
    assert encoder.state_dict().keys() == tensors


def test_it_is_never_causal(encoder):
    assert encoder.config.sees_ahead
    assert "causal" not in encoder.config.to_mapping()
    assert type(encoder.config).from_mapping(encoder.config.to_mapping(), "plan") == encoder.config
    assert len(type(encoder.config).model_fields) <= 10
