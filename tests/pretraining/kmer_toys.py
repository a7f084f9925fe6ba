"""Genomes of which it is known what can be foretold: for the tests of next k-mers only."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genolect.evaluation.studies.next_kmer import NextKmerOptions
from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.genome.holdout import GenomeSplit
from genolect.random import derived_generator
from genolect.sequence.interval import Interval

OPTIONS = NextKmerOptions(prefix=19, lengths=(1, 3), training=900, validation=150, test=230, tuning_steps=10, seed=3)
LENGTH = 20_000
SPLIT = GenomeSplit(
    (Interval("one", 0, 12_000),), (Interval("one", 12_500, 15_900),), (Interval("one", 16_000, LENGTH),), "for a test"
)


def chance_genome(folder: Path) -> PreparedGenome:
    """Even bases, one after the other by chance."""
    return _genome(folder, derived_generator(1, "letters").integers(4, size=LENGTH).tolist())


def strict_genome(folder: Path) -> PreparedGenome:
    """After two bases the third is nearly sure."""
    generator = derived_generator(2, "letters")
    chain, sure = [0, 1], generator.random(LENGTH) < 0.9
    while len(chain) < LENGTH:
        rule = (chain[-1] + 3 * chain[-2] + 1) % 4
        chain.append(rule if sure[len(chain)] else int(generator.integers(4)))
    return _genome(folder, chain)


def _genome(folder: Path, codes: list[int]) -> PreparedGenome:
    (folder / "genome.fa").write_text(f">one\n{''.join(np.array(list('ACGT'))[codes])}\n")
    return prepare_genome([folder / "genome.fa"], folder / "prepared")


def by_arm(rows, task, metric):
    """Give the rows of one task and metric by their arms."""
    return {row["arm"]: row for row in rows if (row["task"], row["metric"]) == (task, metric)}
