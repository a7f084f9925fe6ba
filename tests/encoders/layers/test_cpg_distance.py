"""Distance along CpG density, letter by letter; plain where density is constant; blind to what is hidden."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.encoders.layers.positions import PRIOR, cpg_density, cpg_positions

LETTERS = "ACGTN."  # the dot stands for [MASK]
ISLAND, DESERT = "CGGCGCGATCGCG" * 9, "CATTGACCAGTCTTAAGGTTG" * 9
windows_of_letters = st.text(LETTERS, min_size=2, max_size=40)


def ids(*windows: str) -> torch.Tensor:
    return torch.tensor([[LETTERS.index(letter) for letter in window] for window in windows])


def by_hand(window: str, reach: int) -> list[float]:
    densities = []
    for place in range(len(window) - 1):
        near = [window[p : p + 2] for p in range(max(0, place - reach), min(len(window) - 1, place + reach + 1))]
        pairs = [pair for pair in near if set(pair) <= set("ACGT")]
        observed = pairs.count("CG")
        expected = sum(pair[0] == "C" for pair in pairs) * sum(pair[1] == "G" for pair in pairs) / max(1, len(pairs))
        densities.append((observed + PRIOR) / (expected + PRIOR))
    return densities


def reverse_complement(tokens: torch.Tensor) -> torch.Tensor:
    return torch.where(tokens < 4, 3 - tokens, tokens).flip(-1)


@given(window=windows_of_letters, reach=st.integers(0, 45))
def test_density_equals_counting_pairs(window, reach):
    assert cpg_density(ids(window), reach)[0].tolist() == pytest.approx(by_hand(window, reach), rel=1e-12)


@settings(deadline=None)
@given(window=windows_of_letters, reach=st.integers(0, 45), data=st.data())
def test_what_is_hidden_moves_nothing(window, reach, data):
    """Whatever letter is not a visible base, the distances are the same."""
    hidden = [place for place, letter in enumerate(window) if letter in "N."]
    other = "".join(data.draw(st.sampled_from("N.")) if place in hidden else c for place, c in enumerate(window))
    assert torch.equal(cpg_density(ids(window), reach), cpg_density(ids(other), reach))
    if not set(window) & set("ACGT"):
        assert torch.equal(cpg_positions(cpg_density(ids(window), reach))[0], torch.arange(len(window)).double())


def test_a_visible_base_would_move_it():
    hidden, shown, other = (cpg_positions(cpg_density(ids(DESERT + f"AC{c}T" + DESERT), 20)) for c in ".GA")
    assert not torch.equal(hidden, shown)
    assert not torch.equal(other, shown)


@given(level=st.floats(0.01, 50), length=st.integers(1, 60))
def test_constant_density_is_plain_rotary_whatever_its_level(level, length):
    positions = cpg_positions(torch.full((3, length), level, dtype=torch.float64))
    expected = torch.arange(length + 1.0, dtype=torch.float64).expand(3, -1)
    torch.testing.assert_close(positions, expected, atol=1e-12, rtol=1e-12)


@given(densities=st.lists(st.floats(0.01, 50), min_size=2, max_size=30))
def test_the_denser_the_longer_the_step(densities):
    positions = cpg_positions(torch.tensor([densities], dtype=torch.float64))[0]
    steps = positions.diff()
    assert steps.min() > 0
    assert positions[-1].item() == pytest.approx(len(densities))
    order = torch.tensor(densities).argsort()
    assert steps[order].diff().min() >= -1e-12


def test_an_island_is_longer_than_a_desert_of_as_many_bases():
    window = ISLAND + DESERT + ISLAND
    positions = cpg_positions(cpg_density(ids(window), 50))[0]
    island, desert = positions[100] - positions[20], positions[250] - positions[170]
    assert island > 1.3 * desert


@settings(deadline=None)
@given(window=windows_of_letters, reach=st.integers(0, 45))
def test_both_strands_have_the_same_distances(window, reach):
    here = cpg_positions(cpg_density(ids(window), reach))
    there = cpg_positions(cpg_density(reverse_complement(ids(window)), reach))
    torch.testing.assert_close(there, here[:, -1:] - here.flip(1), atol=1e-9, rtol=0)


def test_windows_of_a_batch_are_measured_alone():
    together = cpg_positions(cpg_density(ids(ISLAND, DESERT[: len(ISLAND)]), 17))
    for row, window in enumerate((ISLAND, DESERT[: len(ISLAND)])):
        assert torch.equal(cpg_positions(cpg_density(ids(window), 17))[0], together[row])


def test_a_window_of_one_base_has_one_place():
    assert cpg_positions(cpg_density(ids("G"), 3)).tolist() == [[0.0]]
