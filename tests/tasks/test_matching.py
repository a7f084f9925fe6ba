"""Matching: nothing twice, nothing that is taken, and near where there is something near."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from genolect.tasks.background import Occupied, match_nearest


@given(spans=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), max_size=30))
def test_a_stretch_is_claimed_exactly_where_it_is_free(spans):
    taken, cells = Occupied(), set()
    for start, length in spans:
        bases = set(range(start, start + length))
        assert taken.claim(start, start + length) == (not bases & cells)
        if not bases & cells:
            cells |= bases


def once():
    used = set()

    def claim(candidate: int) -> bool:
        free = candidate not in used
        used.add(candidate)
        return free

    return claim


def test_every_candidate_is_used_once_and_all_are_used_up() -> None:
    generator = np.random.default_rng(1)
    wanted, offered = generator.random((50, 2)), generator.random((47, 2))
    matches = match_nearest(wanted, offered, once(), np.random.default_rng(2))
    assert sorted(matches[matches >= 0].tolist()) == list(range(47))
    assert int((matches < 0).sum()) == 3


def test_matches_are_much_nearer_than_chance() -> None:
    generator = np.random.default_rng(3)
    wanted, offered = generator.random((60, 1)), generator.random((3000, 1))
    matches = match_nearest(wanted, offered, once(), np.random.default_rng(4))
    assert abs(wanted - offered[matches]).max() < 0.02
    alone = np.abs(wanted[:, None, 0] - offered[None, :, 0]).min(axis=1)
    assert np.median(abs(wanted - offered[matches])) < 4 * np.median(alone) + 1e-3


def test_nothing_offered_is_nothing_found() -> None:
    assert match_nearest(np.ones((3, 2)), np.empty((0, 2)), once(), np.random.default_rng(5)).tolist() == [-1, -1, -1]
