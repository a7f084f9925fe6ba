"""Heads of paired channels; what they keep behind an encoder stands in tests/contracts/test_strand_symmetry.py."""

from __future__ import annotations

import pytest
import torch

from genolect.encoders.heads import (
    StrandBases,
    StrandTokenHead,
    StrandWindowHead,
    TokenHead,
    WindowHead,
    invariant_descriptor,
)
from tests.encoders.equivariant import awake, swapped

B, L, D = 3, 11, 8


def hidden() -> torch.Tensor:
    return torch.randn(B, L, D, generator=torch.Generator().manual_seed(3))


@torch.no_grad()
def test_logits_of_the_other_strand_are_those_of_the_complements():
    head, given = awake(StrandTokenHead(D, 4)), hidden()
    torch.testing.assert_close(head(swapped(given)), head(given).flip(1, 2), atol=1e-6, rtol=0.0)
    plain = awake(TokenHead(D, 4))
    assert (plain(swapped(given)) - plain(given).flip(1, 2)).abs().mean() > 0.1


@torch.no_grad()
def test_each_base_has_its_weights():
    head = StrandBases(4)
    head.weight.copy_(torch.tensor([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]))
    head.bias.copy_(torch.tensor([0.25, 0.5]))
    expected = torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8], [7, 8, 5, 6], [3, 4, 1, 2]])  # A C G T, channel by channel
    assert torch.equal(head(torch.eye(4)).T - torch.tensor([[0.25], [0.5], [0.5], [0.25]]), expected.float())


def test_a_head_starts_undecided_with_half_the_weights():
    token, window = StrandTokenHead(D, 4), StrandWindowHead(D, 5)
    assert isinstance(token, TokenHead)
    assert not token(hidden()).any()
    assert not window(hidden(), torch.ones(B, L, dtype=torch.bool)).any()
    assert sum(parameter.numel() for parameter in token.parameters()) == (4 * D + 4) // 2
    assert sum(parameter.numel() for parameter in window.parameters()) == D * 5 + 5


def test_words_are_refused():
    with pytest.raises(ValueError, match="64 predictable tokens are not the four bases"):
        StrandTokenHead(D, 64)


@torch.no_grad()
def test_descriptors_are_those_of_either_strand_without_padding():
    given, real = hidden(), torch.ones(B, L, dtype=torch.bool)
    real[1, 6:] = False
    descriptor = invariant_descriptor(given, real)
    torch.testing.assert_close(invariant_descriptor(swapped(given), real.flip(1)), descriptor, atol=1e-6, rtol=0.0)
    loud = given.clone()
    loud[1, 6:] = 99.0
    assert torch.equal(invariant_descriptor(loud, real), descriptor)
    assert (invariant_descriptor(given.flip(1), real) - descriptor).abs().max() > 0.01


@torch.no_grad()
def test_descriptors_lose_nothing_but_which_strand_is_which():
    given, real = hidden(), torch.ones(B, L, dtype=torch.bool)
    middle, half = invariant_descriptor(given, real).chunk(2, dim=-1)
    pairs = torch.stack(given.mean(dim=1).chunk(2, dim=-1)).sort(dim=0).values
    torch.testing.assert_close(torch.stack([middle - half, middle + half]), pairs, atol=1e-6, rtol=0.0)


@torch.no_grad()
def test_answers_about_windows_are_those_of_either_strand():
    real = torch.ones(B, L, dtype=torch.bool)
    symmetric, plain = awake(StrandWindowHead(D, 5)), awake(WindowHead(D, 5))
    torch.testing.assert_close(symmetric(swapped(hidden()), real), symmetric(hidden(), real), atol=1e-6, rtol=0.0)
    assert (plain(swapped(hidden()), real) - plain(hidden(), real)).abs().max() > 0.01
