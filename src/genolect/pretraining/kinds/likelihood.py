"""What the objectives that predict bases share: bits per base of held-out windows, beside a model that counts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from genolect.genome.genome import PreparedGenome
from genolect.models.inference import WindowTokens
from genolect.pretraining.kinds.exam import MeanExam
from genolect.pretraining.kinds.kind import Held, ObjectiveKind, Setting, objective_kinds
from genolect.pretraining.parts import Part
from genolect.sequence.interval import Interval


class PredictedBases(ObjectiveKind):
    """An objective by which a model gives bases a probability."""

    @classmethod
    @abstractmethod
    def counting(cls, counts: Mapping[int, npt.NDArray[np.int64]]) -> Any:
        """Make the baseline from counts of contexts (`genome.context_counts.count_contexts`)."""

    @classmethod
    @abstractmethod
    def likelihood(
        cls,
        genome: PreparedGenome,
        regions: Sequence[Interval],
        tokens: WindowTokens,
        counting: Any,
        *,
        window: int,
        most: int,
        seed: int,
    ) -> MeanExam:
        """Ask for the bases of some windows, beside a baseline from `counting`."""

    @classmethod
    @abstractmethod
    def tune(cls, counting: Any, exam: Any) -> None:
        """Choose the strengths of the baseline on what `likelihood` gave for validation windows."""

    def held_out_evaluations(self, setting: Setting, part: Part, held: Held) -> tuple[MeanExam, MeanExam]:
        """See `ObjectiveKind`."""
        counting = self.counting(held.counts)
        validation, test = (
            self.likelihood(
                held.genome, regions, setting.tokens, counting, window=held.window, most=most, seed=held.seed
            )
            for regions, most in held.roles()
        )
        self.tune(counting, validation)
        return validation, test


def kind_for(*, causal: bool) -> type[PredictedBases]:
    """Give the kind that asks a model for bases in its own way: from the left alone, or from both sides."""
    kinds = (kind for kind in objective_kinds().values() if issubclass(kind, PredictedBases))
    return next(kind for kind in kinds if kind.causal == causal)
