"""Does the audit find what was planted, nothing else, and in which time: synthetic tables, a mini Genomic Benchmarks.

PYTHONPATH=. python benchmarks/audit.py [--quick] [--json results/audit.json]
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from rows import Row, row, show

from genolect.sequence.ragged import RaggedBases
from genolect.tables.audit.audit import SERIOUS, audit
from genolect.tables.similarity import near_pairs
from genolect.tables.table import LabelledTable, Places, Target
from tests.tables.planted_table import FAULTS, Fault, planted_table

EXPECTED: dict[Fault, dict[str, str]] = {
    "none": {},
    "copies": {"copies": "leak", "near copies": "leak"},
    "reverse complements": {"copies": "leak", "near copies": "leak"},
    "near copies 5 %": {"near copies": "leak"},
    "near copies 10 %": {"near copies": "leak"},
    "partial overlaps": {"near copies": "leak"},
    "conflicting labels": {"conflicting labels": "fault"},
    "GC": {"GC": "confounded", "all of these together": "confounded"},
    "length": {"length": "confounded", "all of these together": "confounded"},
    "position": {"position": "confounded", "all of these together": "confounded"},
    "overlapping places": {"overlapping places": "leak"},
}
SIZES = (240, 600, 1_500)


def findings(fault: Fault, n: int, seed: int) -> dict[str, str]:
    """Audit one planted table; give what is serious, by name, and how many notes there are."""
    found = audit(planted_table(fault, n=n, seed=seed)).findings
    return {finding.name: finding.judgement for finding in found}


def self_test(seeds: int) -> list[Row]:
    """Count tables on which everything planted is found, and serious findings that were not planted."""
    rows = []
    for fault in FAULTS:
        right, surplus, notes, count = 0, 0, 0, 0
        for n in SIZES:
            for seed in range(seeds):
                found = findings(fault, n, seed)
                wanted = EXPECTED[fault]
                right += all(found.get(name) == judgement for name, judgement in wanted.items())
                extra = {name for name, judgement in found.items() if judgement in SERIOUS} - wanted.keys()
                extra -= {"CpG"} if fault == "GC" else set()  # With few C or G the ratio follows them.
                surplus += bool(extra)
                quiet = {"effective size", "copies"}  # Small tables, and copies within a part, are rightly noted.
                notes += any(j == "note" for name, j in found.items() if name not in quiet | wanted.keys())
                count += 1
        rows.append(row(f"{fault}: everything planted is found", right / count, f"of {count} tables"))
        rows.append(row(f"{fault}: serious finding that is not planted", surplus / count, f"of {count} tables"))
        rows.append(row(f"{fault}: note that is not planted", notes / count, f"of {count} tables"))
    return rows


def recall(seeds: int) -> list[Row]:
    """Share of planted relatives that are found, by how they differ, for the exact index and for longer seeds."""
    rows = []
    for fault in ("near copies 5 %", "near copies 10 %", "partial overlaps"):
        for length, seed_length in ((81, None), (200, None), (200, 13), (200, 15), (500, 15)):
            met, planted = 0, 0
            for seed in range(seeds):
                table = planted_table(fault, n=600, length=length, seed=seed)
                pairs = near_pairs(table.sequences, seed=seed_length)
                met += len(
                    {(a, b) for a, b in zip(pairs.first.tolist(), pairs.second.tolist(), strict=True) if b == a + 420}
                )
                planted += 18
            how = f"seeds of {seed_length or 10}"
            rows.append(row(f"{fault}, {length} bases, {how}: pairs found", met / planted, f"of {planted}"))
    return rows


def mini_benchmarks() -> list[Row]:
    """Rebuild three faults of Genomic Benchmarks: negatives from few loci, copied positives, lengths that tell."""
    rows = []
    few, unseen = few_loci()
    memoriser = next(f for f in audit(few).findings if f.name == "overlapping places").numbers["memoriser"]
    rows.append(
        row("negatives from few loci (as human_nontata_promoters): memoriser of places", memoriser["overall"], unseen)
    )
    copied = copied_positives()
    found = next(f for f in audit(copied).findings if f.name == "overlapping places")
    rows.append(
        row(
            "positives drawn twice (as human_enhancers_ensembl): of test positives in train",
            found.numbers["by_class"]["yes"],
            "share",
        )
    )
    rows.append(row("positives drawn twice: memoriser of places", found.numbers["memoriser"]["overall"], "accuracy"))
    lengths = next(f for f in audit(planted_table("length", n=1_500)).findings if f.name == "length")
    rows.append(
        row(
            "length tells the class (as human_ensembl_regulatory): AUROC of length alone",
            lengths.numbers["value"],
            "AUROC",
        )
    )
    return rows


def placed(places: np.ndarray, label: np.ndarray, length: int, seed: int) -> LabelledTable:
    """Cut examples out of one random chromosome, and divide them at random: three in ten to test."""
    generator = np.random.Generator(np.random.Philox(seed))
    genome = generator.integers(0, 4, int(places.max()) + length, dtype=np.uint8)
    n = places.size
    split = np.where(generator.random(n) < 0.3, "test", "train")
    sequences = RaggedBases.of([genome[start : start + length] for start in places.tolist()])
    where = Places(
        np.full(n, "I"), places.astype(np.int64), places.astype(np.int64) + length, np.ones(n, dtype=np.int8)
    )
    names = np.array([f"example {number}" for number in range(n)])
    return LabelledTable(
        "mini", names, sequences, Target("classes", ("no", "yes"), label), split, np.full(n, ""), where
    )


def few_loci() -> tuple[LabelledTable, str]:
    """Give 2,000 positives far apart and 2,000 negatives, 25 around each of 80 loci."""
    generator = np.random.Generator(np.random.Philox(1))
    positives = np.arange(2_000) * 700
    negatives = 2_000 * 700 + np.repeat(np.arange(80) * 5_000, 25) + generator.integers(0, 1_000, 2_000)
    label = np.repeat([1, 0], 2_000)
    return placed(np.concatenate([positives, negatives]), label, 251, 2), "accuracy; published set: 0.9975"


def copied_positives() -> LabelledTable:
    """Give 1,500 positives, half of them twice, and as many negatives once."""
    once = np.arange(3_000) * 700
    positives = np.concatenate([once[:1_500], once[:1_500]])
    label = np.repeat([1, 0], [3_000, 1_500])
    return placed(np.concatenate([positives, once[1_500:]]), label, 301, 3)


def large(n: int) -> list[Row]:
    """Audit many windows, of which one in 250 is a copy with a tenth of its bases substituted: time, memory, recall."""
    generator = np.random.Generator(np.random.Philox(4))
    lengths = generator.integers(200, 501, n)
    starts = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(lengths, out=starts[1:])
    ragged = RaggedBases(generator.integers(0, 4, int(starts[-1]), dtype=np.uint8), starts)
    planted = n // 250
    for number in range(planted):
        other, copy = ragged[number], ragged[n - 1 - number]
        size = min(other.size, copy.size)
        copy[:size] = (other[:size] + (generator.random(size) < 0.1) * generator.integers(1, 4, size)) % 4
    split, blank = np.where(np.arange(n) < 0.7 * n, "train", "test"), np.full(n, "")
    names = np.char.add("e", np.arange(n).astype(str))
    table = LabelledTable(
        "large", names, ragged, Target("classes", ("no", "yes"), np.arange(n) % 2), split, blank, Places.unknown(n)
    )
    start = time.process_time()
    found = audit(table)
    seconds = time.process_time() - start
    near = next(finding for finding in found.findings if finding.name == "near copies")
    pairs = near.numbers["pairs"]
    others = sum(finding.judgement in SERIOUS for finding in found.findings if finding is not near)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return [
        row(f"{n:,} windows of 200-500 bases: processor time", seconds, "s"),
        row(f"{n:,} windows of 200-500 bases: peak memory", peak, "GiB"),
        row(f"{n:,} windows of 200-500 bases: planted pairs found", pairs / planted, f"of {planted:,}"),
        row(f"{n:,} windows of 200-500 bases: other serious findings", others, ""),
    ]


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    seeds = 3 if options.quick else 20
    audit(replace(planted_table(), name="warm"))
    rows = [*self_test(seeds), *recall(seeds), *mini_benchmarks(), *large(20_000 if options.quick else 500_000)]
    show(rows, options.json)


if __name__ == "__main__":
    main()
