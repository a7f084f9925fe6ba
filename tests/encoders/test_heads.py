"""Heads: undecided at first or with a direction, affine or not, and deaf to padding."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError

from genolect.encoders.build import new_head
from genolect.encoders.encoder import HeadConfig
from genolect.encoders.heads import ProjectionHead, StrandWindowHead, TokenHead, WindowHead, mean_of_tokens
from genolect.encoders.layers.blocks import draw_weights

S, D, V = 11, 6, 4
B, L, P = 3, 7, 5


def test_an_untrained_head_is_undecided():
    assert torch.equal(TokenHead(D, V)(torch.randn(S, D)), torch.zeros(S, V))


def test_a_trained_head_is_an_affine_map_of_each_token():
    head, hidden = TokenHead(D, V), torch.randn(S, D, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        head.predict.weight.copy_(torch.arange(V * D).view(V, D))
        head.predict.bias.copy_(torch.arange(V))
    logits = head(hidden)
    for token in (0, S - 1):
        expected = [sum((v * D + d) * hidden[token, d].item() for d in range(D)) + v for v in range(V)]
        torch.testing.assert_close(logits[token], torch.tensor(expected), atol=1e-4, rtol=1e-4)


def test_an_undecided_head_learns_at_once():
    head, hidden = TokenHead(D, V), torch.randn(S, D, generator=torch.Generator().manual_seed(1))
    torch.nn.functional.cross_entropy(head(hidden), torch.arange(S) % V).backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in head.parameters())


def states(seed: int = 1) -> torch.Tensor:
    return torch.randn(B, L, D, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def real() -> torch.Tensor:
    """Windows of 7, 2 and 0 tokens."""
    return torch.arange(L) < torch.tensor([L, 2, 0])[:, None]


def drawn(head: torch.nn.Module) -> torch.nn.Module:
    draw_weights(head, torch.Generator().manual_seed(2))
    return head.double()


def test_the_mean_is_that_of_the_tokens():
    hidden = states()
    means = mean_of_tokens(hidden, real())
    for row, length in enumerate((L, 2)):
        expected = [sum(hidden[row, token, d].item() for token in range(length)) / length for d in range(D)]
        assert means[row].tolist() == pytest.approx(expected, rel=1e-12)
    assert means[2].tolist() == [0.0] * D


@pytest.mark.parametrize("kind", [WindowHead, ProjectionHead])
def test_padding_is_not_heard_whatever_stands_there(kind):
    head = drawn(kind(D, P))
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.add_(0.1)
    hidden, other = states(), states()
    other[~real()] = torch.nan
    assert torch.equal(head(hidden, real()), head(other, real()))
    other = states()
    other[1, 1] += 1
    assert not torch.equal(head(hidden, real())[1], head(other, real())[1])


def test_a_projection_is_two_layers():
    head, hidden = drawn(ProjectionHead(D, P)), states()
    mean = mean_of_tokens(hidden, real())
    inner = mean @ head.inner.weight.T + head.inner.bias
    expected = (inner / (1 + (-inner).exp())) @ head.outer.weight.T + head.outer.bias
    torch.testing.assert_close(head(hidden, real()), expected, atol=1e-12, rtol=1e-12)


def test_a_projection_has_a_direction_from_the_start_and_a_window_head_is_undecided():
    assert drawn(ProjectionHead(D, P))(states(), real()).norm(dim=-1).min() > 0.01
    assert not drawn(WindowHead(D, P))(states(), real()).any()


@pytest.mark.parametrize("kind", ["window", "projection"])
def test_gradients_are_those_of_finite_differences(kind):
    head = drawn(new_head(HeadConfig(kind=kind, outputs=P), D))
    assert torch.autograd.gradcheck(lambda hidden: head(hidden, real()), states().requires_grad_())


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("token", TokenHead),
        ("window", WindowHead),
        ("strand_window", StrandWindowHead),
        ("projection", ProjectionHead),
    ],
)
def test_a_configuration_names_a_head(kind, made):
    assert type(new_head(HeadConfig(kind=kind, outputs=P), D)) is made
    with pytest.raises(ValidationError, match="outputs"):
        HeadConfig(kind=kind, outputs=0)
