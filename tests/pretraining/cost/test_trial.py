"""Trial steps: real ones, on tokens that mean nothing."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from genolect.encoders.transformer import TransformerConfig
from genolect.models.inference import Machine
from genolect.pretraining.cost import trial
from genolect.pretraining.cost.trial import Workload, peak_bytes, saved_bytes, step_seconds, trial_training
from tests.gates.source import REPOSITORY
from tests.toys import CPU

REDUCED = Machine(torch.device("cpu"), reduced=True)


def workload(*, windows=6, tokens=40, layers=3, vocabulary=11, contexts=()):
    encoder = TransformerConfig(
        vocabulary=vocabulary,
        width=16,
        layers=layers,
        heads=2,
        feed_forward=24,
        stem_reach=3,
        context_lengths=contexts,
    )
    return Workload(encoder=encoder, targets=vocabulary - 3, windows=windows, tokens=tokens)


def test_a_trial_takes_real_steps():
    training = trial_training(workload(contexts=(2,)), CPU)
    before = training.model.encoder.blocks[0].attention.merge.weight.clone()
    seconds = step_seconds(training, itertools.count().__next__, warm_up=2, steps=3)
    assert seconds == [1, 1, 1]
    assert training.progress.step == 5
    assert not torch.equal(before, training.model.encoder.blocks[0].attention.merge.weight)
    assert 0.05 < training.progress.recent["trial"].count / (5 * 6 * 40) < 0.25


def test_times_come_fastest_first():
    ticks = iter([0, 9, 10, 15, 20, 22])
    assert step_seconds(trial_training(workload(), CPU), lambda: float(next(ticks)), warm_up=0, steps=3) == [2, 5, 9]


@pytest.mark.parametrize("machine", [CPU, REDUCED], ids=["float32", "bfloat16"])
def test_what_is_saved_is_known_from_less(machine):
    given = workload(windows=7, layers=4, contexts=(2,))
    assert saved_bytes(given, machine) == pytest.approx(trial._saved(trial_training(given, machine)), rel=0.005)


def test_what_long_windows_save_is_known_from_short_ones():
    given = workload(windows=2, tokens=5 * trial.LOOKED_AT)
    assert saved_bytes(given, REDUCED) == pytest.approx(trial._saved(trial_training(given, REDUCED)), rel=0.05)


def test_half_precision_saves_less():
    assert saved_bytes(workload(), REDUCED) < saved_bytes(workload(), CPU)


def test_the_peak_never_falls():
    block = torch.ones(30_000_000)
    with_block = peak_bytes(CPU)
    assert with_block > block.nbytes
    del block
    assert peak_bytes(CPU) > 0.98 * with_block  # The kernel counts pages in batches, and may take some back.


def test_the_peak_is_that_of_this_process_alone(monkeypatch):
    block = torch.ones(60_000_000)
    program = (
        "from genolect.pretraining.cost.trial import peak_bytes; from tests.toys import CPU; print(peak_bytes(CPU))"
    )
    inherited = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=REPOSITORY
    )
    assert int(inherited.stdout) < peak_bytes(CPU) - block.nbytes / 2
    own = peak_bytes(CPU)
    monkeypatch.setattr(trial, "STATUS", Path("nowhere"))  # Elsewhere than on Linux, what a parent had counts too.
    assert 0.95 * own < peak_bytes(CPU) < 20 * own
