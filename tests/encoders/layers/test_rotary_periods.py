"""Rotary frequencies with named periods: plain rotary where none is named, and scores that know distances only."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.encoders.layers.positions import (
    HELIX,
    angles_at,
    rotary_angles,
    rotary_frequencies,
    rotary_periods,
    rotate,
)

B, H, L, K = 2, 3, 29, 10
CPU = torch.device("cpu")


def places(length: int, first: int = 0) -> torch.Tensor:
    return torch.arange(first, first + length, dtype=torch.float64)


def vectors(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("head_width", "base"), [(2, 50.0), (K, 10_000.0), (64, 100.0)])
def test_without_periods_the_angles_are_those_of_plain_rotary(head_width, base):
    plain = rotary_angles(L, head_width, base, CPU).double()
    ours = angles_at(places(L), rotary_frequencies(head_width, base)).double()
    for wave in (torch.cos, torch.sin):
        torch.testing.assert_close(wave(ours), wave(plain), atol=5e-6, rtol=0)


def test_each_named_period_takes_the_place_of_one_pair():
    frequencies = rotary_frequencies(K, 100.0, (HELIX, 147.0))
    series = [100.0 ** (-pair / 3) for pair in range(3)]
    assert frequencies.tolist() == pytest.approx([*series, 2 * math.pi / 10.5, 2 * math.pi / 147])


@given(st.lists(st.floats(2, 1e6), max_size=K // 2).map(tuple))
def test_every_named_period_is_listed_and_the_list_is_sorted(periods):
    listed = rotary_periods(K, 1000.0, periods)
    assert len(listed) == K // 2
    assert listed == sorted(listed)
    for period in periods:
        assert min(abs(found / period - 1) for found in listed) < 1e-12


def test_more_periods_than_pairs_are_refused():
    with pytest.raises(ValueError, match="3 periods need 6 channels per head, there are 4"):
        rotary_frequencies(4, 100.0, (2.0, 3.0, 4.0))


@settings(deadline=None, max_examples=30)
@given(shift=st.integers(1, 2_000_000), seed=st.integers(0, 99))
def test_scores_depend_on_the_distance_only_a_million_tokens_away_too(shift, seed):
    frequencies = rotary_frequencies(K, 10_000.0, (HELIX,))
    query, key = vectors(2, B, H, 1, K, seed=seed)

    def scores(first: int) -> torch.Tensor:
        angles = angles_at(places(L, first), frequencies)
        return rotate(query, angles) @ rotate(key, angles).transpose(-1, -2)

    here = scores(0)
    torch.testing.assert_close(scores(shift), here, atol=2e-5, rtol=0)
    for distance in range(-L + 1, L):
        diagonal = here.diagonal(-distance, -2, -1)
        torch.testing.assert_close(diagonal, diagonal[..., :1].expand_as(diagonal), atol=2e-5, rtol=0)
    assert here.std() > 0.1


def test_a_pair_of_the_helix_hears_whole_turns_alike():
    """Two turns are 21 bases, a half-turn is not a whole number of them: 5 bases away the phase is nearly opposite."""
    query = torch.tensor([1.0, 0.0]).view(1, 1, 1, 2)
    angles = angles_at(places(43), rotary_frequencies(2, 100.0, (HELIX,)))
    scores = (rotate(query, angles) @ rotate(query, angles).transpose(-1, -2))[0, 0, 0]
    assert scores[[0, 21, 42]].tolist() == pytest.approx([1, 1, 1], abs=1e-5)
    assert scores[5] < -0.98
    assert sorted(range(1, 43), key=lambda distance: -scores[distance])[:2] in ([21, 42], [42, 21])
