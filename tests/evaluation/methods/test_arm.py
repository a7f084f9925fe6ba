"""What arms are held to: blind test labels, one loss for every choice, rates that come from training."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss

from genolect.evaluation.methods.method import Answers, base_rate, best_of, blind, loss_of, truth_of
from genolect.tables.table import Target
from tests.evaluation.tasks import table, targets


@pytest.mark.parametrize("kind", list(targets()))
def test_the_test_labels_are_blank_and_nothing_else_is(kind):
    parts = table(targets()[kind]).parts()
    shown = blind(parts)
    values = shown.test.target.values
    assert (values == -1).all() if "classes" in kind else np.isnan(values).all()
    assert shown.train is parts.train
    assert shown.validation is parts.validation
    assert shown.test.sequences is parts.test.sequences
    assert shown.test.target.names == parts.test.target.names
    assert np.isfinite(parts.train.target.values).any()


def test_the_loss_of_classes_is_scikit_learns():
    target = targets()["classes"]
    answers = np.random.Generator(np.random.Philox(3)).dirichlet(np.ones(3), size=len(target))
    assert loss_of(target, answers) == pytest.approx(log_loss(target.values, answers))


def test_unknown_labels_play_no_part_and_boldness_has_an_end():
    target = Target("multilabel", ("a", "b"), np.array([[1.0, np.nan], [0.0, 1.0]]))
    answers = np.array([[0.8, 0.001], [0.4, 0.5]])
    assert loss_of(target, answers) == pytest.approx(-np.log([0.8, 0.6, 0.5]).mean())
    wrong = loss_of(Target("classes", ("a", "b"), np.array([0])), np.array([[0.0, 1.0]]))
    assert wrong == pytest.approx(-np.log(1e-6))


def test_the_loss_of_numbers_is_in_units_of_the_variance():
    target = targets()["number"]
    variance = float(target.values.var())
    assert loss_of(target, base_rate(target, len(target)), scale=variance) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", list(targets()))
def test_base_rates_are_the_training_means(kind):
    target = targets()[kind]
    rates = base_rate(target, 5)
    values = np.eye(len(target.names))[target.values] if "classes" in kind else target.values
    np.testing.assert_allclose(rates, np.tile(np.nanmean(values, axis=0), (5, *[1] * (values.ndim - 1))))


def test_truth_is_as_metrics_read_it():
    truth = truth_of(targets()["multilabel"])
    assert truth.dtype == np.int64
    assert set(np.unique(truth).tolist()) == {-1, 0, 1}


def test_the_lowest_loss_is_taken_and_the_number_tried_is_kept():
    nothing = np.zeros(1)
    found = best_of([(0.4, Answers(nothing, nothing, name)) for name in ("first", "second")])
    assert (found.setting, found.tried) == ("first", 2)
