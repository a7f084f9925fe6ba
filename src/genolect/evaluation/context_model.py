"""The bar that a pretrained model must clear: a count model that sees the same hidden positions.

The left context of a hidden base gives one estimate, interpolated from short contexts to the longest that is wholly
visible (`evaluation.markov_model`); the right context, read on the other strand, gives another. Their product, divided
by the base frequencies and tempered, is the prediction. Strengths and temper are chosen on validation windows.

Legend: B windows, L bases, S hidden positions, four bases A C G T = 0 1 2 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genolect.evaluation.markov_model import BASES, Floats, Integers, MarkovModel, bits_of, left_contexts

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

    def tune(self, shown: Integers, truth: Integers) -> None:
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
        return bits_of(self._product(shown, hidden, self.temper), truth[hidden])

    def _product(self, shown: Integers, hidden: npt.NDArray[np.bool_], temper: float) -> Floats:
        left = self.estimate(left_contexts(shown, hidden, self.longest))
        right = self.estimate(_other_side(shown, hidden, self.longest))[:, ::-1]
        both = (left * right / self.base_frequencies) ** temper
        normalised: Floats = both / both.sum(axis=1, keepdims=True)
        return normalised


def _other_side(shown: Integers, hidden: npt.NDArray[np.bool_], longest: int) -> list[Integers]:
    """Right context of each hidden position, read on the other strand; same order as that of `left_contexts`."""
    complement = np.where(shown < BASES, BASES - 1 - shown.astype(np.int64), shown)[:, ::-1]
    contexts = left_contexts(complement, hidden[:, ::-1], longest)
    order = np.zeros(hidden.shape, dtype=np.int64)
    order[:, ::-1][hidden[:, ::-1]] = np.arange(int(hidden.sum()))
    return [context[order[hidden]] for context in contexts]
