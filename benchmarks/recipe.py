"""What the default recipe is worth: the same seconds for the default and for variants that change one thing.

    python benchmarks/recipe.py [GENOME.fa[.gz]] [--seconds 120] [--quick] [--json PATH]

Without a genome the embedded synthetic one is used. Every variant is measured first and gets as many steps as fit into
the seconds of processor time on one thread, which other work on the machine does not shorten; the figure is bits per
hidden base on the validation stretches (less is better), the peer the count model on the same hidden bases.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from rows import Row, row, show

from genolect.encoders.encoder import EncoderConfig
from genolect.encoders.transformer import TransformerConfig
from genolect.genome.context_counts import ContextModel, count_contexts
from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.genome.synthetic import SyntheticConfig, write_synthetic
from genolect.models.inference import WindowTokens, this_machine
from genolect.pretraining.assembly import gather, new_training
from genolect.pretraining.cost.trial import TIMED_STEPS, WARM_UP_STEPS
from genolect.pretraining.kinds.masked import MaskedPart, set_masked_exam, tune_count_model
from genolect.pretraining.loop import Observers, Training
from genolect.pretraining.optimizer import TwoOptimizers
from genolect.pretraining.plan import Plan, PretrainingOptions
from genolect.pretraining.pretraining import make_plan
from genolect.pretraining.recipe import Recipe
from genolect.tokenizers.nucleotide import NucleotideTokenizer

VARIANTS: dict[str, dict[str, Any]] = {
    "default": {},
    "without context counts": {"encoder": {"context_lengths": ()}},
    "without the local stem": {"encoder": {"stem_reach": 1}},
    "AdamW for every parameter": {"adamw": True},
    "wider: 192 instead of 128": {"encoder": {"width": 192, "heads": 3, "feed_forward": 512}},
    "deeper: 4 layers instead of 2": {"encoder": {"layers": 4}},
    "every selected base shown as [MASK]": {"objective": {"hidden_share": 1.0, "random_share": 0.0}},
}


class AllAdamW(TwoOptimizers):
    """The matrices too go to AdamW."""

    def __init__(self, model: torch.nn.Module, **rates: float) -> None:
        super().__init__(model, **rates)
        rate = rates["learning_rate"]
        adamw = torch.optim.AdamW(self.matrices, lr=rate, betas=(0.9, 0.98), weight_decay=0.0, fused=True)
        self._optimizers = {0: adamw, 1: self._optimizers[1]}
        self._peaks = (rate, rate)


def shape_of(config: EncoderConfig) -> TransformerConfig:
    """The shape of the default encoder, which is all that is tried here."""
    if not isinstance(config, TransformerConfig):
        raise TypeError(config.kind)
    return config


def training_of(genome: PreparedGenome, plan: Plan, variant: dict[str, Any], steps: int) -> Training:
    """Set up the training of one variant for so many steps."""
    encoder = plan.encoder.model_copy(update=variant.get("encoder", {}))
    split = plan.split()
    counts = count_contexts(genome, split.train, max(shape_of(plan.encoder).context_lengths))
    tables = {k: torch.from_numpy(counts[k]) for k in shape_of(encoder).context_lengths}
    masking = MaskedPart.from_mapping(variant.get("objective", {}), "objective")
    ingredients = gather(genome, Recipe(objectives={"masked": masking}))
    config = plan.training.model_copy(update={"steps": steps, "checkpoint_every": 0, "validate_every": 0})
    training = new_training(ingredients, genome, split, encoder, config, this_machine(), counts=tables)
    if variant.get("adamw"):
        rates = {"matrix_learning_rate": config.matrix_learning_rate, "learning_rate": config.learning_rate}
        training.optimizer = AllAdamW(training.trained, **rates)
    return training


def steps_within(seconds: float, trial: Training) -> int:
    """Time a few steps, in processor time, and say how many fit."""
    spent = []
    for _ in range(WARM_UP_STEPS + TIMED_STEPS):
        started = time.process_time()
        trial.step()
        spent.append(time.process_time() - started)
    return max(1, round(seconds / sorted(spent[WARM_UP_STEPS:])[TIMED_STEPS // 2]))


def train(genome: PreparedGenome, variant: dict[str, Any], seconds: float, folder: Path) -> tuple[float, float, int]:
    """Train one variant; give its bits, the count model's, and its steps."""
    plan = make_plan(genome, PretrainingOptions(steps=1), this_machine())
    steps = steps_within(seconds, training_of(genome, plan, variant, steps=1000))
    training = training_of(genome, plan, variant, steps)
    training.run(folder, Observers())
    counting = ContextModel(count_contexts(genome, plan.split().train, max(shape_of(plan.encoder).context_lengths)))
    tokens, window = WindowTokens(NucleotideTokenizer()), plan.training.window
    exam = set_masked_exam(genome, plan.split().validation, tokens, counting, window=window, most=1_000, seed=0)
    tune_count_model(counting, exam)
    return exam.score(training.model, training.machine), exam.bar, steps


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("genome", type=Path, nargs="?", help="FASTA file; by default the synthetic genome")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--quick", action="store_true", help="two variants, two seconds each")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    options = parser.parse_args()
    torch.set_num_threads(1)
    names = list(VARIANTS)[: 2 if options.quick else None]
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        source = options.genome or write_synthetic(SyntheticConfig(), Path(folder) / "synthetic")["genome.fa"]
        genome = prepare_genome([source], Path(folder) / "prepared")
        for name in names:
            seconds = 2.0 if options.quick else options.seconds
            own, counting, steps = train(genome, VARIANTS[name], seconds, Path(folder) / name.replace(" ", "-"))
            what = f"{name} ({steps} steps)"
            rows.append(row(what, own, "bits per hidden base", peer=counting, peer_name="count model"))
            print(what, f"{own:.4f}", flush=True)
    show(rows, options.json)


if __name__ == "__main__":
    main()
