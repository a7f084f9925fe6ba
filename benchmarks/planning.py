"""How well `genolect plan` foretells the time of a training step and its peak memory.

    python benchmarks/planning.py [--quick] [--json PATH] [--shared]

Twelve models that the planner has not measured take real steps, each in a process of its own; its median step and its
peak resident memory stand beside the forecast. On a machine that does other work, --shared measures processor time on
one thread, in the forecast as in the steps, and takes the fastest step instead.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from rows import Row, row, show

from genolect.encoders.transformer import TransformerConfig
from genolect.models.inference import this_machine
from genolect.pretraining.cost.calibration import Calibration, calibrate
from genolect.pretraining.cost.costing import peak_memory, step_time
from genolect.pretraining.cost.trial import Workload, peak_bytes, step_seconds, trial_training

CONTEXTS = (3, 5, 7, 9, 11)
MEBIBYTE = 2**20
WARM_UP, STEPS, QUICK_STEPS = 2, 9, 3


class Case(NamedTuple):
    """One model and its batch."""

    width: int
    layers: int
    vocabulary: int
    windows: int
    tokens: int


CASES = (
    Case(64, 2, 7, 4, 128),
    Case(64, 6, 7, 32, 128),
    Case(128, 4, 7, 16, 256),
    Case(256, 6, 7, 8, 512),
    Case(192, 3, 7, 12, 1024),
    Case(128, 2, 67, 32, 512),
    Case(96, 5, 259, 12, 320),
    Case(256, 4, 607, 16, 192),
    Case(64, 3, 1027, 24, 256),
    Case(192, 2, 4100, 8, 160),
    Case(128, 6, 4100, 16, 128),
    Case(64, 4, 4100, 4, 1024),
)


def workload(case: Case) -> Workload:
    """Single nucleotides with context evidence and a wide stem, words with neither."""
    single = case.vocabulary == 7
    encoder = TransformerConfig(
        vocabulary=case.vocabulary,
        width=case.width,
        layers=case.layers,
        heads=max(1, case.width // 64),
        feed_forward=5 * case.width // 2,
        stem_reach=21 if single else 1,
        context_lengths=CONTEXTS if single else (),
    )
    return Workload(encoder=encoder, targets=case.vocabulary - 3, windows=case.windows, tokens=case.tokens)


def clock_of(shared: bool) -> Callable[[], float]:
    """Wall clock, or that of the processor."""
    return time.process_time if shared else time.perf_counter


def take_steps(case: Case, *, steps: int, shared: bool) -> dict[str, float]:
    """Take real steps in this process."""
    machine = this_machine()
    training = trial_training(workload(case), machine)
    seconds = step_seconds(training, clock_of(shared), warm_up=WARM_UP, steps=steps)
    return {"seconds": seconds[0 if shared else len(seconds) // 2], "bytes": float(peak_bytes(machine))}


def measured(case: Case, *, steps: int, shared: bool) -> dict[str, float]:
    """Take real steps in a process of their own."""
    words = [sys.executable, __file__, "--steps", str(steps), "--case", json.dumps(case)] + ["--shared"] * shared
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def compare(calibration: Calibration, cases: tuple[Case, ...], *, steps: int, shared: bool) -> list[Row]:
    """Forecast and measure every case."""
    rows, time_errors, memory_errors = [], [], []
    for case in cases:
        truth = measured(case, steps=steps, shared=shared)
        seconds, peak = step_time(workload(case), calibration), peak_memory(workload(case), calibration)
        name = "width {}, {} layers, {} tokens, {} x {}".format(*case)
        rows.append(row(f"step, {name}", 1e3 * seconds, "ms", peer=1e3 * truth["seconds"], peer_name="measured"))
        rows.append(row(f"peak, {name}", peak / MEBIBYTE, "MiB", peer=truth["bytes"] / MEBIBYTE, peer_name="measured"))
        time_errors.append(abs(seconds / truth["seconds"] - 1))
        memory_errors.append(abs(peak / truth["bytes"] - 1))
    rows.append(row(f"largest error of the time, {len(cases)} models", 100 * max(time_errors), "%"))
    rows.append(row(f"largest error of the peak, {len(cases)} models", 100 * max(memory_errors), "%"))
    return rows


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="every third model, three steps")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    parser.add_argument("--shared", action="store_true", help="processor time on one thread")
    parser.add_argument("--case", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--steps", type=int, help=argparse.SUPPRESS)
    options: Any = parser.parse_args()
    if options.shared and os.environ.get("OMP_NUM_THREADS") != "1":
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "OMP_NUM_THREADS": "1"})
    if options.case is not None:
        print(json.dumps(take_steps(Case(*options.case), steps=options.steps, shared=options.shared)))
        return
    started = time.perf_counter()
    calibration = calibrate(this_machine(), clock_of(options.shared))
    took = row("measuring the machine", time.perf_counter() - started, "s")
    cases, steps = (CASES[::3], QUICK_STEPS) if options.quick else (CASES, STEPS)
    show([took, *compare(calibration, cases, steps=steps, shared=options.shared)], options.json)


if __name__ == "__main__":
    main()
