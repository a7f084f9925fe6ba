"""Questions about the next bases: prefixes that end at a base, and what follows them, kept apart from each other.

Whoever answers is given `KmerQuestions.prefixes` and nothing else. Tokens are cut from the prefix alone: were they cut
from the whole window, a byte-pair token could reach across the end and show what comes.

Legend: n questions, W bases of a prefix, K bases that follow, L tokens of a prefix.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genolect.arrays import BASES, Integers
from genolect.errors import InputError
from genolect.genome.context_counts import MarkovModel
from genolect.genome.genome import PreparedGenome
from genolect.genome.windows import WindowSampler, tile_windows
from genolect.models.inference import Machine, embed
from genolect.models.model import SequenceModel
from genolect.sequence.alphabet import BASE_BITS, Bases, N
from genolect.sequence.interval import Interval
from genolect.tokenizers.tokenizer import Spans, Tokenizer

Floats = npt.NDArray[np.floating]

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
        Occurrences of the C words in training, alphabetically: row k - 1 of `genome.context_counts.count_contexts` is
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


Floats32 = npt.NDArray[np.float32]

STEP = 1_000
"""Windows drawn at once for training questions."""


@dataclass(frozen=True, eq=False)
class KmerQuestions:
    """Prefixes and what follows them.

    Attributes
    ----------
    prefixes : ndarray of uint8, shape (n, W)
        Base codes without N and soft-mask.
    following : ndarray of uint8, shape (n, K)
        The bases after them.
    blocks : ndarray of int64, shape (n,)
        Which questions stand or fall together.
    with_n : int
        Windows that were left out because of an N.
    """

    prefixes: Bases
    following: Bases
    blocks: Integers
    with_n: int

    def __len__(self) -> int:
        """Return the number of questions."""
        return len(self.prefixes)

    def truth(self, k: int) -> Integers:
        """Give the number of the word of the next k bases, shape (n,)."""
        return kmer_numbers(self.following[:, :k])

    def windows(self) -> Bases:
        """Give prefixes and what follows side by side, (n, W + K), for what is counted or tuned by base."""
        return np.concatenate([self.prefixes, self.following], axis=1)


def split_windows(windows: Bases, blocks: Integers, following: int) -> KmerQuestions:
    """Make questions of windows.

    Parameters
    ----------
    windows : ndarray of uint8, shape (n, W + K)
        Base codes; windows with an N are left out, and counted.
    blocks : ndarray of int64, shape (n,)
        Block of each.
    following : int
        K.

    Returns
    -------
    KmerQuestions
        The questions.

    Examples
    --------
    >>> questions = split_windows(np.array([[0, 1, 10, 3], [0, 4, 2, 3]], dtype=np.uint8), np.array([0, 1]), 1)
    >>> questions.prefixes.tolist(), questions.following.tolist(), questions.with_n
    ([[0, 1, 2]], [[3]], 1)
    """
    codes = windows & np.uint8(BASE_BITS)
    clean = (codes < N).all(axis=1)
    kept = codes[clean]
    place = kept.shape[1] - following
    return KmerQuestions(kept[:, :place].copy(), kept[:, place:].copy(), blocks[clean], int((~clean).sum()))


def held_out_questions(
    genome: PreparedGenome, regions: Sequence[Interval], *, prefix: int, following: int, most: int
) -> KmerQuestions:
    """Ask about windows evenly spaced over held-out stretches, forward strand.

    Parameters
    ----------
    genome : PreparedGenome
        Where the bases are.
    regions : sequence of Interval
        The stretches.
    prefix, following : int
        W and K.
    most : int
        Largest number of windows.

    Returns
    -------
    KmerQuestions
        In genome order.

    Raises
    ------
    InputError
        If no stretch holds a window without N.
    """
    windows, blocks = tile_windows(genome, regions, length=prefix + following, most=most)
    questions = split_windows(windows, blocks, following)
    return _some(questions, genome, prefix + following)


def training_questions(
    genome: PreparedGenome, regions: Sequence[Interval], *, prefix: int, following: int, count: int, seed: int
) -> KmerQuestions:
    """Ask about windows at random places of the training stretches, on both strands.

    Parameters
    ----------
    genome, regions, prefix, following
        As in `held_out_questions`.
    count : int
        How many windows to draw; those with an N are left out.
    seed : int
        Of the draw.

    Returns
    -------
    KmerQuestions
        In no order; every question is a block of its own.

    Raises
    ------
    InputError
        If no stretch holds a window without N.
    """
    length = prefix + following
    sampler = WindowSampler(genome, regions, length=length, seed=seed, purpose="next k-mer")
    parts = [sampler.draw(step, min(STEP, count - step * STEP)) for step in range(-(-count // STEP))]
    questions = split_windows(np.concatenate(parts), np.arange(count), following)
    return _some(questions, genome, length)


def _some(questions: KmerQuestions, genome: PreparedGenome, length: int) -> KmerQuestions:
    if not len(questions):
        what = f"all {questions.with_n:,} windows of {length:,} bases hold an N"
        raise InputError(what, fix="shorten the prefix, or give a genome with sequence in it", path=genome.folder)
    return questions


@dataclass(frozen=True, eq=False)
class PrefixTokens:
    """The tokens of prefixes; `cut_prefixes` makes them.

    Attributes
    ----------
    ids : list of ndarray of int64, each of shape (L,)
        Of each prefix; the last token ends where the prefix ends.
    spans : list of ndarray of int64, each of shape (L, 2)
        Bases that they cover, 0-based half-open in the prefix.
    """

    ids: list[npt.NDArray[np.int64]]
    spans: list[Spans]

    def of_one_length(self) -> Iterator[tuple[Integers, npt.NDArray[np.int64]]]:
        """Give the places of prefixes with equally many tokens, and their ids (m, L): no padding, nothing cut off."""
        lengths = np.array([len(row) for row in self.ids])
        for length in np.unique(lengths):
            places = np.flatnonzero(lengths == length)
            yield places, np.stack([self.ids[place] for place in places])

    def frequencies(self, vocabulary: int) -> Floats32:
        """Give the share of each token of the vocabulary in each prefix, (n, vocabulary)."""
        shares = np.zeros((len(self.ids), vocabulary), dtype=np.float32)
        for row, ids in enumerate(self.ids):
            np.add.at(shares[row], ids, 1 / len(ids))
        return shares


@dataclass(frozen=True, eq=False)
class TokenizedQuestions:
    """Questions as a model is asked them.

    Attributes
    ----------
    asked : KmerQuestions
        The questions.
    tokens : PrefixTokens
        Of their prefixes.
    counted : ndarray of int64, shape (n, W + K), or None
        From `counted_windows`; None for prefixes that the model has not counted.
    """

    asked: KmerQuestions
    tokens: PrefixTokens
    counted: Integers | None = None


def cut_prefixes(tokenizer: Tokenizer, prefixes: Bases) -> PrefixTokens:
    """Cut prefixes into tokens so that the last one ends at the last base.

    Where words are side by side and the prefix is no whole number of them, it loses its first bases, the farthest from
    the question.

    Parameters
    ----------
    tokenizer : Tokenizer
        Sees the prefixes and nothing else.
    prefixes : ndarray of uint8, shape (n, W)
        Base codes without N.

    Returns
    -------
    PrefixTokens
        The tokens.

    Raises
    ------
    InputError
        If the tokenizer leaves the last base of a prefix out, or finds no token in it.

    Examples
    --------
    >>> from genolect.tokenizers.kmer import KmerTokenizer
    >>> cut_prefixes(KmerTokenizer(3, 3), np.zeros((1, 8), dtype=np.uint8)).spans[0].tolist()
    [[2, 5], [5, 8]]
    """
    ids, spans = [], []
    for prefix in prefixes:
        places = tokenizer.spans(prefix)
        lost = len(prefix) - int(places[-1, 1]) if len(places) else 0
        places = tokenizer.spans(prefix[lost:]) + lost if lost else places
        if not len(places) or places[-1, 1] != len(prefix):
            what = f"the {tokenizer.kind} tokens of a prefix of {len(prefix)} bases do not reach its end"
            raise InputError(what, fix="lengthen --prefix")
        ids.append(tokenizer.encode(prefix[lost:]).astype(np.int64))
        spans.append(places)
    return PrefixTokens(ids, spans)


def counted_windows(model: SequenceModel, questions: KmerQuestions) -> Integers | None:
    """Give what has to be left out of a model's counts: the words of prefixes and of what follows them.

    A causal model looks up what follows the end of a prefix. On the stretches that were counted it would find there the
    very bases that are asked for, and learn to trust an echo that held-out stretches do not give.

    Parameters
    ----------
    model : SequenceModel
        The model, whose counts are those of the questions' stretches.
    questions : KmerQuestions
        Training questions.

    Returns
    -------
    ndarray of int64, shape (n, W + K), or None
        True tokens, one per base; None where the model counts nothing.
    """
    if model.context is None:
        return None
    return np.stack([model.tokenizer.encode(window) for window in questions.windows()]).astype(np.int64)


def prefix_states(
    model: SequenceModel, tokens: PrefixTokens, machine: Machine, *, counted: Integers | None
) -> dict[str, Floats32]:
    """Describe prefixes by frozen hidden states, those that enter the first block beside those that leave the last.

    Parameters
    ----------
    model : SequenceModel
        The model.
    tokens : PrefixTokens
        The prefixes.
    machine : Machine
        Where to run.
    counted : ndarray of int64, shape (n, W + K), or None
        From `counted_windows`; None for prefixes that the model has not counted.

    Returns
    -------
    dict of str to ndarray of float32, shape (n, 2 D)
        ``last``, the states of the last token, and ``mean``, their means over the prefix.
    """
    found: dict[str, Floats32] = {}
    for places, ids in tokens.of_one_length():
        ends = np.full(len(ids), ids.shape[1] - 1)
        first, first_mean, last, last_mean = np.split(
            embed(model, ids, machine, counted=False if counted is None else counted[places], centres=ends), 4, axis=1
        )
        for name, pair in (("last", (first, last)), ("mean", (first_mean, last_mean))):
            states = np.concatenate(pair, axis=1)
            rows = found.setdefault(name, np.empty((len(tokens.ids), states.shape[1]), dtype=np.float32))
            rows[places] = states
    return found
