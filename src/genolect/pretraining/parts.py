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
from torch import Tensor, nn

from genolect.encoders.build import require_tokens
from genolect.errors import ConfigurationError
from genolect.models.inference import Machine
from genolect.models.model import SequenceModel
from genolect.objectives.objective import Batch, Inputs, Metrics, Objective, WeightConfig
from genolect.random import derived_key

ANSWERS = {"tokens": "tokens", "pooled": "windows", "bins": "bins"}
"""What the answers of heads are called in messages."""


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
        Whether the windows are part of the genome whose contexts the model counted (`encoders.context`).
    state : Module or None
        What the objective learns or remembers, such as a temperature: trained and saved with the model.
    """

    objective: Objective
    batches: Batches
    head: str | None = None
    weight: WeightConfig = field(default_factory=WeightConfig)
    counted: bool = True
    state: nn.Module | None = None


def check_part(name: str, part: Part, model: SequenceModel) -> None:
    """Refuse a pair of objective and encoder that makes no sense.

    Parameters
    ----------
    name : str
        What the part is called, for the message.
    part : Part
        The part.
    model : SequenceModel
        What it is to train.

    Raises
    ------
    ConfigurationError
        If the encoder would see the answer, or not see what it needs; or if the head does not exist, or answers
        something else.

    Examples
    --------
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.models.model import new_model
    >>> from genolect.objectives.causal import CausalObjective
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    >>> part = Part(CausalObjective(range(4)), batches=None)
    >>> check_part("next", part, new_model(config, NucleotideTokenizer(), seed=3))
    Traceback (most recent call last):
    genolect.errors.ConfigurationError: next predicts the next token, but the encoder sees what comes. Fix: give ...
    """
    needs, causal = part.objective.causal, model.config.causal
    if needs and not causal:
        what = f"{name} predicts the next token, but the encoder sees what comes"
        raise ConfigurationError(what, fix="give it a causal encoder, or choose a masked objective")
    if needs is False and causal:
        what = f"{name} fills in hidden tokens from both sides, but the encoder sees those before them only"
        raise ConfigurationError(what, fix="train one model for masked objectives and another for causal ones")
    if part.head is not None and part.head not in model.heads:
        there = ", ".join(model.heads) or "none beside the one for tokens"
        raise ConfigurationError(f"{name} asks the head {part.head!r}", fix=f"give the model that head; it has {there}")
    answers = "tokens" if part.head is None else model.head_configs[part.head].answers
    if answers != "bins":
        require_tokens(model.config, name)
    if answers != part.objective.reads:
        what = f"{name} reads {part.objective.reads}, its head answers for {ANSWERS[answers]}"
        raise ConfigurationError(what, fix="give it a head of its own: window, projection, track or token")


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


def weighted_loss(
    model: SequenceModel, parts: Mapping[str, Part], machine: Machine, *, step: int, seed: int
) -> tuple[Tensor, dict[str, Metrics]]:
    """Draw, corrupt, encode and judge; then add up.

    Parameters
    ----------
    model : SequenceModel
        On the machine's device.
    parts : mapping of str to Part
        By name; one whose weight is 0 at this step is passed over.
    machine : Machine
        Where.
    step : int
        Decides windows, corruption and weights.
    seed : int
        Of the corruptions.

    Returns
    -------
    loss : Tensor, shape ()
        Sum of weight times loss.
    metrics : dict of str to Metrics
        Of each part, without weights.

    Examples
    --------
    >>> class Windows:
    ...     def draw(self, step, device):
    ...         ids = torch.tensor([[0, 3, 2, 1, 3]])
    ...         return Batch(ids.to(torch.uint8), ids, torch.arange(5)[:, None] + torch.tensor([0, 1]))
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.models.model import new_model
    >>> from genolect.objectives.causal import CausalObjective
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=(), causal=True)
    >>> model, machine = new_model(config, NucleotideTokenizer(), seed=3), Machine(torch.device("cpu"), reduced=False)
    >>> parts = {"next": Part(CausalObjective(range(4)), Windows())}
    >>> round(weighted_loss(model, parts, machine, step=0, seed=1)[0].exp().item(), 3)  # untrained
    4.0
    """
    drawn: dict[int, Batch] = {}
    seen: dict[tuple[int, bool], tuple[Tensor, Tensor]] = {}  # The ids are kept, so that no id() is used again.
    losses, metrics = [], {}
    for name, part in parts.items():
        weight = part.weight.at(step)
        if not weight:
            continue
        if id(part.batches) not in drawn:
            drawn[id(part.batches)] = part.batches.draw(step, machine.device)
        batch = drawn[id(part.batches)]
        inputs, targets = part.objective.corrupt(batch, derived_key(seed, "corruption", name, step))
        pass_of = (id(inputs.ids), part.counted)
        with machine.autocast():
            if pass_of not in seen:
                seen[pass_of] = inputs.ids, model.encoder(inputs.ids, _counted(batch, inputs) if part.counted else None)
            outputs = model.read(seen[pass_of][1], inputs.ids, inputs.selected, head=part.head)
        loss, metrics[name] = part.objective.loss(outputs, targets)
        losses.append(weight * loss)
    return torch.stack(losses).sum(), metrics


def _counted(batch: Batch, inputs: Inputs) -> Tensor:
    """Give the true tokens of what the encoder sees: two views of a window have the same ones."""
    true = batch.ids if batch.counted is None else batch.counted
    return true.repeat(len(inputs.ids) // len(batch.ids), 1)
