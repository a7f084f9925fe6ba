"""The training loop: draw, corrupt, predict, step, now and then validate and save.

A step is a function of (configuration, data, step number, weights before it). A run that was killed and resumed
therefore ends with the same weights as one that never stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from genolect import files
from genolect.config import Configuration
from genolect.encoders.build import require_tokens
from genolect.errors import ConfigurationError, DivergenceError, InputError, Interrupted
from genolect.models.inference import Machine
from genolect.models.model import SequenceModel
from genolect.objectives.objective import Batch, Inputs, Metrics
from genolect.pretraining.checkpoint import Checkpoint, newest_checkpoint, save_checkpoint
from genolect.pretraining.optimizer import TwoOptimizers, share_of_peak
from genolect.pretraining.parts import Part, check_weights, state_of
from genolect.pretraining.signals import stop_on_signal
from genolect.random import derived_key

STATE, OPTIMIZER = "state.", "optimizer."
BITS = ("bits_per_hidden_base", "bits_per_base")
"""What parts call their bits per base."""
ANSWERS = {"tokens": "tokens", "pooled": "windows", "bins": "bins"}
"""What the answers of heads are called in messages."""


class TrainingConfig(Configuration):
    """How long and how fast to train.

    Attributes
    ----------
    steps : int
        Number of updates.
    windows : int
        Windows per update.
    window : int
        Bases per window.
    learning_rate, matrix_learning_rate : float
        Peak rates (see `pretraining.optimizer`).
    warmup_share : float
        Share of the steps that warm up.
    checkpoint_every, validate_every : int
        Steps between checkpoints, and between points of the validation curve; 0 for only at the end.
    seed : int
        Seed of windows and corruption.
    """

    steps: int = Field(ge=1)
    windows: int = Field(16, ge=1)
    window: int = Field(256, ge=16)
    learning_rate: float = Field(0.003, gt=0)
    matrix_learning_rate: float = Field(0.02, gt=0)
    warmup_share: float = Field(0.05, ge=0, lt=1)
    checkpoint_every: int = Field(0, ge=0)
    validate_every: int = Field(0, ge=0)
    seed: int = 0


@dataclass(frozen=True)
class TrainingPoint:
    """One point of the learning curve.

    Attributes
    ----------
    step : int
        Steps done.
    bases : int
        Bases seen.
    seconds : float
        Seconds spent training, over all runs of this training.
    training_bits, heldout_bits : float
        Of the first part that counts bits per base: since the last point (None: nothing was counted), and on the
        validation windows (None: not asked).
    heldout : dict of str to float
        What each part reaches on the validation windows, by its name.
    measures : dict of str to dict of str to float
        What each part measured since the last point, by its name; None where nothing was counted.
    """

    step: int
    bases: int
    seconds: float
    training_bits: float | None
    heldout_bits: float | None
    heldout: dict[str, float] = field(default_factory=dict)
    measures: dict[str, dict[str, float | None]] = field(default_factory=dict)


@dataclass
class Progress:
    """What changes during a run besides the weights.

    Attributes
    ----------
    step : int
        Steps done.
    seconds : float
        Seconds spent.
    curve : list of TrainingPoint
        So far.
    recent : dict of str to Metrics
        Of each part, since the last point of the curve.
    total : dict of str to Metrics
        Of each part, since the beginning.
    """

    step: int = 0
    seconds: float = 0.0
    curve: list[TrainingPoint] = field(default_factory=list)
    recent: dict[str, Metrics] = field(default_factory=dict)
    total: dict[str, Metrics] = field(default_factory=dict)


@dataclass(frozen=True)
class Observers:
    """What the caller wants to hear.

    Attributes
    ----------
    validate : callable
        Gives what the model reaches on held-out windows, by the names of the parts.
    report : callable
        Told the progress after every step.
    warn : callable
        Told in a sentence what went wrong and was mended.
    """

    validate: Callable[[SequenceModel], dict[str, float]] = lambda model: {}
    report: Callable[[Progress], None] = lambda progress: None
    warn: Callable[[str], None] = lambda message: None


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
    needs, causal = part.objective.causal, not model.config.sees_ahead
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


class Training:
    """One training run.

    Parameters
    ----------
    model : SequenceModel
        Trained in place.
    parts : mapping of str to Part
        What is asked, about which windows; by name.
    config : TrainingConfig
        How.
    machine : Machine
        Where.
    bases_per_step : int, optional
        Bases that a step reads, for the record; by default those of its windows.

    Raises
    ------
    ConfigurationError
        If a part and the model make no sense together, or some step would have no weight.
    """

    def __init__(
        self,
        model: SequenceModel,
        parts: Mapping[str, Part],
        config: TrainingConfig,
        machine: Machine,
        *,
        bases_per_step: int | None = None,
    ) -> None:
        for name, part in parts.items():
            check_part(name, part, model)
        check_weights(parts, config.steps)
        self.model = model
        self.parts = dict(parts)
        self.config = config
        self.machine = machine
        self.bases_per_step = bases_per_step or config.windows * config.window
        self.trained = nn.ModuleDict({"model": model, "objectives": state_of(parts)}).to(machine.device).train()
        self.optimizer = TwoOptimizers(
            self.trained, matrix_learning_rate=config.matrix_learning_rate, learning_rate=config.learning_rate
        )
        self.progress = Progress()

    def step(self) -> None:
        """Make one update.

        Raises
        ------
        DivergenceError
            If the loss or the gradient is not finite; the weights are left as they were.
        """
        config, step = self.config, self.progress.step
        loss, metrics = weighted_loss(self.model, self.parts, self.machine, step=step, seed=config.seed)
        _require_finite(f"the loss of step {step}", float(loss.detach()))
        loss.backward()  # type: ignore[no-untyped-call]
        _require_finite(f"the gradient norm of step {step}", self.optimizer.gradient_norm())
        self.optimizer.step(share_of_peak(step, config.steps, config.warmup_share))
        self.progress.step += 1
        self.progress.recent = _added(self.progress.recent, metrics)
        self.progress.total = _added(self.progress.total, metrics)

    def run(self, checkpoints: Path, observers: Observers) -> None:
        """Train to the end, from the newest checkpoint if there is one.

        Parameters
        ----------
        checkpoints : Path
            The run's checkpoint folder.
        observers : Observers
            Who listens.

        Raises
        ------
        Interrupted
            After a signal; the state is saved.
        DivergenceError
            If loss, gradient or weights are not finite.
        ConfigurationError, InputError
            If the checkpoint belongs to another run, or every checkpoint is damaged.
        """
        self.resume(checkpoints, observers)
        with stop_on_signal() as request:
            while self.progress.step < self.config.steps:
                started = time.perf_counter()
                self.step()
                self.progress.seconds += time.perf_counter() - started
                if self._due(self.config.validate_every):
                    self._add_curve_point(observers)
                observers.report(self.progress)
                if request.signal_number is not None or self._due(self.config.checkpoint_every):
                    self.save(checkpoints)
                    if request.signal_number is not None:  # It may have come during the save.
                        break
        if request.signal_number is not None:
            raise Interrupted(
                f"stopped by request after step {self.progress.step} of {self.config.steps}; the state is saved",
                fix="run the same command again; genolect learn and pretrain go on with --resume",
                path=checkpoints,
                signal_number=request.signal_number,
            )

    def resume(self, checkpoints: Path, observers: Observers) -> None:
        """Take over the newest intact checkpoint, if there is one; parameters and refusals as in `run`."""
        files.clear_leftovers(checkpoints)
        checkpoint, rejected = newest_checkpoint(checkpoints)
        for message in rejected:
            observers.warn(f"damaged checkpoint passed over: {message}")
        if checkpoint is None:
            return
        facts, state = checkpoint.progress, _part(STATE, checkpoint.tensors)
        before, now = facts["configuration"], self.config.to_mapping()
        if changed := [f"{key}: {before.get(key)} then, {now[key]} now" for key in now if before.get(key) != now[key]]:
            raise ConfigurationError(
                f"the checkpoint was made with other settings ({'; '.join(changed)})",
                fix="resume with the same ones, or train anew in another folder",
                path=checkpoints,
            )
        if _shapes(state) != _shapes(self._state()):
            raise InputError(
                "the checkpoint is of a model of another shape", fix="train anew in another folder", path=checkpoints
            )
        self.trained.load_state_dict(state, strict=False)  # The context counts are not trained.
        self.optimizer.load_tensors(_part(OPTIMIZER, checkpoint.tensors))
        self.progress = Progress(
            step=checkpoint.step,
            seconds=facts["seconds"],
            curve=[TrainingPoint(**point) for point in facts["curve"]],
            recent={name: self._metrics(name, values) for name, values in facts["recent"].items()},
            total={name: self._metrics(name, values) for name, values in facts["total"].items()},
        )

    def save(self, checkpoints: Path) -> None:
        """Write a checkpoint of the state as it is, unless a weight is not finite."""
        self._require_finite_weights()
        tensors = {f"{STATE}{name}": tensor.detach().cpu() for name, tensor in self._state().items()}
        tensors |= {f"{OPTIMIZER}{name}": tensor.cpu() for name, tensor in self.optimizer.tensors().items()}
        facts: dict[str, Any] = {
            "configuration": self.config.to_mapping(),
            "seconds": self.progress.seconds,
            "curve": [asdict(point) for point in self.progress.curve],
            "recent": {name: asdict(metrics) for name, metrics in self.progress.recent.items()},
            "total": {name: asdict(metrics) for name, metrics in self.progress.total.items()},
        }
        save_checkpoint(checkpoints, Checkpoint(self.progress.step, tensors, facts))

    def _state(self) -> dict[str, Tensor]:
        """Everything that training changes: weights, and what objectives and batch norms remember."""
        remembered = {f"objectives.{name}": tensor for name, tensor in self.trained["objectives"].named_buffers()}
        for name, part in self.trained["model"].named_modules(prefix="model"):
            if isinstance(part, nn.BatchNorm1d):
                remembered |= dict(part.named_buffers(prefix=name))
        return {**dict(self.trained.named_parameters()), **remembered}

    def _metrics(self, name: str, values: Mapping[str, Any]) -> Metrics:
        """Turn the numbers of a checkpoint back into the metrics of a part."""
        plain = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
        metrics: Metrics = self.parts[name].objective.metrics(**plain)
        return metrics

    def _due(self, every: int) -> bool:
        at_end = self.progress.step == self.config.steps
        return at_end or bool(every and self.progress.step % every == 0)

    def _require_finite_weights(self) -> None:
        for name, weight in self._state().items():
            _require_finite(f"{name} after step {self.progress.step}", float(weight.detach().sum()))

    def _add_curve_point(self, observers: Observers) -> None:
        self._require_finite_weights()
        progress = self.progress
        measures = {name: _finite(metrics.means()) for name, metrics in progress.recent.items()}
        heldout = observers.validate(self.model)
        counting, bits = _first_bits(measures)
        progress.curve.append(
            TrainingPoint(
                step=progress.step,
                bases=progress.step * self.bases_per_step,
                seconds=progress.seconds,
                training_bits=bits,
                heldout_bits=heldout.get(counting),
                heldout=heldout,
                measures=measures,
            )
        )
        progress.recent = {}


def _require_finite(what: str, value: float) -> None:
    if not math.isfinite(value):
        raise DivergenceError(f"{what} is {value}", fix="lower the learning rate; the last checkpoint is intact")


def _finite(means: dict[str, float]) -> dict[str, float | None]:
    """Say None for what was not counted."""
    return {name: value if math.isfinite(value) else None for name, value in means.items()}


def _first_bits(measures: dict[str, dict[str, float | None]]) -> tuple[str, float | None]:
    """Give the first part that counts bits per base, and what it counted; without such a part, no name."""
    found = ((part, means[name]) for part, means in measures.items() for name in BITS if name in means)
    return next(found, ("", None))


def _added(sums: dict[str, Metrics], new: dict[str, Metrics]) -> dict[str, Metrics]:
    return sums | {name: sums[name] + metrics if name in sums else metrics for name, metrics in new.items()}


def _part(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in tensors.items()}
