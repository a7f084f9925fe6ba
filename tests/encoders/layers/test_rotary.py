"""Rotary positions: complex multiplication as reference, and scores that depend on the distance only."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.encoders.layers.positions import rotary_angles, rotate

CPU = torch.device("cpu")
B, H, L, K = 2, 3, 31, 10


def vectors(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_turning_is_complex_multiplication():
    given = vectors(B, H, L, K)
    turned = rotate(given, rotary_angles(L, K, 100.0, CPU)).double()
    numbers = torch.complex(given[..., : K // 2].double(), given[..., K // 2 :].double())
    for position in range(L):
        for channel in range(K // 2):
            angle = position * 100.0 ** (-2 * channel / K)
            expected = numbers[:, :, position, channel] * complex(math.cos(angle), math.sin(angle))
            found = torch.complex(turned[:, :, position, channel], turned[:, :, position, channel + K // 2])
            torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_turning_keeps_lengths_and_the_first_position():
    given = vectors(B, H, L, K)
    turned = rotate(given, rotary_angles(L, K, 10_000.0, CPU))
    torch.testing.assert_close(turned.norm(dim=-1), given.norm(dim=-1))
    assert torch.equal(turned[:, :, 0], given[:, :, 0])
    assert not torch.allclose(turned[:, :, 1], given[:, :, 1])


@settings(deadline=None)
@given(shift=st.integers(1, 5_000), seed=st.integers(0, 99))
def test_scores_depend_on_the_distance_only(shift, seed):
    query, key = vectors(2, 1, 1, 1, K, seed=seed)
    angles = rotary_angles(L + shift, K, 10_000.0, CPU)
    here = rotate(query, angles[:L]) @ rotate(key, angles[:L]).transpose(-1, -2)
    there = rotate(query, angles[shift:]) @ rotate(key, angles[shift:]).transpose(-1, -2)
    torch.testing.assert_close(here, there, atol=5e-3, rtol=0)
    for distance in range(-L + 1, L):
        diagonal = here[0, 0].diagonal(-distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand(len(diagonal)), atol=1e-4, rtol=0)
    assert here.std() > 0.01


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_dtype_stays(dtype):
    given = vectors(B, H, L, K).to(dtype)
    turned = rotate(given, rotary_angles(L, K, 50.0, CPU))
    assert turned.dtype == dtype
    exact = rotate(given.float(), rotary_angles(L, K, 50.0, CPU))
    torch.testing.assert_close(turned.float(), exact, atol=0.02, rtol=0.01)


def test_the_slowest_frequency_belongs_to_the_base():
    angles = rotary_angles(1_000, K, 1_000.0, CPU)
    assert angles.shape == (1_000, K // 2)
    assert angles.dtype == torch.float32
    assert torch.equal(angles[:, 0], torch.arange(1_000.0))
    assert angles[-1, -1] == pytest.approx(999 * 1_000.0 ** (2 / K - 1))
