"""Groups stay whole, roles get their shares of every label, and what cannot be divided is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import InputError
from genolect.tables.division import divide_groups, losers, strata
from genolect.tables.table import Target

SHARES = (0.7, 0.1, 0.2)


@given(st.integers(0, 2**31), st.integers(1, 6))
def test_groups_stay_whole_and_roles_get_their_shares(seed: int, largest: int) -> None:
    generator = np.random.Generator(np.random.Philox(seed))
    groups = np.repeat(np.arange(300), generator.integers(1, largest + 1, 300))
    labels = generator.choice(3, groups.size, p=[0.6, 0.3, 0.1])
    roles = divide_groups(groups, strata(Target("classes", ("a", "b", "c"), labels)), SHARES, seed=seed)
    assert all(np.unique(roles[groups == group]).size == 1 for group in range(300))
    for label in range(3):
        share = np.bincount(roles[labels == label], minlength=3) / (labels == label).sum()
        assert np.abs(share - SHARES).max() < 0.08


def test_the_seed_decides_and_decides_alone() -> None:
    balance = strata(Target("number", ("y",), np.arange(100.0)))
    one, again, other = (divide_groups(np.arange(100), balance, SHARES, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_a_number_is_balanced_over_its_range() -> None:
    values = np.random.Generator(np.random.Philox(1)).gamma(2.0, 3.0, 1_000)
    roles = divide_groups(np.arange(1_000), strata(Target("number", ("y",), values)), SHARES)
    means = [values[roles == role].mean() for role in range(3)]
    assert np.ptp(means) < 0.25 * values.std()


def test_yes_or_no_labels_are_balanced_where_known() -> None:
    values = np.array([[1, 0], [0, np.nan], [1, 1]])
    assert strata(Target("multilabel", ("a", "b"), values)).tolist() == [[1, 1, 0], [1, 0, 0], [1, 1, 1]]


def test_one_group_cannot_be_divided() -> None:
    groups = np.array([0] * 95 + [1, 2, 3, 4, 5])
    with pytest.raises(InputError, match=r"validation would get|test would get"):
        divide_groups(groups, np.ones((100, 1)), SHARES)


@given(st.lists(st.integers(0, 2), min_size=2, max_size=9), st.data())
def test_without_the_losers_no_pair_is_torn(roles: list[int], data: st.DataObject) -> None:
    place = st.integers(0, len(roles) - 1)
    pairs = data.draw(st.lists(st.tuples(place, place), max_size=12))
    one, two = (np.array(ends, dtype=np.int64) for ends in (zip(*pairs, strict=True) if pairs else ((), ())))
    gone = losers(np.array(roles), one, two)
    for first, second in pairs:
        assert roles[first] == roles[second] or gone[first] or gone[second]
    assert not gone[np.array(roles) == 2].any()
