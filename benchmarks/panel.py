"""Does the panel say the right thing? Tasks whose truth is known, many seeds each.

    PYTHONPATH=. python benchmarks/panel.py [--quick] [--only SIGNAL,SIGNAL] [--seeds N] [--first N] [--json PATH]

For each planted signal: the share of seeds at which the panel says what it must (`RIGHT`), and the AUROC that the best
arm reached beside the ceiling. Rows of `--quick` use cheap arms and three seeds; spacing needs the network.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from rows import Row, row, show

from genolect.evaluation.methods.baselines import baseline_arms, control_names
from genolect.evaluation.panel import PanelOptions, PanelResult, run_panel
from tests.tables.planted_signal import SIGNALS, Signal, planted_signal

CHEAP = ("majority", "composition", "nearest_neighbour", "kmer_logistic")
SEEDS = 20
EXAMPLES, LENGTH = 2_000, 80


def says(text: str) -> Callable[[PanelResult], bool]:
    """Make a check that a sentence holds a text."""
    return lambda result: any(text in sentence for sentence in result.sentences)


def beats(arm: str, other: str) -> Callable[[PanelResult], bool]:
    """Make a check that one arm reaches more than another by two points at least."""
    return lambda result: auroc(result, arm) > auroc(result, other) + 0.02


RIGHT: dict[Signal, Callable[[PanelResult], bool]] = {
    "motif": beats("kmer_logistic", "composition"),
    "spacing": beats("cnn", "kmer_logistic"),
    "GC": says("base composition (GC, CpG, N, length) alone makes"),
    "length": says("base composition (GC, CpG, N, length) alone makes"),
    "copies": says("near twin in training"),
    "noise": says("is not shown to know anything"),
}
ALARMS = ("near twin in training", "alone makes", "SHUFFLED", "not shown to know anything")
EXPECTED_ALARMS = {
    "GC": {"alone makes"},
    "length": {"alone makes"},
    "copies": {"near twin in training", "not shown to know anything"},
    "noise": {"not shown to know anything"},
}


def auroc(result: PanelResult, arm: str) -> float:
    """Give what an arm reached."""
    found = next(one["value"] for one in result.rows if (one["arm"], one["metric"]) == (arm, "auroc"))
    assert isinstance(found, float)
    return found


def judged(signal: Signal, seed: int, *, quick: bool) -> tuple[bool, int, float]:
    """Run one panel: whether it is right, how many alarms are false, and what its best arm reached."""
    arms = [*CHEAP, control_names()[0]] if quick else [*CHEAP, "cnn", control_names()[0]]
    table = planted_signal(signal, n=EXAMPLES, length=LENGTH, seed=seed).table
    options = PanelOptions(seed=seed, resamples=300, seeds=2)
    result = run_panel(table, baseline_arms(arms, strands="one"), options=options)
    heard = {alarm for alarm in ALARMS if says(alarm)(result)}
    best = max(auroc(result, arm) for arm in result.arms if arm != control_names()[0])
    return RIGHT[signal](result), len(heard - EXPECTED_ALARMS.get(signal, set())), best


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", default=",".join(SIGNALS), help="which signals")
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    given = parser.parse_args()
    torch.set_num_threads(1)
    seeds = given.seeds or (3 if given.quick else SEEDS)
    rows: list[Row] = []
    for signal in SIGNALS:
        if signal not in given.only.split(",") or (given.quick and signal == "spacing"):
            continue
        before = time.process_time()
        found = [judged(signal, seed, quick=given.quick) for seed in range(given.first, given.first + seeds)]
        right, false_alarms, best = (np.array(column) for column in zip(*found, strict=True))
        ceiling = planted_signal(signal, n=20).ceiling
        rows.append(
            row(f"{signal}: right, of seeds {given.first} to {given.first + seeds - 1}", float(right.sum()), "seeds")
        )
        rows.append(row(f"{signal}: false alarms", float(false_alarms.sum()), "alarms"))
        rows.append(row(f"{signal}: best arm, mean", float(best.mean()), "AUROC", peer=ceiling, peer_name="ceiling"))
        rows.append(row(f"{signal}: per panel", (time.process_time() - before) / seeds, "CPU s"))
        show(rows[-4:], None)
    if given.json:
        show(rows, given.json)


if __name__ == "__main__":
    main()
