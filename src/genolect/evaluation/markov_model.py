"""The bar that a causal model must clear: a Markov model, interpolated from short contexts to long ones.

Each context length refines the estimate of the length below it, mixing in its own counts against so many pseudo-counts
of that estimate (Jelinek and Mercer 1980), as long as the context is wholly visible. The strengths are chosen on
validation windows.

Legend: B windows, W bases, S scored positions, four bases A C G T = 0 1 2 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.integer]

BASES = 4
STRENGTHS = (2.0, 8.0, 32.0, 128.0, 512.0, 2048.0)


@dataclass
class MarkovModel:
    """An interpolated model of the next base, read from the left.

    Attributes
    ----------
    counts : mapping of int to ndarray of int, shape (4**k, 4)
        For k = 0 … K, as `data.context_counts.count_contexts` gives them.
    strengths : dict of int to float
        Weight of the shorter context's estimate, in pseudo-counts, per k.
    """

    counts: Mapping[int, Integers]
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

    def tune(self, shown: Integers, truth: Integers) -> None:
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

    def bits(self, shown: Integers, truth: Integers) -> Floats:
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

    def estimate(self, contexts: list[Integers]) -> Floats:
        """Give the probabilities of the four bases after each context of `left_contexts`, shape (S, 4)."""
        estimate = np.tile(self.base_frequencies, (len(contexts[0]), 1))
        for k in sorted(self.strengths):
            estimate = self._refined(estimate, contexts, k, self.strengths[k])
        return estimate

    def _refined(self, estimate: Floats, contexts: list[Integers], k: int, strength: float) -> Floats:
        """Mix the counts of the context of length k into the estimate from k - 1, where that context is visible."""
        context = contexts[k - 1]
        counts = self.counts[k][np.maximum(context, 0)]
        mixed: Floats = (counts + strength * estimate) / (counts.sum(axis=1, keepdims=True) + strength)
        return np.where((context >= 0)[:, None], mixed, estimate)


def left_contexts(shown: Integers, scored: npt.NDArray[np.bool_], longest: int) -> list[Integers]:
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


def bits_of(probabilities: Floats, bases: Integers) -> Floats:
    """Give the negative log2-likelihood of bases, (S,), under probabilities, (S, 4).

    Examples
    --------
    >>> bits_of(np.array([[0.25, 0.5, 0.125, 0.125]] * 2), np.array([1, 3])).tolist()
    [1.0, 3.0]
    """
    likelihood: Floats = probabilities[np.arange(len(bases)), bases]
    return -np.log2(likelihood)
