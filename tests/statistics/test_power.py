"""Power: what is promised is found by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from genolect.errors import ConfigurationError
from genolect.statistics.bootstrap import draw_blocks, resampled_values
from genolect.statistics.metrics import auroc
from genolect.statistics.power import bootstrap_error, detectable_difference, effective_size, foreseen_auroc_error


def clustered(seed: int, sizes: np.ndarray, correlation: float) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.Generator(np.random.Philox(seed))
    groups = np.repeat(np.arange(sizes.size), sizes)
    shared = np.sqrt(correlation) * generator.normal(size=sizes.size)[groups]
    return shared + np.sqrt(1 - correlation) * generator.normal(size=groups.size), groups


@pytest.mark.parametrize("blocks", [6, 25])
def test_the_detectable_difference_is_detected_four_times_in_five(blocks):
    generator = np.random.Generator(np.random.Philox(blocks))
    differences = generator.normal(size=(20_000, blocks)) + detectable_difference(blocks**-0.5, blocks)
    found = stats.ttest_1samp(differences, 0, axis=1)
    assert np.mean(found.pvalue < 0.05) == pytest.approx(0.8, abs=0.02)
    assert np.mean((found.pvalue < 0.05) & (found.statistic < 0)) < 0.001


def test_more_groups_detect_less_and_more_power_asks_for_more():
    assert detectable_difference(0.01, 20, planned=80) < detectable_difference(0.01, 20) / 2
    assert detectable_difference(0.01, 20, power=0.95) > detectable_difference(0.01, 20)
    assert detectable_difference(0.02, 20) == pytest.approx(2 * detectable_difference(0.01, 20))


@pytest.mark.parametrize("correlation", [0.0, 0.1, 0.5])
def test_the_design_effect_is_by_how_much_clusters_widen_the_mean(correlation):
    sizes = np.array([2, 3, 5, 7, 11, 13, 17, 19, 23, 29])
    variance = np.var([clustered(seed, sizes, correlation)[0].mean() for seed in range(3_000)])
    large = effective_size(*clustered(1, np.tile(sizes, 200), correlation))
    assert large.correlation == pytest.approx(correlation, abs=0.03)
    assert large.design_effect == pytest.approx(variance * sizes.sum(), rel=0.12)
    assert large.size * large.design_effect == pytest.approx(large.examples)


def test_independent_examples_count_in_full_and_copies_once():
    values = np.random.Generator(np.random.Philox(3)).normal(size=400)
    assert effective_size(values, np.arange(400)).size == 400
    assert effective_size(values, np.arange(400) % 40).size > 300
    copies = effective_size(np.repeat(values, 5), np.repeat(np.arange(400), 5))
    assert copies.size == pytest.approx(400)
    assert copies.correlation == pytest.approx(1)
    assert effective_size(np.ones(12), np.arange(12) // 3).size == 12


def test_the_resamples_standard_error_is_that_of_group_means():
    values, groups = clustered(4, np.full(12, 6), 0.4)
    drawn = draw_blocks(groups, seed=3, resamples=20_000)
    means = resampled_values(lambda weights: {"": values @ weights / weights.sum(axis=0)}, drawn)[""]
    expected = values.reshape(12, 6).mean(axis=1).std(ddof=1) / np.sqrt(12)
    assert bootstrap_error(means, drawn.effective_blocks) == pytest.approx(expected, rel=0.02)


def test_a_foreseen_error_is_what_scores_of_either_kind_show():
    # The formula is exact for scores of exponential distributions, which have AUROC = ratio / (1 + ratio).
    generator = np.random.Generator(np.random.Philox(5))
    positive = np.arange(70) < 30
    areas = [auroc(positive, np.where(positive, 4.0, 1.0) * generator.exponential(size=70))[0] for _ in range(3_000)]
    assert np.mean(areas) == pytest.approx(0.8, abs=0.005)
    assert foreseen_auroc_error(30, 40, auroc=0.8) == pytest.approx(np.std(areas), rel=0.05)
    assert foreseen_auroc_error(30, 40, design_effect=4.0) == pytest.approx(2 * foreseen_auroc_error(30, 40))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: detectable_difference(0.01, 2), "2 test groups"),
        (lambda: detectable_difference(0.01, 9, planned=1), "1 test groups"),
        (lambda: detectable_difference(0.01, 9, power=1.0), "a power of 1"),
        (lambda: foreseen_auroc_error(0, 9), "0 positives and 9 negatives"),
    ],
)
def test_what_cannot_be_foreseen_is_refused(call, said):
    with pytest.raises(ConfigurationError, match=said):
        call()
