"""Temperatures: the formula is exact where cosines do not scatter and misses where they do; the held one does not."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from genolect.errors import ConfigurationError
from genolect.objectives.info_nce import Similarities, compared, info_nce
from genolect.objectives.temperature import (
    HIGHEST,
    LOWEST,
    FixedTemperature,
    FormulaTemperature,
    HeldTemperature,
    LearnedTemperature,
    formula_temperature,
    mean_cosines,
)

SIZES = (32, 256, 2048)


def alike(candidates: int, positive: float = 0.7, negative: float = 0.2) -> Similarities:
    """One cosine for all partners, one for all others."""
    cosines = torch.full((candidates, candidates), negative).fill_diagonal_(positive)
    return Similarities(cosines, torch.arange(candidates))


def scattered(pairs: int = 4096, *, width: int = 64, noise: float = 0.5, clusters: int = 1):
    """Fixed embeddings of pairs: clusters, a direction common to all, and noise that differs from pair to pair."""
    generator = np.random.Generator(np.random.Philox(5))
    means = generator.normal(size=(clusters, width)) * (clusters > 1)
    base = means[generator.integers(clusters, size=pairs)] + generator.normal(size=(pairs, width))
    base += generator.normal(size=width)
    scale = noise * generator.lognormal(0, 0.5, size=(pairs, 1))
    views = [base + scale * generator.normal(size=base.shape) for _ in range(2)]
    return [torch.from_numpy(view).float() for view in views]


def mean_p_pos(rule, views, candidates: int) -> float:
    """Mean p_pos over batches of fixed embeddings, after the temperature has settled."""
    found = []
    least = 4 if candidates > 1000 else 60
    starts = [*range(0, len(views[0]), candidates)] * math.ceil(least * candidates / len(views[0]))
    for start in starts:
        similarities = compared(*(view[start : start + candidates] for view in views), symmetric=candidates < 1000)
        found.append(float(info_nce(similarities, rule(similarities)).neg().exp().mean()))
    return float(np.mean(found[len(found) // 3 :]))


@pytest.mark.parametrize("candidates", SIZES)
@pytest.mark.parametrize("p_pos", [0.1, 0.5, 0.9])
def test_where_cosines_do_not_scatter_both_rules_are_exact(candidates, p_pos):
    given = alike(candidates)
    for rule, tolerance in ((FormulaTemperature(p_pos), 1e-4), (HeldTemperature(p_pos), 0.01)):
        assert info_nce(given, rule(given)).neg().exp().tolist() == pytest.approx([p_pos] * candidates, abs=tolerance)


@pytest.mark.parametrize("candidates", SIZES)
@pytest.mark.parametrize("p_pos", [0.1, 0.5, 0.8])
def test_p_pos_stays_at_p0_whatever_the_batch(candidates, p_pos):
    assert mean_p_pos(HeldTemperature(p_pos), scattered(), candidates) == pytest.approx(p_pos, abs=0.02)


@pytest.mark.parametrize(("candidates", "clusters", "noise"), [(32, 20, 1.5), (256, 20, 1.5), (256, 50, 1.0)])
def test_p_pos_stays_at_p0_where_many_negatives_are_hard(candidates, clusters, noise):
    views = scattered(noise=noise, clusters=clusters)
    assert mean_p_pos(HeldTemperature(0.45), views, candidates) == pytest.approx(0.45, abs=0.02)


def test_the_formula_misses_the_more_the_larger_the_batch():
    missed = [0.5 - mean_p_pos(FormulaTemperature(0.5), scattered(), candidates) for candidates in SIZES]
    assert missed == sorted(missed)
    assert missed[0] > 0.02
    assert missed[2] > 0.1


def test_a_p0_out_of_reach_gives_the_largest_p_pos_there_is():
    views = scattered(256, noise=1.5, clusters=20)
    rule = HeldTemperature(0.95)
    for _ in range(80):
        similarities = compared(*views)
        temperature = rule(similarities)
    reached = float(info_nce(similarities, temperature).neg().exp().mean())
    tried = [info_nce(similarities, value).neg().exp().mean() for value in np.geomspace(LOWEST, HIGHEST, 90)]
    assert reached == pytest.approx(float(max(tried)), abs=0.005)
    assert reached < 0.9


def test_the_held_temperature_follows_cosines_that_change():
    rule = HeldTemperature(0.5, momentum=0.5)
    rule(alike(32))
    for _ in range(40):
        value = rule(alike(32, positive=0.21))
    assert float(value) == pytest.approx(LOWEST, rel=0.01)
    for _ in range(40):
        value = rule(alike(300, positive=0.9))
    assert float(value) == pytest.approx(formula_temperature(0.9, 0.2, 0.5, 300), rel=0.01)


def test_running_means_are_exponential_averages():
    rule = FormulaTemperature(0.5, momentum=0.75)
    positives = [0.9, 0.5, 0.7]
    for positive in positives:
        rule(alike(16, positive=positive))
    expected = 0.75 * (0.75 * 0.9 + 0.25 * 0.5) + 0.25 * 0.7
    assert float(rule.positive) == pytest.approx(expected)
    assert float(rule.negative) == pytest.approx(0.2)


@pytest.mark.parametrize("kind", [FormulaTemperature, HeldTemperature])
def test_what_is_remembered_is_saved_and_evaluation_changes_nothing(kind):
    rule = kind(0.5)
    rule(alike(32))
    value = rule(alike(32, positive=0.4))
    other = kind(0.5)
    other.load_state_dict(rule.state_dict())
    rule.eval()
    kept = {name: float(part) for name, part in rule.state_dict().items()}
    rule(alike(32, positive=0.9))
    assert {name: float(part) for name, part in rule.state_dict().items()} == kept
    assert torch.equal(rule(alike(32)), value)
    assert torch.equal(other(alike(32, positive=0.3)), rule.train()(alike(32, positive=0.3)))
    fresh = kind(0.5).eval()
    fresh(alike(32))
    assert not fresh.seen


def test_the_learned_temperature_has_a_gradient_and_comes_back_from_its_bounds():
    rule = LearnedTemperature(0.3)
    given = alike(9)
    info_nce(given, rule(given)).mean().backward()
    step = 1e-4
    lower, upper = (float(info_nce(given, 0.3 * math.exp(sign * step)).mean()) for sign in (-1, 1))
    assert float(rule.logarithm.grad) == pytest.approx((upper - lower) / 2 / step, rel=1e-3)
    with torch.no_grad():
        rule.logarithm.fill_(-50.0)
    rule.logarithm.grad = None
    value = rule(given)
    assert float(value.detach()) == pytest.approx(LOWEST)
    value.backward()
    assert rule.logarithm.grad != 0


def test_the_fixed_temperature_is_what_was_given():
    rule = FixedTemperature(0.07)
    assert float(rule(alike(5))) == pytest.approx(0.07)
    assert list(rule.state_dict()) == ["value"]


def test_mean_cosines_leave_out_what_is_left_out():
    cosines = torch.tensor([[0.5, -math.inf, 0.1], [-math.inf, 0.7, 0.3], [0.2, 0.4, 0.9]])
    positive, negative, candidates = mean_cosines(Similarities(cosines, torch.arange(3)))
    assert (positive, negative, candidates) == pytest.approx((0.7, 0.25, 1 + 4 / 3))


@pytest.mark.parametrize("p_pos", [0.03, 1 / 32])
def test_a_p0_below_chance_is_refused(p_pos):
    with pytest.raises(ConfigurationError, match=r"among 32 candidates must lie above chance, 0.03125"):
        formula_temperature(0.8, 0.1, p_pos, 32)
    with pytest.raises(ConfigurationError, match="p_pos"):
        HeldTemperature(p_pos)(alike(32))


def test_partners_that_are_no_nearer_than_others_get_the_lowest_temperature():
    assert formula_temperature(0.1, 0.2, 0.5, 32) == LOWEST
    assert formula_temperature(0.9, -0.9, 0.0313, 32) == HIGHEST


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FixedTemperature(0.0), "temperature 0.0"),
        (lambda: LearnedTemperature(11.0), "temperature 11.0"),
        (lambda: HeldTemperature(1.0), "p_pos 1.0"),
        (lambda: FormulaTemperature(0.0), "p_pos 0.0"),
        (lambda: FormulaTemperature(0.5, momentum=1.0), "momentum 1.0"),
        (lambda: mean_cosines(alike(1)), "no window has another one"),
    ],
)
def test_values_out_of_range_are_refused(make, message):
    with pytest.raises(ConfigurationError, match=message):
        make()
