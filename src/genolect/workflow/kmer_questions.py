"""Questions about the next bases: prefixes that end at a base, and what follows them, kept apart from each other.

Whoever answers is given `KmerQuestions.prefixes` and nothing else. Tokens are cut from the prefix alone: were they cut
from the whole window, a byte-pair token could reach across the end and show what comes.

Legend: n questions, W bases of a prefix, K bases that follow, L tokens of a prefix.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genolect.data.genome import PreparedGenome
from genolect.data.windows import WindowSampler, tile_windows
from genolect.errors import InputError
from genolect.evaluation.next_kmer import Integers, kmer_numbers
from genolect.inference import Machine, embed
from genolect.model import SequenceModel
from genolect.sequence.alphabet import BASE_BITS, Bases, N
from genolect.sequence.interval import Interval
from genolect.tokenizers.tokenizer import Spans, Tokenizer

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
