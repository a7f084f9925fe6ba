"""Tiny exact things: a model that trains in milliseconds, faults at a chosen operation, a process to kill."""

from __future__ import annotations

import hashlib
import math
import os
import signal
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from genolect import files as durable
from genolect.encoders.transformer import TransformerConfig
from genolect.errors import GenolectError
from genolect.models.inference import Machine, WindowTokens, token_scores, words_of
from genolect.models.model import SequenceModel, new_model
from genolect.objectives.masked import MaskedBases, MaskedBasesConfig
from genolect.objectives.objective import Batch
from genolect.pretraining.loop import Observers, Progress, Training, TrainingConfig, TrainingPoint
from genolect.pretraining.parts import Part
from genolect.random import derived_generator
from genolect.tokenizers.nucleotide import NucleotideTokenizer

CPU = Machine(torch.device("cpu"), reduced=False)
CONTEXT_LENGTHS = (1, 2)
WINDOWS, WINDOW = 3, 24


class ToyWindows:
    """Random bases; the same step always gives the same ones. `before` is told the step first."""

    def __init__(self, before: Callable[[int], None] = lambda step: None) -> None:
        self.before = before
        self.tokens = WindowTokens(NucleotideTokenizer())

    def bases(self, step: int, count: int) -> npt.NDArray[np.uint8]:
        return derived_generator(11, "toy windows", step).integers(4, size=(count, WINDOW), dtype=np.uint8)

    def draw(self, step: int, device: torch.device) -> Batch:
        self.before(step)
        return self.tokens.batch(torch.from_numpy(self.bases(step, WINDOWS)).to(device))


def toy_model(*, seed: int = 3, context_lengths: tuple[int, ...] = CONTEXT_LENGTHS) -> SequenceModel:
    """Give a model of a few hundred weights; with context counts if it has contexts."""
    tokenizer = NucleotideTokenizer()
    config = TransformerConfig(
        vocabulary=len(tokenizer.vocabulary),
        width=8,
        heads=2,
        layers=1,
        feed_forward=12,
        stem_reach=3,
        context_lengths=context_lengths,
    )
    generator = derived_generator(13, "toy counts")
    counts = {k: torch.from_numpy(generator.integers(50, size=(4**k, 4), dtype=np.int32)) for k in context_lengths}
    return new_model(config, tokenizer, seed=seed, counts=counts)


def toy_objective() -> MaskedBases:
    return MaskedBases(MaskedBasesConfig(), words_of(NucleotideTokenizer()))


def toy_config(**changes: Any) -> TrainingConfig:
    """Five steps; checkpoints after 2, 4 and 5, points of the curve too."""
    given = {"steps": 5, "windows": WINDOWS, "window": WINDOW, "checkpoint_every": 2, "validate_every": 2, "seed": 7}
    return TrainingConfig.from_mapping(given | changes, "toy")


class ToyTraining(Training):
    """A training of the toy model that notes where it began and which checkpoints it was told are safe."""

    def __init__(
        self,
        config: TrainingConfig | None = None,
        *,
        model: SequenceModel | None = None,
        before: Callable[[int], None] = lambda step: None,
        saved: Callable[[int], None] = lambda step: None,
    ) -> None:
        self.objective = toy_objective()
        part = Part(self.objective, ToyWindows(before))
        super().__init__(model or toy_model(), {"masked": part}, config or toy_config(), CPU)
        self.saved = saved
        self.began = -1

    def resume(self, checkpoints: Path, observers: Observers) -> None:
        super().resume(checkpoints, observers)
        self.began = self.progress.step

    def save(self, checkpoints: Path) -> None:
        super().save(checkpoints)
        self.saved(self.progress.step)


def masked_bits(model: SequenceModel, shown: np.ndarray, truth: np.ndarray, machine: Machine) -> np.ndarray:
    """Negative log2-likelihood of each hidden token."""
    hidden = torch.from_numpy(truth.copy())
    answers = hidden[hidden >= 0] - model.tokenizer.targets.start

    def judge(logits: torch.Tensor, part: slice) -> torch.Tensor:
        nats = torch.nn.functional.cross_entropy(logits, answers[part].to(logits.device), reduction="none")
        return nats / math.log(2)

    return token_scores(model, torch.from_numpy(shown.copy()), hidden >= 0, judge, machine)


def toy_observers(
    warn: Callable[[str], None] = lambda message: None, report: Callable[[Progress], None] = lambda progress: None
) -> Observers:
    """Validate on fixed windows."""
    truth = ToyWindows().bases(1_000, 5).astype(np.int64)
    hidden = np.arange(WINDOW) % 6 == 1
    shown = np.where(hidden, NucleotideTokenizer.mask_id, truth)
    target = np.where(hidden, truth, -100)
    return Observers(lambda model: {"masked": float(masked_bits(model, shown, target, CPU).mean())}, report, warn)


def fingerprint(model: SequenceModel) -> str:
    """Give a hash that is equal only if every bit of every tensor is."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode() + tensor.cpu().numpy().tobytes())
    return digest.hexdigest()


def timeless(curve: list[TrainingPoint]) -> list[TrainingPoint]:
    """Leave out of a curve what no two runs share."""
    return [replace(point, seconds=0.0) for point in curve]


OLD = {"one.txt": b"old", "two.bin": b"\x00\x01"}
NEW = {"one.txt": b"newer", "three.txt": b""}


def publish(final: Path, files: dict[str, bytes], *, replace: bool = False) -> None:
    with durable.new_folder(final, replace=replace) as staging:
        for name, content in files.items():
            with durable.open_for_writing(staging / name) as file:
                file.write(content)
        durable.write_facts(staging, {"kind": "toy", "files written": len(files)})


def holds(folder: Path) -> dict[str, bytes]:
    """Content of a published folder, after every checksum was compared."""
    manifest = durable.read_manifest(folder)
    return {name: (folder / name).read_bytes() for name in manifest["files"]}


class Fault:
    """Stands in for `files.before_operation`: counts the operations and acts before the k-th.

    Parameters
    ----------
    at : int
        k, 0-based; -1 only counts.
    act : callable
        What happens then.
    persistent : bool
        Whether it happens before every later operation too.
    """

    def __init__(self, at: int = -1, act: Callable[[], None] = lambda: None, *, persistent: bool = False) -> None:
        self.at, self.act, self.persistent = at, act, persistent
        self.seen: list[tuple[str, Path]] = []

    def __call__(self, operation: str, path: Path) -> None:
        number = len(self.seen)
        self.seen.append((operation, path))
        if number == self.at or (self.persistent and 0 <= self.at < number):
            self.act()


def refusal(number: int) -> Callable[[], None]:
    """Give an act that fails as the operating system would with this errno."""

    def act() -> None:
        raise OSError(number, os.strerror(number))

    return act


def kill_self() -> None:
    """End this process as a power button would: nothing is flushed, nothing cleaned up."""
    os.kill(os.getpid(), signal.SIGKILL)


def start_child(body: Callable[[], object]) -> int:
    """Run `body` in a fork of this process; give its process id."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # From 3.12 on, about forks of processes with threads.
        child = os.fork()
    if child:
        return child
    code = 1
    try:
        body()
        code = 0
    except GenolectError as error:
        code = error.exit_code
    finally:
        os._exit(code)


def end_of(child: int) -> int:
    """Wait for a child; give its exit code, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
