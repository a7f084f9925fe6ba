"""Overlaps against all pairs."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from genolect.tables.relatives import genome_order, place_pairs
from genolect.tables.table import Places

PLACE = st.tuples(st.sampled_from(["", "I", "II", "X"]), st.integers(0, 40), st.integers(1, 25))


def places_of(rows: list[tuple[str, int, int]]) -> Places:
    start = np.array([row[1] if row[0] else -1 for row in rows], dtype=np.int64)
    end = np.array([row[1] + row[2] if row[0] else -1 for row in rows], dtype=np.int64)
    return Places(np.array([row[0] for row in rows], dtype=np.str_), start, end, np.zeros(len(rows), dtype=np.int8))


@given(st.lists(PLACE, max_size=12), st.integers(0, 7))
def test_pairs_are_those_of_all_pairs(rows: list[tuple[str, int, int]], margin: int) -> None:
    pairs = place_pairs(places_of(rows), margin)
    expected = []
    for two, (name, start, length) in enumerate(rows):
        for one, (other, begin, size) in enumerate(rows[:two]):
            bases = min(start + length, begin + size) - max(start, begin)
            if name == other != "" and bases > -margin:
                expected.append((one, two, bases, max(0, bases) / min(length, size)))
    found = zip(pairs.first.tolist(), pairs.second.tolist(), pairs.bases.tolist(), pairs.share.tolist(), strict=True)
    assert sorted(found) == sorted(expected)


@given(st.lists(PLACE, max_size=12))
def test_the_order_is_that_of_the_genome(rows: list[tuple[str, int, int]]) -> None:
    order = genome_order(places_of(rows)).tolist()
    known = [(name, start, start + length) for name, start, length in rows if name]
    assert [(rows[row][0], rows[row][1], rows[row][1] + rows[row][2]) for row in order] == sorted(known)
