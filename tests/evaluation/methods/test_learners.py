"""Learners: every kind of label, better with better features, deaf to test labels, the same whatever else is asked."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression as Peer

from genolect.evaluation.methods.learners import MARGIN_PENALTIES, ArmFeatures, Labels, learn, linear, margin
from genolect.evaluation.methods.method import blind, loss_of, truth_of
from genolect.evaluation.methods.trees import boosting, forest
from genolect.statistics.metric_set import metric_set
from genolect.tables.table import Target
from tests.evaluation.tasks import features, table, targets

LEARNERS = {"linear": linear, "margin": margin, "forest": forest, "boosting": boosting}


def score(parts, answers):
    target = parts.test.target
    metrics = metric_set(target.kind)
    return float(metrics.measure(truth_of(target), answers.test, target.names, None, None)[metrics.headline][0])


@pytest.mark.parametrize("name", list(LEARNERS))
@pytest.mark.parametrize("kind", ["classes", "two classes", "multilabel", "number"])
def test_all_learn_from_good_features_and_nothing_from_noise(name, kind):
    if kind == "multilabel" and name in ("forest", "boosting"):
        kind = "two classes"  # Columns are learned one by one; linear and margin show that.
    parts = table(targets()[kind]).parts()
    good, bad = (learn(LEARNERS[name], features(parts, noise), blind(parts), [5])[0] for noise in (0.3, 50.0))
    chance = metric_set(parts.test.target.kind).chance
    assert score(parts, good) > 0.87
    assert abs(score(parts, bad) - chance) < 0.18
    assert loss_of(parts.validation.target, good.validation) < loss_of(parts.validation.target, bad.validation)
    if kind != "number":
        assert ((good.test >= 0) & (good.test <= 1)).all()
    if "classes" in kind:
        np.testing.assert_allclose(good.test.sum(axis=1), 1.0, rtol=1e-9)


def test_a_label_that_is_never_told_apart_gets_its_base_rate_and_a_note():
    values = targets()["multilabel"].values.copy()
    values[:210, 2] = 1.0
    parts = table(Target("multilabel", ("x", "y", "z"), values)).parts()
    [answers] = learn(linear, features(parts, 0.3), blind(parts), [])
    assert (answers.test[:, 2] == 1.0).all()
    assert answers.notes[0] == "The label z is all alike in training or validation; it gets its base rate."
    assert np.unique(answers.test[:, 0]).size > 100


def test_the_probe_is_penalised_logistic_regression():
    parts = table(targets()["two classes"]).parts()
    given = features(parts, 0.5)
    [answers] = learn(linear, given, blind(parts), [])
    mean, scale = given.train.mean(axis=0), given.train.std(axis=0)
    peer = Peer(C=float(answers.setting.removeprefix("C = ")), tol=1e-9, max_iter=5_000)
    peer.fit((given.train - mean) / scale, parts.train.target.values)
    np.testing.assert_allclose(answers.test, peer.predict_proba((given.test - mean) / scale), atol=2e-3)


def test_penalties_of_the_margin_are_bounded_and_calibration_keeps_the_order():
    parts = table(targets()["two classes"]).parts()
    [answers] = learn(margin, features(parts, 0.5), blind(parts), [])
    assert answers.tried == len(MARGIN_PENALTIES)
    hidden_score = features(parts, 0.0).test[:, 0]
    assert spearmanr(answers.test[:, 1], hidden_score).statistic > 0.8


def test_a_feature_scale_changes_nothing():
    parts = table(targets()["two classes"]).parts()
    given = features(parts, 0.5)
    scaled = ArmFeatures(*(part * [1e3, 1e-3, 1, 7, 1] + 4 for part in given))
    for learner in (linear, margin):
        one, other = (learn(learner, some, blind(parts), [])[0].test for some in (given, scaled))
        np.testing.assert_allclose(one, other, atol=2e-3)


def test_labels_are_columns_of_their_own():
    target = targets()["multilabel"]
    parts = table(target).parts()
    given = features(parts, 0.4)
    [whole] = learn(linear, given, blind(parts), [])
    known = [np.isfinite(part.target.values[:, 1]) for part in (parts.train, parts.validation)]
    told = Labels(
        *(
            Target("classes", ("no", "yes"), part.target.values[which, 1].astype(np.int64))
            for part, which in zip((parts.train, parts.validation), known, strict=True)
        )
    )
    [alone] = linear(ArmFeatures(given.train[known[0]], given.validation[known[1]], given.test), told, [])
    np.testing.assert_allclose(whole.test[:, 1], alone.test[:, 1], atol=1e-9)
