"""A labelled table as verbs name it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from genolect.genome.genome import prepare_genome
from genolect.tables.task_file import TableTask


def test_sequences_come_from_the_prepared_genome_and_the_record_names_the_bytes(tmp_path: Path) -> None:
    fasta = tmp_path / "genome.fa"
    fasta.write_bytes(b">I\nAACCGGTTAC\n")
    prepare_genome([fasta], tmp_path / "prepared")
    path = tmp_path / "task.tsv"
    path.write_text("chrom\tstart\tend\tkind\tsplit\nI\t1\t6\ta\ttrain\nI\t2\t7\tb\tvalidation\nI\t3\t8\tb\ttest\n")
    task = TableTask(table=str(path), label=("kind",), genome=str(tmp_path / "prepared"))
    assert [task.read().table.sequences.letters(row) for row in range(2)] == ["ACCGG", "CCGGT"]
    assert task.origin()["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert task.origin()["columns"]["label"] == ["kind"]
