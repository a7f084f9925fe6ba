"""Parts with paired channels: equivariant each by itself, and equal to plain parts with all weights written out."""

from __future__ import annotations

import pytest
import torch

from genolect.encoders.layers.blocks import GatedFeedForward, SelfAttention, draw_weights
from genolect.encoders.layers.context import ContextEvidence
from genolect.encoders.layers.linear import LinearFromZero
from genolect.encoders.layers.positions import rotary_angles, rotate
from genolect.encoders.layers.strand import (
    StrandAttention,
    StrandConvolution,
    StrandFeedForward,
    StrandLinear,
    StrandLinearFromZero,
    StrandNorm,
    StrandStem,
    channel_partners,
    evidence_partners,
    letter_partners,
)
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from tests.encoders.equivariant import VOCABULARY, awake, reverse, swapped, windows

B, L, D, H = 3, 13, 12, 2
EXACT = {"atol": 1e-5, "rtol": 0.0}
ANGLES = rotary_angles(L, D // H, 20.0, torch.device("cpu"))


def vectors(length: int = L, width: int = D) -> torch.Tensor:
    return torch.randn(B, length, width, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("partners", [channel_partners(10), letter_partners(9), evidence_partners((2, 3, 7))])
def test_partners_are_mutual(partners):
    assert torch.equal(partners[partners], torch.arange(len(partners)))
    assert not torch.equal(partners, torch.arange(len(partners)))


def test_letters_have_the_partners_of_the_alphabet():
    tokens = NucleotideTokenizer()
    expected = tokens.reverse_complement(torch.arange(7, dtype=torch.uint8).numpy()[:, None])[:, 0]
    assert letter_partners(len(tokens.vocabulary)).tolist() == expected.tolist()


@torch.no_grad()
def test_evidence_has_the_partners_of_the_lookup():
    evidence = awake(ContextEvidence((1, 3)))
    given = windows(B, 29, of=4)
    turned = evidence(reverse(given))
    assert torch.equal(turned, evidence(given).flip(1)[..., evidence_partners((1, 3))])


@pytest.mark.parametrize(
    "part",
    [
        StrandLinear(channel_partners(D), 10),
        StrandLinearFromZero(channel_partners(D), 10, bias=False),
        StrandNorm(D),
        StrandNorm(D, bias=False),
        StrandConvolution(channel_partners(D), 10, 5, dilation=2),
        StrandFeedForward(D, 14),
    ],
    ids=lambda part: type(part).__name__,
)
@torch.no_grad()
def test_a_part_is_equivariant(part):
    part, given = awake(part, spread=0.5), vectors()
    torch.testing.assert_close(part(swapped(given)), swapped(part(given)), **EXACT)
    assert (part(given) - swapped(part(given))).abs().mean() > 0.1


@torch.no_grad()
@pytest.mark.parametrize("length", [12, 13])
def test_attention_is_equivariant(length):
    part, given = awake(StrandAttention(24, 4)), vectors(length, 24)
    angles = rotary_angles(length, 6, 20.0, torch.device("cpu"))
    torch.testing.assert_close(part(swapped(given), angles), swapped(part(given, angles)), **EXACT)


@torch.no_grad()
def test_attention_over_plain_heads_is_not():
    part, given = awake(SelfAttention(D, H), spread=0.5), vectors()
    assert (part(swapped(given), ANGLES) - swapped(part(given, ANGLES))).abs().mean() > 0.1


@torch.no_grad()
def test_one_orientation_for_all_heads_would_not_do():
    """Positions must be counted from the other end, or distance would change its sign with the strand."""
    part, given = awake(StrandAttention(D, H), spread=0.5), vectors()
    correct = part(given, ANGLES)
    one_way = torch.cat([ANGLES[:7], ANGLES[:6].flip(0)])  # The same read from either end.
    assert (part(given, one_way) - correct).abs().mean() > 0.02


@torch.no_grad()
@pytest.mark.parametrize("strand", [0, 1])
def test_each_strand_attends_in_its_own_direction(strand):
    """Before merging: a plain softmax with the same weights over the strand's own tokens, read from its own start."""
    part, given = awake(StrandAttention(D, 2), spread=0.3), vectors()
    part.merge = torch.nn.Identity()
    angles = rotary_angles(L, D // 2, 20.0, torch.device("cpu"))
    own = swapped(given) if strand else given
    queries, keys, values = (own @ part.project.weight.T).split(D // 2, dim=-1)
    queries, keys = (rotate(vectors[:, None], angles)[:, 0] for vectors in (queries, keys))
    expected = (queries @ keys.transpose(1, 2) / (D // 2) ** 0.5).softmax(-1) @ values
    expected = expected.flip(1) if strand else expected
    torch.testing.assert_close(part(given, angles).chunk(2, -1)[strand], expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_feed_forward_equals_a_plain_one_with_all_weights_written_out():
    part, given = awake(StrandFeedForward(D, 14), spread=0.5), vectors()
    wide = GatedFeedForward(D, 14)

    def whole(weight):
        return torch.cat([weight, weight.roll(weight.shape[1] // 2, 1)])

    values, gates, other_values, other_gates = whole(part.project.weight).chunk(4)
    wide.project.weight.copy_(torch.cat([values, other_values, gates, other_gates]))
    wide.merge.weight.copy_(whole(part.merge.weight))
    torch.testing.assert_close(part(given), wide(given), **EXACT)


@torch.no_grad()
def test_the_norm_of_equal_scales_is_the_plain_norm():
    given = vectors()
    torch.testing.assert_close(StrandNorm(D)(given), torch.nn.LayerNorm(D)(given), **EXACT)


@torch.no_grad()
@pytest.mark.parametrize("reach", [1, 9])
def test_the_stem_sees_letters_and_their_complements(reach):
    stem, given = awake(StrandStem(VOCABULARY, D, reach)), windows(B, 17)
    torch.testing.assert_close(stem(reverse(given)), swapped(stem(given)), **EXACT)
    assert (stem.convolution is None) == (reach == 1)


@torch.no_grad()
def test_a_motif_is_found_on_both_strands():
    """A feature that counts GAT: its partner counts ATC, which is GAT on the other strand."""
    convolution = StrandConvolution(letter_partners(VOCABULARY), 2, 3)
    convolution.weight.zero_()
    convolution.bias.fill_(-2)
    for place, letter in enumerate([2, 0, 3]):
        convolution.weight[0, letter, place] = 1
    found = convolution(torch.nn.functional.one_hot(torch.tensor([[2, 0, 3, 1, 1, 0, 3, 1]]), VOCABULARY).float())
    assert (found[0, :, 0] == 1).nonzero().flatten().tolist() == [1]
    assert (found[0, :, 1] == 1).nonzero().flatten().tolist() == [2, 6]


def test_half_of_the_weights_say_everything():
    def count(part):
        return sum(parameter.numel() for parameter in part.parameters())

    assert 2 * count(StrandAttention(D, H)) == count(SelfAttention(D, H))
    assert 2 * count(StrandFeedForward(D, 14)) == count(GatedFeedForward(D, 14))
    assert 2 * count(StrandLinear(channel_partners(D), 10)) == count(torch.nn.Linear(D, 10))
    assert 2 * count(StrandConvolution(channel_partners(D), 10, 5)) == count(torch.nn.Conv1d(D, 10, 5))


def test_what_is_merged_starts_at_zero():
    part = StrandLinearFromZero(channel_partners(D), 10)
    draw_weights(part, torch.Generator().manual_seed(1))
    assert isinstance(part, LinearFromZero)
    assert not any(parameter.any() for parameter in part.parameters())
