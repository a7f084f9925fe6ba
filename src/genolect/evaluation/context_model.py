"""The bar that a pretrained model must clear: a count model that sees the same hidden positions.

The left context of a hidden base gives one estimate, interpolated from short contexts to the longest that is wholly
visible (Jelinek-Mercer with a strength per length); the right context, read on the other strand, gives another. Their
product, divided by the base frequencies and tempered, is the prediction. Strengths and temper are chosen on validation
windows.

Legend: B windows, L bases, S hidden positions, four bases A C G T = 0 1 2 3.
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
TEMPERS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass
class ContextModel:
    """An interpolated two-sided context model.

    Attributes
    ----------
    counts : mapping of int to ndarray of int, shape (4**k, 4)
        For k = 0 … K, as `data.context_counts.count_contexts` gives them.
    strengths : dict of int to float
        Weight of the shorter context's estimate, in pseudo-counts, per k.
    temper : float
        Exponent of the product of both sides.
    """

    counts: Mapping[int, Integers]
    strengths: dict[int, float] = field(default_factory=dict)
    temper: float = 0.9

    def __post_init__(self) -> None:
        self.strengths = {k: 128.0 for k in self.counts if k} | self.strengths

    @property
    def base_frequencies(self) -> Floats:
        """Share of each base in the counted genome, shape (4,)."""
        counts = self.counts[0][0] + 1.0
        frequencies: Floats = counts / counts.sum()
        return frequencies

    def tune(self, shown: Integers, truth: Integers) -> None:
        """Choose strengths and temper on windows that are neither counted nor tested.

        Parameters
        ----------
        shown : ndarray of int, shape (B, L)
            Base codes; anything above 3 is not visible.
        truth : ndarray of int, shape (B, L)
            The base at each hidden position; negative elsewhere.
        """
        hidden = truth >= 0
        bases = truth[hidden]
        contexts = _contexts(shown, hidden, max(self.counts))
        estimate = np.tile(self.base_frequencies, (len(bases), 1))
        for k in sorted(self.strengths):
            trials = {strength: self._refined(estimate, contexts, k, strength) for strength in STRENGTHS}
            self.strengths[k] = min(trials, key=lambda strength: _bits(trials[strength], bases).mean())
            estimate = trials[self.strengths[k]]
        self.temper = min(TEMPERS, key=lambda temper: _bits(self._product(shown, hidden, temper), bases).mean())

    def bits(self, shown: Integers, truth: Integers) -> Floats:
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
        return _bits(self._product(shown, hidden, self.temper), truth[hidden])

    def _product(self, shown: Integers, hidden: npt.NDArray[np.bool_], temper: float) -> Floats:
        longest = max(self.counts)
        left = self._one_side(_contexts(shown, hidden, longest))
        right = self._one_side(_other_side(shown, hidden, longest))[:, ::-1]
        both = (left * right / self.base_frequencies) ** temper
        normalised: Floats = both / both.sum(axis=1, keepdims=True)
        return normalised

    def _one_side(self, contexts: list[Integers]) -> Floats:
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


def _contexts(shown: Integers, hidden: npt.NDArray[np.bool_], longest: int) -> list[Integers]:
    """Left context of each hidden position as a base-4 number, for k = 1 … longest; -1 where not wholly visible."""
    rows, columns = np.nonzero(hidden)
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


def _other_side(shown: Integers, hidden: npt.NDArray[np.bool_], longest: int) -> list[Integers]:
    """Right context of each hidden position, read on the other strand; same order of positions as `_contexts`."""
    complement = np.where(shown < BASES, BASES - 1 - shown.astype(np.int64), shown)[:, ::-1]
    contexts = _contexts(complement, hidden[:, ::-1], longest)
    order = np.zeros(hidden.shape, dtype=np.int64)
    order[:, ::-1][hidden[:, ::-1]] = np.arange(int(hidden.sum()))
    return [context[order[hidden]] for context in contexts]


def _bits(probabilities: Floats, bases: Integers) -> Floats:
    likelihood: Floats = probabilities[np.arange(len(bases)), bases]
    return -np.log2(likelihood)
