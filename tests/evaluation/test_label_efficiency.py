"""Learning curves: nested subsets, an arm that knows, an arm that never learns, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.errors import ConfigurationError
from genolect.evaluation.label_efficiency import (
    SHARES,
    LearningCurve,
    NeededShare,
    curve_differences,
    curve_estimates,
    label_subsets,
    learning_curve,
    needed_sentence,
    needed_share,
)
from genolect.statistics.bootstrap import draw_blocks
from genolect.statistics.comparison import Scored
from genolect.statistics.linear import fit_probe
from genolect.statistics.metrics import auroc

GROUPS, SIZE, WIDTH = 80, 20, 60


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(1, 30), st.integers(0, 99))
def test_subsets_are_nested_exact_in_size_and_drawn_group_by_group(n, groups, seed):
    group = np.random.Generator(np.random.Philox(seed)).integers(0, groups, size=n)
    for subsets in label_subsets(group, draws=2, seed=seed):
        assert [rows.size for rows in subsets] == [max(1, int(np.ceil(share * n - 1e-9))) for share in SHARES]
        for small, large in pairwise(subsets):
            assert np.isin(small, large).all()
        for rows in subsets:
            taken, there = np.bincount(group[rows], minlength=groups), np.bincount(group, minlength=groups)
            assert ((taken > 0) & (taken < there)).sum() <= 1
            assert np.unique(rows).size == rows.size


def test_draws_differ_and_seeds_decide():
    group = np.array(["I", "II", "III", "IV"] * 25)
    first, second = (rows[2].tolist() for rows in label_subsets(group, draws=2, seed=1))
    assert first != second
    assert first == label_subsets(group, draws=1, seed=1)[0][2].tolist()
    assert first != label_subsets(group, draws=1, seed=2)[0][2].tolist()


@pytest.mark.parametrize("shares", [(), (0.1, 0.1, 1.0), (0.3, 0.1, 1.0), (0.1, 0.5), (0.0, 1.0), (0.5, 1.5)])
def test_shares_that_make_no_curve_are_refused(shares):
    with pytest.raises(ConfigurationError, match="shares of the labels"):
        label_subsets(np.arange(9), shares=shares)


class World:
    """A task with known truth: one feature carries the label, and an arm sees it plainly, thinly or not at all."""

    def __init__(self, seed: int) -> None:
        generator = np.random.Generator(np.random.Philox(seed))
        n = GROUPS * SIZE
        self.group = np.repeat(np.arange(GROUPS), SIZE)
        self.labels = generator.integers(0, 2, size=n)
        signal = self.labels + 0.8 * generator.normal(size=n)
        noise = generator.normal(size=(n, WIDTH))
        self.features = {
            "right": np.concatenate([signal[:, None], noise[:, :2]], axis=1),
            "thin": np.concatenate([noise[:, 1:], (signal + 0.8 * noise[:, 0])[:, None]], axis=1),
            "noise": noise[:, :9],
        }
        self.train, self.test = np.flatnonzero(self.group < 40), np.flatnonzero(self.group >= 50)
        self.validation = np.flatnonzero((self.group >= 40) & (self.group < 50))
        self.drawn = draw_blocks(self.group[self.test], seed=seed, resamples=300)
        self.subsets = label_subsets(self.group[self.train], shares=(0.02, 0.1, 0.3, 1.0), draws=4, seed=seed)

    def score(self, predicted: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        return auroc(self.labels[self.test] == 1, predicted, weights)

    def curve(self, arm: str) -> LearningCurve:
        features = self.features[arm]

        def fit(rows: np.ndarray) -> np.ndarray:
            chosen = self.train[rows]
            if np.unique(self.labels[chosen]).size < 2:
                raise ConfigurationError("one class", fix="use more")
            validation = features[self.validation], self.labels[self.validation]
            probe = fit_probe(features[chosen], self.labels[chosen], *validation)
            return probe.probabilities(features[self.test])[:, 1]

        return learning_curve(fit, self.score, self.subsets, self.drawn)


@pytest.fixture(scope="module")
def curves() -> tuple[World, dict[str, LearningCurve]]:
    world = World(3)
    return world, {arm: world.curve(arm) for arm in world.features}


def test_the_arm_with_the_right_features_needs_few_labels_and_noise_never_arrives(curves):
    world, found = curves
    bar = Scored(float(found["thin"].values[0, -1]), found["thin"].resampled[0, -1])
    needed = {arm: needed_share(curve, bar, world.drawn) for arm, curve in found.items()}
    assert needed["right"].value <= 0.1
    assert needed["right"].high < 1
    assert needed["noise"] == (np.inf, np.inf, np.inf, 0.02)
    assert 0.1 < needed["thin"].low <= needed["thin"].value <= 1
    assert "does not reach" in needed_sentence("noise", "thin", needed["noise"])


def test_points_have_intervals_that_hold_both_kinds_of_chance(curves):
    world, found = curves
    points = curve_estimates(found["right"], world.drawn)
    assert all(one.low < one.value < one.high for one in points)
    assert points[-1].value > points[0].value
    noise = curve_estimates(found["noise"], world.drawn)
    assert all(one.low < 0.5 < one.high for one in noise)
    # With all labels every draw is the same; what is left is the chance of the test examples.
    curve = found["thin"]
    assert curve.values[:, -1].std() == 0
    assert curve.values[:, 0].std() > 0
    assert np.array_equal(curve.resampled[0, -1], curve.resampled[3, -1])


def test_arms_are_compared_on_the_same_labels(curves):
    world, found = curves
    ahead, behind = (
        curve_differences(found[a], found[b], world.drawn) for a, b in (("right", "noise"), ("noise", "right"))
    )
    assert all(one.low > 0 for one in ahead[1:])
    for one, other, ours, theirs in zip(
        ahead, behind, *(curve_estimates(found[arm], world.drawn) for arm in ("right", "noise")), strict=True
    ):
        assert one.value == pytest.approx(ours.value - theirs.value)
        assert (other.value, other.low, other.high) == pytest.approx((-one.value, -one.high, -one.low))
    assert all(
        (one.value, one.low, one.high) == (0, 0, 0) for one in curve_differences(*[found["thin"]] * 2, world.drawn)
    )


def test_luck_that_a_draw_brings_to_both_arms_is_no_doubt_about_their_difference():
    drawn = draw_blocks(np.arange(30), seed=1, resamples=200)
    generator = np.random.Generator(np.random.Philox(1))
    luck = generator.normal(size=(5, 3))
    test = 0.1 * generator.normal(size=(5, 3, 200))
    ours, theirs = (
        LearningCurve(
            np.array([0.1, 0.3, 1]), np.array([3, 9, 30]), level + luck, level + luck[:, :, None] + test, np.zeros(3)
        )
        for level in (0.6, 0.5)
    )
    for one in curve_differences(ours, theirs, drawn):
        assert (one.value, one.low, one.high) == pytest.approx((0.1, 0.1, 0.1))
    apart = replace(theirs, values=theirs.values[::-1], resampled=theirs.resampled[::-1])
    assert all(one.low < 0 < one.high for one in curve_differences(ours, apart, drawn))


def test_a_draw_that_one_arm_refused_is_compared_for_neither():
    drawn = draw_blocks(np.arange(6), seed=1, resamples=7)
    curve = plain([0.6, 0.7, 0.8])
    values = curve.values.copy()
    values[0, 0] = np.nan
    first, second, _ = curve_differences(curve, replace(curve, values=values), drawn)
    assert (first.value, first.low) == (0.0, None)
    assert (second.value, second.low, second.high) == (0.0, 0.0, 0.0)
    values[1, 0] = np.nan
    assert curve_differences(curve, replace(curve, values=values), drawn)[0].value is None


@pytest.mark.parametrize(("chance", "fits"), [(False, 4 * 2 + 1), (True, 4 * 3)])
def test_all_labels_are_fitted_again_where_fitting_has_chance(chance, fits):
    drawn = draw_blocks(np.arange(6), seed=1, resamples=5)
    count = iter(range(99))

    def score(predicted: float, weights: np.ndarray | None) -> np.ndarray:
        return np.full(1 if weights is None else weights.shape[1], float(predicted))

    subsets = label_subsets(np.arange(100) // 5, shares=(0.1, 0.3, 1.0), draws=4)
    curve = learning_curve(lambda rows: next(count), score, subsets, drawn, chance=chance)
    assert next(count) == fits
    assert np.unique(curve.values[:, -1]).size == (4 if chance else 1)
    assert np.unique(curve.values[:, 0]).size == 4


def test_an_arm_reaches_itself_with_all_labels_at_the_latest(curves):
    world, found = curves
    for curve in found.values():
        itself = Scored(float(curve.values[0, -1]), curve.resampled[0, -1])
        assert needed_share(curve, itself, world.drawn).high <= 1


@pytest.mark.parametrize("spread", [0.15, 0.5])
def test_the_interval_holds_the_true_share(spread):
    # Expected scores cross the bar half-way (in the logarithm) between a tenth and three tenths of the labels.
    shares, expected, blocks, draws = np.array(SHARES), np.array([0, 0.2, 0.5, 0.8, 1]), 30, 5
    held = []
    for seed in range(400):
        generator = np.random.Generator(np.random.Philox(seed))
        drawn = draw_blocks(np.arange(blocks), seed=seed, resamples=300)
        luck = 0.05 * generator.normal(size=(draws, 5, 1)) * (shares < 1)[:, None]
        scores = expected[:, None] + spread * generator.normal(size=(1, 5, blocks)) + luck
        bar = 0.65 + spread * generator.normal(size=blocks)
        resampled = scores @ (drawn.counts / blocks)
        curve = LearningCurve(shares, np.arange(5), scores.mean(axis=2), resampled, np.zeros(5, dtype=np.int64))
        needed = needed_share(curve, Scored(float(bar.mean()), bar @ (drawn.counts / blocks)), drawn)
        held.append(needed.low <= np.sqrt(0.1 * 0.3) <= needed.high)
    assert 0.92 < np.mean(held) < 0.99


def plain(values: list[float], *, refused: int = 0) -> LearningCurve:
    points = np.array([values, values])
    return LearningCurve(
        np.array([0.01, 0.1, 1.0]), np.array([3, 30, 300]), points, np.repeat(points[:, :, None], 7, axis=2), refused
    )


@pytest.mark.parametrize(
    ("values", "bar", "share"),
    [
        ([0.6, 0.7, 0.8], 0.7, 0.1),
        ([0.6, 0.7, 0.8], 0.75, 0.1**0.5),
        ([0.6, 0.7, 0.8], 0.65, 0.1**1.5),
        ([0.6, 0.7, 0.8], 0.5, 0.01),
        ([0.6, 0.7, 0.8], 0.81, np.inf),
        ([0.6, 0.8, 0.7], 0.74, 0.1 ** (1 + 0.01 / 0.15)),  # the fall is chance: 0.75 from a tenth on
        ([np.nan, 0.7, 0.8], 0.5, 0.1),
        ([np.nan, np.nan, np.nan], 0.5, np.inf),
    ],
)
def test_where_a_curve_meets_the_bar(values, bar, share):
    drawn = draw_blocks(np.arange(5), seed=1, resamples=7)
    found = needed_share(plain(values), Scored(bar, np.full(7, bar)), drawn)
    assert found.value == pytest.approx(share)
    assert found.low == pytest.approx(share)
    assert found.high == pytest.approx(share)


def test_fits_that_refuse_are_counted_and_left_out():
    drawn = draw_blocks(np.arange(6), seed=1, resamples=5)
    labels = np.arange(100) // 50  # a small subset of one group has one class

    def fit(rows: np.ndarray) -> float:
        if np.unique(labels[rows]).size < 2:
            raise ConfigurationError("class 1 has no training window", fix="more")
        return 0.9

    def score(predicted: float, weights: np.ndarray | None) -> np.ndarray:
        return np.full(1 if weights is None else weights.shape[1], predicted)

    curve = learning_curve(fit, score, label_subsets(np.arange(100) // 25, shares=(0.1, 1.0), draws=3), drawn)
    assert curve.refused.tolist() == [3, 0]
    assert np.isnan(curve.values[:, 0]).all()
    first, last = curve_estimates(curve, drawn)
    assert (first.value, first.low, last.value) == (None, None, 0.9)

    def broken(rows: np.ndarray) -> float:
        raise ValueError("a fault is no refusal")

    with pytest.raises(ValueError, match="a fault is no refusal"):
        learning_curve(broken, score, label_subsets(np.arange(9), draws=1), drawn)


def test_too_few_groups_give_no_interval():
    drawn = draw_blocks(np.arange(4), seed=1)
    curve = plain([0.6, 0.7, 0.8])
    bare = LearningCurve(curve.shares, curve.labels, curve.values, curve.resampled[:, :, :0], curve.refused)
    assert needed_share(bare, Scored(0.7, np.empty(0)), drawn)[1:3] == (None, None)
    assert curve_estimates(bare, drawn)[0].low is None


@pytest.mark.parametrize(
    ("needed", "said"),
    [
        (NeededShare(0.034, 0.01, 0.2, 0.01), "With 3.4 % of the labels “a” reaches what “b” reaches with all of them"),
        (NeededShare(0.034, 0.01, 0.2, 0.01), "(95 % interval: 1 % or less to 20 %)."),
        (NeededShare(0.01, 0.01, 1.0, 0.01), "With 1 % or less of the labels"),
        (NeededShare(0.01, 0.01, 1.0, 0.01), "(95 % interval: 1 % or less to 100 %)."),
        (
            NeededShare(np.inf, 0.5, np.inf, 0.01),
            "(95 % interval: 50 % or more, or never within the labels there are).",
        ),
        (NeededShare(0.5, 0.01, np.inf, 0.01), "(95 % interval: any share, or never within the labels there are)."),
        (NeededShare(np.inf, np.inf, np.inf, 0.01), "(95 % interval: never within the labels there are)."),
        (NeededShare(1.0, 1.0, 1.0, 0.01), "(95 % interval: 100 %)."),
        (NeededShare(0.01, 0.01, 0.01, 0.01), "(95 % interval: 1 % or less)."),
        (NeededShare(np.inf, None, None, 0.01), "(no interval: too few groups)."),
    ],
)
def test_sentences(needed, said):
    assert said in needed_sentence("a", "b", needed)
