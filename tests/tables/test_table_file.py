"""Labelled tables as users write them: what is read, and what is refused with its line."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from genolect.errors import InputError
from genolect.genome.genome import prepare_genome
from genolect.sequence.alphabet import decode, reverse_complement
from genolect.tables.table_file import TableColumns, encoded, read_table


def written(folder: Path, text: str, name: str = "task.tsv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_every_column_is_read(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "id\tchrom\tstart\tend\tstrand\tsequence\tlabel\tsplit\tgroup\tother\n"
        "a\tI\t3\t7\t-\tACgT\tyes\ttrain\tg1\tx\n"
        "# a remark\n"
        "b\t\t\t\t\tNNA\tno\t\t\t\n",
    )
    table, unlabelled = read_table(path)
    assert table.name == "task"
    assert unlabelled == 0
    assert table.identifier.tolist() == ["a", "b"]
    assert [table.sequences.letters(row) for row in range(2)] == ["ACgT", "NNA"]
    assert (table.target.names, table.target.values.tolist()) == (("no", "yes"), [1, 0])
    assert (table.split.tolist(), table.group.tolist()) == (["train", ""], ["g1", ""])
    assert table.places.known.tolist() == [True, False]
    assert (table.places.start[0], table.places.end[0], table.places.strand[0]) == (3, 7, -1)


def test_commas_quotes_and_gzip_say_the_same(tmp_path: Path) -> None:
    plain = written(tmp_path, "sequence\tlabel\nACGT\ta,b\nGG\tc\n")
    commas = written(tmp_path, 'sequence,label\nACGT,"a,b"\nGG,c\n', "task.csv")
    packed = tmp_path / "task.tsv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    first, *others = (read_table(path).table for path in (plain, commas, packed))
    for other in others:
        assert other.target.names == first.target.names == ("a,b", "c")
        assert np.array_equal(other.sequences.bases, first.sequences.bases)


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (["0", "1", "0"], "classes"),
        (["1.5", "2", "3"], "number"),
        (["1e3", "a", "b"], "classes"),
        ([str(value) for value in range(51)], "number"),
        ([str(value) for value in range(50)], "classes"),
    ],
)
def test_the_kind_follows_from_the_values(tmp_path: Path, labels: list[str], kind: str) -> None:
    path = written(tmp_path, "sequence\tlabel\n" + "".join(f"ACGT\t{label}\n" for label in labels))
    assert read_table(path).table.target.kind == kind


def test_several_labels_are_yes_or_no(tmp_path: Path) -> None:
    path = written(tmp_path, "sequence\ta\tb\nACG\t1\t\nACC\t0\t1\nTTT\t\t\n")
    table, unlabelled = read_table(path, TableColumns(label=("a", "b"), unlabelled="drop"))
    assert table.target.kind == "multilabel"
    assert np.array_equal(table.target.values, [[1, np.nan], [0, 1]], equal_nan=True)
    assert unlabelled == 1


def test_sequences_come_from_the_genome_on_their_strand(tmp_path: Path) -> None:
    fasta = tmp_path / "genome.fa"
    fasta.write_bytes(b">I\nAACCGGTTAC\n")
    genome = prepare_genome([fasta], tmp_path / "prepared")
    path = written(tmp_path, "chrom\tstart\tend\tstrand\tlabel\nI\t1\t6\t+\ta\nI\t1\t6\t-\tb\n")
    table = read_table(path, genome=genome).table
    assert [table.sequences.letters(row) for row in range(2)] == ["ACCGG", "CCGGT"]
    assert decode(reverse_complement(table.sequences[0])) == table.sequences.letters(1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is nothing in|empty"),
        ("sequence\tsequence\tlabel\n", ":1: the column 'sequence' appears twice"),
        ("sequence\tclass\nACG\t1\n", ":1: the table has no column 'label'"),
        ("sequence\tlabel\nACG\n", ":2: the row has 1 cells, the first line names 2"),
        ("sequence\tlabel\nAC-G\t1\n", ":2: '-' is no base"),
        ("sequence\tlabel\nACG\t1\n\t0\n", ":3: the sequence is empty"),
        ("sequence\tlabel\nACG\t\n", ":2: the label is empty"),
        ("id\tsequence\tlabel\na\tACG\t1\na\tACC\t0\n", ":3: the id 'a' appears again; it is already on line 2"),
        ("chrom\tstart\tend\tsequence\tlabel\nI\t7\t3\tACG\t1\n", ":2: the place 7-3 holds no base"),
        ("chrom\tstart\tend\tsequence\tlabel\nI\t-7\t3\tACG\t1\n", ":2: the start '-7' is no whole number"),
        ("sequence\tstrand\tlabel\nACG\tplus\t1\n", ":2: the strand 'plus' is not"),
        ("chrom\tstart\tlabel\nI\t3\t1\n", ":1: the table has no column 'end'"),
        ("chrom\tstart\tend\tlabel\nI\t3\t5\t1\n", "the table has no column 'sequence'"),
        ("sequence\tlabel\nACG\t1.5\nACG\tnan\n", ":3: the label 'nan' is no finite number"),
        ('sequence\tlabel\nACG\t"1\n', ":2: the quotes of"),
        ("sequence\tlabel\n", "the table has no labelled row"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        read_table(written(tmp_path, text))
    assert "task.tsv" in str(refusal.value)


def test_letters_are_bases_or_refused_with_their_line() -> None:
    assert decode(encoded("acGTURn", 2)) == "acGTTNn"
    with pytest.raises(InputError, match="'é' is no base") as caught:
        encoded("ACé", 7)
    assert caught.value.line == 7


def test_coordinates_beyond_the_genome_are_refused(tmp_path: Path) -> None:
    fasta = tmp_path / "genome.fa"
    fasta.write_bytes(b">I\nAACCGGTTAC\n")
    genome = prepare_genome([fasta], tmp_path / "prepared")
    for place, message in (("II\t1\t6", "the genome has no 'II'"), ("I\t5\t11", "I:5-11 leaves the sequence")):
        path = written(tmp_path, f"chrom\tstart\tend\tlabel\n{place}\ta\n")
        with pytest.raises(InputError, match=message):
            read_table(path, genome=genome)


def test_real_tasks_are_read_whole(data_folder: Path) -> None:
    for name, kind, n in (("ecoli_promoters", "classes", 5720), ("splice_uci", "classes", 3186)):
        path = data_folder / "tasks" / f"{name}.tsv.gz"
        table = read_table(path).table
        with gzip.open(path, "rt") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        assert (table.target.kind, len(table), table.name) == (kind, n, name)
        assert [row["sequence"] for row in rows] == [table.sequences.letters(row) for row in range(n)]
        assert [row["label"] for row in rows] == [table.target.names[code] for code in table.target.values.tolist()]
