"""How fast the default model trains and scores, in bases per second.

    python benchmarks/pretraining.py [--quick] [--json PATH]

The embedded synthetic genome; default plan; seconds per step are the median of several after a warm-up. The peer is
torch's own encoder (`torch.nn.TransformerEncoder`, pre-norm, GELU) of the same width, depth and window with AdamW in
the same precision.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch
from rows import Row, row, show

from genolect.encoders.transformer import TransformerConfig
from genolect.genome.context_counts import ContextModel, count_contexts
from genolect.genome.genome import prepare_genome
from genolect.genome.synthetic import SyntheticConfig, write_synthetic
from genolect.models.inference import Machine, this_machine
from genolect.models.model import new_model
from genolect.pretraining.assembly import gather, new_training
from genolect.pretraining.cost.trial import measure_step
from genolect.pretraining.kinds.masked import set_masked_exam
from genolect.pretraining.plan import Plan, PretrainingOptions
from genolect.pretraining.pretraining import make_plan
from genolect.pretraining.recipe import Recipe
from genolect.tokenizers.nucleotide import NucleotideTokenizer


def peer_seconds(plan: Plan, machine: Machine, steps: int) -> float:
    """Median seconds of a step of torch's own encoder of the same shape."""
    shape, training = plan.encoder, plan.training
    assert isinstance(shape, TransformerConfig)
    layer = torch.nn.TransformerEncoderLayer(
        shape.width, shape.heads, 2 * shape.feed_forward, 0.0, "gelu", batch_first=True, norm_first=True
    )
    model = torch.nn.Sequential(
        torch.nn.Embedding(shape.vocabulary, shape.width),
        torch.nn.TransformerEncoder(layer, shape.layers, enable_nested_tensor=False),
        torch.nn.Linear(shape.width, 4),
    ).to(machine.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    ids = torch.randint(4, (training.windows, training.window), device=machine.device)
    selected = torch.rand(ids.shape, device=machine.device) < 0.15
    seconds = []
    for _ in range(steps + 2):
        started = time.perf_counter()
        with machine.autocast():
            logits = model(torch.where(selected, 5, ids))[selected]
        torch.nn.functional.cross_entropy(logits.float(), ids[selected]).backward()
        optimizer.step()
        optimizer.zero_grad()
        seconds.append(time.perf_counter() - started)
    return sorted(seconds[2:])[steps // 2]


def measure(folder: Path, steps: int) -> list[Row]:
    """Measure every row."""
    machine = this_machine()
    paths = write_synthetic(SyntheticConfig(), folder / "synthetic")
    genome = prepare_genome([paths["genome.fa"]], folder / "prepared")
    plan = make_plan(genome, PretrainingOptions(steps=1000), machine)
    bases = plan.training.windows * plan.training.window
    split, ingredients = plan.split(), gather(genome, Recipe())
    trials = (new_training(ingredients, genome, split, plan.encoder, plan.training, machine) for _ in range(3))
    ours = sorted(measure_step(trial) for trial in trials)[1]
    peer = peer_seconds(plan, machine, steps)
    model = new_model(plan.encoder, NucleotideTokenizer(), seed=0)
    counting = ContextModel(count_contexts(genome, split.train, 1))
    window = plan.training.window
    exam = set_masked_exam(genome, split.train, ingredients.tokens, counting, window=window, most=400, seed=0)
    started = time.perf_counter()
    exam.score(model, machine)
    scoring = len(exam.counts) * window / (time.perf_counter() - started)
    return [
        row("training, default model", bases / ours, "bases/s", peer=bases / peer, peer_name="TransformerEncoder"),
        row("scoring hidden bases, default model", scoring, "bases/s"),
        row("trained values of the default model", model.parameter_count, "parameters"),
    ]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few steps")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        show(measure(Path(folder), 3 if options.quick else 15), options.json)


if __name__ == "__main__":
    main()
