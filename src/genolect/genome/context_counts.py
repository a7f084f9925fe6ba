"""How often each base follows each context, on both strands of some stretches of a genome.

One pass over the bases: the word that ends with a base grows to the left by one base per length. The other strand needs
no second pass: it holds the reverse complement of every word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from genolect.arrays import BASES, Floats
from genolect.genome.genome import PreparedGenome
from genolect.sequence.alphabet import BASE_BITS, Bases, N
from genolect.sequence.interval import Interval

Counts = npt.NDArray[np.int64]

OFFERED_LENGTHS = (3, 5, 7, 9, 11)
BLOCK_BASES = 1 << 23


def context_lengths(bases: int) -> tuple[int, ...]:
    """Choose the context lengths that a genome can fill: about one occurrence per context of the longest.

    Parameters
    ----------
    bases : int
        Bases to count, one strand.

    Returns
    -------
    tuple of int
        Some of 3, 5, 7, 9, 11; at least the 3.

    Examples
    --------
    >>> context_lengths(1_500_000), context_lengths(12_000_000)
    ((3, 5, 7, 9), (3, 5, 7, 9, 11))
    """
    fitting = tuple(k for k in OFFERED_LENGTHS if 4**k <= 2 * bases)
    return fitting or OFFERED_LENGTHS[:1]


def count_contexts(genome: PreparedGenome, regions: Iterable[Interval], longest: int) -> dict[int, Counts]:
    r"""Count which base follows each context, on both strands.

    Parameters
    ----------
    genome : PreparedGenome
        Where the bases are.
    regions : iterable of Interval
        The stretches to count (the training ones: held-out bases must never be counted).
    longest : int
        The longest context, k.

    Returns
    -------
    dict of int to ndarray of int64, shape (4**k, 4)
        For k = 0 … longest: row = context read as a base-4 number (A C G T = 0 1 2 3, leftmost base first),
        column = the base that follows it. Words that hold an N or leave their stretch are not counted.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from genolect.genome.genome import prepare_genome
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "tiny.fa").write_bytes(b">a\nAAC\n")
    ...     genome = prepare_genome([Path(folder, "tiny.fa")], Path(folder, "prepared"))
    >>> count_contexts(genome, [Interval("a", 0, 3)], longest=1)[1].tolist()  # AA AC on one strand, GT TT on the other
    [[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]]
    """
    words = [np.zeros(4 ** (k + 1), dtype=np.int64) for k in range(longest + 1)]
    for block in _blocks(genome, regions, overlap=longest):
        count = len(block) - longest
        number = np.zeros(count, dtype=np.int32)
        clean = np.ones(count, dtype=bool)
        for k in range(longest + 1):
            base = block[longest - k :][:count]
            clean &= base < N
            number += base * np.int32(4**k)
            words[k] += np.bincount(number[clean], minlength=4 ** (k + 1))
    return {k: _both_strands(counts, k + 1).reshape(-1, 4) for k, counts in enumerate(words)}


def _blocks(genome: PreparedGenome, regions: Iterable[Interval], *, overlap: int) -> Iterator[Bases]:
    """Join the stretches, with N between them that no word crosses; cut the whole into blocks that overlap."""
    pieces, size = [np.full(overlap, N, dtype=np.uint8)], 0
    for region in regions:
        pieces.append(np.full(1, N, dtype=np.uint8))
        for start in range(region.start, region.end, BLOCK_BASES):
            bases = genome.bases(region.name, start, min(start + BLOCK_BASES, region.end))
            pieces.append(bases & np.uint8(BASE_BITS))
            size += len(bases)
            if size >= BLOCK_BASES:
                block = np.concatenate(pieces)
                yield block
                pieces, size = [block[len(block) - overlap :]], 0
    if len(pieces) > 1:
        yield np.concatenate(pieces)


def _both_strands(words: npt.NDArray[np.int64], length: int) -> npt.NDArray[np.int64]:
    """Add to each word's count that of its reverse complement: reverse the axes, and each axis (A C G T -> T G C A)."""
    axes = words.reshape((4,) * length)
    other: npt.NDArray[np.int64] = axes.transpose(range(length - 1, -1, -1))[(slice(None, None, -1),) * length]
    return words + other.reshape(-1)


AnyIntegers = npt.NDArray[np.integer]

STRENGTHS = (2.0, 8.0, 32.0, 128.0, 512.0, 2048.0)


@dataclass
class MarkovModel:
    """An interpolated model of the next base, read from the left.

    Attributes
    ----------
    counts : mapping of int to ndarray of int, shape (4**k, 4)
        For k = 0 … K, as `genome.context_counts.count_contexts` gives them.
    strengths : dict of int to float
        Weight of the shorter context's estimate, in pseudo-counts, per k.
    """

    counts: Mapping[int, AnyIntegers]
    strengths: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.strengths = {k: 128.0 for k in self.counts if k} | self.strengths

    @property
    def base_frequencies(self) -> Floats:
        """Share of each base in the counted genome, shape (4,)."""
        counts = self.counts[0][0] + 1.0
        frequencies: Floats = counts / counts.sum()
        return frequencies

    @property
    def longest(self) -> int:
        """Bases of the longest context."""
        return max(self.counts)

    def tune(self, shown: AnyIntegers, truth: AnyIntegers) -> None:
        """Choose the strengths on windows that are neither counted nor tested.

        Parameters
        ----------
        shown : ndarray of int, shape (B, W)
            Base codes; anything above 3 is not visible. A base never sees itself, so scored bases may be visible to
            those after them.
        truth : ndarray of int, shape (B, W)
            The base at each scored position; negative elsewhere.
        """
        scored = truth >= 0
        bases = truth[scored]
        contexts = left_contexts(shown, scored, self.longest)
        estimate = np.tile(self.base_frequencies, (len(bases), 1))
        for k in sorted(self.strengths):
            trials = {strength: self._refined(estimate, contexts, k, strength) for strength in STRENGTHS}
            self.strengths[k] = min(trials, key=lambda strength: bits_of(trials[strength], bases).mean())
            estimate = trials[self.strengths[k]]

    def bits(self, shown: AnyIntegers, truth: AnyIntegers) -> Floats:
        """Score positions.

        Parameters
        ----------
        shown, truth : ndarray of int, shape (B, W)
            As in `tune`.

        Returns
        -------
        ndarray of float, shape (S,)
            Negative log2-likelihood of the true base, in reading order.
        """
        scored = truth >= 0
        return bits_of(self.estimate(left_contexts(shown, scored, self.longest)), truth[scored])

    def estimate(self, contexts: list[AnyIntegers]) -> Floats:
        """Give the probabilities of the four bases after each context of `left_contexts`, shape (S, 4)."""
        estimate = np.tile(self.base_frequencies, (len(contexts[0]), 1))
        for k in sorted(self.strengths):
            estimate = self._refined(estimate, contexts, k, self.strengths[k])
        return estimate

    def _refined(self, estimate: Floats, contexts: list[AnyIntegers], k: int, strength: float) -> Floats:
        """Mix the counts of the context of length k into the estimate from k - 1, where that context is visible."""
        context = contexts[k - 1]
        counts = self.counts[k][np.maximum(context, 0)]
        mixed: Floats = (counts + strength * estimate) / (counts.sum(axis=1, keepdims=True) + strength)
        return np.where((context >= 0)[:, None], mixed, estimate)


def left_contexts(shown: AnyIntegers, scored: npt.NDArray[np.bool_], longest: int) -> list[AnyIntegers]:
    """Read what stands to the left of some positions.

    Parameters
    ----------
    shown : ndarray of int, shape (B, W)
        Base codes; anything above 3 is not visible.
    scored : ndarray of bool, shape (B, W)
        The positions.
    longest : int
        Bases of the longest context.

    Returns
    -------
    list of ndarray of int64, shape (S,)
        For k = 1 … longest, the k nearest bases as a base-4 number, the leftmost most significant; -1 where not all of
        them are visible.

    Examples
    --------
    >>> shown = np.array([[1, 0, 5, 2]])
    >>> [context.tolist() for context in left_contexts(shown, shown != 0, 2)]
    [[-1, 0, -1], [-1, 4, -1]]
    """
    rows, columns = np.nonzero(scored)
    padded = np.pad(shown, ((0, 0), (longest, 0)), constant_values=BASES)
    context = np.zeros(len(rows), dtype=np.int64)
    visible = np.ones(len(rows), dtype=bool)
    contexts = []
    for distance in range(1, longest + 1):
        base = padded[rows, columns + longest - distance].astype(np.int64)
        visible &= base < BASES
        context = context + np.where(visible, base, 0) * BASES ** (distance - 1)
        contexts.append(np.where(visible, context, -1))
    return contexts


def bits_of(probabilities: Floats, bases: AnyIntegers) -> Floats:
    """Give the negative log2-likelihood of bases, (S,), under probabilities, (S, 4).

    Examples
    --------
    >>> bits_of(np.array([[0.25, 0.5, 0.125, 0.125]] * 2), np.array([1, 3])).tolist()
    [1.0, 3.0]
    """
    likelihood: Floats = probabilities[np.arange(len(bases)), bases]
    return -np.log2(likelihood)


TEMPERS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass
class ContextModel(MarkovModel):
    """An interpolated two-sided context model.

    Attributes
    ----------
    counts, strengths
        As in `MarkovModel`.
    temper : float
        Exponent of the product of both sides.
    """

    temper: float = 0.9

    def tune(self, shown: AnyIntegers, truth: AnyIntegers) -> None:
        """Choose strengths and temper on windows that are neither counted nor tested.

        Parameters
        ----------
        shown : ndarray of int, shape (B, L)
            Base codes; anything above 3 is not visible.
        truth : ndarray of int, shape (B, L)
            The base at each hidden position; negative elsewhere.
        """
        super().tune(shown, truth)
        hidden = truth >= 0
        bases = truth[hidden]
        self.temper = min(TEMPERS, key=lambda temper: bits_of(self._product(shown, hidden, temper), bases).mean())

    def bits(self, shown: AnyIntegers, truth: AnyIntegers) -> Floats:
        """Score the hidden positions.

        Parameters
        ----------
        shown, truth : ndarray of int, shape (B, L)
            As in `tune`.

        Returns
        -------
        ndarray of float, shape (S,)
            Negative log2-likelihood of the true base, in reading order.
        """
        hidden = truth >= 0
        return bits_of(self._product(shown, hidden, self.temper), truth[hidden])

    def _product(self, shown: AnyIntegers, hidden: npt.NDArray[np.bool_], temper: float) -> Floats:
        left = self.estimate(left_contexts(shown, hidden, self.longest))
        right = self.estimate(_other_side(shown, hidden, self.longest))[:, ::-1]
        both = (left * right / self.base_frequencies) ** temper
        normalised: Floats = both / both.sum(axis=1, keepdims=True)
        return normalised


def _other_side(shown: AnyIntegers, hidden: npt.NDArray[np.bool_], longest: int) -> list[AnyIntegers]:
    """Right context of each hidden position, read on the other strand; same order as that of `left_contexts`."""
    complement = np.where(shown < BASES, BASES - 1 - shown.astype(np.int64), shown)[:, ::-1]
    contexts = left_contexts(complement, hidden[:, ::-1], longest)
    order = np.zeros(hidden.shape, dtype=np.int64)
    order[:, ::-1][hidden[:, ::-1]] = np.arange(int(hidden.sum()))
    return [context[order[hidden]] for context in contexts]
