"""Baselines that count k-mers: a linear probe, other learners on the same counts, and the control that must fail.

Legend: n examples, D features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from genolect.evaluation.methods.features import word_frequencies
from genolect.evaluation.methods.learners import ArmFeatures, Learner, learn, linear, margin
from genolect.evaluation.methods.method import Answers, Arm, PanelContext, Strands, baseline, best_of, loss_of
from genolect.evaluation.methods.trees import boosting, forest
from genolect.random import derived_key
from genolect.sequence.ragged import RaggedBases
from genolect.statistics.permutation import permuted_within
from genolect.tables.table import Parts

WORD_LENGTHS = (1, 2, 3, 4, 5, 6)
# Trees look at one k-mer at a time; of longer ones each says too little, and growing takes minutes.
LONGEST_OF_TREES = {"both": 5, "one": 4}
LENGTH_OF_CONTROL = 4
PERMUTATIONS = 10
MOST_CELLS = 1 << 29


class Words:
    """Word frequencies of one task's sequences, counted once for all arms that read them.

    Parameters
    ----------
    strands : {'one', 'both'}
        Whether words of both strands are one.
    """

    def __init__(self, strands: Strands) -> None:
        self.strands: Strands = strands
        self._of: RaggedBases | None = None
        self._known: dict[int, ArmFeatures] = {}
        self._length: int | None = None

    def features(self, parts: Parts, length: int) -> ArmFeatures:
        """Count words of one length."""
        if self._of is not parts.train.sequences:
            self._of, self._known, self._length = parts.train.sequences, {}, None
        if length not in self._known:
            self._known[length] = ArmFeatures(
                *(word_frequencies(part.sequences, length, strands=self.strands) for part in parts)
            )
        return self._known[length]

    def lengths(self, parts: Parts) -> tuple[int, ...]:
        """Lengths of words whose tables fit into memory and of which sequences hold some."""
        examples = sum(len(part) for part in parts)
        longest = int(parts.train.sequences.lengths.max())
        return tuple(k for k in WORD_LENGTHS if k == 1 or (k <= longest and examples * 4**k <= MOST_CELLS))

    def chosen(self, parts: Parts, seeds: Sequence[int]) -> list[Answers]:
        """Answer by the linear probe on words of the length that suits the validation examples best."""
        return [best_of([(loss, answers) for loss, _, answers in self._tried(parts)])]

    def _tried(self, parts: Parts) -> list[tuple[float, int, Answers]]:
        target = parts.train.target
        tried = []
        for length in self.lengths(parts):
            [answers] = learn(linear, self.features(parts, length), parts, ())
            answers = replace(answers, setting=f"words of {length}, {answers.setting}")
            loss = loss_of(parts.validation.target, answers.validation, scale=target.loss_scale)
            tried.append((loss, length, answers))
        return tried

    def learned(
        self, learner: Learner, parts: Parts, seeds: Sequence[int], *, longest: int = WORD_LENGTHS[-1]
    ) -> list[Answers]:
        """Answer by another learner on words of the length that the linear probe chose."""
        self.features(parts, 1)
        if self._length is None:
            self._length = min(self._tried(parts), key=lambda one: one[0])[1]
        return self.answered(learner, min(self._length, longest), parts, seeds)

    def answered(self, learner: Learner, length: int, parts: Parts, seeds: Sequence[int]) -> list[Answers]:
        """Answer by a learner on words of one length, or the longest that there are."""
        length = min(length, self.lengths(parts)[-1])
        runs = learn(learner, self.features(parts, length), parts, seeds)
        return [replace(run, setting=f"words of {length}, {run.setting}") for run in runs]


def permuted(arm: Arm) -> Arm:
    """Let an arm learn from labels that are shuffled anew in each of ten runs, in training and validation.

    One shuffle is not enough: by chance it agrees a little with the truth, and then the answers do as well.

    Parameters
    ----------
    arm : callable
        The arm.

    Returns
    -------
    callable
        An arm that must land at chance.
    """

    def answer(parts: Parts, seeds: Sequence[int]) -> list[Answers]:
        shuffles = [derived_key(seeds[0], "permutation", number) for number in range(PERMUTATIONS)]
        return [run for seed in shuffles for run in arm(_shuffled(parts, seed), [seed])]

    return answer


def _shuffled(parts: Parts, seed: int) -> Parts:
    shuffled = []
    for draw, part in enumerate(parts[:2]):
        everything = np.zeros(len(part), dtype=np.int64)
        values = permuted_within(part.target.values, everything, seed=seed, draw=draw)
        shuffled.append(replace(part, target=replace(part.target, values=values)))
    return Parts(shuffled[0], shuffled[1], parts.test)


def _counted(context: PanelContext) -> Words:
    return context.share("k-mers", lambda: Words(context.strands))


@baseline("kmer_logistic", 50)
def _logistic(context: PanelContext) -> Arm:
    return _counted(context).chosen


@baseline("kmer_svm", 60)
def _svm(context: PanelContext) -> Arm:
    return partial(_counted(context).learned, margin)


@baseline("kmer_forest", 70)
def _forest(context: PanelContext) -> Arm:
    return partial(_counted(context).learned, forest, longest=LONGEST_OF_TREES[context.strands])


@baseline("kmer_boosting", 80)
def _boosting(context: PanelContext) -> Arm:
    return partial(_counted(context).learned, boosting, longest=LONGEST_OF_TREES[context.strands])


@baseline("permuted_labels", -1)
def _permuted(context: PanelContext) -> Arm:
    return permuted(partial(_counted(context).answered, linear, LENGTH_OF_CONTROL))
