"""The copying kernel against slices, the complement table and a count: every length, both strands, over the origin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.genome.windows import BLOCK, copy_window, draw_windows
from genolect.sequence.alphabet import BASE_BITS, SOFT_MASK, N, reverse_complement

RECORDS = ((0, 700), (700, 711), (711, 1500))
ALL_BITS = BASE_BITS | SOFT_MASK


def some_bases(seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.integers(5, size=1500, dtype=np.uint8) | generator.integers(2, size=1500, dtype=np.uint8) << 3


@settings(deadline=None)
@given(
    seed=st.integers(0, 99),
    length=st.one_of(st.integers(1, 11), st.integers(BLOCK - 2, BLOCK + 2), st.integers(2 * BLOCK - 1, 700)),
    kept=st.sampled_from([ALL_BITS, BASE_BITS]),
    count=st.integers(1, 7),
)
def test_windows_are_slices_of_circles_on_either_strand(seed, length, kept, count):
    bases = some_bases(seed)
    generator = np.random.default_rng(seed)
    wide = [record for record in RECORDS if record[1] - record[0] >= length]
    chosen = [wide[number] for number in generator.integers(len(wide), size=count)]
    places = np.array([(generator.integers(*record), *record) for record in chosen])
    for begin, first, end in places.tolist():
        room = np.full(length + 2, 77, dtype=np.uint8)
        reverse = bool(generator.random() < 0.5)
        unknown = copy_window(bases, (begin, first, end), reverse, kept, room[1:-1])
        circle = np.concatenate([bases[begin:end], bases[first:begin]])[:length]
        expected = (reverse_complement(circle) if reverse else circle) & kept
        np.testing.assert_array_equal(room[1:-1], expected)
        assert unknown == np.count_nonzero((expected & BASE_BITS) == N)
        assert room[0] == room[-1] == 77


@pytest.mark.parametrize("reverse", [False, True])
def test_more_ns_than_a_byte_holds_are_counted(reverse):
    bases, window = np.full(1000, N, dtype=np.uint8), np.empty(999, dtype=np.uint8)
    assert copy_window(bases, (1, 0, 1000), reverse, ALL_BITS, window) == 999


def drawn(
    bases, stretches, shares, *, tries: int = 20, count: int = 4000, most: int = 7
) -> tuple[np.ndarray, np.ndarray]:
    windows, found = np.empty((count, 7), dtype=np.uint8), np.empty((count, 3), dtype=np.int64)
    species = np.cumsum(shares), np.array(stretches)[:, 0]
    draw_windows(bases, np.array(stretches), species, (5, 6, tries, most, ALL_BITS), windows, found)
    return windows, found


def test_what_is_found_is_where_the_windows_are():
    bases = some_bases(3)
    windows, found = drawn(bases, [[690, 0, *RECORDS[0]], [690 + 200, 100, *RECORDS[2]]], [0.25, 0.75])
    assert found[:, 0].mean() == pytest.approx(0.75, abs=0.03)
    for window, (stretch, start, reverse) in zip(windows, found.tolist(), strict=True):
        begin, end = RECORDS[2 * stretch]
        place = np.take(bases[begin:end], range(start, start + 7), mode="wrap")
        np.testing.assert_array_equal(window, reverse_complement(place) if reverse else place)
    assert set(found[found[:, 0] == 1, 1]) == set(range(100, 300))


@pytest.mark.parametrize("tries", [1, 2, 20])
def test_tries_are_independent(tries):
    bases = np.where(np.arange(1500) % 100 < 80, N, 0).astype(np.uint8)
    windows, _ = drawn(bases, [[1400, 0, 0, 1500]], [1.0], tries=tries, most=3)
    kept = np.count_nonzero((windows == N).sum(axis=1) <= 3) / len(windows)
    assert kept == pytest.approx(1 - 0.8**tries, abs=0.03)


def test_nothing_is_drawn_for_no_window():
    windows, found = drawn(some_bases(1), [[10, 0, 0, 20]], [1.0], count=0)
    assert len(windows) == len(found) == 0
