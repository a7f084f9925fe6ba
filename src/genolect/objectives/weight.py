"""The weight of an objective among several: fixed, or moving with the steps."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field, model_validator

from genolect.config import Configuration


class WeightConfig(Configuration):
    """Weight of one objective in the sum of losses, fixed or moving from one value to another.

    Attributes
    ----------
    value : float
        Weight up to step `first`.
    final : float or None
        Weight from step `last` on; None where it does not move.
    first, last : int
        Steps between which it moves.
    shape : {'linear', 'cosine'}
        Along a straight line, or slowly at both ends.

    Examples
    --------
    >>> weight = WeightConfig(value=0.0, final=2.0, first=10, last=20)
    >>> [weight.at(step) for step in (0, 15, 99)]
    [0.0, 1.0, 2.0]
    """

    value: float = Field(1.0, ge=0)
    final: float | None = Field(None, ge=0)
    first: int = Field(0, ge=0)
    last: int = Field(0, ge=0)
    shape: Literal["linear", "cosine"] = "linear"

    @model_validator(mode="after")
    def _moves_forward(self) -> WeightConfig:
        if self.final is not None and self.first >= self.last:
            raise ValueError(f"a weight cannot move from step {self.first} to step {self.last}")
        return self

    def at(self, step: int) -> float:
        """Give the weight of a step."""
        if self.final is None:
            return self.value
        share = min(max((step - self.first) / (self.last - self.first), 0.0), 1.0)
        if self.shape == "cosine":
            share = (1 - math.cos(math.pi * share)) / 2
        return (1 - share) * self.value + share * self.final
