"""Shuffled labels: what stays, what goes, and where a control lands."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import ConfigurationError
from genolect.statistics.bootstrap import Estimate
from genolect.statistics.permutation import at_chance, permuted_within


@given(st.integers(0, 999), st.integers(3, 50), st.integers(1, 6))
def test_each_group_keeps_what_it_holds(seed, n, groups):
    generator = np.random.Generator(np.random.Philox(seed))
    labels, group = np.arange(n), generator.integers(0, groups, size=n)
    if (np.bincount(group) < 2).all():
        return
    if np.bincount(group).max() < 2:
        return
    shuffled = permuted_within(labels, group, seed=seed)
    for one in range(groups):
        assert sorted(shuffled[group == one]) == sorted(labels[group == one])


def test_a_shuffle_is_a_function_of_its_seed_and_its_draw():
    labels, groups = np.arange(30), np.array(["II", "I", "III"] * 10)
    first = permuted_within(labels, groups, seed=1, draw=2)
    assert np.array_equal(first, permuted_within(labels, groups, seed=1, draw=2))
    assert not np.array_equal(first, permuted_within(labels, groups, seed=1, draw=3))
    assert not np.array_equal(first, permuted_within(labels, groups, seed=2, draw=2))
    assert not np.array_equal(first, labels)


def test_every_order_within_a_group_is_as_likely():
    labels, groups = np.array([0, 1, 2, 9]), np.array([5, 5, 5, 7])
    orders = [tuple(permuted_within(labels, groups, seed=0, draw=draw)) for draw in range(1_200)]
    counts = [orders.count(order) for order in set(orders)]
    assert len(counts) == 6
    assert min(counts) > 150
    assert max(counts) < 250


def test_rows_of_several_labels_move_as_wholes():
    labels = np.stack([np.arange(20), np.arange(20) + 100], axis=1)
    shuffled = permuted_within(labels, np.arange(20) // 10, seed=3)
    assert (shuffled[:, 1] - shuffled[:, 0] == 100).all()


@pytest.mark.parametrize("labels", [np.array([1, 1, 0, 0, 0]), np.array([[1, 0], [1, 0], [2, 2], [2, 2], [2, 2]])])
def test_labels_that_cannot_move_are_refused(labels):
    with pytest.raises(ConfigurationError, match="each of the 2 groups holds one label only"):
        permuted_within(labels, np.array([3, 3, 8, 8, 8]), seed=1)


def test_a_control_without_an_interval_has_not_passed():
    assert at_chance(Estimate(0.5, None, None), 0.5) is None
    assert at_chance(Estimate(0.5, 0.45, 0.5), 0.5)
    assert at_chance(Estimate(0.4, 0.35, 0.45), 0.5) is False
