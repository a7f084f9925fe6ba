"""The contract of every objective: what it is given, what the encoder sees, and what comes out.

Legend: B windows, W bases per window, L tokens, S selected tokens, V predictable tokens, P entries of a vector.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, Self

from pydantic import Field, model_validator
from torch import Tensor

from genolect.config import Configuration


@dataclass(frozen=True)
class Batch:
    """Windows as an objective sees them.

    Attributes
    ----------
    bases : Tensor of uint8, shape (B, W)
        Base codes, A C G T N = 0 … 4 in the low three bits; the soft-mask bit may be set.
    ids : Tensor of int64, shape (B, L)
        True tokens.
    spans : Tensor of int64, shape (L, 2) or (B, L, 2)
        Bases that each token covers, 0-based half-open in the window; start = end for padding.
    classes : Tensor of uint8, shape (B, W), or None
        Class of each base, for region-aware masking.
    places : Tensor of int64, shape (B, 2), or None
        First base and number of the record of each window, where overlapping windows are to be told apart.
    counted : Tensor of int64, shape (B, M), or None
        True tokens of the longer windows that these are part of, where what follows them has to be left out of counted
        contexts too (`encoders.layers.context`); by default the tokens themselves.
    """

    bases: Tensor
    ids: Tensor
    spans: Tensor
    classes: Tensor | None = None
    places: Tensor | None = None
    counted: Tensor | None = None


@dataclass(frozen=True)
class Inputs:
    """What the encoder sees.

    Attributes
    ----------
    ids : Tensor of int64, shape (B', L)
        Tokens; B' may differ from B where there are two views.
    selected : Tensor of bool, shape (B', L), or None
        Tokens to predict; None where the objective reads pooled embeddings or bins.
    """

    ids: Tensor
    selected: Tensor | None


class Metrics(Protocol):
    """Sums and counts, so that they add across batches and ranks; a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __add__(self, other: Self, /) -> Self:
        """Give the metrics of both together."""
        ...

    def means(self) -> dict[str, float]:
        """Give the figures that follow, by name and unit; NaN where nothing was counted."""
        ...


class Objective(Protocol):
    """Two pure steps: corrupt a batch, and judge what the encoder made of it.

    Attributes
    ----------
    reads : {'tokens', 'pooled', 'bins'}
        Whether `loss` reads logits (S, V) at the selected tokens in reading order, one vector per window (B', P), or
        counts in bins (B', K, tracks).
    causal : bool or None
        Whether the encoder must not look ahead (True), must see both sides (False), or either (None).
    metrics : type
        What `loss` measures; without arguments, nothing counted yet.
    """

    @property
    def reads(self) -> Literal["tokens", "pooled", "bins"]:
        """What `loss` reads."""
        ...

    @property
    def causal(self) -> bool | None:
        """Whether the encoder must not look ahead."""
        ...

    @property
    def metrics(self) -> type[Metrics]:
        """The kind of its metrics."""
        ...

    def corrupt(self, batch: Batch, key: int) -> tuple[Inputs, Any]:
        """Give the encoder's inputs and the targets; every draw is a function of the key."""
        ...

    def loss(self, outputs: Tensor, targets: Any) -> tuple[Tensor, Metrics]:
        """Give the loss, and sums and counts that add."""
        ...


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
