"""Comparisons: pairing, p-values that agree with intervals, Holm, and votes."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from genolect.statistics.bootstrap import Estimate, draw_blocks, estimate, expanded_limits, resampled_values
from genolect.statistics.comparison import Comparison, Scored, bootstrap_p_value, compare, decide_all, holm, win_rate


def scored(values: np.ndarray, drawn) -> Scored:
    """The mean of values, on the data and on every resample."""
    resampled = resampled_values(lambda weights: {"": values @ weights / weights.sum(axis=0)}, drawn)[""]
    return Scored(float(values.mean()), resampled)


def clustered(seed: int, *, groups: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.Generator(np.random.Philox(seed))
    shared = np.repeat(generator.normal(size=groups), size)
    return shared + generator.normal(size=groups * size), np.repeat(np.arange(groups), size)


def test_what_is_hard_for_both_arms_drops_out():
    values, groups = clustered(1, groups=17, size=5)
    drawn = draw_blocks(groups, seed=4)
    noise = 0.05 * np.random.Generator(np.random.Philox(2)).normal(size=values.size)
    found = compare(scored(values + 0.1 + noise, drawn), scored(values, drawn), drawn)
    assert found.verdict == "better"
    assert found.p_value < 0.01
    mirrored = compare(scored(values, drawn), scored(values + 0.1 + noise, drawn), drawn)
    assert mirrored.verdict == "worse"
    assert mirrored.difference.low == pytest.approx(-found.difference.high)
    assert mirrored.p_value == pytest.approx(found.p_value)
    as_loss = compare(scored(values + 0.1 + noise, drawn), scored(values, drawn), drawn, smaller_is_better=True)
    assert as_loss == mirrored


def test_an_arm_is_equivalent_to_itself():
    values, groups = clustered(3, groups=9, size=4)
    drawn = draw_blocks(groups, seed=1)
    same = compare(scored(values, drawn), scored(values, drawn), drawn)
    assert (same.verdict, same.p_value) == ("equivalent", 1.0)


@pytest.mark.parametrize("groups", [1, 4])
def test_too_few_groups_decide_nothing(groups):
    values, group = clustered(3, groups=groups, size=6)
    drawn = draw_blocks(group, seed=1)
    found = compare(scored(values + 10, drawn), scored(values, drawn), drawn)
    assert found.verdict == "undecided"
    assert found.p_value is None
    assert found.difference.value == pytest.approx(10)


@given(st.integers(0, 10_000), st.floats(-3, 3), st.sampled_from([5.0, 7.3, 20.0, 1e6]))
def test_p_values_and_intervals_say_the_same(seed, shift, blocks):
    values = shift + np.random.Generator(np.random.Philox(seed)).normal(size=4_000)
    p_value = bootstrap_p_value(values, blocks)
    found = estimate(shift, values, expanded_limits(blocks))
    if abs(p_value - 0.05) > 0.006:
        assert (p_value < 0.05) == (found.low > 0 or found.high < 0)


def test_the_p_value_is_that_of_the_t_test_where_the_difference_is_a_mean():
    for shift in (0.0, 0.3, 0.8):
        values, groups = clustered(5, groups=12, size=6)
        drawn = draw_blocks(groups, seed=3, resamples=20_000)
        means = (values + shift).reshape(12, 6).mean(axis=1)
        expected = stats.ttest_1samp(means, 0).pvalue
        found = bootstrap_p_value(scored(values + shift, drawn).values, drawn.effective_blocks)
        assert found == pytest.approx(expected, abs=0.02, rel=0.3)


def test_no_difference_is_seldom_found():
    wrong = 0
    for seed in range(200):
        values, groups = clustered(seed, groups=8, size=3)
        drawn = draw_blocks(groups, seed=seed, resamples=400)
        wrong += bootstrap_p_value(scored(values, drawn).values, drawn.effective_blocks) < 0.05
    assert 1 <= wrong <= 20  # 10 are expected


@given(arrays.arrays(np.float64, st.integers(1, 6), elements=st.sampled_from([0.0, 0.004, 0.01, 0.02, 0.2, 0.9, 1.0])))
def test_holm_is_bonferroni_on_every_family_of_tasks(p_values):
    # The closure principle: a task's p-value is the largest Bonferroni p-value of any set of tasks that holds it.
    tasks = range(p_values.size)
    families = [family for size in range(1, p_values.size + 1) for family in combinations(tasks, size)]
    expected = [
        max(min(1.0, len(family) * min(p_values[one] for one in family)) for family in families if task in family)
        for task in tasks
    ]
    np.testing.assert_allclose(holm(p_values), expected)


def test_holm_of_nothing_is_nothing():
    assert holm(np.array([])).size == 0


def test_wins_must_hold_beside_the_other_tasks():
    def one(p_value: float | None, verdict: str) -> Comparison:
        return Comparison(Estimate(0.0, None, None), p_value, verdict, 0.01)

    comparisons = {
        "a": one(0.012, "better"),
        "b": one(0.04, "worse"),
        "c": one(0.01, "equivalent"),
        "d": one(None, "undecided"),
    }
    assert decide_all(comparisons) == {"a": "better", "b": "worse", "c": "equivalent", "d": "undecided"}
    comparisons["e"] = one(0.6, "undecided")
    assert decide_all(comparisons)["b"] == "undecided"
    assert decide_all(comparisons)["a"] == "better"
    assert decide_all({}) == {}


def test_a_dataset_has_one_vote():
    verdicts = {"a": "better", "b": "better", "c": "equivalent", "d": "worse"}
    alone = win_rate(verdicts)
    assert alone == (0.625, 0.5, 0.25, 0.25, 4)
    together = win_rate(verdicts, {"a": "yeast", "b": "yeast", "c": "yeast"})
    assert together.datasets == 2
    assert together[:4] == pytest.approx(((2 / 3 + 1 / 6) / 2, 1 / 3, 1 / 6, 1 / 2))
    assert np.isnan(win_rate({}).rate)
