"""How fast, and in how much memory, byte-pair tokens are learned and encoded on one core.

    python benchmarks/byte_pair.py [GENOME.fa[.gz]] [--quick] [--json PATH]

Without a genome a synthetic one is used. Lengths beyond the genome's are filled with copies of it in which a tenth of
the bases are drawn anew. The peer is the tokenizers library in the same run, on one thread: its trainer cannot learn
from whole chromosomes, so it gets pieces of 512 bases; its encoder gets pieces of 10 kb, its fastest case.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tokenizers
from rows import Row, row, show

from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.genome.synthetic import SyntheticConfig, write_synthetic
from genolect.sequence.alphabet import Bases, decode
from genolect.tokenizers.byte_pair import BytePairTokenizer
from genolect.tokenizers.byte_pair_merging import learn_merges

CYCLES = 600
VOCABULARIES = {604: 600, 4_096: 4_092}
"""Tokens of bases and words, and the cycles that make them."""
PIECE_TO_LEARN, PIECE_TO_ENCODE = 512, 10_000
WINDOW = 512


def seconds(action: Callable[[], object], repeats: int = 1) -> float:
    """Processor time of an action, best of some repeats."""
    taken = []
    for _ in range(repeats):
        started = time.process_time()
        action()
        taken.append(time.process_time() - started)
    return min(taken)


def stretches(genome: PreparedGenome, bases: int) -> list[Bases]:
    """Chromosomes up to a number of bases; copies with a tenth of their bases drawn anew where there are too few."""
    generator = np.random.Generator(np.random.Philox(2))
    found: list[Bases] = []
    copies = 0
    while bases > 0:
        for name in genome.records:
            chromosome = genome.bases(name)[:bases]
            if copies:
                changed = generator.random(len(chromosome), dtype=np.float32) < 0.1
                drawn = generator.integers(4, size=len(chromosome), dtype=np.uint8)
                chromosome = np.where(changed, drawn, chromosome)
            found.append(chromosome)
            bases -= len(chromosome)
            if bases <= 0:
                break
        copies += 1
    return found


def pieces(chromosomes: list[Bases], length: int) -> list[str]:
    """Letters of pieces without N."""
    texts = [decode(chromosome).upper() for chromosome in chromosomes]
    cut = [text[start : start + length] for text in texts for start in range(0, len(text), length)]
    return [part for piece in cut for part in piece.split("N") if part]


def learn_with_peer(texts: list[str]) -> None:
    """Learn the same number of tokens from pieces."""
    model = tokenizers.Tokenizer(tokenizers.models.BPE())
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=4 + CYCLES, initial_alphabet=list("ACGT"), show_progress=False)
    model.train_from_iterator(texts, trainer)


def bytes_per_base(prepared: Path, bases: int) -> float:
    """Learn in a process of its own and read (on Linux) by how much its peak memory grows."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[3]); from pathlib import Path;"
        "from byte_pair import CYCLES, learn_merges, stretches; from genolect.genome.genome import PreparedGenome;"
        "peak = lambda: 1024 * int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]);"
        "genome = PreparedGenome(Path(sys.argv[1])); learn_merges(stretches(genome, 10_000), cycles=9);"
        "chromosomes = stretches(genome, int(sys.argv[2])); before = peak();"
        "learn_merges(chromosomes, cycles=CYCLES); print(peak() - before)"
    )
    command = [sys.executable, "-c", program, str(prepared), str(bases), str(Path(__file__).parent)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / bases


def learning(genome: PreparedGenome, megabases: list[int]) -> list[Row]:
    """Time and memory of learning."""
    rows = []
    learn_merges(stretches(genome, 10_000), cycles=9)  # compiles
    for length in megabases:
        chromosomes = stretches(genome, length * 1_000_000)
        ours = seconds(lambda chromosomes=chromosomes: learn_merges(chromosomes, cycles=CYCLES))
        rows.append(row(f"learn {CYCLES} merges, whole chromosomes, {length} Mb, per Mb", ours / length, "s/Mb"))
    bases = megabases[1] * 1_000_000
    chromosomes = stretches(genome, bases)
    texts = pieces(chromosomes, PIECE_TO_LEARN)
    rows.append(
        row(
            f"learn {CYCLES} merges, {megabases[1]} Mb",
            seconds(lambda: learn_merges(chromosomes, cycles=CYCLES), 3),
            "s",
            peer=seconds(lambda: learn_with_peer(texts)),
            peer_name=f"tokenizers, pieces of {PIECE_TO_LEARN}",
        )
    )
    rows.append(row("peak memory of learning, per base", bytes_per_base(genome.folder, bases), "bytes"))
    return rows


def encoding(genome: PreparedGenome, bases: int) -> list[Row]:
    """Speed of encoding."""
    rows = []
    chromosomes = stretches(genome, bases)
    texts = pieces(chromosomes, PIECE_TO_ENCODE)
    for size, cycles in VOCABULARIES.items():
        tokenizer = BytePairTokenizer(learn_merges(chromosomes, cycles=cycles))
        peer = tokenizers.Tokenizer.from_str(json.dumps(tokenizer.to_ecosystem()))
        tokenizer.encode(chromosomes[0][:1_000])  # compiles

        def encode_all(tokenizer: BytePairTokenizer = tokenizer) -> None:
            for chromosome in chromosomes:
                tokenizer.encode(chromosome)

        rows.append(
            row(
                f"encode with {size:,} tokens",
                bases / seconds(encode_all, 5) / 1e6,
                "Mb/s",
                peer=bases / seconds(lambda peer=peer: peer.encode_batch(texts), 2) / 1e6,
                peer_name="tokenizers, encode_batch",
            )
        )
    return rows


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("genome", type=Path, nargs="?", help="FASTA; by default a synthetic genome")
    parser.add_argument("--quick", action="store_true", help="a small part of the genome")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    options = parser.parse_args()
    os.environ.update(RAYON_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")  # the peer's threads; read at first use
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = options.genome
        if path is None:
            chromosome = 150_000 if options.quick else 1_500_000
            path = write_synthetic(SyntheticConfig(bases_per_chromosome=chromosome), folder / "synthetic")["genome.fa"]
        genome = prepare_genome([path], folder / "prepared")
        megabases = [1, 2, 4] if options.quick else [4, 12, 48]
        rows = learning(genome, megabases) + encoding(genome, megabases[1] * 1_000_000)
        show(rows, options.json)


if __name__ == "__main__":
    main()
