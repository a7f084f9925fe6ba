"""The parts of a training: each an objective with windows of its own, a head that answers, and a weight in the sum.

Parts that take the same windows get the very same batch, and parts that show the encoder the very same tokens (causal,
labels) share one pass of it, each reading it with its own head.

Legend: B windows, B' rows that the encoder sees, L tokens, S selected tokens, V predictable tokens, P entries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import nn

from genolect.errors import ConfigurationError
from genolect.objectives.objective import Batch, Objective, WeightConfig


class Batches(Protocol):
    """Where windows come from."""

    def draw(self, step: int, device: torch.device) -> Batch:
        """Draw the windows of one step; the same step always gives the same ones."""
        ...


@dataclass(frozen=True, eq=False)
class Part:
    """One objective of a training.

    Attributes
    ----------
    objective : Objective
        What is asked.
    batches : Batches
        About which windows.
    head : str or None
        Which head answers; None for the one that predicts tokens.
    weight : WeightConfig
        Weight of its loss.
    counted : bool
        Whether the windows are part of the genome whose contexts the model counted (`encoders.layers.context`).
    state : Module or None
        What the objective learns or remembers, such as a temperature: trained and saved with the model.
    """

    objective: Objective
    batches: Batches
    head: str | None = None
    weight: WeightConfig = field(default_factory=WeightConfig)
    counted: bool = True
    state: nn.Module | None = None


def check_weights(parts: Mapping[str, Part], steps: int) -> None:
    """Refuse weights that leave a step without any objective, before the first step.

    Parameters
    ----------
    parts : mapping of str to Part
        The parts of a training.
    steps : int
        How many steps it has.

    Raises
    ------
    ConfigurationError
        Naming such a step.

    Examples
    --------
    >>> check_weights({"views": Part(None, None, weight=WeightConfig(value=0.0, final=1.0, last=9))}, steps=20)
    Traceback (most recent call last):
    genolect.errors.ConfigurationError: all weights are 0 at step 0. Fix: give one objective a weight at every step.
    """
    weights = [part.weight for part in parts.values()]
    # A weight is 0 up to a step, from a step on, or always: where all are, one of these steps shows it.
    turns = {0, steps - 1, *(step for weight in weights for step in (weight.first, weight.last) if step < steps)}
    for step in sorted(turns):
        if not any(weight.at(step) for weight in weights):
            what = f"all weights are 0 at step {step}"
            raise ConfigurationError(what, fix="give one objective a weight at every step")


def state_of(parts: Mapping[str, Part]) -> nn.ModuleDict:
    """Gather what objectives learn or remember, by the name of the part.

    Examples
    --------
    >>> parts = {"views": Part(None, None, state=nn.Linear(1, 2, bias=False)), "next": Part(None, None)}
    >>> [name for name, _ in state_of(parts).named_parameters()]
    ['views.weight']
    """
    return nn.ModuleDict({name: part.state for name, part in parts.items() if part.state is not None})
