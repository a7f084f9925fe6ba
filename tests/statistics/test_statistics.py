"""The block bootstrap: what is drawn, how often its interval is right, and what the verdict is."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.statistics.bootstrap import (
    FEWEST_BLOCKS,
    Estimate,
    Resamples,
    decide,
    draw_blocks,
    estimate,
    resampled_values,
)


def mean_of(values: np.ndarray):
    return lambda weights: {"mean": values @ weights / weights.sum(axis=0)}


def interval(values: np.ndarray, blocks: np.ndarray, *, seed: int = 0, resamples: int = 300) -> Estimate:
    drawn = draw_blocks(blocks, seed=seed, resamples=resamples)
    return estimate(float(values.mean()), resampled_values(mean_of(values), drawn)["mean"])


def clustered(generator: np.random.Generator, *, blocks: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Values around zero, half of whose variance the members of a block share."""
    common = np.repeat(generator.normal(size=blocks), size)
    return common + generator.normal(size=blocks * size), np.repeat(np.arange(blocks), size)


def test_the_interval_covers_the_truth_nineteen_times_in_twenty_only_if_blocks_are_resampled():
    generator = np.random.Generator(np.random.Philox(2))
    simulations = 250
    by_block, by_example = 0, 0
    for seed in range(simulations):
        values, blocks = clustered(generator, blocks=40, size=9)
        for name, units in (("block", blocks), ("example", np.arange(values.size))):
            found = interval(values, units, seed=seed)
            covers = found.low <= 0 <= found.high
            by_block += covers and name == "block"
            by_example += covers and name == "example"
    assert 0.89 < by_block / simulations < 0.985
    assert by_example / simulations < 0.75


def test_independent_examples_need_no_blocks():
    generator = np.random.Generator(np.random.Philox(5))
    covered = 0
    for seed in range(150):
        values = generator.normal(size=120)
        found = interval(values, np.arange(120), seed=seed)
        covered += found.low <= 0 <= found.high
    assert covered / 150 > 0.89


def test_pairing_removes_what_two_arms_share():
    generator = np.random.Generator(np.random.Philox(6))
    values, blocks = clustered(generator, blocks=30, size=7)
    better = values + 0.1 + 0.05 * generator.normal(size=values.size)
    same, other = draw_blocks(blocks, seed=1), draw_blocks(blocks, seed=2)
    ours = resampled_values(mean_of(better), same)["mean"]
    paired = estimate(0.1, ours - resampled_values(mean_of(values), same)["mean"])
    unpaired = estimate(0.1, ours - resampled_values(mean_of(values), other)["mean"])
    assert decide(paired) == "better"
    assert decide(unpaired) == "undecided"


def test_whole_blocks_are_drawn_and_as_many_as_there_are():
    blocks = np.array([4, 4, 9, 1, 9, 9, 2, 0])
    drawn = draw_blocks(blocks, seed=3, resamples=11)
    assert drawn.blocks == 5
    assert drawn.counts.shape == (5, 11)
    assert (drawn.counts.sum(axis=0) == 5).all()
    weights = np.concatenate(list(drawn.weights()), axis=1)
    assert weights.shape == (8, 11)
    assert np.array_equal(weights[0], weights[1])
    assert np.array_equal(weights[2], weights[5])
    assert not np.array_equal(weights[0], weights[2])


def test_one_seed_gives_one_draw_and_another_seed_another():
    first, again, other = (draw_blocks(np.arange(9), seed=seed, resamples=7).counts for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_pieces_in_which_resamples_are_computed_do_not_matter(monkeypatch: pytest.MonkeyPatch):
    values, blocks = clustered(np.random.Generator(np.random.Philox(1)), blocks=8, size=3)
    drawn = draw_blocks(blocks, seed=1, resamples=50)
    whole = resampled_values(mean_of(values), drawn)["mean"]
    monkeypatch.setattr("genolect.statistics.bootstrap.VALUES_AT_ONCE", 24 * 7)
    assert len(list(drawn.weights())) == 8
    np.testing.assert_allclose(resampled_values(mean_of(values), drawn)["mean"], whole, rtol=1e-13)


def test_a_handful_of_blocks_gives_no_interval():
    values = np.arange(12.0)
    few = interval(values, np.arange(12) % (FEWEST_BLOCKS - 1))
    assert few == Estimate(5.5, None, None)
    assert interval(values, np.arange(12) % FEWEST_BLOCKS).low is not None


def test_a_metric_that_seldom_exists_gets_no_interval():
    values = np.linspace(0, 1, 100)
    values[:10] = np.nan
    assert estimate(0.5, values).low is not None
    values[:11] = np.nan
    assert estimate(0.5, values) == Estimate(0.5, None, None)
    assert estimate(float("nan"), values) == Estimate(None, None, None)


def test_resamples_are_plain_multiplicities():
    drawn = Resamples(np.array([1, 0, 1]), np.array([[2.0, 0.0], [0.0, 2.0]]))
    sums = resampled_values(lambda weights: {"sum": np.array([1.0, 10.0, 100.0]) @ weights}, drawn)
    assert sums["sum"].tolist() == [20.0, 202.0]


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.02, 0.05, "better"),
        (0.001, 0.05, "better"),
        (0.0, 0.05, "undecided"),
        (-0.05, -0.02, "worse"),
        (-0.05, -0.001, "worse"),
        (-0.05, 0.0, "undecided"),
        (-0.009, 0.009, "equivalent"),
        (0.001, 0.009, "equivalent"),
        (-0.009, -0.001, "equivalent"),
        (-0.01, 0.009, "undecided"),
        (-0.009, 0.01, "undecided"),
        (-0.3, 0.3, "undecided"),
        (None, None, "undecided"),
    ],
)
def test_verdicts(low: float | None, high: float | None, verdict: str):
    assert decide(Estimate(0.0, low, high), margin=0.01) == verdict


def test_the_margin_is_the_callers():
    assert decide(Estimate(0.03, 0.02, 0.04), margin=0.01) == "better"
    assert decide(Estimate(0.03, 0.02, 0.04), margin=0.05) == "equivalent"
