"""The arms that need no model, by name.

Legend: n examples, D features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from genolect.arrays import Floats
from genolect.errors import ConfigurationError, shown
from genolect.evaluation.methods.convolution import convolution_arm
from genolect.evaluation.methods.features import Strands, composition_of, word_frequencies
from genolect.evaluation.methods.learners import ArmFeatures, Learner, learn, linear, margin
from genolect.evaluation.methods.memoriser import coordinate_memoriser, nearest_neighbour
from genolect.evaluation.methods.method import Answers, Arm, Features, base_rate, best_of, loss_of
from genolect.evaluation.methods.trees import boosting, forest
from genolect.random import derived_key
from genolect.sequence.ragged import RaggedBases
from genolect.statistics.permutation import permuted_within
from genolect.tables.table import Parts

WORD_LENGTHS = (1, 2, 3, 4, 5, 6)
LONGEST_OF_TREES = {"both": 5, "one": 4}
"""Trees look at one word at a time; of longer words each says too little, and growing takes minutes."""

LENGTH_OF_CONTROL = 4
PERMUTATIONS = 10
MOST_CELLS = 1 << 29
BASELINES: tuple[str, ...] = (
    "majority",
    "composition",
    "coordinate_memoriser",
    "nearest_neighbour",
    "kmer_logistic",
    "kmer_svm",
    "kmer_forest",
    "kmer_boosting",
    "cnn",
)
CONTROL = "permuted_labels"
"""The arm that learned from shuffled labels and must land at chance."""


def baseline_arms(names: Sequence[str] = BASELINES, *, strands: Strands = "both") -> dict[str, Arm]:
    """Give arms by name; those of words share what they count.

    Parameters
    ----------
    names : sequence of str
        Some of `BASELINES` and `CONTROL`.
    strands : {'one', 'both'}
        Whether a sequence and its reverse complement mean the same.

    Returns
    -------
    dict of str to Arm
        In that order.

    Raises
    ------
    ConfigurationError
        If there is no such arm.

    Examples
    --------
    >>> list(baseline_arms(["cnn", "majority"]))
    ['cnn', 'majority']
    """
    words = Words(strands)
    arms: dict[str, Arm] = {
        "majority": majority,
        "composition": composition,
        "coordinate_memoriser": coordinate_memoriser,
        "nearest_neighbour": partial(nearest_neighbour, strands=strands),
        "kmer_logistic": words.chosen,
        "kmer_svm": partial(words.learned, margin),
        "kmer_forest": partial(words.learned, forest, longest=LONGEST_OF_TREES[strands]),
        "kmer_boosting": partial(words.learned, boosting, longest=LONGEST_OF_TREES[strands]),
        "cnn": partial(convolution_arm, strands=strands),
        CONTROL: permuted(partial(words.answered, linear, LENGTH_OF_CONTROL)),
    }
    unknown = next((name for name in names if name not in arms), None)
    if unknown is not None:
        raise ConfigurationError(f"there is no arm {shown(unknown)}", fix=f"choose of {', '.join(BASELINES)}")
    return {name: arms[name] for name in names}


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
