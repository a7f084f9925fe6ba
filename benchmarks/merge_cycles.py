"""How many merges byte pairs should have, by the task that GROVER's authors chose by: the curve over merge cycles.

    python benchmarks/merge_cycles.py [GENOME.fa[.gz]] [--cycles 100,…,2000] [--seeds 2] [--bases 2e6] [--json PATH]

For each number of cycles a vocabulary is learned from the training records, and for each seed a small masked model is
pretrained on as many bases and tuned on the same questions; all answer the same questions about the test record. The
peer is the interpolated Markov model of the order that validation chose. Without a genome the embedded synthetic one
is used. One thread; seconds are processor time.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from genolect import files
from genolect.encoders.transformer import TransformerConfig
from genolect.evaluation.studies.next_kmer import (
    Answers,
    KmerTask,
    NextKmerOptions,
    baseline_answers,
    model_answers,
    set_kmer_task,
)
from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.genome.holdout import GenomeSplit, split_genome
from genolect.genome.synthetic import SyntheticConfig, write_synthetic
from genolect.models.inference import Machine, WindowTokens, this_machine
from genolect.models.model import SequenceModel
from genolect.pretraining.assembly import Ingredients, new_training
from genolect.pretraining.kinds.exam import mean_estimates
from genolect.pretraining.loop import TrainingConfig
from genolect.pretraining.recipe import Recipe
from genolect.tokenizers.byte_pair import BytePairTokenizer
from genolect.tokenizers.byte_pair_merging import learn_merges

CYCLES = (100, 200, 300, 400, 500, 600, 700, 1000, 2000)
GROVERS = 600
WIDTH, LAYERS, HEADS, FEED_FORWARD = 64, 2, 2, 160
WINDOWS, WINDOW = 16, 512
COMPARED = ("tuned", "pretrained_probe", "token_frequency")

Row = dict[str, Any]


def pretrained(
    tokenizer: BytePairTokenizer,
    genome: PreparedGenome,
    split: GenomeSplit,
    machine: Machine,
    *,
    bases: float,
    seed: int,
) -> SequenceModel:
    """Train a small masked model on so many bases."""
    shape: dict[str, Any] = {
        "width": WIDTH,
        "layers": LAYERS,
        "heads": HEADS,
        "feed_forward": FEED_FORWARD,
        "stem_reach": 1,
    }
    encoder = TransformerConfig(vocabulary=len(tokenizer.vocabulary), context_lengths=(), **shape)
    steps = max(1, round(bases / WINDOWS / WINDOW))
    config = TrainingConfig(steps=steps, windows=WINDOWS, window=WINDOW, seed=seed)
    ingredients = Ingredients(Recipe(), WindowTokens(tokenizer), None, {})
    training = new_training(ingredients, genome, split, encoder, config, machine)
    for _ in range(steps):
        training.step()
    return training.model.eval()


def learned(genome: PreparedGenome, split: GenomeSplit, cycles: int) -> BytePairTokenizer:
    """Learn a vocabulary from the training records alone."""
    stretches = [genome.bases(region.name, region.start, region.end) for region in split.train]
    return BytePairTokenizer(learn_merges(stretches, cycles=cycles))


def curve(
    genome: PreparedGenome, options: NextKmerOptions, cycles: tuple[int, ...], *, seeds: int, bases: float
) -> tuple[KmerTask, Answers, list[Row]]:
    """Give the answers of every vocabulary, its seeds' one after the other, and what each took."""
    split, machine = split_genome(genome, window=WINDOW), this_machine()
    task = set_kmer_task(genome, split, options)
    answers, _ = baseline_answers(task)
    costs: list[Row] = []
    for count in cycles:
        tokenizer = learned(genome, split, count)
        tokens = len(tokenizer.encode(task.test.prefixes.reshape(-1)))
        for seed in range(seeds):
            started = time.process_time()
            model = pretrained(tokenizer, genome, split, machine, bases=bases, seed=seed)
            spent = time.process_time() - started
            asked = options.model_copy(update={"seed": seed})
            found, facts = model_answers(task, model, asked, machine, counted=False)
            answers |= {f"{arm}, {count} cycles, seed {seed}": by_length for arm, by_length in found.items()}
            cost: Row = {"cycles": count, "seed": seed, "vocabulary": len(tokenizer.vocabulary)}
            cost |= {"bases_per_token": task.test.prefixes.size / tokens, "pretraining_seconds": spent}
            costs.append(cost | {"tuned_steps": facts["tuned_steps"], "seconds": time.process_time() - started})
            print(
                ", ".join(
                    f"{name} {value if isinstance(value, dict) else round(value, 2)}"
                    for name, value in costs[-1].items()
                ),
                flush=True,
            )
    return task, answers, costs


def figures(task: KmerTask, answers: Answers, cycles: tuple[int, ...], seeds: int) -> list[Row]:
    """Put intervals to the means over seeds, and to the differences from GROVER's number and from the Markov model."""
    rows, once = [], np.ones(len(task.test))
    for arm in COMPARED:
        for k in task.lengths:
            right = {
                count: np.mean(
                    [answers[f"{arm}, {count} cycles, seed {seed}"][k].right for seed in range(seeds)], axis=0
                )
                for count in cycles
            }
            bits = {
                count: np.mean(
                    [answers[f"{arm}, {count} cycles, seed {seed}"][k].bits for seed in range(seeds)], axis=0
                )
                for count in cycles
            }
            grover = right.get(GROVERS, right[cycles[0]])
            for count in cycles:
                sums = [right[count], right[count] - grover, right[count] - answers["markov"][k].right, bits[count]]
                found = mean_estimates(sums, once, task.test.blocks, seed=0)
                names = ("accuracy", "accuracy_over_600", "accuracy_over_markov", "bits_per_kmer")
                rows += [
                    {"task": f"next {k}-mer", "arm": arm, "cycles": count, "metric": name, "value": one.value}
                    | {"low": one.low, "high": one.high, "n": len(task.test), "split": "test"}
                    for name, one in zip(names, found, strict=True)
                ]
    return rows


def bars(task: KmerTask, answers: Answers) -> list[Row]:
    """Give what needs no vocabulary."""
    rows: list[Row] = []
    for k in task.lengths:
        rows.append({"task": f"next {k}-mer", "arm": "chance", "metric": "accuracy", "value": 4.0**-k})
        for arm in ("kmer_frequency", "markov"):
            values = {"accuracy": answers[arm][k].right, "bits_per_kmer": answers[arm][k].bits}
            for name, column in values.items():
                [one] = mean_estimates([column], np.ones(len(task.test)), task.test.blocks, seed=0)
                rows.append(
                    {"task": f"next {k}-mer", "arm": arm, "metric": name, "value": one.value}
                    | {"low": one.low, "high": one.high, "n": len(task.test), "split": "test"}
                )
    return rows


def show(rows: list[Row], task: KmerTask, cycles: tuple[int, ...]) -> None:
    """Print accuracies in per cent: a line for each number of cycles, a column for each k."""
    for arm in COMPARED:
        print(f"{arm}: right answers in per cent, and the difference from {GROVERS} cycles")
        for count in cycles:
            cells = []
            for k in task.lengths:
                found = {
                    row["metric"]: row
                    for row in rows
                    if (row["arm"], row["cycles"], row["task"]) == (arm, count, f"next {k}-mer")
                }
                over = found["accuracy_over_600"]
                interval = "" if over["low"] is None else f" ({100 * over['low']:+.2f} to {100 * over['high']:+.2f})"
                cells.append(f"{100 * found['accuracy']['value']:6.2f}{interval}")
            print(f"{count:6} " + "  ".join(cells))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("genome", type=Path, nargs="?", help="FASTA file; by default the synthetic genome")
    parser.add_argument("--cycles", default=",".join(map(str, CYCLES)))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--bases", type=float, default=2e6, help="bases that each model is pretrained on")
    parser.add_argument("--tuning-steps", type=int, default=300)
    parser.add_argument("--quick", action="store_true", help="three vocabularies, one seed, next to no training")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    given = parser.parse_args()
    torch.set_num_threads(1)
    cycles = tuple(map(int, given.cycles.split(",")))
    options = NextKmerOptions(tuning_steps=given.tuning_steps)
    seeds, bases = given.seeds, given.bases
    if given.quick:
        cycles, seeds, bases = (100, GROVERS, 1000), 1, 1e5
        options = NextKmerOptions(lengths=(2, 3), training=2_000, validation=500, test=1_000, tuning_steps=10)
    with tempfile.TemporaryDirectory() as folder:
        source = given.genome or write_synthetic(SyntheticConfig(), Path(folder) / "synthetic")["genome.fa"]
        genome = prepare_genome([source], Path(folder) / "prepared")
        task, answers, costs = curve(genome, options, cycles, seeds=seeds, bases=bases)
    rows = figures(task, answers, cycles, seeds)
    show(rows, task, cycles)
    if given.json is not None:
        machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
        facts = {"genome": source.name, "bases": bases, "seeds": seeds, "options": options.to_mapping()}
        files.write_json(given.json, {"machine": machine, **facts, "costs": costs, "rows": rows + bars(task, answers)})


if __name__ == "__main__":
    main()
