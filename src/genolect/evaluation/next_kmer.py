"""Which k bases come next: the questions' numbers, how answers are judged, and what needs no model to answer them.

GROVER's authors chose their vocabulary by this task (Sanabria et al. 2024, doi:10.1038/s42256-024-00872-0). A question
is a stretch of sequence that ends somewhere; the answer is one of the 4^k words that may follow.

Legend: n questions, W bases of a prefix, k bases to foretell, C = 4^k words, m bases of a context.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genolect.evaluation.markov_model import BASES, MarkovModel
from genolect.sequence.alphabet import BASE_BITS, Bases

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.int64]

LONGEST_KMER = 8
QUESTIONS_AT_ONCE = 256
CONTEXTS_AT_ONCE = 1 << 18


@dataclass(frozen=True, eq=False)
class KmerAnswers:
    """How well some questions were answered.

    Attributes
    ----------
    right : ndarray of float64, shape (n,)
        1 where the word that was thought most likely came, else 0.
    bits : ndarray of float64, shape (n,)
        Negative log2-likelihood of the word that came.
    """

    right: npt.NDArray[np.float64]
    bits: npt.NDArray[np.float64]

    @classmethod
    def joined(cls, parts: Sequence[KmerAnswers]) -> KmerAnswers:
        """Put answers to some questions behind those to others."""
        return cls(np.concatenate([part.right for part in parts]), np.concatenate([part.bits for part in parts]))


def kmer_numbers(bases: Bases) -> Integers:
    """Number words alphabetically.

    Parameters
    ----------
    bases : ndarray of uint8, shape (n, k)
        Base codes without N; the soft-mask is ignored.

    Returns
    -------
    ndarray of int64, shape (n,)
        The word as a base-4 number, A C G T = 0 1 2 3, leftmost base first.

    Raises
    ------
    ValueError
        If a base is not one of the four.

    Examples
    --------
    >>> kmer_numbers(np.array([[0, 0, 3], [1, 0, 0]], dtype=np.uint8)).tolist()
    [3, 16]
    """
    codes = (bases & BASE_BITS).astype(np.int64)
    if (codes >= BASES).any():
        raise ValueError("a word with an N has no number")
    numbers: Integers = codes @ BASES ** np.arange(codes.shape[1])[::-1]
    return numbers


def judge(log_probabilities: Floats, truth: Integers) -> KmerAnswers:
    """Judge answers.

    Parameters
    ----------
    log_probabilities : ndarray of float, shape (n, C)
        Natural logarithms; every row's probabilities sum to 1.
    truth : ndarray of int64, shape (n,)
        Numbers of the words that came.

    Returns
    -------
    KmerAnswers
        Of two words that are equally likely, the first in the alphabet counts as said.

    Examples
    --------
    >>> judge(np.log([[0.5, 0.25, 0.125, 0.125]] * 2), np.array([0, 3]))
    KmerAnswers(right=array([1., 0.]), bits=array([1., 3.]))
    """
    told = log_probabilities[np.arange(len(truth)), truth].astype(np.float64)
    right = log_probabilities.argmax(axis=1) == truth
    return KmerAnswers(right.astype(np.float64), -told / np.log(2))


def log_frequencies(counts: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """Give the logarithms of how frequent words are, each counted once more than it was seen.

    Parameters
    ----------
    counts : ndarray of int, any shape
        Occurrences of the C words in training, alphabetically: row k - 1 of `data.context_counts.count_contexts` is
        that of the k-mers.

    Returns
    -------
    ndarray of float64, shape (C,)
        Natural logarithms.

    Examples
    --------
    >>> np.exp(log_frequencies(np.array([[4, 0], [1, 3]]))).round(3).tolist()
    [0.417, 0.083, 0.167, 0.333]
    """
    seen = counts.reshape(-1) + 1.0
    logarithms: npt.NDArray[np.float64] = np.log(seen / seen.sum())
    return logarithms


def frequency_answers(logarithms: Floats, truth: Integers) -> KmerAnswers:
    """Say the same of every question: the frequencies of the words; parameters as `log_frequencies` and `judge`.

    Examples
    --------
    >>> frequency_answers(np.log([0.5, 0.25, 0.125, 0.125]), np.array([0, 1])).bits.tolist()
    [1.0, 2.0]
    """
    return judge(np.broadcast_to(logarithms, (len(truth), len(logarithms))), truth)


def next_base_table(counting: MarkovModel, order: int) -> npt.NDArray[np.float32]:
    """Tabulate what a Markov model says after every context of one length.

    Parameters
    ----------
    counting : MarkovModel
        With strengths.
    order : int
        m, at most its longest context.

    Returns
    -------
    ndarray of float32, shape (4**m, 4)
        Probabilities of the next base, mixed from contexts of up to m bases.

    Examples
    --------
    >>> counting = MarkovModel({0: np.full((1, 4), 9), 1: np.full((4, 4), 1) + 7 * np.eye(4, dtype=int)}, {1: 1.0})
    >>> (100 * next_base_table(counting, 1)[2]).round().tolist()  # after G
    [10.0, 10.0, 69.0, 10.0]
    """
    model = MarkovModel(
        {k: counting.counts[k] for k in range(order + 1)}, {k: counting.strengths[k] for k in range(1, order + 1)}
    )
    table = np.empty((BASES**order, BASES), dtype=np.float32)
    if not order:
        table[:] = model.base_frequencies
    for start in range(0, BASES**order if order else 0, CONTEXTS_AT_ONCE):
        context = np.arange(start, min(start + CONTEXTS_AT_ONCE, BASES**order))
        table[context] = model.estimate([context % BASES**k for k in range(1, order + 1)])
    return table


def markov_answers(
    table: npt.NDArray[np.float32], prefixes: Bases, truths: Mapping[int, Integers]
) -> dict[int, KmerAnswers]:
    """Answer by the chain rule: each next base given those before it, the foretold ones among them.

    Parameters
    ----------
    table : ndarray of float32, shape (4**m, 4)
        From `next_base_table`.
    prefixes : ndarray of uint8, shape (n, W)
        What is known; the last m bases of it without N.
    truths : mapping of int to ndarray of int64, shape (n,)
        By k, the words that came.

    Returns
    -------
    dict of int to KmerAnswers
        By k.

    Raises
    ------
    ValueError
        If the prefixes are shorter than m.

    Examples
    --------
    >>> table = np.array([[0.5, 0.25, 0.125, 0.125]], dtype=np.float32)
    >>> markov_answers(table, np.zeros((1, 5), dtype=np.uint8), {2: np.array([1])})[2].bits.tolist()  # A, then C
    [3.0]
    """
    order = (len(table).bit_length() - 1) // 2
    if prefixes.shape[1] < order:
        raise ValueError(f"prefixes of {prefixes.shape[1]} bases hold no context of {order}")
    contexts = kmer_numbers(prefixes[:, prefixes.shape[1] - order :])
    parts: dict[int, list[KmerAnswers]] = {k: [] for k in truths}
    for start in range(0, len(prefixes), QUESTIONS_AT_ONCE):
        some = slice(start, start + QUESTIONS_AT_ONCE)
        for k, probabilities in _grown(table, contexts[some], max(truths)):
            if k in parts:
                parts[k].append(judge(np.log(probabilities), truths[k][some]))
    return {k: KmerAnswers.joined(answers) for k, answers in parts.items()}


def _grown(
    table: npt.NDArray[np.float32], contexts: Integers, longest: int
) -> Iterator[tuple[int, npt.NDArray[np.float64]]]:
    """Give the probabilities of all words of 1, 2 … bases after each context."""
    probabilities, context = np.ones((len(contexts), 1)), contexts[:, None]
    for k in range(1, longest + 1):
        probabilities = (probabilities[:, :, None] * table[context]).reshape(len(contexts), -1)
        context = (context[:, :, None] * BASES + np.arange(BASES)).reshape(len(contexts), -1) % len(table)
        yield k, probabilities


def choose_order(bits: Mapping[int, npt.NDArray[np.float64]]) -> int:
    """Choose the order that spends fewest bits on validation questions; of equals the shortest.

    Parameters
    ----------
    bits : mapping of int to ndarray of float64, shape (n,)
        By order.

    Returns
    -------
    int
        The order.

    Examples
    --------
    >>> choose_order({5: np.array([3.0, 4.0]), 2: np.array([3.0, 4.0]), 9: np.array([1.0, 9.0])})
    2
    """
    return min(bits, key=lambda order: (float(bits[order].mean()), order))
