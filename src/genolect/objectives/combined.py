"""Several objectives at once: a weighted sum of their losses, the weights fixed or moving with the steps.

Each part corrupts the batch in its own way. Parts that show the same ids (causal, supervised) can share one pass of the
encoder, each reading it with its own head.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, model_validator
from torch import Tensor

from genolect.config import Configuration
from genolect.objectives.objective import Batch, Inputs, Metrics, Objective
from genolect.randomness import derived_key


class WeightConfig(Configuration):
    """Weight of one part, fixed or moving from one value to another.

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


@dataclass(frozen=True)
class CombinedMetrics:
    """The metrics of each part, by name.

    Attributes
    ----------
    parts : mapping of str to Metrics
        Each with its own sums and counts.
    """

    parts: Mapping[str, Metrics]

    def __add__(self, other: CombinedMetrics) -> CombinedMetrics:
        if self.parts.keys() != other.parts.keys():
            raise ValueError(f"metrics of {sorted(self.parts)} do not add to those of {sorted(other.parts)}")
        return CombinedMetrics({name: part + other.parts[name] for name, part in self.parts.items()})


class CombinedObjective:
    """A weighted sum of objectives.

    Parameters
    ----------
    parts : mapping of str to Objective
        Each by its name.
    weights : mapping of str to WeightConfig
        The weight of each.

    Attributes
    ----------
    causal : bool
        Whether one of the parts forbids the encoder to look ahead.

    Raises
    ------
    ValueError
        If there are no parts, or not one weight for each.

    Examples
    --------
    >>> import torch
    >>> from genolect.objectives.causal import CausalObjective
    >>> both = CombinedObjective({"next": CausalObjective(range(4))}, {"next": WeightConfig(value=0.5)})
    >>> ids, spans = torch.tensor([[0, 3, 2]]), torch.tensor([[0, 1], [1, 2], [2, 3]])
    >>> inputs, targets = both.corrupt(Batch(ids.byte(), ids, spans), key=7)
    >>> loss, metrics = both.loss({"next": torch.zeros(2, 4)}, targets, step=0)
    >>> round(loss.exp().item(), 3), round(metrics.parts["next"].bits_per_base, 3)
    (2.0, 2.0)
    """

    def __init__(self, parts: Mapping[str, Objective], weights: Mapping[str, WeightConfig]) -> None:
        if not parts or parts.keys() != weights.keys():
            raise ValueError(f"weights of {sorted(weights)} do not fit parts {sorted(parts)}")
        self.parts = dict(parts)
        self.weights = dict(weights)
        self.causal = any(part.causal for part in parts.values())

    def corrupt(self, batch: Batch, key: int) -> tuple[dict[str, Inputs], dict[str, Any]]:
        """Let every part corrupt the batch with draws of its own.

        Parameters
        ----------
        batch : Batch
            Windows.
        key : int
            Every draw is a function of it and of the part's name.

        Returns
        -------
        inputs : dict of str to Inputs
            What the encoder sees, for each part.
        targets : dict of str to anything
            What `loss` needs.
        """
        both = {name: part.corrupt(batch, derived_key(key, "part", name)) for name, part in self.parts.items()}
        return {name: inputs for name, (inputs, _) in both.items()}, {name: truth for name, (_, truth) in both.items()}

    def loss(
        self, outputs: Mapping[str, Tensor], targets: Mapping[str, Any], *, step: int
    ) -> tuple[Tensor, CombinedMetrics]:
        """Add up the losses.

        Parameters
        ----------
        outputs : mapping of str to Tensor
            What each part reads.
        targets : mapping of str to anything
            From `corrupt`.
        step : int
            Decides the weights.

        Returns
        -------
        loss : Tensor, shape ()
            Sum of weight times loss.
        metrics : CombinedMetrics
            Of each part, without weights.
        """
        judged = {name: part.loss(outputs[name], targets[name]) for name, part in self.parts.items()}
        first, *rest = (self.weights[name].at(step) * loss for name, (loss, _) in judged.items())
        return sum(rest, first), CombinedMetrics({name: metrics for name, (_, metrics) in judged.items()})
