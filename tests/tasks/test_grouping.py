"""Groups: whatever overlaps or shares a parent, directly or through others, and nothing else."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from genolect.tables.table import Places
from genolect.tasks.built import blocks, linked_groups, overlap_clusters

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["I", "II", ""]), st.integers(0, 60), st.integers(1, 12), st.sampled_from(["", "a", "b", "c"])
    ),
    min_size=1,
    max_size=14,
)


def made(rows: list[tuple[str, int, int, str]]) -> tuple[Places, np.ndarray]:
    name, start, length, parent = zip(*rows, strict=True)
    known = np.array(name) != ""
    first = np.where(known, np.array(start), -1)
    last = np.where(known, first + np.array(length), -1)
    return Places(np.array(name), first, last, np.zeros(len(rows), dtype=np.int8)), np.array(parent)


def by_hand(places: Places, parents: np.ndarray) -> set[frozenset[int]]:
    groups = [{row} for row in range(parents.size)]
    for one, other in combinations(range(parents.size), 2):
        same = parents[one] == parents[other] != ""
        known = places.known[one] and places.known[other] and places.name[one] == places.name[other]
        touch = known and places.start[one] < places.end[other] and places.start[other] < places.end[one]
        if same or touch:
            mine = next(group for group in groups if one in group)
            theirs = next(group for group in groups if other in group)
            if mine is not theirs:
                mine |= theirs
                groups.remove(theirs)
    return {frozenset(group) for group in groups}


@given(rows=ROWS)
def test_groups_are_those_of_a_hand(rows):
    places, parents = made(rows)
    names = linked_groups(places, parents)
    found = {}
    for row, name in enumerate(names.tolist()):
        found.setdefault(name, set()).add(row)
    unknown = [row for row in range(parents.size) if not places.known[row] and parents[row] == ""]
    # What has neither place nor parent has no name of its own.
    if len(unknown) < 2:
        assert {frozenset(group) for group in found.values()} == by_hand(places, parents)


def test_touching_is_not_overlapping() -> None:
    places, _ = made([("I", 0, 5, ""), ("I", 5, 5, ""), ("I", 9, 5, "")])
    assert overlap_clusters(places).tolist() == [0, 1, 1]
    assert overlap_clusters(places, 1).tolist() == [0, 0, 0]


def test_a_further_key_links_too() -> None:
    places, parents = made([("I", 0, 5, "a"), ("I", 20, 5, "b"), ("I", 40, 5, "")])
    assert len(set(linked_groups(places, parents).tolist())) == 3
    first, second = np.array(["x", "y", "x"]), np.array(["", "z", "z"])
    assert linked_groups(places, parents, first).tolist() == ["a", "b", "a"]
    assert linked_groups(places, parents, second).tolist() == ["a", "b", "b"]
    assert linked_groups(places, parents, first, second).tolist() == ["a", "a", "a"]


def test_a_block_holds_the_middle() -> None:
    places, _ = made([("I", 0, 99, ""), ("I", 60, 99, ""), ("", 0, 1, "")])
    assert blocks(places, 100).tolist() == ["I:0", "I:100", ""]
