"""What the objectives that predict bases share: bits per base of held-out windows, beside a model that counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from genolect.pretraining.kinds.exam import MeanExam
from genolect.pretraining.kinds.kind import Held, ObjectiveKind, Setting, objective_kinds
from genolect.pretraining.parts import Part


class PredictedBases(ObjectiveKind):
    """An objective by which a model gives bases a probability.

    Attributes
    ----------
    counting : callable
        Makes the baseline from counts of contexts (`genome.context_counts.count_contexts`).
    likelihood : callable
        Asks for bases: takes a genome, regions, `WindowTokens` and a baseline, and ``window``, ``most`` and ``seed`` by
        name.
    tune : callable
        Takes the baseline and what `likelihood` gave for validation windows, on which it chooses its strengths.
    """

    counting: ClassVar[Callable[..., Any]]
    likelihood: ClassVar[Callable[..., MeanExam]]
    tune: ClassVar[Callable[[Any, Any], None]]

    def held_out_evaluations(self, setting: Setting, part: Part, held: Held) -> tuple[MeanExam, MeanExam]:
        """See `ObjectiveKind`."""
        kind = type(self)
        counting = kind.counting(held.counts)
        validation, test = (
            kind.likelihood(
                held.genome, regions, setting.tokens, counting, window=held.window, most=most, seed=held.seed
            )
            for regions, most in held.roles()
        )
        kind.tune(counting, validation)
        return validation, test


def kind_for(*, causal: bool) -> type[PredictedBases]:
    """Give the kind that asks a model for bases in its own way: from the left alone, or from both sides."""
    kinds = (kind for kind in objective_kinds().values() if issubclass(kind, PredictedBases))
    return next(kind for kind in kinds if kind.causal == causal)
