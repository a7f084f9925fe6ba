"""Several labels at once against scikit-learn, with labels that nobody determined."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as oracle

from genolect.statistics.metrics import UNKNOWN, choose_threshold, label_thresholds, multilabel_metrics
from tests.evaluation.written_out import CLOSE

N, K, R = 53, 4, 3
NAMES = ["liver", "brain", "ovary", "root"]


def toy(seed: int, *, missing: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.Generator(np.random.Philox(seed))
    labels = (generator.random((N, K)) < [0.5, 0.3, 0.7, 0.4]).astype(np.int64)
    scores = (labels + generator.normal(size=(N, K))).round(1)  # ties
    labels[generator.random((N, K)) < missing] = UNKNOWN
    return labels, scores, generator.integers(0, 4, size=(N, R)).astype(float)


@pytest.mark.parametrize("seed", range(5))
def test_without_unknown_labels_the_averages_are_those_of_scikit_learn(seed):
    labels, scores, weights = toy(seed)
    values = multilabel_metrics(labels, scores, NAMES, weights)
    for column in range(R):
        times = weights[:, column].astype(int)
        told, given_ = np.repeat(labels, times, axis=0), np.repeat(scores, times, axis=0)
        for name, function in (("auroc", oracle.roc_auc_score), ("auprc", oracle.average_precision_score)):
            np.testing.assert_allclose(values[name][column], function(told, given_, average="macro"), **CLOSE)
            expected = function(told, given_, average="micro")
            np.testing.assert_allclose(values[f"{name}_micro"][column], expected, **CLOSE)


@pytest.mark.parametrize("seed", range(5))
def test_unknown_labels_count_neither_way(seed):
    labels, scores, weights = toy(seed, missing=0.3)
    values = multilabel_metrics(labels, scores, NAMES, weights)
    known = labels != UNKNOWN
    for at, name in enumerate(NAMES):
        rows = known[:, at]
        for column in range(R):
            expected = oracle.roc_auc_score(labels[rows, at], scores[rows, at], sample_weight=weights[rows, column])
            np.testing.assert_allclose(values[f"auroc[{name}]"][column], expected, **CLOSE)
    altered = np.where(known, scores, 99.0)
    for name, value in multilabel_metrics(labels, altered, NAMES, weights).items():
        np.testing.assert_array_equal(value, values[name])
    pooled = oracle.average_precision_score(labels[known], scores[known])
    np.testing.assert_allclose(multilabel_metrics(labels, scores, NAMES)["auprc_micro"], [pooled], **CLOSE)


def test_a_label_without_both_kinds_leaves_the_average_of_the_others():
    labels, scores, _ = toy(9)
    labels[:, 1], labels[:, 2] = UNKNOWN, 1
    values = multilabel_metrics(labels, scores, NAMES)
    assert np.isnan(values["auroc[brain]"]).all()
    assert np.isnan(values["auroc[ovary]"]).all()
    assert values["auroc"] == (values["auroc[liver]"] + values["auroc[root]"]) / 2


def test_each_label_has_its_own_threshold():
    labels, scores, _ = toy(3, missing=0.2)
    scores[:, 1] -= 40
    labels[:, 3] = 0
    thresholds = label_thresholds(labels, scores)
    known = labels[:, 1] != UNKNOWN
    assert thresholds[1] == choose_threshold(labels[known, 1] == 1, scores[known, 1])
    assert thresholds[1] < -30 < thresholds[0]
    assert np.isnan(thresholds[3])
    called = multilabel_metrics(labels, scores, NAMES, thresholds=thresholds)["mcc"]
    each = []
    for at in range(3):
        rows = labels[:, at] != UNKNOWN
        each.append(oracle.matthews_corrcoef(labels[rows, at], scores[rows, at] >= thresholds[at]))
    np.testing.assert_allclose(called, [np.mean(each)], **CLOSE)
    assert "mcc" not in multilabel_metrics(labels, scores, NAMES)
