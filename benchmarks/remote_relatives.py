"""Which relatives with insertions and deletions are found: by words, and by what MMseqs2 offers; needs its program.

PYTHONPATH=. python benchmarks/remote_relatives.py [--quick] [--json results/remote_relatives.json]
"""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rows import Row, row, show

from genolect.sequence.ragged import RaggedBases
from genolect.tables.mmseqs import remote_pairs
from genolect.tables.similarity import near_pairs
from tests.tables.planted_table import remote_relative

UNRELATED, PLANTED = 600, 100
Pairs = set[tuple[int, int]]


def planted(changed: float, seed: int, *, lengths: tuple[int, int] = (200, 400)) -> tuple[RaggedBases, Pairs]:
    """Make unrelated sequences, and a relative of some."""
    generator = np.random.Generator(np.random.Philox(seed))
    rows = [
        generator.integers(0, 4, size, dtype=np.uint8)
        for size in generator.integers(*lengths, UNRELATED, endpoint=True)
    ]
    rows += [remote_relative(rows[number], changed, generator) for number in range(PLANTED)]
    return RaggedBases.of(rows), {(number, UNRELATED + number) for number in range(PLANTED)}


def unrelated(gc: float, seed: int, *, n: int = 2_000) -> RaggedBases:
    """Make unrelated sequences of a composition."""
    generator = np.random.Generator(np.random.Philox(seed))
    shares = np.array([1 - gc, gc, gc, 1 - gc]) / 2
    return RaggedBases.of(
        generator.choice(4, size, p=shares).astype(np.uint8) for size in generator.integers(200, 401, n)
    )


def own(sequences: RaggedBases) -> Pairs:
    """Give the pairs that share words."""
    pairs = near_pairs(sequences)
    return set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))


def ours(sequences: RaggedBases) -> Pairs:
    """Give the pairs that `genolect split --clusters mmseqs2` links beside them."""
    pairs = remote_pairs(sequences)
    return set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))


def peer(words: list[str], sequences: RaggedBases) -> Pairs:
    """Give the pairs that the program puts together, with its defaults."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        text = "".join(f">{number}\n{sequences.letters(number)}\n" for number in range(len(sequences)))
        (folder / "rows.fa").write_text(text)
        files = ["rows.fa", "rows.fa", "out"] if words[0] == "easy-search" else ["rows.fa", "out"]
        line = ["mmseqs", words[0], *files, "work", *words[1:], "--threads", "1", "-v", "1"]
        subprocess.run(line, cwd=folder, check=True, capture_output=True)
        out = folder / ("out" if words[0] == "easy-search" else "out_cluster.tsv")
        pairs = [tuple(map(int, text.split("\t")[:2])) for text in out.read_text().splitlines()]
    if words[0] == "easy-search":
        return {(min(one, two), max(one, two)) for one, two in pairs if one != two}
    members: dict[int, list[int]] = {}
    for first, member in pairs:
        members.setdefault(first, []).append(member)
    return {(one, two) for family in members.values() for one in family for two in family if one < two}


FINDERS: dict[str, Callable[[RaggedBases], Pairs]] = {
    "own words": own,
    "easy-linclust": partial(peer, ["easy-linclust"]),
    "easy-cluster": partial(peer, ["easy-cluster"]),
    "easy-search, both strands": partial(peer, ["easy-search", "--search-type", "3", "--strand", "2"]),
    "as split asks": ours,
}


def recall(name: str, changed: float, seeds: int, *, lengths: tuple[int, int] = (200, 400)) -> list[Row]:
    """Share of planted relatives that are found, and pairs of unrelated ones."""
    met, false = 0, 0
    for seed in range(seeds):
        sequences, wanted = planted(changed, seed, lengths=lengths)
        found = FINDERS[name](sequences)
        met += len(found & wanted)
        false += len(found - wanted)
    what = f"{100 * changed:.0f} % changed, {lengths[0]}-{lengths[1]} bases, {name}"
    count = seeds * PLANTED
    return [
        row(f"{what}: found", met / count, f"of {count}"),
        row(f"{what}: false pairs", false, ""),
    ]


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    seeds = 1 if options.quick else 5
    rows: list[Row] = []
    for changed in (0.15, 0.2, 0.25, 0.3):
        for name in FINDERS:
            rows += recall(name, changed, seeds)
    for length in (60, 81, 150):
        for name in ("own words", "as split asks"):
            rows += recall(name, 0.2, seeds, lengths=(length, length))
    for gc in (0.5, 0.38, 0.25):
        false = sum(len(ours(unrelated(gc, 100 + seed))) for seed in range(4 * seeds))
        rows.append(row(f"{2_000 * 4 * seeds:,} unrelated sequences, GC {gc:g}: false pairs", false, ""))
    show(rows, options.json)


if __name__ == "__main__":
    main()
