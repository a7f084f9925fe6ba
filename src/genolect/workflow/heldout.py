"""Hidden bases of held-out stretches: the one exam that the model and the count model sit together.

Legend: B windows, L bases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from genolect.data.genome import PreparedGenome
from genolect.data.windows import tile_windows
from genolect.errors import InputError
from genolect.evaluation.statistics import Estimate, draw_blocks, estimate
from genolect.objectives.masked import MaskedConfig, MaskedObjective
from genolect.randomness import derived_key
from genolect.sequence.interval import Interval
from genolect.tokenizers.nucleotide import NucleotideTokenizer


@dataclass(frozen=True)
class Exam:
    """Windows with hidden bases.

    Attributes
    ----------
    shown : ndarray of int64, shape (B, L)
        Token ids as shown; every selected base is the mask token.
    truth : ndarray of int64, shape (B, L)
        The true token where one is hidden; negative elsewhere.
    blocks : ndarray of int64, shape (B,)
        Contiguous groups of windows.
    """

    shown: npt.NDArray[np.int64]
    truth: npt.NDArray[np.int64]
    blocks: npt.NDArray[np.int64]

    @property
    def hidden(self) -> int:
        """Number of hidden bases."""
        return int((self.truth >= 0).sum())

    def mean_bits(self, bits: npt.NDArray[np.float64], *, seed: int) -> Estimate:
        """Average over the hidden bases, with an interval that resamples blocks.

        Parameters
        ----------
        bits : ndarray of float64, shape (number of hidden bases,)
            A score, or the difference of two, per hidden base in reading order.
        seed : int
            Seed of the resampling.

        Returns
        -------
        Estimate
            The mean with its 95 % interval.
        """
        resamples = draw_blocks(np.repeat(self.blocks, (self.truth >= 0).sum(axis=1)), seed=seed)
        block = resamples.block_of_example
        sums, counts = np.bincount(block, weights=bits), np.bincount(block)
        return estimate(float(bits.mean()), (sums @ resamples.counts) / (counts @ resamples.counts))


def set_exam(genome: PreparedGenome, regions: Sequence[Interval], *, window: int, most: int, seed: int) -> Exam:
    """Hide 15 % of the bases of held-out windows.

    Parameters
    ----------
    genome : PreparedGenome
        Where the bases are.
    regions : sequence of Interval
        The held-out stretches.
    window : int
        Bases per window.
    most : int
        Largest number of windows.
    seed : int
        Which bases are hidden.

    Returns
    -------
    Exam
        The windows.

    Raises
    ------
    InputError
        If no stretch holds a window, or there is no base to hide.
    """
    tokenizer = NucleotideTokenizer()
    windows, blocks = tile_windows(genome, regions, length=window, most=most)
    ids = torch.from_numpy(tokenizer.encode(windows).astype(np.int64))
    all_hidden = MaskedConfig(hidden_share=1.0, random_share=0.0)
    objective = MaskedObjective(all_hidden, mask_id=tokenizer.mask_id, targets=tokenizer.targets)
    shown, truth = objective.corrupt(ids, derived_key(seed, "exam", *(region.name for region in regions)))
    exam = Exam(shown.numpy(), truth.numpy(), blocks)
    if not exam.hidden:
        raise InputError(
            f"{len(blocks):,} held-out windows of {window:,} bases hold no base that could be hidden",
            fix="hold out records with fewer N, or give a longer genome",
            path=genome.inputs[0]["path"],
        )
    return exam
