"""Baselines that hardly read: the most frequent answer, and composition.

Legend: n examples, D features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from genolect.arrays import Floats
from genolect.evaluation.methods.features import composition_of
from genolect.evaluation.methods.learners import ArmFeatures, learn, linear
from genolect.evaluation.methods.method import Answers, Arm, Features, PanelContext, base_rate, baseline
from genolect.sequence.ragged import RaggedBases
from genolect.tables.table import Parts


def majority(parts: Parts, seeds: Sequence[int]) -> list[Answers]:
    """Answer every example alike: the frequencies of the training labels, or their mean."""
    target = parts.train.target
    return [Answers(base_rate(target, len(parts.validation)), base_rate(target, len(parts.test)))]


def composition(parts: Parts, seeds: Sequence[int]) -> list[Answers]:
    """Answer from GC, CpG, N and length, their squares and products, by the linear probe."""
    features = ArmFeatures(*(_curved(composition_of(part.sequences), parts.train.sequences) for part in parts))
    return learn(linear, features, parts, seeds)


def _curved(described: Floats, train: RaggedBases) -> Floats:
    """Add squares and products, so that a middling GC can also tell."""
    known = composition_of(train)
    spread = known.std(axis=0)
    spread[spread < 1e-9] = 1.0
    plain = (described - known.mean(axis=0)) / spread
    first, second = np.triu_indices(plain.shape[1])
    return np.concatenate([plain, plain[:, first] * plain[:, second]], axis=1)


def feature_arm(describe: Callable[[RaggedBases], Features]) -> Arm:
    """Make an arm of a function that describes sequences: its features go through the linear probe.

    Parameters
    ----------
    describe : callable
        Takes n sequences, gives features of shape (n, D).

    Returns
    -------
    Arm
        Without chance.

    Examples
    --------
    >>> arm = feature_arm(lambda sequences: sequences.lengths[:, None] * 1.0)
    """

    def answer(parts: Parts, seeds: Sequence[int]) -> list[Answers]:
        return learn(linear, ArmFeatures(*(describe(part.sequences) for part in parts)), parts, seeds)

    return answer


@baseline("majority", 10)
def _majority(context: PanelContext) -> Arm:
    return majority


@baseline("composition", 20)
def _composition(context: PanelContext) -> Arm:
    return composition
