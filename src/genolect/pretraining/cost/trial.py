"""Training steps on random tokens with a model that is thrown away: what a planner measures.

They are the steps of `pretraining.loop`, so that what is timed is what will run.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch
from pydantic import Field
from torch import Tensor

from genolect.config import Configuration
from genolect.encoders.layers.context import evidence_channels
from genolect.encoders.transformer import TransformerConfig
from genolect.models.inference import Machine
from genolect.models.model import new_model
from genolect.objectives.causal import CausalObjective
from genolect.objectives.masked import MaskedBases, MaskedBasesConfig, Vocabulary
from genolect.objectives.objective import Batch
from genolect.pretraining.loop import Training, TrainingConfig
from genolect.pretraining.parts import Part
from genolect.random import derived_generator
from genolect.tokenizers.nucleotide import NucleotideTokenizer

SELECTED_SHARE = 0.15
WARM_UP_STEPS, TIMED_STEPS = 2, 6
NEWTON_SCHULZ_STEPS = 5
FLOAT, HALF, LONG = 4, 2, 8
"""Bytes of a value."""


class Workload(Configuration):
    """A model and its batch.

    Attributes
    ----------
    encoder : TransformerConfig
        The shape of the encoder.
    targets : int
        Tokens that can be predicted.
    windows : int
        Windows per step.
    tokens : int
        N, tokens per window.
    selected_share : float
        Share of the tokens that are predicted.
    """

    encoder: TransformerConfig
    targets: int = Field(ge=1)
    windows: int = Field(16, ge=1)
    tokens: int = Field(256, ge=1)
    selected_share: float = Field(SELECTED_SHARE, gt=0, le=1)

    @property
    def tokens_per_step(self) -> int:
        """T."""
        return self.windows * self.tokens

    @property
    def context_channels(self) -> int:
        """Channels of evidence that the encoder reads per token."""
        return evidence_channels(self.encoder.context_lengths, causal=self.encoder.causal)


def block_matrices(encoder: TransformerConfig) -> tuple[tuple[int, int], ...]:
    """Give the shapes of the matrices of one block, (outputs, inputs): those that Muon moves."""
    D, F = encoder.width, encoder.feed_forward
    return ((3 * D, D), (D, D), (2 * F, D), (D, F))


def block_values(encoder: TransformerConfig) -> int:
    """Count the values of all block matrices together."""
    return encoder.layers * sum(outputs * inputs for outputs, inputs in block_matrices(encoder))


def one_hot_entries(encoder: TransformerConfig) -> int:
    """Count the entries of a token that the stem's convolution reads; none where it would see one token only."""
    return encoder.vocabulary if encoder.stem_reach > 1 else 0


def parameter_count(workload: Workload) -> int:
    """Count the trained values of encoder and head, exactly as the model that is built from them has."""
    encoder = workload.encoder
    D, V = encoder.width, encoder.vocabulary
    stem = V * D + (V * D * encoder.stem_reach + D if one_hot_entries(encoder) else 0)
    context = (workload.context_channels + 1) * D if workload.context_channels else 0
    norms = encoder.layers * 2 * D + 2 * D
    head = workload.targets * (D + 1)
    return stem + context + block_values(encoder) + norms + head


def counts_bytes(encoder: TransformerConfig) -> int:
    """Give the memory of the context counts, which are no parameters."""
    return sum(4 ** (k + 1) * FLOAT for k in encoder.context_lengths)


def flops(workload: Workload) -> dict[str, float]:
    """Count the floating-point operations of the matrix products of one step, forward, backward and update.

    A product of (a, b) and (b, c) counts 2abc. Backward it is done twice more, once where the input has no gradient.

    Parameters
    ----------
    workload : Workload
        Model and batch.

    Returns
    -------
    dict of str to float
        By part: ``linear`` 6 T (4 D² + 3 D F) per layer; ``attention`` 12 T N D per layer; ``stem`` 4 T V D reach;
        ``context`` 4 T D per channel; ``head`` 6 S D targets; ``update`` the five Newton-Schulz steps of Muon.
    """
    encoder, T = workload.encoder, workload.tokens_per_step
    D, layers = encoder.width, encoder.layers
    return {
        "linear": 6.0 * T * block_values(encoder),
        "attention": 12.0 * T * workload.tokens * D * layers,
        "stem": 4.0 * T * one_hot_entries(encoder) * D * encoder.stem_reach,
        "context": 4.0 * T * D * workload.context_channels,
        "head": 6.0 * round(workload.selected_share * T) * D * workload.targets,
        "update": float(layers * sum(_newton_schulz(*sorted(shape)) for shape in block_matrices(encoder))),
    }


def _newton_schulz(smaller: int, larger: int) -> int:
    return NEWTON_SCHULZ_STEPS * (4 * smaller * smaller * larger + 2 * smaller**3)


ENDLESS = 1_000_000
SHORTEST_WINDOW = 16
KIBIBYTE = 1024
STATUS = Path("/proc/self/status")
LOOKED_AT = 128


class RandomTokens:
    """Stands in for windows and for their tokenizer: uniform predictable tokens, the same for the same step."""

    padding_id = -1

    def __init__(self, targets: int, windows: int, tokens: int) -> None:
        self.targets = range(targets)
        self.windows = windows
        self.tokens = tokens
        places = torch.arange(tokens)
        self._spans = torch.stack([places, places + 1], dim=1)

    def draw(self, step: int, device: torch.device) -> Batch:
        """Draw the tokens of one step, each a base long."""
        generator = derived_generator(0, "random tokens", step)
        drawn = generator.integers(len(self.targets), size=(self.windows, self.tokens))
        ids = torch.from_numpy(drawn).to(device)
        self._spans = self._spans.to(device)
        return Batch(torch.zeros_like(ids, dtype=torch.uint8), ids, self._spans)


def trial_training(workload: Workload, machine: Machine) -> Training:
    """Make a training of a workload, with new weights and empty context counts.

    Parameters
    ----------
    workload : Workload
        Model and batch.
    machine : Machine
        Where.

    Returns
    -------
    Training
        Ready to take steps.
    """
    stand_in = RandomTokens(workload.targets, workload.windows, workload.tokens)
    model = new_model(workload.encoder, cast("NucleotideTokenizer", stand_in), seed=0)
    words = Vocabulary(workload.encoder.vocabulary - 1, stand_in.targets)
    masked = MaskedBases(MaskedBasesConfig(rate=workload.selected_share), words)
    objective = CausalObjective(stand_in.targets) if workload.encoder.causal else masked
    config = TrainingConfig(steps=ENDLESS, windows=workload.windows, window=max(workload.tokens, SHORTEST_WINDOW))
    return Training(model, {"trial": Part(objective, stand_in)}, config, machine)


def step_seconds(training: Training, clock: Callable[[], float], *, warm_up: int, steps: int) -> list[float]:
    """Time the steps of a training one by one.

    Parameters
    ----------
    training : Training
        Goes on by ``warm_up + steps`` steps.
    clock : callable
        Gives seconds: `time.perf_counter`, or `time.process_time` beside other work.
    warm_up : int
        Steps that are not timed.
    steps : int
        Steps that are.

    Returns
    -------
    list of float
        Seconds of each, the fastest first.
    """
    seconds = []
    for step in range(warm_up + steps):
        started = clock()
        training.step()
        if training.machine.device.type == "cuda":
            torch.cuda.synchronize()
        if step >= warm_up:
            seconds.append(clock() - started)
    return sorted(seconds)


def measure_step(training: Training) -> float:
    """Time the steps of a training that is thrown away; gives the median of six in seconds."""
    return step_seconds(training, time.perf_counter, warm_up=WARM_UP_STEPS, steps=TIMED_STEPS)[TIMED_STEPS // 2]


def saved_bytes(workload: Workload, machine: Machine) -> float:
    """Count what a step keeps from the forward to the backward pass, without taking the whole step.

    The count is linear in tokens and in layers, so one and two of each say it all. It is exact where a window has at
    most 128 tokens; of a longer one only as many are looked at, and what depends on positions alone (a few per cent)
    is scaled like the rest.

    Parameters
    ----------
    workload : Workload
        Model and batch.
    machine : Machine
        Where; with bfloat16 or without.

    Returns
    -------
    float
        Bytes; parameters and buffers not included.
    """
    tokens = min(workload.tokens, LOOKED_AT)

    def small(windows: int, layers: int) -> int:
        encoder = workload.encoder.model_copy(update={"layers": layers})
        changed = {"encoder": encoder, "windows": windows, "tokens": tokens}
        return _saved(trial_training(workload.model_copy(update=changed), machine))

    one, more_windows, more_layers, more_of_both = small(1, 1), small(2, 1), small(1, 2), small(2, 2)
    windows, layers = workload.tokens_per_step / tokens - 1, workload.encoder.layers - 1
    together = more_of_both - more_windows - more_layers + one
    return one + windows * (more_windows - one) + layers * (more_layers - one) + windows * layers * together


def _saved(training: Training) -> int:
    """Take a step and add up the storages that it saves for the backward pass, each once."""
    model = training.model
    ours = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}
    kept: dict[int, Tensor] = {}  # Held, so that no storage is freed and its address used again.

    def keep(tensor: Tensor) -> Tensor:
        kept.setdefault(tensor.untyped_storage().data_ptr(), tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        training.step()
    return sum(tensor.untyped_storage().nbytes() for place, tensor in kept.items() if place not in ours)


def peak_bytes(machine: Machine) -> int:
    """Give the largest memory that was in use so far: of the process, or on the GPU."""
    if machine.device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(machine.device))
    if STATUS.is_file():  # What getrusage says on Linux is inherited from the process that started this one.
        fields = dict(line.split(":", 1) for line in STATUS.read_text("utf-8").splitlines())
        return int(fields["VmHWM"].split()[0]) * KIBIBYTE
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * KIBIBYTE
