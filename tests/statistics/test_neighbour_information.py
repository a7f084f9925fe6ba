"""Mutual information from neighbours: Gaussians of known dependence, and which way it errs."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_selection import mutual_info_regression

from genolect.errors import ConfigurationError
from genolect.statistics.bootstrap import draw_blocks
from genolect.statistics.information import kept_information, neighbour_information


def gaussians(rho: float, seed: int, *, n: int, entries: int = 1) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.Generator(np.random.Philox(seed))
    first, other = generator.normal(size=(2, n, entries))
    return first, rho * first + np.sqrt(1 - rho**2) * other


def truth(rho: float, entries: int = 1) -> float:
    return -entries * 0.5 * float(np.log2(1 - rho**2))


def bits(first: np.ndarray, second: np.ndarray, *, resamples: int = 0):
    drawn = draw_blocks(np.arange(first.shape[0]), seed=1, resamples=resamples)
    return neighbour_information(first, second, drawn).bits


@pytest.mark.parametrize(("rho", "entries"), [(0.0, 1), (0.4, 1), (0.8, 1), (0.95, 1), (0.0, 2), (0.4, 2), (0.8, 2)])
def test_gaussians_tell_what_their_correlation_says(rho, entries):
    found = [bits(*gaussians(rho, seed, n=700, entries=entries)).value for seed in range(12)]
    assert np.mean(found) == pytest.approx(truth(rho, entries), abs=0.05)


def test_the_interval_holds_the_truth_about_nine_times_in_ten():
    held = []
    for seed in range(80):
        one = bits(*gaussians(0.5, seed, n=250), resamples=200)
        held.append(one.low <= truth(0.5) <= one.high)
    assert 0.8 < np.mean(held) < 1


def test_what_is_estimated_does_not_depend_on_units():
    first, second = gaussians(0.7, 3, n=400)
    assert bits(1_000 * first + 5, -second / 7).value == pytest.approx(bits(first, second).value, abs=1e-9)
    assert bits(second, first).value == pytest.approx(bits(first, second).value, abs=1e-9)
    bent = bits(first**3, np.exp(second)).value
    assert bent == pytest.approx(bits(first, second).value, abs=0.15)


def test_the_estimate_is_that_of_scikit_learn_but_for_its_jitter():
    first, second = gaussians(0.6, 5, n=500)
    expected = mutual_info_regression(first, second[:, 0], n_neighbors=3, random_state=1)[0] / np.log(2)
    assert bits(first, second).value == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("rho", "entries"), [(0.9999, 1), (0.95, 2)])
def test_strong_dependence_is_underestimated_and_less_so_with_more_examples(rho, entries):
    few, many = (
        np.mean([bits(*gaussians(rho, seed, n=n, entries=entries)).value for seed in range(10)]) for n in (150, 1_500)
    )
    assert 0.5 * truth(rho, entries) < few < many - 0.1
    assert many < truth(rho, entries)


def test_a_projection_keeps_less_than_there_is():
    generator = np.random.Generator(np.random.Philox(9))
    latent = generator.normal(size=(600, 2))
    inputs = latent @ generator.normal(size=(2, 6)) + 0.01 * generator.normal(size=(600, 6))
    drawn = draw_blocks(np.arange(600) // 6, seed=1, resamples=100)
    keeps = kept_information(latent + 0.3 * generator.normal(size=(600, 2)), inputs, drawn)
    blind = kept_information(generator.normal(size=(600, 4)), inputs, drawn)
    assert keeps.direction == "lower bound"
    assert 2.5 < keeps.bits.value < np.log2(1 + 0.3**-2)
    assert abs(blind.bits.value) < 0.15
    assert keeps.bits.low > blind.bits.high


def test_copies_and_too_few_examples_are_refused():
    values = np.repeat(np.arange(10.0), 5)[:, None]
    with pytest.raises(ConfigurationError, match="50 examples have 3 identical copies or more"):
        bits(values, values)
    with pytest.raises(ConfigurationError, match="3 examples for 3 neighbours"):
        bits(np.ones((3, 1)), np.ones((3, 2)))
