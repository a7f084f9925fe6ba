"""What exact strand symmetry costs and gives: the equivariant transformer beside the plain one of the same shape.

    python benchmarks/strand.py [--steps 150] [--quick] [--json PATH]

Weights and processor time of a step, one thread, at the same width, layers, heads and windows. Then both are trained
for the same number of steps on yeast (real data, where GENOLECT_DATA says) by hiding bases, and asked about the same
hidden bases of a held-out chromosome: as given, on the other strand, and averaged over both strands.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import torch
from rows import Row, row, show
from torch import Tensor
from torch.nn import functional

from genolect.encoders.build import encoder_config
from genolect.encoders.encoder import EncoderConfig
from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.genome.holdout import choose_split
from genolect.genome.windows import WindowSampler, tile_windows
from genolect.models.inference import Machine, WindowTokens, words_of
from genolect.models.model import SequenceModel, new_model
from genolect.objectives.masked import MaskedBases, MaskedBasesConfig
from genolect.pretraining.batches import GenomeBatches
from genolect.pretraining.cost.trial import step_seconds
from genolect.pretraining.loop import Training, TrainingConfig
from genolect.pretraining.parts import Part
from genolect.random import derived_key
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.reading import target_partners, token_partners

DATA = Path(os.environ.get("GENOLECT_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
SHAPE = {"vocabulary": 7, "width": 128, "layers": 4, "heads": 2, "feed_forward": 320, "context_lengths": []}
WINDOWS, WINDOW, SEED, TIMED, ASKED = 8, 256, 1, 15, 160
KINDS = {"plain": "transformer", "symmetric": "equivariant"}
PRECISIONS = {
    "float32": Machine(torch.device("cpu"), reduced=False),
    "bfloat16": Machine(torch.device("cpu"), reduced=True),
}
TOKENS = WindowTokens(NucleotideTokenizer())


class Question(NamedTuple):
    """Windows with hidden bases."""

    ids: Tensor
    selected: Tensor
    answers: Tensor


def shape_of(name: str) -> EncoderConfig:
    return encoder_config(KINDS[name], SHAPE, "benchmark")


def training_of(name: str, genome: PreparedGenome, steps: int) -> Training:
    """Make a training by hidden bases, always in float32."""
    sampler = WindowSampler(genome, choose_split(genome.lengths).train, length=WINDOW, seed=SEED, purpose="training")
    part = Part(MaskedBases(MaskedBasesConfig(), words_of(TOKENS.tokenizer)), GenomeBatches(sampler, TOKENS, WINDOWS))
    config = TrainingConfig(steps=steps, windows=WINDOWS, window=WINDOW, seed=SEED)
    model = new_model(shape_of(name), TOKENS.tokenizer, seed=SEED)
    return Training(model, {"masked": part}, config, PRECISIONS["float32"])


def question_of(genome: PreparedGenome) -> Question:
    """Hide bases of held-out windows, the mask alone in their place."""
    windows, _ = tile_windows(genome, choose_split(genome.lengths).test, length=WINDOW, most=ASKED)
    hiding = MaskedBases(MaskedBasesConfig(hidden_share=1.0, random_share=0.0), words_of(TOKENS.tokenizer))
    batch = TOKENS.batch(torch.from_numpy(windows))
    inputs, _ = hiding.corrupt(batch, derived_key(SEED, "questions"))
    if inputs.selected is None:
        raise ValueError("hidden bases are selected")
    return Question(inputs.ids, inputs.selected, batch.ids[inputs.selected])


@torch.no_grad()
def answered(model: SequenceModel, question: Question, machine: Machine, strand: str) -> Tensor:
    """Give the log-probabilities of the hidden bases, (S, 4), read from one strand or from both."""
    ids, selected, _ = question
    partners = torch.from_numpy(token_partners(TOKENS.tokenizer))
    targets = torch.from_numpy(target_partners(TOKENS.tokenizer))
    turned = selected.flip(1)
    with machine.autocast():
        given, there = model(ids, selected).float(), model(partners[ids.flip(1)], turned).float()
    places = torch.zeros(*ids.shape, there.shape[1])
    places[turned] = there  # Answers come in reading order of the other strand.
    other = places.flip(1)[selected][:, targets]
    logits = {"given": given, "other": other, "both": (given + other) / 2}[strand]
    return functional.log_softmax(logits, dim=1)


def bits(log_probabilities: Tensor, question: Question) -> float:
    return functional.nll_loss(log_probabilities, question.answers).item() / math.log(2)


def measure(folder: Path, steps: int) -> list[Row]:
    """Measure every row."""
    torch.set_num_threads(1)
    genome = prepare_genome([DATA / "genomes" / "yeast.fa.gz"], folder / "prepared")
    question = question_of(genome)
    trainings = {name: training_of(name, genome, steps + TIMED + 2) for name in KINDS}
    weights = {name: training.model.parameter_count for name, training in trainings.items()}
    # By turns, so that what else runs on the machine slows both alike.
    seconds: dict[str, list[float]] = {name: [] for name in KINDS}
    for _ in range(TIMED):
        for name, training in trainings.items():
            seconds[name] += step_seconds(training, time.process_time, warm_up=0, steps=1)
    middle = {name: sorted(found)[TIMED // 2] for name, found in seconds.items()}
    rows = [
        row("weights", weights["symmetric"], "values", peer=weights["plain"], peer_name="plain"),
        row("processor time of a step, median", middle["symmetric"], "s", peer=middle["plain"], peer_name="plain"),
    ]
    for name, training in trainings.items():
        while training.progress.step < training.config.steps:
            training.step()
        model = training.model.eval()
        for precision, machine in PRECISIONS.items():
            told = {strand: answered(model, question, machine, strand) for strand in ("given", "other", "both")}
            largest = (told["given"] - told["other"]).abs().max().item()
            rows.append(row(f"{name}, {precision}: strands differ at most by", largest, "nats"))
            if precision == "float32":
                one, both = bits(told["given"], question), bits(told["both"], question)
                what = f"{name}: both strands averaged, {len(question.answers):,} bases"
                rows.append(row(what, both, "bits per hidden base", peer=one, peer_name="one strand"))
    return rows


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=150, help="steps of training of each model")
    parser.add_argument("--quick", action="store_true", help="five steps")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        show(measure(Path(folder), 5 if options.quick else options.steps), options.json)


if __name__ == "__main__":
    main()
