"""How fast this machine is at each part of a training step, from a few seconds of measurement.

The time of a step is a sum over kinds of work, each an amount that follows from shapes times seconds per unit. The
seconds per unit are fitted, none below zero, to steps of some small models that differ in what they spend time on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls

from genolect.encoders.transformer import TransformerConfig
from genolect.models.inference import Machine
from genolect.pretraining.cost.trial import (
    FLOAT,
    Workload,
    block_values,
    counts_bytes,
    flops,
    one_hot_entries,
    parameter_count,
    peak_bytes,
    saved_bytes,
    step_seconds,
    trial_training,
)

ROUNDS, WARM_UP, STEPS = 2, 1, 2

# Found on two cores of an x86 machine with glibc, over 46 models of width 64 to 256 (benchmarks/planning.py).
REMNANTS = 0.25
"""Share of what is saved that lies unused between blocks of memory when the peak is reached."""

TEMPORARIES = 4
"""Tensors as large as the feed-forward's inner one, float32, that are alive in the backward pass of a layer."""

ONE_HOT_BYTES = 12
"""Of the stem's input, per token and vocabulary entry, as int64 and as float32, before it is kept in half precision."""


class _Model(NamedTuple):
    """A small model and its batch."""

    width: int
    layers: int
    windows: int
    tokens: int
    vocabulary: int = 7
    stem_reach: int = 21
    contexts: tuple[int, ...] = ()
    heads: int = 0

    def workload(self) -> Workload:
        encoder = TransformerConfig(
            vocabulary=self.vocabulary,
            width=self.width,
            layers=self.layers,
            heads=self.heads or max(1, self.width // 64),
            feed_forward=5 * self.width // 2,
            stem_reach=self.stem_reach,
            context_lengths=self.contexts,
        )
        return Workload(encoder=encoder, targets=self.vocabulary - 3, windows=self.windows, tokens=self.tokens)


CONTEXTS = (3, 5, 7, 9, 11)

# Each spends its time on something else.
MODELS = (
    _Model(64, 2, windows=4, tokens=128, contexts=CONTEXTS),
    _Model(64, 6, windows=4, tokens=64),  # launches
    _Model(128, 2, windows=16, tokens=128),  # products and what passes by
    _Model(256, 2, windows=8, tokens=128),
    _Model(256, 3, windows=1, tokens=128),  # the update
    _Model(64, 1, windows=6, tokens=1024),  # attention
    _Model(256, 1, windows=2, tokens=1024),
    _Model(64, 2, windows=4, tokens=512, heads=4),
    _Model(64, 1, windows=8, tokens=256, contexts=CONTEXTS),  # look-ups
    _Model(64, 1, windows=16, tokens=128, vocabulary=4099, stem_reach=1),  # words
    _Model(128, 1, windows=2, tokens=128, vocabulary=4099, stem_reach=1),
    _Model(64, 2, windows=16, tokens=128, vocabulary=1027, stem_reach=1),
    _Model(128, 1, windows=8, tokens=256, vocabulary=259),  # the stem
)


@dataclass(frozen=True)
class Calibration:
    """What was measured.

    Attributes
    ----------
    machine : Machine
        Where.
    seconds_per_unit : dict of str to float
        For every kind of `work`.
    baseline : float
        Bytes in use whatever the model: interpreter, libraries, compiled kernels.
    worst_fit : float
        Largest relative error of the fit over the models that were measured.
    """

    machine: Machine
    seconds_per_unit: dict[str, float]
    baseline: float
    worst_fit: float


def work(workload: Workload) -> dict[str, float]:
    """Give the amounts of work of one step by kind.

    Parameters
    ----------
    workload : Workload
        Model and batch.

    Returns
    -------
    dict of str to float
        Floating-point operations of each kind of matrix product, and what passes by beside them: launches of layers,
        hidden values, attention scores, context look-ups, one-hot entries, parameters to be moved.
    """
    encoder, T = workload.encoder, workload.tokens_per_step
    operations = flops(workload)
    del operations["context"]  # Some per cent of a step; it goes with the look-ups.
    return operations | {
        "layers": float(encoder.layers),
        "values": float(T * encoder.width * encoder.layers),
        "scores": float(T * workload.tokens * encoder.heads * encoder.layers),
        "contexts": float(T * len(encoder.context_lengths)),
        "one_hot": float(T * one_hot_entries(encoder)),
        "parameters": float(parameter_count(workload)),
    }


def calibrate(machine: Machine, clock: Callable[[], float] = time.perf_counter) -> Calibration:
    """Measure the machine.

    Parameters
    ----------
    machine : Machine
        Where.
    clock : callable
        Gives seconds: of the wall, or of the processor where other work runs beside.

    Returns
    -------
    Calibration
        To forecast steps with.
    """
    models = [model.workload() for model in MODELS]
    step_seconds(trial_training(models[0], machine), clock, warm_up=1, steps=1)
    peak = peak_bytes(machine)  # Before anything larger is made.
    baseline = peak - memory_beyond_baseline(models[0], saved_bytes(models[0], machine), machine)
    seconds = np.min([[_seconds(model, machine, clock) for model in models] for _ in range(ROUNDS)], axis=0)
    amounts = [work(model) for model in models]
    kinds = list(amounts[0])
    # Divided by the time, so that a short step counts as much as a long one; scaled, so that the fit is well posed.
    shares = np.array([[amount[kind] for kind in kinds] for amount in amounts]) / seconds[:, None]
    scale = shares.max(axis=0)
    fitted, _ = nnls(shares / scale, np.ones(len(models)))
    return Calibration(
        machine=machine,
        seconds_per_unit=dict(zip(kinds, (fitted / scale).tolist(), strict=True)),
        baseline=float(baseline),
        worst_fit=float(np.abs(shares @ (fitted / scale) - 1).max()),
    )


def _seconds(model: Workload, machine: Machine, clock: Callable[[], float]) -> float:
    """Time the fastest of some steps: what other work on the machine adds is not the model's."""
    return step_seconds(trial_training(model, machine), clock, warm_up=WARM_UP, steps=STEPS)[0]


def memory_beyond_baseline(workload: Workload, saved: float, machine: Machine) -> float:
    """Give the bytes that a model and its batch take at the peak of a step.

    Weights and their gradients, the states of the optimizers (one value per weight for Muon, two for AdamW), the
    context counts, what is saved for the backward pass, and temporaries.

    Parameters
    ----------
    workload : Workload
        Model and batch.
    saved : float
        From `trial.saved_bytes`.
    machine : Machine
        On a GPU nothing lies unused between blocks.

    Returns
    -------
    float
        Bytes.
    """
    encoder, T = workload.encoder, workload.tokens_per_step
    parameters = parameter_count(workload)
    weights_and_states = FLOAT * (4 * parameters - block_values(encoder))
    temporaries = max(TEMPORARIES * FLOAT * T * encoder.feed_forward, ONE_HOT_BYTES * T * one_hot_entries(encoder))
    remnants = 0.0 if machine.device.type == "cuda" else REMNANTS
    return weights_and_states + counts_bytes(encoder) + (1 + remnants) * saved + temporaries
