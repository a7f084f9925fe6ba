"""How fast batches are made: windows from a prepared genome, masking, and both as a share of a training step.

    python benchmarks/windows.py [--quick] [--json PATH]

One core, processor time, the best of several repeats. The windows lie at random places of a random genome and half of
them are read from the other strand, their Ns counted; pysam gives the forward strand as text. A plain copy reads the
same number of bytes at random places into memory that is already there. The Hugging Face collator masks the same ids
(15 %, 80/10/10), once as it is called and once its inner function alone. The step is that of the default model.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pysam
import torch
from rows import Row, row, show
from tokenizers import Tokenizer, models
from transformers import DataCollatorForLanguageModeling, PreTrainedTokenizerFast

from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.genome.synthetic import SyntheticConfig, write_synthetic
from genolect.genome.windows import WindowSampler
from genolect.models.inference import WindowTokens, this_machine, words_of
from genolect.objectives.masked import MaskedBases, MaskedBasesConfig
from genolect.objectives.objective import Batch
from genolect.pretraining.assembly import gather, new_training
from genolect.pretraining.cost.trial import measure_step
from genolect.pretraining.plan import PretrainingOptions
from genolect.pretraining.pretraining import make_plan
from genolect.pretraining.recipe import Recipe
from genolect.sequence.alphabet import LETTERS
from genolect.sequence.interval import Interval
from genolect.tokenizers.nucleotide import NucleotideTokenizer

SHORT, LONG = 1_000, 100_000
BYTES_AT_A_TIME = 32_000_000
HIDDEN, UNKNOWN = "[MASK]", "[PAD]"


def write_genome(path: Path, bases: int) -> None:
    """Write a random genome of three chromosomes on one line each."""
    generator = np.random.Generator(np.random.Philox(1))
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)
    with path.open("wb") as file:
        for number in range(3):
            file.write(b">chromosome_%d\n%s\n" % (number, letters[generator.integers(4, size=bases // 3)].tobytes()))


def per_second(count: int, action: Callable[[int], object], repeats: int) -> float:
    """Time an action that is told its number by processor time, best of some repeats after a first one."""
    seconds = []
    for number in range(repeats + 1):
        started = time.process_time()
        action(number)
        seconds.append(time.process_time() - started)
    return count / min(seconds[1:])


def windows_with_pysam(path: Path, count: int, length: int, repeats: int) -> float:
    """Fetch random windows as text; windows per second."""
    with pysam.FastaFile(str(path)) as file:
        names, sizes = file.references, file.lengths

        def fetch(number: int) -> None:
            generator = np.random.Generator(np.random.Philox(number))
            records = generator.integers(len(names), size=count).tolist()
            for record, share in zip(records, generator.random(count).tolist(), strict=True):
                start = int(share * (sizes[record] - length))
                file.fetch(names[record], start, start + length)

        return per_second(count, fetch, repeats)


def windows_of_ours(genome: PreparedGenome, batch: int, length: int, repeats: int) -> float:
    """Draw batches of random windows; windows per second."""
    regions = [Interval(name, 0, size) for name, size in genome.lengths.items()]
    sampler = WindowSampler(genome, regions, length=length, seed=0, purpose="timing")
    several = max(1, BYTES_AT_A_TIME // (batch * length))

    def draw(number: int) -> None:
        for step in range(several):
            sampler.draw(number * several + step, batch)

    return per_second(several * batch, draw, repeats)


def plain_copies(genome: PreparedGenome, batch: int, length: int, repeats: int) -> float:
    """Copy as many bytes from random places into one buffer; windows per second."""
    bases, several = genome.all_bases, max(1, BYTES_AT_A_TIME // (batch * length))
    buffer = np.empty((batch, length), dtype=np.uint8)
    generator = np.random.Generator(np.random.Philox(2))
    starts = generator.integers(len(bases) - length, size=(repeats + 1, several * batch)).tolist()

    def copy(number: int) -> None:
        for place, start in enumerate(starts[number]):
            buffer[place % batch] = bases[start : start + length]

    return per_second(several * batch, copy, repeats)


def collator() -> DataCollatorForLanguageModeling:
    """Give the Hugging Face collator over the same vocabulary."""
    model = models.WordLevel({word: number for number, word in enumerate((*LETTERS, HIDDEN, UNKNOWN))}, UNKNOWN)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(model), mask_token=HIDDEN, pad_token=UNKNOWN)
    return DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15)


def masking_rows(repeats: int) -> list[Row]:
    """Measure masking."""
    tokens = WindowTokens(NucleotideTokenizer())
    objective = MaskedBases(MaskedBasesConfig(), words_of(tokens.tokenizer))
    peer, rows = collator(), []
    for windows, length in ((32, 512), (1024, 1024)):
        bases = torch.randint(4, (windows, length), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
        batch = tokens.batch(bases)
        ids = batch.ids
        several = max(1, 2_000_000 // ids.numel())

        def ours(number: int, batch: Batch = batch, several: int = several) -> None:
            for step in range(several):
                objective.corrupt(batch, number * several + step)

        speed = per_second(several * ids.numel(), ours, repeats) / 1e6
        if windows < 100:
            examples = [{"input_ids": row} for row in ids]
            called = per_second(ids.numel(), lambda _, examples=examples: peer(examples), repeats) / 1e6
            rows.append(row(f"masking {windows} x {length}", speed, "M tokens/s", peer=called, peer_name="HF collator"))
        special = torch.zeros_like(ids, dtype=torch.bool)
        inner = (
            per_second(
                ids.numel(),
                lambda _, ids=ids, special=special: peer.torch_mask_tokens(ids.clone(), special_tokens_mask=special),
                repeats,
            )
            / 1e6
        )
        name = "HF torch_mask_tokens alone"
        rows.append(row(f"masking {windows} x {length}", speed, "M tokens/s", peer=inner, peer_name=name))
    return rows


def preparation_rows(folder: Path, repeats: int) -> list[Row]:
    """Measure a whole batch beside a training step of the default model."""
    machine = this_machine()
    paths = write_synthetic(SyntheticConfig(), folder / "synthetic")
    genome = prepare_genome([paths["genome.fa"]], folder / "synthetic-prepared")
    plan = make_plan(genome, PretrainingOptions(steps=1000), machine)
    training, ingredients = plan.training, gather(genome, Recipe())
    trial = new_training(ingredients, genome, plan.split(), plan.encoder, training, machine)
    (part,) = trial.parts.values()
    seconds = []
    for step in range(200 * repeats):
        started = time.perf_counter()
        part.objective.corrupt(part.batches.draw(step, machine.device), step)
        seconds.append(time.perf_counter() - started)
    ours = statistics.median(seconds)
    whole = statistics.median(measure_step(trial) for _ in range(min(3, repeats)))
    return [
        row(f"batch of {training.windows} x {training.window}: draw, ids, masking", 1e6 * ours, "µs"),
        row("the same, share of a training step of the default model", 100 * ours / whole, "%"),
    ]


def measure(folder: Path, bases: int, repeats: int) -> list[Row]:
    """Measure every row."""
    torch.set_num_threads(1)
    path = folder / "genome.fa"
    write_genome(path, bases)
    genome = prepare_genome([path], folder / "prepared")
    genome.all_bases.max()  # So that nobody waits for the disk.
    short = windows_of_ours(genome, 512, SHORT, repeats) / 1e6
    fetched = windows_with_pysam(path, 5_000, SHORT, repeats) / 1e6
    long = windows_of_ours(genome, 8, LONG, repeats) * LONG / 1e9
    copied = plain_copies(genome, 8, LONG, repeats) * LONG / 1e9
    return [
        row("random windows of 1 kb", short, "M windows/s", peer=fetched, peer_name="pysam fetch"),
        row("random windows of 100 kb", long, "GB/s", peer=copied, peer_name="plain copy"),
        *masking_rows(repeats),
        *preparation_rows(folder, repeats),
    ]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small genome, few repeats")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder), 10_000_000 if options.quick else 100_000_000, 2 if options.quick else 9)
        show(rows, options.json)


if __name__ == "__main__":
    main()
