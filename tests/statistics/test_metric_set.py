"""The metrics of each kind of prediction: what they hold, and that they resample."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.errors import ConfigurationError
from genolect.statistics.bootstrap import draw_blocks, resampled_values
from genolect.statistics.metric_set import metric_set
from genolect.statistics.metrics import choose_threshold, matthews_at
from genolect.statistics.names import SMALLER_IS_BETTER

N = 61
NAMES = {"classes": ["intron", "exon", "UTR"], "multilabel": ["liver", "root", "leaf"], "number": []}


def predictions(kind: str, *, informed: bool, seed: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Truth and predictions; those that know nothing are constant."""
    generator = np.random.Generator(np.random.Philox(seed))
    if kind == "number":
        truth = generator.normal(size=N)
        return truth, truth + 0.5 * generator.normal(size=N) if informed else np.zeros(N)
    width = len(NAMES[kind])
    if kind == "multilabel":
        truth = generator.integers(0, 2, size=(N, width))
        return truth, truth + generator.normal(size=(N, width)) if informed else np.full((N, width), 0.3)
    truth = generator.integers(0, width, size=N)
    odds = np.exp(2 * informed * np.eye(width)[truth] + informed * generator.normal(size=(N, width)))
    return truth, odds / odds.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("kind", NAMES)
def test_every_row_has_one_value_per_resample_and_pieces_make_no_difference(kind):
    chosen = metric_set(kind)
    truth, predicted = predictions(kind, informed=True)
    thresholds = chosen.thresholds(*predictions(kind, informed=True, seed=5))
    drawn = draw_blocks(np.arange(N) // 5, seed=1, resamples=17)
    values = resampled_values(lambda w: chosen.measure(truth, predicted, NAMES[kind], w, thresholds), drawn)
    assert {value.shape for value in values.values()} == {(17,)}
    assert np.isfinite(values[chosen.headline]).all()
    plain = chosen.measure(truth, predicted, NAMES[kind], None, thresholds)
    assert plain.keys() == values.keys()
    assert plain[chosen.headline][0] > chosen.chance + 0.2


@pytest.mark.parametrize("kind", ["classes", "multilabel"])
def test_what_knows_nothing_stands_at_chance(kind):
    chosen = metric_set(kind)
    truth, predicted = predictions(kind, informed=False)
    assert chosen.measure(truth, predicted, NAMES[kind], None, None)[chosen.headline] == [chosen.chance]


def test_two_classes_are_called_at_the_threshold_of_validation():
    chosen = metric_set("classes")
    generator = np.random.Generator(np.random.Philox(7))
    truth = generator.integers(0, 2, size=N)
    second = np.clip(0.1 + 0.15 * truth + 0.05 * generator.normal(size=N), 0, 1)
    predicted = np.stack([1 - second, second], axis=1)
    thresholds = chosen.thresholds(truth[:30], predicted[:30])
    values = chosen.measure(truth[30:], predicted[30:], ["no", "yes"], None, thresholds)
    expected = matthews_at(truth[30:] == 1, second[30:], choose_threshold(truth[:30] == 1, second[:30]))
    assert values["mcc_at_threshold"] == expected
    assert values["mcc"] == [0.0]  # no example reaches one half
    assert values["mcc_at_threshold"] > 0.6


def test_more_classes_have_no_threshold_and_an_unknown_kind_is_refused():
    truth, predicted = predictions("classes", informed=True)
    thresholds = metric_set("classes").thresholds(truth, predicted)
    assert thresholds.size == 0
    assert "mcc_at_threshold" not in metric_set("classes").measure(truth, predicted, NAMES["classes"], None, thresholds)
    with pytest.raises(ConfigurationError, match=r"kind of prediction 'regression'.*classes, multilabel, number"):
        metric_set("regression")


def test_the_metrics_of_which_less_is_better_are_named_as_they_are_measured():
    measured = set()
    for kind, names in NAMES.items():
        measured |= metric_set(kind).measure(*predictions(kind, informed=True), names, None, None).keys()
    assert measured > SMALLER_IS_BETTER
