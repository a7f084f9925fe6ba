"""A labelled table as verbs name it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from genolect.genome.genome import prepare_genome
from genolect.tables.table_file import TableColumns
from genolect.tables.task_file import TaskFile


def test_sequences_come_from_the_prepared_genome_and_the_record_names_the_bytes(tmp_path: Path) -> None:
    fasta = tmp_path / "genome.fa"
    fasta.write_bytes(b">I\nAACCGGTTAC\n")
    prepare_genome([fasta], tmp_path / "prepared")
    path = tmp_path / "task.tsv"
    path.write_text("chrom\tstart\tend\tkind\nI\t1\t6\ta\nI\t2\t7\tb\n")
    task = TaskFile(path, TableColumns(label=("kind",)), tmp_path / "prepared")
    assert [task.read().sequences.letters(row) for row in range(2)] == ["ACCGG", "CCGGT"]
    assert task.origin()["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert task.origin()["columns"]["label"] == ["kind"]
