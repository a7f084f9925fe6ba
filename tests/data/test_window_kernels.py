"""The copying kernel against slices, the complement table and a count: every length, both strands, over the origin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.data.window_kernels import BLOCK, gather_windows
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
    reverse = generator.random(count) < 0.5
    windows = np.full((count + 2, length), 77, dtype=np.uint8)
    rows = generator.permutation(count + 2)[:count]
    unknown = gather_windows(bases, places, reverse, kept, rows, windows)
    for number, (begin, first, end) in enumerate(places):
        circle = np.concatenate([bases[begin:end], bases[first:begin]])[:length]
        expected = (reverse_complement(circle) if reverse[number] else circle) & kept
        np.testing.assert_array_equal(windows[rows[number]], expected)
        assert unknown[number] == np.count_nonzero((expected & BASE_BITS) == N)
    untouched = sorted(set(range(count + 2)) - set(rows.tolist()))
    assert (windows[untouched] == 77).all()


@pytest.mark.parametrize("reverse", [False, True])
def test_more_ns_than_a_byte_holds_are_counted(reverse):
    bases = np.full(1000, N, dtype=np.uint8)
    windows = np.empty((1, 999), dtype=np.uint8)
    unknown = gather_windows(bases, np.array([[1, 0, 1000]]), np.array([reverse]), ALL_BITS, np.array([0]), windows)
    assert unknown.tolist() == [999]


def test_nothing_is_copied_for_no_window():
    windows = np.empty((0, 5), dtype=np.uint8)
    empty = np.empty(0, dtype=np.int64)
    assert len(gather_windows(some_bases(1), empty.reshape(0, 3), empty.astype(bool), ALL_BITS, empty, windows)) == 0
