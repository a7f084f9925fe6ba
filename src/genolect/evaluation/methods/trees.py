"""Learners made of trees: the random forest and boosted trees, of scikit-learn.

Legend: n examples, D features, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

from genolect.arrays import Floats
from genolect.evaluation.methods.learners import ArmFeatures, Labels
from genolect.evaluation.methods.method import Answers, Features, best_of, loss_of

FOREST_SETTINGS = [(share, leaf) for share in ("sqrt", 0.1) for leaf in (1, 3, 10)]
"""Share of the features that a branch may ask about, and examples in a leaf."""

TRIAL_TREES, TREES = 30, 100
SAMPLE, FEWEST_SAMPLED = 0.5, 40
"""Share of the examples that each tree is grown on; of few examples it is all."""

TRIAL_EXAMPLES = 4_000
"""Forests are tried on so many examples, and the chosen setting is grown on all."""

BOOSTING_SETTINGS = [(rate, leaves) for rate in (0.03, 0.1, 0.3) for leaves in (4, 16)]
ROUNDS, STRIDE = 100, 10
"""Trees per class, and how often the validation examples are asked whether to stop there."""


def forest(features: ArmFeatures, labels: Labels, seeds: Sequence[int]) -> list[Answers]:
    """Answer by a random forest.

    Parameters
    ----------
    features : ArmFeatures
        Features of the parts.
    labels : Labels
        Classes or numbers.
    seeds : sequence of int
        Of the trees of each run; settings are tried with the first.

    Returns
    -------
    list of Answers
        Runs of the best of six settings.

    Examples
    --------
    >>> from genolect.tables.table import Target
    >>> told = Labels(*[Target("classes", ("a", "b"), np.arange(30) % 2)] * 2)
    >>> forest(ArmFeatures(*[np.arange(30)[:, None] % 2 * 1.0] * 3), told, [1])[0].test.argmax(axis=1)[:4].tolist()
    [0, 1, 0, 1]
    """
    some = np.random.Generator(np.random.Philox(seeds[0])).permutation(len(features.train))[:TRIAL_EXAMPLES]
    target = labels.train.values
    tried = []
    for setting in FOREST_SETTINGS:
        grown = _forest(labels, setting, TRIAL_TREES, seeds[0], n=some.size).fit(features.train[some], target[some])
        known = getattr(grown, "classes_", None)
        if known is not None and known.size < len(labels.train.names):  # A rare class is not among the some.
            grown = _forest(labels, setting, TRIAL_TREES, seeds[0], n=target.size).fit(features.train, target)
        tried.append((loss_of(labels.validation, _told(grown, features.validation, labels, TRIAL_TREES)), setting))
    _, setting = min(tried, key=lambda pair: pair[0])
    words = f"{setting[0]} of the features, leaves of {setting[1]}"
    runs = []
    for seed in seeds:
        grown = _forest(labels, setting, TREES, seed, n=target.size).fit(features.train, target)
        answers = [_told(grown, part, labels, TREES) for part in features[1:]]
        runs.append(Answers(answers[0], answers[1], setting=words, tried=len(tried)))
    return runs


def _forest(labels: Labels, setting: tuple[Any, int], trees: int, seed: int, *, n: int) -> Any:
    kind = RandomForestRegressor if labels.train.kind == "number" else RandomForestClassifier
    return kind(
        trees,
        max_features=setting[0],
        min_samples_leaf=setting[1],
        random_state=seed % 2**32,
        max_samples=SAMPLE if n >= FEWEST_SAMPLED else None,
        n_jobs=1,
    )


def _told(grown: Any, features: Features, labels: Labels, trees: int) -> Floats:
    """Answers of a forest; a class that no tree names gets what one tree more would give it."""
    if labels.train.kind == "number":
        numbers: Floats = grown.predict(features)
        return numbers
    shares: Floats = grown.predict_proba(features)
    smoothed: Floats = (shares * trees + 1 / shares.shape[1]) / (trees + 1)
    return smoothed


def boosting(features: ArmFeatures, labels: Labels, seeds: Sequence[int]) -> list[Answers]:
    """Answer by gradient boosted trees, stopped where the validation examples say.

    Parameters
    ----------
    features, labels, seeds
        As in `forest`; there is no chance in it.

    Returns
    -------
    list of Answers
        A single run, the best of six settings.

    Examples
    --------
    >>> from genolect.tables.table import Target
    >>> told = Labels(*[Target("number", ("y",), np.arange(60) % 3 * 1.0)] * 2)
    >>> boosting(ArmFeatures(*[np.arange(60)[:, None] % 3] * 3), told, [1])[0].test[:3].round(2).tolist()
    [0.0, 1.0, 2.0]
    """
    number = labels.train.kind == "number"
    kind = HistGradientBoostingRegressor if number else HistGradientBoostingClassifier
    variance = float(labels.train.values.var()) or 1.0
    candidates = []
    for rate, leaves in BOOSTING_SETTINGS:
        options = {"learning_rate": rate, "max_leaf_nodes": leaves, "max_iter": ROUNDS, "early_stopping": False}
        grown = kind(random_state=0, **options).fit(features.train, labels.train.values)
        stages = grown.staged_predict if number else grown.staged_predict_proba
        losses = [
            loss_of(labels.validation, told, scale=variance)
            for told in islice(stages(features.validation), STRIDE - 1, None, STRIDE)
        ]
        best = int(np.argmin(losses))
        rounds = (best + 1) * STRIDE
        answers = [next(islice(stages(part), rounds - 1, None)) for part in features[1:]]
        setting = f"rate {rate:g}, {leaves} leaves, {rounds} rounds"
        candidates.append((losses[best], Answers(answers[0], answers[1], setting=setting)))
    return [best_of(candidates)]
