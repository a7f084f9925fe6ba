"""Scores: one run or several, paired differences, signs of losses, p-values that agree with the interval."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from genolect.evaluation.methods.method import Answers
from genolect.evaluation.panel import compared, estimated, measure
from genolect.statistics.bootstrap import draw_blocks
from genolect.statistics.metrics import auroc
from genolect.statistics.runs import Runs
from tests.evaluation.tasks import table, targets

DRAWN = draw_blocks(np.arange(120) // 3, seed=1, resamples=150)
GENERATOR = np.random.Generator(np.random.Philox(8))


def runs(value: float, spread: float = 0.02, seeds: int = 1, noise: float = 0.0) -> Runs:
    shared = np.random.Generator(np.random.Philox(5)).normal(size=150)
    values = value + noise * np.linspace(-1, 1, seeds)
    return Runs(values, values[:, None] + spread * shared)


def answers(noise: float, seed: int) -> Answers:
    parts = table(targets()["two classes"]).parts()
    generator = np.random.Generator(np.random.Philox(seed))
    logits = [part.target.values - 0.5 + noise * generator.normal(size=len(part)) for part in parts[1:]]
    return Answers(*(np.stack([expit(-one), expit(one)], axis=1) for one in logits))


def test_metrics_are_those_of_the_test_examples_for_every_run():
    parts = table(targets()["two classes"]).parts()
    given = [answers(0.8, 1), answers(0.8, 2)]
    found = measure(parts, given, DRAWN)
    assert {"auroc", "auprc", "mcc", "mcc_at_threshold", "accuracy", "brier", "ece"} <= set(found)
    expected = [float(auroc(parts.test.target.values == 1, run.test[:, 1])[0]) for run in given]
    assert found["auroc"].values.tolist() == expected
    assert found["auroc"].resampled.shape == (2, 150)


def test_several_runs_widen_the_interval_and_do_not_narrow_it():
    one, alike, unlike = (estimated(runs(0.8, seeds=n, noise=noise), DRAWN) for n, noise in ((1, 0), (3, 0), (3, 0.05)))
    widths = [found.high - found.low for found in (one, alike, unlike)]
    assert widths[0] == pytest.approx(widths[1], rel=0.2)
    assert widths[2] > 2 * widths[1]


def test_what_is_hard_for_both_drops_out_of_a_difference():
    both = compared(runs(0.8), runs(0.75), DRAWN)
    assert both.verdict == "better"
    assert both.difference.high - both.difference.low < 1e-9
    mixed = compared(runs(0.8, seeds=3, noise=0.001), runs(0.75), DRAWN)
    assert mixed.verdict == "better"
    assert mixed.difference.high - mixed.difference.low < 0.02
    assert compared(runs(0.8, seeds=3, noise=0.08), runs(0.75), DRAWN).verdict == "undecided"


@pytest.mark.parametrize("seeds", [1, 3])
def test_of_losses_less_is_better(seeds):
    found = compared(runs(0.2, seeds=seeds, noise=0.001), runs(0.4), DRAWN, metric="brier")
    assert found.verdict == "better"
    assert found.difference.value == pytest.approx(0.2, abs=0.002)


@pytest.mark.parametrize("gap", [0.004, 0.01, 0.02, 0.03, 0.05])
def test_the_p_value_is_below_a_twentieth_where_the_interval_excludes_zero(gap):
    found = compared(runs(0.8 + gap, seeds=3, noise=0.008), runs(0.8), DRAWN, margin=0.0)
    assert (found.p_value < 0.05) == (found.difference.low > 0)


def test_a_constant_number_correlates_with_nothing_and_can_be_beaten():
    parts = table(targets()["number"]).parts()
    constant = Answers(np.full(81, 50.0), np.full(120, 50.0))
    good = Answers(parts.validation.target.values, parts.test.target.values + GENERATOR.normal(size=120))
    ours, theirs = (measure(parts, [one], DRAWN) for one in (good, constant))
    assert theirs["pearson"].values.tolist() == theirs["spearman"].values.tolist() == [0.0]
    assert not theirs["pearson"].resampled.any()
    assert theirs["mean_absolute_error"].values[0] > 5
    assert compared(ours["pearson"], theirs["pearson"], DRAWN).verdict == "better"


@pytest.mark.parametrize(
    ("metric", "least", "most"),
    [("auroc", 0, 1), ("auprc[donor]", 0, 1), ("auroc_micro", 0, 1), ("mcc", -1, 1), ("pearson", -1, 1)],
)
def test_an_interval_ends_where_its_metric_does(metric, least, most):
    for value in (0.95, 0.02):
        wild = runs(value, seeds=3, noise=0.4)
        free, cut = estimated(wild, DRAWN), estimated(wild, DRAWN, metric)
        assert free.low < least or free.high > most
        assert (cut.value, cut.low, cut.high) == (free.value, max(free.low, least), min(free.high, most))
    tame = runs(0.8)
    assert estimated(tame, DRAWN, metric) == estimated(tame, DRAWN)
    assert estimated(runs(0.95, seeds=3, noise=0.4), DRAWN, "mean_absolute_error").high > 1
