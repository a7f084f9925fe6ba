"""Trees: runs that differ by their seed only, shares that never reach 0, rounds that validation stops."""

from __future__ import annotations

import numpy as np

from genolect.evaluation.methods import trees
from genolect.evaluation.methods.learners import ArmFeatures, Labels, learn
from genolect.evaluation.methods.method import blind
from genolect.evaluation.methods.trees import BOOSTING_SETTINGS, FOREST_SETTINGS, boosting, forest
from genolect.tables.table import Target
from tests.evaluation.tasks import features, table, targets


def test_forests_run_once_per_seed_and_share_one_setting():
    parts = table(targets()["two classes"]).parts()
    first, second = learn(forest, features(parts, 0.5), blind(parts), [4, 9])
    [again] = learn(forest, features(parts, 0.5), blind(parts), [4])
    assert first.setting == second.setting
    assert first.tried == len(FOREST_SETTINGS) == len(BOOSTING_SETTINGS)
    assert not np.array_equal(first.test, second.test)
    np.testing.assert_array_equal(first.test, again.test)


def test_a_class_that_no_tree_names_is_still_possible():
    told = Labels(*[Target("classes", ("a", "b"), np.arange(60) % 2)] * 2)
    same = ArmFeatures(*[np.arange(60.0)[:, None] % 2] * 3)
    assert forest(same, told, [1])[0].test.min() > 0


def test_a_rare_class_is_known_though_the_trial_is_small(monkeypatch):
    monkeypatch.setattr(trees, "TRIAL_EXAMPLES", 8)
    labels = np.r_[np.zeros(60), np.ones(60), 2].astype(np.int64)
    told = Labels(*[Target("classes", ("a", "b", "rare"), labels)] * 2)
    assert forest(ArmFeatures(*[labels[:, None] * 1.0] * 3), told, [1])[0].test.shape == (121, 3)


def test_boosting_stops_where_the_validation_examples_say():
    parts = table(targets()["two classes"]).parts()
    kept, noise = (learn(boosting, features(parts, level), blind(parts), [])[0] for level in (0.1, 50.0))
    rounds = [int(one.setting.split(", ")[2].split()[0]) for one in (kept, noise)]
    assert rounds[0] > rounds[1] == trees.STRIDE
