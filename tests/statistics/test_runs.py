"""Seeds and sampling together: one more run lands where it should, and seeds are not averaged away."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.errors import ConfigurationError
from genolect.statistics.bootstrap import draw_blocks, resampled_values
from genolect.statistics.runs import Runs, single_run, single_run_difference


def arm(seed: int, *, seeds: int, blocks: int, run_spread: float, shared: np.ndarray | None = None):
    """Runs whose score is the mean of block effects (sampling, standard deviation 1) plus their own luck."""
    generator = np.random.Generator(np.random.Philox(seed))
    effects = generator.normal(size=blocks) if shared is None else shared
    scores = effects + run_spread * generator.normal(size=seeds)[:, None]
    drawn = draw_blocks(np.arange(blocks), seed=seed, resamples=200)

    def metric(weights: np.ndarray) -> dict[str, np.ndarray]:
        return {str(run): scores[run] @ weights / weights.sum(axis=0) for run in range(seeds)}

    values = resampled_values(metric, drawn)
    return Runs(scores.mean(axis=1), np.stack([values[str(run)] for run in range(seeds)])), drawn


@pytest.mark.parametrize("run_spread", [0.02, 0.2, 1.0])
def test_one_more_run_lies_in_the_interval_nineteen_times_in_twenty(run_spread):
    generator = np.random.Generator(np.random.Philox(7))
    held = []
    for seed in range(400):
        runs, drawn = arm(seed, seeds=4, blocks=25, run_spread=run_spread)
        found = single_run(runs, drawn)
        held.append(found.low <= run_spread * generator.normal() <= found.high)
    assert 0.92 < np.mean(held) < 0.98


def test_more_seeds_do_not_make_the_spread_of_runs_smaller():
    widths = {}
    for seeds in (5, 80):
        runs, drawn = arm(1, seeds=seeds, blocks=200, run_spread=1.0)
        found = single_run(runs, drawn)
        widths[seeds] = (found.high - found.low) / np.std(runs.values, ddof=1)
    assert widths[80] == pytest.approx(2 * 1.98, rel=0.05)
    assert widths[5] > widths[80]


def test_without_luck_only_sampling_is_left():
    runs, drawn = arm(3, seeds=6, blocks=30, run_spread=0.0)
    found = single_run(runs, drawn)
    effects = runs.resampled[0]
    expected = 2 * 2.045 * effects.std(ddof=1) * np.sqrt(30 / 29)
    assert found.high - found.low == pytest.approx(expected, rel=0.01)


def test_a_difference_keeps_what_the_arms_share_out_and_their_luck_in():
    effects = np.random.Generator(np.random.Philox(5)).normal(size=40)
    ours, drawn = arm(3, seeds=5, blocks=40, run_spread=0.01, shared=effects + 0.5)
    theirs, _ = arm(3, seeds=5, blocks=40, run_spread=0.01, shared=effects)
    found = single_run_difference(ours, theirs, drawn)
    assert found.value == pytest.approx(0.5, abs=0.02)
    assert found.high - found.low < 0.1
    wide = single_run(ours, drawn)
    assert wide.high - wide.low > 0.4
    lucky, _ = arm(9, seeds=5, blocks=40, run_spread=1.0, shared=effects)
    found = single_run_difference(ours, Runs(lucky.values, lucky.resampled), drawn)
    assert found.low < 0 < found.high


def test_one_seed_and_few_groups():
    runs, drawn = arm(3, seeds=1, blocks=9, run_spread=0.1)
    with pytest.raises(ConfigurationError, match="1 seed, and the spread between runs takes two"):
        single_run(runs, drawn)
    runs, drawn = arm(3, seeds=3, blocks=4, run_spread=0.1)
    found = single_run(runs, drawn)
    assert found.value == pytest.approx(runs.values.mean())
    assert (found.low, found.high) == (None, None)
    assert single_run_difference(runs, runs, drawn).low is None
