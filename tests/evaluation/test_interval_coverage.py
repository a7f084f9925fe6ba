"""The intervals hold the truth as often as they say, and the bootstrap of single examples does not.

A short form of ``benchmarks/interval_coverage.py``, which has the figures.
"""

from __future__ import annotations

import importlib
from types import ModuleType

import numpy as np
import pytest
from scipy import stats

from genolect.statistics.bootstrap import draw_blocks, estimate, resampled_values
from tests.gates.source import REPOSITORY


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(REPOSITORY / "benchmarks"))
    return importlib.import_module("interval_coverage")


def test_the_truths_are_those_of_a_large_sample(program: ModuleType):
    large = program.sample(program.Setting(groups=30_000, spread=0.5, draws=1), draw=3)
    found = large.measure(None)
    for metric, truth in program.truths().items():
        np.testing.assert_allclose(found[metric], [truth], atol=0.006)


def test_groups_resemble_themselves(program: ModuleType):
    one = program.sample(program.Setting(groups=2_000, spread=0.5, draws=1), draw=1)
    means = np.bincount(one.groups, weights=one.number) / np.bincount(one.groups)
    assert means.var() > 2 * one.number.var() / (one.groups.size / 2_000)


@pytest.mark.parametrize("groups", [12, 24])
def test_intervals_hold_the_truth_only_if_groups_are_drawn(program: ModuleType, groups: int):
    # 120 test sets, four metrics: the mean of the coverages is known to about 1.5 points.
    found = program.coverage(program.Setting(groups=groups, spread=0.5, draws=120, one_by_one=True))
    shares = {
        method: np.mean([share for (_, one), share in found.items() if one == method])
        for method in ("ours", "plain percentile", "one by one")
    }
    assert 92 < shares["ours"] < 98
    assert shares["one by one"] < 90
    assert shares["plain percentile"] < shares["ours"] - (1.5 if groups < 20 else 0)


def test_the_percentile_interval_is_that_of_scipy():
    generator = np.random.Generator(np.random.Philox(11))
    first = generator.gamma(2.0, size=47)
    second = first + generator.normal(size=47)
    drawn = draw_blocks(np.arange(47), seed=2, resamples=20_000)

    def difference(weights: np.ndarray) -> dict[str, np.ndarray]:
        return {"": (first - second) @ weights / weights.sum(axis=0)}

    ours = estimate(float((first - second).mean()), resampled_values(difference, drawn)[""])
    theirs = stats.bootstrap(
        (first, second),
        lambda one, other, axis: (one - other).mean(axis=axis),
        n_resamples=20_000,
        method="percentile",
        paired=True,
        vectorized=True,
        rng=generator,
    ).confidence_interval
    width = theirs.high - theirs.low
    # A quantile of 20,000 resamples wanders by about 1 % of the width.
    assert ours.low == pytest.approx(theirs.low, abs=0.03 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.03 * width)
