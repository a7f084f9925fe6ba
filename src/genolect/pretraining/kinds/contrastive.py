"""Two views of a window among other windows: trained on, and asked of held-out windows.

Legend: n windows, W bases per window.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import torch

from genolect.errors import InputError
from genolect.genome.genome import PreparedGenome
from genolect.genome.holdout import GenomeSplit
from genolect.genome.windows import LARGEST_N_SHARE, tile_windows
from genolect.models.inference import WindowTokens
from genolect.objectives.contrastive import ContrastiveConfig, ContrastiveObjective
from genolect.pretraining.kinds.kind import GenomeWindows, Held, Setting, register
from genolect.pretraining.kinds.retrieval import MOST_WINDOWS, ComparingKind, Pool, RetrievalExam, set_retrieval_exam
from genolect.pretraining.parts import Part
from genolect.random import derived_key
from genolect.sequence.alphabet import BASE_BITS, N
from genolect.sequence.interval import Interval


@register
class ContrastivePart(ComparingKind):
    """Tell a window's two views from other windows; `ComparingKind` says what may be chosen."""

    kind: Literal["contrastive"] = "contrastive"
    learned_by: ClassVar[str] = "telling two views of a window from other windows"

    @property
    def needs_places(self) -> bool:
        """See `ObjectiveKind`: where overlapping windows are no others."""
        return self.contrast.spare_overlaps

    def part(self, setting: Setting, windows: GenomeWindows, split: GenomeSplit) -> Part:
        """See `ObjectiveKind`."""
        objective = ContrastiveObjective(self.contrast, setting.tokens.ids)
        return Part(objective, windows, head=setting.name, state=objective.temperature)

    def held_out_evaluations(self, setting: Setting, part: Part, held: Held) -> tuple[RetrievalExam, RetrievalExam]:
        """See `ObjectiveKind`."""
        validation, test = (
            set_view_exam(
                held.genome,
                regions,
                setting.tokens,
                self.contrast,
                head=setting.name,
                window=held.window,
                most=most,
                seed=held.seed,
            )
            for regions, most in held.roles()
        )
        return validation, test.with_word_length(validation.word_length)

    def sentence(self, classes: tuple[str, ...]) -> str:
        """See `ObjectiveKind`."""
        views = self.contrast
        return (
            f"Two views of a window (other strand {views.reverse_complement:g}, shift {views.shift}, crop "
            f"{views.crop or 'none'}, mutations {views.mutation_rate:g}) are told from other windows."
        )


def set_view_exam(
    genome: PreparedGenome,
    regions: Sequence[Interval],
    tokens: WindowTokens,
    config: ContrastiveConfig,
    *,
    head: str,
    window: int,
    most: int,
    seed: int,
) -> RetrievalExam:
    """Make two views of each held-out window, and ask for one among all by the other.

    Parameters
    ----------
    genome : PreparedGenome
        Where the bases are.
    regions : sequence of Interval
        The held-out stretches.
    tokens : WindowTokens
        Cuts windows into tokens.
    config : ContrastiveConfig
        How the views differ.
    head : str
        The head that gives the embeddings.
    window : int
        Bases per window.
    most : int
        Largest number of windows; no more than 1,000 are taken.
    seed : int
        Of the views.

    Returns
    -------
    RetrievalExam
        The exam, with the k that is best on these very windows: a test takes over that of the validation
        (`RetrievalExam.with_word_length`). Windows with more than half N, which no training sees, are left out.

    Raises
    ------
    InputError
        If no stretch holds a window, or fewer than two windows are left.
    """
    windows, blocks = tile_windows(genome, regions, length=window, most=min(most, MOST_WINDOWS))
    kept = ((windows & BASE_BITS) >= N).mean(axis=1) <= LARGEST_N_SHARE
    if kept.sum() < 2:
        what = (
            f"{kept.sum()} of {len(windows):,} held-out windows of {window:,} bases hold enough bases to be told apart"
        )
        raise InputError(what, fix="hold out more, or shorten the window", path=genome.inputs[0]["path"])
    bases = torch.from_numpy(windows[kept])
    views = [view(bases, derived_key(seed, "view exam", number)).numpy() for number, view in enumerate(config.views())]
    n = len(bases)
    pool = Pool(np.concatenate(views), np.tile(np.arange(n), 2), np.repeat(np.arange(2), n))
    return set_retrieval_exam(pool, tokens, head, blocks[kept])
