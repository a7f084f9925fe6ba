"""Sequences of different lengths: packed rows beside padding, and beside batches of one length.

    python benchmarks/packing.py [--quick] [--json PATH]

Real sequences: human promoters of 280 to 300 bases, phages of 4 to 6 kb, mitochondrial genes of 51 to 2,000. One
encoder reads them, base by base, the genes also as 6-mers side by side, and keeps the mean of every layer: BERT's
blocks, 4 layers of width 128, in the precision of the machine; it is the one that can be shown padding. Every case has
batches of 16,384 tokens, padding counted, and a process of its own; tokens per second are those of the sequences per
second of processor time, one thread, the faster of two passes. The memory is what the peak rose by above a process that
has read eight sequences.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from rows import Row, row, show
from torch import Tensor

from genolect.encoders.bert import BertConfig
from genolect.models.embedding import read_sequences
from genolect.models.inference import TOKENS_PER_BATCH, Machine, evaluating, this_machine
from genolect.models.model import SequenceModel, new_model
from genolect.pretraining.cost.trial import peak_bytes
from genolect.random import derived_generator
from genolect.sequence.alphabet import encode
from genolect.sequence.fasta import read_fasta
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.tokenizer import TokenIds, Tokenizer

DATA = Path(os.environ.get("GENOLECT_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
SETS = {"promoters": 600, "phages": 12, "mitochondrial genes": 200, "mitochondrial genes, 6-mers": 1_200}
LONGEST = 6_144
STATUS = Path("/proc/self/statm")
PAGE = resource.getpagesize()


class Result(NamedTuple):
    """What one case took."""

    tokens_per_second: float
    rise: float


def tokenizer_of(name: str) -> Tokenizer:
    """Give what cuts the sequences of a set."""
    return KmerTokenizer(6, 6) if name.endswith("6-mers") else NucleotideTokenizer()


def sequences(name: str, count: int) -> list[TokenIds]:
    """Draw some sequences of a set; their ids."""
    tokenizer = tokenizer_of(name)
    if name.startswith("mitochondrial genes"):
        records = read_fasta(DATA / "mitogenomes" / "cds.fa.gz")
        bases = [record.bases for record in records if 50 < record.bases.size <= 2_000]
    else:
        table = {"promoters": "human_tata_promoters", "phages": "phix_viability"}[name]
        with gzip.open(DATA / "tasks" / f"{table}.tsv.gz", "rt") as file:
            column = file.readline().rstrip("\n").split("\t").index("sequence")
            bases = [encode(line.split("\t")[column]) for line in file]
    drawn = derived_generator(5, f"benchmark {name}").permutation(len(bases))[:count]
    return [tokenizer.encode(bases[number]) for number in drawn]


def means(states: list[Tensor]) -> Tensor:
    """Give the mean of every layer."""
    return torch.stack([state.float().mean(dim=1) for state in states], dim=1)


def packed(model: SequenceModel, ids: list[TokenIds], machine: Machine) -> None:
    """Read packed rows."""
    read_sequences(model, ids, machine, means)


def grouped(model: SequenceModel, ids: list[TokenIds], machine: Machine) -> None:
    """Read batches of one length."""
    for length in sorted({len(sequence) for sequence in ids}):
        read_sequences(model, [sequence for sequence in ids if len(sequence) == length], machine, means)


def padded(model: SequenceModel, ids: list[TokenIds], machine: Machine) -> None:
    """Fill every batch up to its longest sequence, in the order given."""
    batches: list[list[TokenIds]] = [[]]
    for sequence in ids:
        longest = max(len(other) for other in [*batches[-1], sequence])
        if batches[-1] and longest * (len(batches[-1]) + 1) > TOKENS_PER_BATCH:
            batches.append([])
        batches[-1].append(sequence)
    with evaluating(model, machine):
        for batch in batches:
            lengths = torch.tensor([len(sequence) for sequence in batch])
            rows = np.full((len(batch), int(lengths.max())), model.tokenizer.padding_id)
            for place, sequence in zip(rows, batch, strict=True):
                place[: len(sequence)] = sequence
            real_BL = (torch.arange(rows.shape[1]) < lengths[:, None]).to(machine.device)
            states = model.encoder.states(torch.from_numpy(rows).to(machine.device), real_BL=real_BL)
            weights = (real_BL / real_BL.sum(dim=1, keepdim=True))[..., None]
            torch.stack([(state.float() * weights).sum(dim=1) for state in states], dim=1).cpu()


def padded_by_length(model: SequenceModel, ids: list[TokenIds], machine: Machine) -> None:
    """Pad sequences in order of length."""
    padded(model, sorted(ids, key=len), machine)


WAYS = {way.__name__: way for way in (packed, grouped, padded, padded_by_length)}


def take(way: str, name: str, count: int) -> Result:
    """Read one set in this process."""
    tokenizer, machine, blocks = tokenizer_of(name), this_machine(), {"layers": 4, "heads": 4, "feed_forward": 512}
    config = BertConfig(vocabulary=len(tokenizer.vocabulary), width=128, positions=LONGEST, **blocks)
    model = new_model(config, tokenizer, seed=3)
    ids, clock = sequences(name, count), time.process_time
    if machine.device.type == "cuda":  # a processor waits for a GPU: what passes is what counts
        clock = time.perf_counter
    WAYS[way](model, ids[:8], machine)
    before = PAGE * int(STATUS.read_text().split()[1])
    if machine.device.type == "cuda":
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
    seconds = []
    for _ in range(2):
        started = clock()
        WAYS[way](model, ids, machine)
        seconds.append(clock() - started)
    return Result(sum(map(len, ids)) / min(seconds), peak_bytes(machine) - before)


def measured(way: str, name: str, count: int) -> Result:
    """Read one set in a process of its own."""
    words = [sys.executable, __file__, "--case", json.dumps([way, name, count])]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{way}, {name}: {done.stderr[-2000:]}")
    result = Result(*json.loads(done.stdout))
    print(way, name, result, file=sys.stderr, flush=True)
    return result


def compare(name: str, count: int) -> list[Row]:
    """Give packed rows beside every other way."""
    ours = measured("packed", name, count)
    rows = []
    for way in ("grouped", "padded", "padded_by_length"):
        theirs, peer_name = measured(way, name, count), way.replace("_", " ")
        speeds, memory = (ours.tokens_per_second, theirs.tokens_per_second), (ours.rise / 1e6, theirs.rise / 1e6)
        rows.append(row(f"{name}, packed", speeds[0], "tokens/s", peer=speeds[1], peer_name=peer_name))
        rows.append(row(f"{name}, packed: memory", memory[0], "MB", peer=memory[1], peer_name=peer_name))
    return rows


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a quarter of the sequences")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    parser.add_argument("--case", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case is not None:
        torch.set_num_threads(1)
        print(json.dumps(take(*options.case)))
        return
    rows = [line for name, count in SETS.items() for line in compare(name, count // (4 if options.quick else 1))]
    show(rows, options.json)


if __name__ == "__main__":
    main()
