"""Everything between a prepared genome and a batch, one row each: tokens, merges, windows, masking, preparation.

    python benchmarks/tokens.py [GENOME.fa[.gz]] [--quick] [--json PATH]

One core, processor time, ratios to peers in the same run. Without a genome the synthetic one is used. The peer of ids
is the tokenizers library with the file that our tokenizer writes: nucleotides from text, k-mers from text with spaces
that is there already. Byte-pair rows are those of `byte_pair.py`, windows and masking those of `windows.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import byte_pair
import tokenizers
import windows
from rows import Row, row, show

from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.genome.synthetic import SyntheticConfig, write_synthetic
from genolect.sequence.alphabet import Bases, decode
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.tokenizer import Tokenizer

PIECE = 10_000


def ids_per_second(tokenizer: Tokenizer, chromosomes: list[Bases], repeats: int) -> float:
    """Megabases per second from base codes to ids."""

    def encode_all() -> None:
        for chromosome in chromosomes:
            tokenizer.encode(chromosome)

    encode_all()  # compiles
    return sum(map(len, chromosomes)) / byte_pair.seconds(encode_all, repeats) / 1e6


def peer_ids_per_second(tokenizer: Tokenizer, texts: list[str], bases: int) -> float:
    """Megabases per second of the tokenizers library."""
    peer = tokenizers.Tokenizer.from_str(json.dumps(tokenizer.to_ecosystem()))
    return bases / byte_pair.seconds(lambda: peer.encode_batch(texts)) / 1e6


def ids(genome: PreparedGenome, repeats: int) -> list[Row]:
    """Nucleotide and k-mer ids beside the peer's."""
    chromosomes = [genome.bases(name) for name in genome.records]
    longest = max(chromosomes, key=len)
    texts = [decode(longest[start : start + PIECE]).upper() for start in range(0, len(longest) - PIECE, PIECE)][:100]
    cases: list[tuple[str, Tokenizer, Callable[[str], str]]] = [
        ("nucleotide ids", NucleotideTokenizer(), lambda text: text),
        ("overlapping 6-mer ids", KmerTokenizer(6, 1), lambda text: _spaced(text, 6)),
        ("6-mer ids side by side", KmerTokenizer(6, 6), lambda text: text),
    ]
    rows = []
    for name, tokenizer, write in cases:
        ours = ids_per_second(tokenizer, chromosomes, repeats)
        peer = peer_ids_per_second(tokenizer, [write(text) for text in texts], len(texts) * PIECE)
        rows.append(row(f"{name} from prepared bases", ours, "Mb/s", peer=peer, peer_name="tokenizers"))
    return rows


def _spaced(text: str, k: int) -> str:
    return " ".join(text[start : start + k] for start in range(len(text) - k + 1))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("genome", type=Path, nargs="?", help="FASTA; by default a synthetic genome")
    parser.add_argument("--quick", action="store_true", help="small parts, few repeats")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    options = parser.parse_args()
    os.environ.update(RAYON_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")  # the peer's threads; read at first use
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        chromosome = 150_000 if options.quick else 1_500_000
        path = options.genome
        if path is None:
            path = write_synthetic(SyntheticConfig(bases_per_chromosome=chromosome), folder / "one")["genome.fa"]
        genome = prepare_genome([path], folder / "genome")
        megabases = [1, 2, 4] if options.quick else [4, 12, 48]
        rows = [
            *ids(genome, 2 if options.quick else 9),
            *byte_pair.learning(genome, megabases),
            *byte_pair.encoding(genome, megabases[1] * 1_000_000),
            *windows.measure(folder, 10_000_000 if options.quick else 100_000_000, 2 if options.quick else 9),
        ]
        show(rows, options.json)


if __name__ == "__main__":
    main()
