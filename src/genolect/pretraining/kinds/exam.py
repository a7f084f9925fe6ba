"""Exams: a model and an honest bar answer the same questions about held-out windows.

Most exams count what they ask window by window (or gene by gene), so that every mean is a ratio of sums; the difference
is taken inside each window, so that the comparison is paired. All resample blocks of neighbouring windows.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping

import numpy as np
import torch

from genolect.arrays import Floats, Integers
from genolect.models.inference import Machine, WindowTokens, words_of
from genolect.models.model import SequenceModel
from genolect.objectives.objective import Batch
from genolect.pretraining.kinds.kind import ExamResult, HeldOutTask
from genolect.sequence.alphabet import Bases
from genolect.statistics.bootstrap import Estimate, draw_blocks, estimate

BASES_AT_ONCE = 1 << 22
WINDOWS_AT_ONCE = 64
"""Windows that are cut to one number of tokens, where words have many lengths; more would lose more bases."""


class MeanExam(HeldOutTask):
    """An exam whose figure is a mean over what is counted in each window (or gene).

    Attributes
    ----------
    counts : ndarray of float64, shape (n,)
        What is counted in each window (or gene).
    blocks : ndarray of int64, shape (n,)
        Which of them stand or fall together.
    """

    counts: Floats
    blocks: Integers

    @abstractmethod
    def sums(self, model: SequenceModel, machine: Machine) -> Floats:
        """Give the model's sum over what is counted in each window, shape (n,)."""

    @abstractmethod
    def bar_sums(self) -> Floats:
        """Give the bar's sum over what is counted in each window, shape (n,)."""

    @property
    def unit_count(self) -> int:
        """See `HeldOutTask`."""
        return int(self.counts.sum())

    @property
    def bar(self) -> float:
        """See `HeldOutTask`: its mean."""
        return float(self.bar_sums().sum() / self.counts.sum())

    def score(self, model: SequenceModel, machine: Machine) -> float:
        """See `HeldOutTask`: the mean."""
        return float(self.sums(model, machine).sum() / self.counts.sum())

    def result(self, model: SequenceModel, machine: Machine, *, seed: int) -> ExamResult:
        """See `HeldOutTask`."""
        return self._compared(self.sums(model, machine), self.bar_sums(), seed=seed)

    def _compared(
        self, own: Floats, others: Floats, *, seed: int, extra: Mapping[str, float] | None = None
    ) -> ExamResult:
        return self.told(mean_estimates([own, others, own - others], self.counts, self.blocks, seed=seed), extra)


def mean_estimates(sums: list[Floats], counts: Floats, blocks: Integers, *, seed: int) -> list[Estimate]:
    """Divide sums by counts, with intervals that resample blocks, the same ones for all.

    Parameters
    ----------
    sums : list of ndarray of float64, each of shape (n,)
        Sums over what is counted in each window; each gets an estimate.
    counts : ndarray of float64, shape (n,)
        How many are counted in each window; a window of none plays no part.
    blocks : ndarray of int64, shape (n,)
        Block of each window.
    seed : int
        Seed of the resampling.

    Returns
    -------
    list of Estimate
        Sum of sums by sum of counts, with 95 % intervals.

    Examples
    --------
    >>> [mean] = mean_estimates([np.array([1.0, 6.0])], np.array([1.0, 3.0]), np.array([0, 1]), seed=1)
    >>> mean
    Estimate(value=1.75, low=None, high=None)
    """
    asked = counts > 0
    resamples = draw_blocks(blocks[asked], seed=seed)
    block = resamples.block_of_example
    total = np.bincount(block, weights=counts[asked])
    found = []
    for values in sums:
        by_block = np.bincount(block, weights=values[asked])
        resampled = (by_block @ resamples.counts) / (total @ resamples.counts)
        found.append(estimate(float(by_block.sum() / total.sum()), resampled, resamples.limits))
    return found


def cut_windows(tokens: WindowTokens, windows: Bases) -> Iterator[tuple[slice, Batch]]:
    """Cut windows into tokens, some at a time, so that memory stays bounded.

    Parameters
    ----------
    tokens : WindowTokens
        Cuts them.
    windows : ndarray of uint8, shape (B, W)
        Base codes.

    Yields
    ------
    part : slice
        Which windows.
    batch : Batch
        They, with their tokens; where words have many lengths, cut to the fewest tokens among them.

    Examples
    --------
    >>> from genolect.tokenizers.kmer import KmerTokenizer
    >>> [(part, batch)] = cut_windows(WindowTokens(KmerTokenizer(3, 3)), np.zeros((2, 7), dtype=np.uint8))
    >>> part, batch.ids.tolist()
    (slice(0, 2, None), [[0, 0], [0, 0]])
    """
    same_places = words_of(tokens.tokenizer).tokenize is not None
    size = max(1, BASES_AT_ONCE // windows.shape[1]) if same_places else WINDOWS_AT_ONCE
    for start in range(0, len(windows), size):
        part = slice(start, min(start + size, len(windows)))
        yield part, tokens.batch(torch.from_numpy(windows[part]))
