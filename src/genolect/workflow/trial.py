"""Training steps on random tokens with a model that is thrown away: what a planner measures.

They are the steps of `training.loop`, so that what is timed is what will run.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from genolect.inference import Machine
from genolect.model import new_model
from genolect.objectives.causal import CausalObjective
from genolect.objectives.masked_bases import MaskedBases, Words
from genolect.objectives.masked_config import MaskedBasesConfig
from genolect.objectives.objective import Batch
from genolect.randomness import derived_generator
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.training.loop import Training, TrainingConfig
from genolect.training.parts import Part
from genolect.workflow.workload import Workload

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
    words = Words(workload.encoder.vocabulary - 1, stand_in.targets)
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
