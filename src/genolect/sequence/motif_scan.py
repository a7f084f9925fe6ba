"""Where a motif occurs: every place and strand whose score a random sequence reaches rarely enough.

Scores are whole steps of a hundredth of a bit, so that the distribution over random sequences is exact for the very
scores that are compared.

Legend: W bases of a motif, L bases of a sequence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genolect.errors import ConfigurationError
from genolect.sequence.alphabet import BASE_BITS, Bases, N
from genolect.sequence.motif import UNIFORM, Motif

Integers = npt.NDArray[np.int64]

STEPS_PER_BIT = 100
SCANNED_AT_ONCE = 1 << 20
_NEVER = -(1 << 24)
"""Score of N: no sum with it reaches a threshold."""


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of a motif in steps of a hundredth of a bit, and what random sequences score.

    Attributes
    ----------
    steps : ndarray of int32, shape (W, 5)
        Score of A, C, G, T and N at each position.
    lowest : int
        Smallest sum.
    tail : ndarray of float64
        Probability that a random sequence scores ``lowest + i`` steps or more, at index i.
    """

    steps: npt.NDArray[np.int32]
    lowest: int
    tail: npt.NDArray[np.float64]

    def threshold(self, probability: float) -> int:
        """Give the smallest score, in steps, that a random sequence reaches with at most this probability.

        Raises
        ------
        ConfigurationError
            If not even the best sequence is that rare.
        """
        reached = np.flatnonzero(self.tail <= probability)
        if not 0 < probability < 1 or reached[0] == self.tail.size - 1:
            rarest = self.tail[self.tail > 0].min()
            what = f"a p-value of {probability:g}: the best site of this motif has {rarest:.3g}"
            raise ConfigurationError(what, fix="give a p-value between that and 1")
        return self.lowest + int(reached[0])

    def probability(self, score: Integers) -> npt.NDArray[np.float64]:
        """Give the p-value of scores in steps."""
        found: npt.NDArray[np.float64] = self.tail[np.clip(score - self.lowest, 0, self.tail.size - 1)]
        return found


@dataclass(frozen=True, eq=False)
class Hits:
    """Places of a motif in one sequence, ordered by place, then plus before minus.

    Attributes
    ----------
    start : ndarray of int64, shape (n,)
        First base on the plus strand, 0-based; a site has W bases.
    strand : ndarray of int8, shape (n,)
        +1 or -1.
    score : ndarray of int64, shape (n,)
        In steps of a hundredth of a bit.
    """

    start: Integers
    strand: npt.NDArray[np.int8]
    score: Integers


def score_steps(motif: Motif, background: Sequence[float] = UNIFORM) -> Scores:
    """Give a motif's scores and their distribution over sequences of independent bases.

    Parameters
    ----------
    motif : Motif
        The motif.
    background : sequence of float
        Probability of A, C, G, T.

    Returns
    -------
    Scores
        The scores.

    References
    ----------
    Staden 1989, doi:10.1093/bioinformatics/5.2.89: the distribution by convolution, one position after the other.

    Examples
    --------
    >>> toy = Motif("M", "", np.array([[0.7, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.7]]), sites=1e6)
    >>> scores = score_steps(toy)
    >>> scores.probability(np.array([scores.threshold(0.1), scores.threshold(0.5)])).round(4).tolist()
    [0.0625, 0.4375]
    """
    whole = np.rint(motif.log_odds(background) * STEPS_PER_BIT).astype(np.int32)
    lowest = int(whole.min(axis=1).sum())
    distribution = np.ones(1)
    for row in whole - whole.min(axis=1, keepdims=True):
        wider = np.zeros(distribution.size + int(row.max()))
        for step, chance in zip(row.tolist(), background, strict=True):
            wider[step : step + distribution.size] += chance * distribution
        distribution = wider
    tail = np.append(np.cumsum(distribution[::-1])[::-1], 0.0)
    unknown = np.full((motif.width, 1), _NEVER, dtype=np.int32)
    return Scores(np.hstack([whole, unknown]), lowest, tail)


def scan(bases: Bases, scores: Scores, threshold: int) -> Hits:
    """Find every place where a motif scores at least a threshold, on both strands.

    Parameters
    ----------
    bases : ndarray of uint8, shape (L,)
        Base codes; no site holds N.
    scores : Scores
        The motif's scores.
    threshold : int
        Smallest score, in steps.

    Returns
    -------
    Hits
        The places.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> toy = Motif("M", "", np.array([[1.0, 0, 0, 0], [0, 0, 1.0, 0]]), sites=100)
    >>> scores = score_steps(toy)
    >>> hits = scan(encode("NAGGCT"), scores, scores.threshold(1 / 16))
    >>> hits.start.tolist(), hits.strand.tolist()
    ([1, 4], [1, -1])
    """
    width = len(scores.steps)
    # The score of the other strand, read along this one: positions backwards, bases complemented.
    turned = scores.steps[::-1, [3, 2, 1, 0, N]]
    found: list[tuple[Integers, npt.NDArray[np.int8], Integers]] = []
    for first in range(0, max(0, bases.size - width + 1), SCANNED_AT_ONCE):
        part = bases[first : first + SCANNED_AT_ONCE + width - 1] & BASE_BITS
        for strand, steps in ((1, scores.steps), (-1, turned)):
            sums = np.zeros(part.size - width + 1, dtype=np.int32)
            for place, row in enumerate(steps):
                sums += row[part[place : place + sums.size]]
            here = np.flatnonzero(sums >= threshold)
            found.append((here + first, np.full(here.size, strand, dtype=np.int8), sums[here].astype(np.int64)))
    if not found:
        return Hits(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int8), np.empty(0, dtype=np.int64))
    start, strands, score = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((-strands, start))
    return Hits(start[order], strands[order], score[order])
