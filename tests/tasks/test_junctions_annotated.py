"""Junctions of records beside an annotation of the same genes: real data."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from genolect.sequence.alphabet import decode, reverse_complement
from genolect.sequence.annotation import read_annotation
from genolect.sequence.fasta import read_fasta
from genolect.tasks.junctions import junctions, read_records
from genolect.tasks.splicing import _joined, _spliced
from tests.tasks.test_junctions import rows_of

KINDS = ("donor", "acceptor")


def test_on_arabidopsis_the_annotation_says_the_same(data_folder: Path) -> None:
    """Windows are looked up in the genome: sites are annotated there, on that strand, and decoys are not."""
    keep = ["species=arabidopsis_thaliana"]
    records = read_records(data_folder / "tasks" / "splice_eie.tsv.gz", keep=keep)
    genome = {record.name: record.bases for record in read_fasta(data_folder / "genomes" / "arabidopsis_1pct.fa.gz")}
    lengths = {name: bases.size for name, bases in genome.items()}
    rows = read_annotation(data_folder / "genomes" / "arabidopsis_1pct.gff3.gz", lengths).features
    annotated = {
        (locus.name, locus.strand, kind, place)
        for locus in _joined(_spliced(rows).genes)
        for kind in KINDS
        for place in getattr(locus.junctions, kind)
    }
    here = defaultdict(list)
    for name, bases in genome.items():
        for strand, text in ((1, decode(bases).upper()), (-1, decode(reverse_complement(bases)).upper())):
            for start in range(len(text) - 59):
                middle = start + 30 if strand > 0 else len(text) - start - 30
                here[text[start : start + 60]].append((name, strand, middle))
    task = junctions([record._replace(kept=record.kept and record.letters[:60] in here) for record in records])
    counts = {True: [0, 0], False: [0, 0]}
    for row in rows_of(task):
        kinds = KINDS if row["decoy"] else (row["label"],)
        places = here[row["sequence"]]
        known = any((name, strand, kind, at) in annotated for name, strand, at in places for kind in kinds)
        counts[row["decoy"] == ""][known] += 1
    assert sum(counts[True]) > 1500 < sum(counts[False])
    assert counts[True][True] > 0.99 * sum(counts[True])
    assert counts[False][True] < 0.01 * sum(counts[False])
    assert np.all(task.table.places.strand == 1)
