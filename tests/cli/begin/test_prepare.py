"""``genolect prepare``: made once, used again while the files are the same, never in the place of something else."""

from __future__ import annotations

import gzip
import os
import signal
import time
from itertools import islice
from pathlib import Path

import pytest
from Bio.SeqIO.FastaIO import SimpleFastaParser

from genolect.genome import corpus
from genolect.genome.genome import PreparedGenome, prepare_genome
from tests.tiny import command, everything_in, finish, start

GENOMES = 1_000
PLAIN = "from genolect.cli.main import main; main()"


@pytest.fixture
def prepare(monkeypatch, capsys):
    """Give ``genolect prepare`` in this process."""
    return lambda *words: command(monkeypatch, capsys, "prepare", *words)


@pytest.fixture
def genome(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_text(">one\nACGTNN\n>two\nTTT\n")
    return path


def test_it_says_what_it_read_and_nothing_else(prepare, genome, tmp_path):
    out = tmp_path / "prepared"
    assert prepare(genome, "--out", out) == (0, f"{out}: 2 records, 9 bases, 2 of them N\n", "")
    assert PreparedGenome(out).lengths == {"one": 6, "two": 3}


def test_the_same_bytes_are_not_encoded_again(prepare, genome, tmp_path):
    out = tmp_path / "prepared"
    first = prepare(genome, "--out", out)
    before = (out / "bases.u8").stat()
    moved = tmp_path / "moved.fa"
    genome.rename(moved)
    assert prepare(moved, "--out", out) == first
    assert (out / "bases.u8").stat() == before


def test_other_bytes_need_overwrite(prepare, genome, tmp_path):
    out = tmp_path / "prepared"
    assert prepare(genome, "--out", out).code == 0
    before = everything_in(out)
    genome.write_text(">one\nACG\n")
    refused = prepare(genome, "--out", out)
    assert (refused.code, refused.stdout) == (4, "")
    assert f"genolect: {out}: " in refused.stderr
    assert "--overwrite" in refused.stderr
    assert everything_in(out) == before
    assert prepare(genome, "--out", out, "--overwrite").code == 0
    assert PreparedGenome(out).lengths == {"one": 3}


def test_a_bad_file_does_not_cost_the_genome_that_is_to_be_replaced(prepare, genome, tmp_path):
    out = tmp_path / "prepared"
    assert prepare(genome, "--out", out).code == 0
    before = everything_in(out)
    genome.write_text(">one\nACG!\n")
    assert prepare(genome, "--out", out, "--overwrite").code == 3
    assert everything_in(out) == before


@pytest.mark.parametrize("more", [[], ["--overwrite"]])
def test_a_folder_of_someone_else_is_never_replaced(prepare, genome, tmp_path, more):
    thesis = tmp_path / "thesis"
    thesis.mkdir()
    (thesis / "chapter.txt").write_text("irreplaceable")
    assert prepare(genome, "--out", thesis, *more).code == 4
    assert everything_in(thesis).keys() == {"chapter.txt"}


def test_several_genomes_become_one(prepare, genome, tmp_path):
    other = tmp_path / "other.fa"
    other.write_text(">one\nGG\n")
    assert prepare(genome, other, "--out", tmp_path / "prepared").code == 0
    assert list(PreparedGenome(tmp_path / "prepared").lengths) == ["genome:one", "genome:two", "other:one"]


def test_a_genome_may_come_from_standard_input(genome, tmp_path):
    with genome.open() as file:
        outcome = finish(start("prepare", "-", "--out", tmp_path / "prepared", program=PLAIN, stdin=file))
    assert (outcome.code, outcome.stderr) == (0, "")
    assert PreparedGenome(tmp_path / "prepared").lengths == {"one": 6, "two": 3}


# ---------------------------------------------------------------- circular records


@pytest.mark.parametrize(
    ("value", "expected"), [("two", {"two"}), ("two,one", {"one", "two"}), ("all", {"one", "two"}), ("g.gff3", {"one"})]
)
def test_circular_records_are_named_or_read(prepare, genome, tmp_path, monkeypatch, value, expected):
    monkeypatch.chdir(tmp_path)
    Path("g.gff3").write_text("##gff-version 3\none\t.\tregion\t1\t6\t.\t.\t.\tID=a;Is_circular=true\n")
    outcome = prepare(genome, "--circular", value, "--out", "prepared")
    said = f"prepared: 2 records, {len(expected)} of them circular, 9 bases, 2 of them N\n"
    assert outcome == (0, said, "")
    records = PreparedGenome(tmp_path / "prepared").records.values()
    assert {record.name for record in records if record.circular} == expected
    assert prepare(genome, "--out", "prepared").code == 4


def test_a_circular_record_must_be_there(prepare, genome, tmp_path):
    outcome = prepare(genome, "--circular", "Mito", "--out", tmp_path / "prepared")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert f"{genome}: there is no record 'Mito' that could be circular. Fix: choose among: one, two." in outcome.stderr
    assert not (tmp_path / "prepared").exists()


# ---------------------------------------------------------------- corpora


@pytest.fixture
def table(tmp_path):
    """Give the table of three genomes, the second of them a circle."""
    lines = ["name\tpath\ttopology\tspecies"]
    for name, size, topology in (("fly", 600, ""), ("mito", 70, "circular"), ("worm", 300, "linear")):
        (tmp_path / f"{name}.fa").write_text(f">chr\n{'ACGTTGCAAC' * (size // 10)}\n")
        lines.append(f"{name}\t{name}.fa\t{topology}\t{name.title()} sp.")
    path = tmp_path / "corpus.tsv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_corpus_says_how_often_each_species_is_drawn(prepare, table, tmp_path):
    code, said, _ = prepare("--corpus", table, "--out", tmp_path / "prepared", "--temperature", "2")
    first, second, heads, *rows = said.splitlines()
    assert (code, first) == (0, f"{tmp_path / 'prepared'}: 3 records, 1 of them circular, 970 bases, 0 of them N")
    assert second == "3 species; 100,000 windows of 256 bases, as pretrain draws them:"
    assert heads.split() == ["species", "bases", "share", "expected", "share", "drawn"]
    cells = [row.split() for row in rows]
    assert [row[:4] for row in cells] == [
        ["Fly", "sp.", "600", "58.579%"],
        ["Worm", "sp.", "300", "41.421%"],
        ["Mito", "sp.", "70", "0.000%"],
    ]
    assert [float(row[4].rstrip("%")) for row in cells] == pytest.approx([58.579, 41.421, 0], abs=0.7)


def test_a_long_table_ends_with_the_sum_of_the_others(prepare, tmp_path):
    records = "".join(f">s{number:02}\n{'ACGTA' * (60 + number)}\n" for number in range(25))
    (tmp_path / "many.fa").write_text(records)
    (tmp_path / "corpus.tsv").write_text("name\tpath\tspecies\nmany\tmany.fa\t*\n")
    lines = prepare("--corpus", tmp_path / "corpus.tsv", "--out", tmp_path / "prepared").stdout.splitlines()
    assert lines[1].startswith("25 species; ")
    assert len(lines) == 3 + 20
    assert lines[3].split()[:2] == ["s24", "420"]
    assert lines[-1].split()[:3] == ["6", "others", f"{sum(5 * (60 + number) for number in range(6)):,}"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "there is no genome to prepare. Fix: name FASTA files, or a table with --corpus."),
        (["a.fa", "b.fa", "--corpus", "c.tsv"], "--corpus and 2 FASTA files. Fix: give one or the other"),
        (["--corpus", "c.tsv", "--circular", "all"], "--circular with --corpus. Fix: write circular into the table's"),
        (["a.fa", "--processes", 3], "--processes is about the genomes of a corpus. Fix: add --corpus TABLE.tsv."),
        (["a.fa", "--temperature", 3], "--temperature is about the genomes of a corpus. Fix: add --corpus TABLE.tsv."),
        (["--corpus", "c.tsv", "--temperature", 0], "a temperature of 0.0 would favour what is large already."),
        (["--corpus", "c.tsv", "--temperature", "inf"], "a temperature of inf is none that pretrain takes."),
        (["--corpus", "c.tsv", "--processes", 0], "0 processes prepare nothing. Fix: give a number from 1 up."),
    ],
)
def test_options_that_make_no_sense_are_refused_before_anything_is_read(prepare, tmp_path, words, said):
    outcome = prepare(*words, "--out", tmp_path / "prepared")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith(f"genolect: {said}")
    assert not (tmp_path / "prepared").exists()


def test_a_bad_genome_is_named_from_another_process(prepare, table, tmp_path):
    (tmp_path / "mito.fa").write_text(">chr\nACGT\nAC!\n")
    outcome = prepare("--corpus", table, "--processes", 2, "--out", tmp_path / "prepared")
    assert outcome.code == 3
    assert f"genolect: {tmp_path / 'mito.fa'}:3: " in outcome.stderr


@pytest.fixture(scope="module")
def mitochondria(tmp_path_factory, data_folder):
    """Write the first mitochondrial genomes of the real data as a file each, with their table."""
    folder = tmp_path_factory.mktemp("mitochondria")
    lines = ["name\tpath\ttopology"]
    with gzip.open(data_folder / "mitogenomes" / "genomes.fa.gz", "rt") as file:
        for number, (name, bases) in enumerate(islice(SimpleFastaParser(file), GENOMES)):
            (folder / f"{number}.fa").write_text(f">{name}\n{bases}\n")
            lines.append(f"g{number}\t{number}.fa\tcircular")
    (folder / "corpus.tsv").write_text("\n".join(lines) + "\n")
    return folder / "corpus.tsv"


def test_a_thousand_genomes_are_the_same_however_they_were_prepared(prepare, mitochondria, tmp_path, monkeypatch):
    whole = prepare("--corpus", mitochondria, "--out", tmp_path / "whole")
    assert f"{GENOMES:,} records, {GENOMES:,} of them circular" in whole.stdout
    assert prepare("--corpus", mitochondria, "--processes", 2, "--out", tmp_path / "shared").code == 0
    assert everything_in(tmp_path / "shared") == everything_in(tmp_path / "whole")

    words = ("--corpus", mitochondria, "--out", tmp_path / "killed")
    process = start("prepare", *words, "--processes", 2, program=PLAIN, start_new_session=True)
    while process.poll() is None and len(finished(tmp_path)) < GENOMES // 4:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    assert finish(process).code == -signal.SIGKILL
    kept = len(finished(tmp_path))
    assert GENOMES // 4 <= kept < GENOMES
    assert not (tmp_path / "killed").exists()

    encoded = []

    def counted(sources, folder, **options):
        encoded.extend(sources)
        return prepare_genome(sources, folder, **options)

    monkeypatch.setattr(corpus, "prepare_genome", counted)
    resumed = prepare(*words)
    assert (resumed.code, resumed.stdout.splitlines()[1:]) == (0, whole.stdout.splitlines()[1:])
    assert len(encoded) == GENOMES - kept
    assert everything_in(tmp_path / "killed") == everything_in(tmp_path / "whole")
    assert not (tmp_path / "killed.parts").exists()


def finished(folder: Path) -> list[Path]:
    """Give the parts of the corpus ``killed`` that are whole."""
    return [path for path in folder.glob("killed.parts/*/manifest.json") if not path.parent.name.startswith(".")]


@pytest.mark.parametrize("kind", ["genome", "annotation", "table", "genome of a table"])
def test_what_is_read_is_not_overwritten(prepare, genome, tmp_path, kind):
    out = tmp_path / "prepared"
    assert prepare(genome, "--out", out).code == 0
    kept, annotation, outside = out / "kept.fa", "one\t.\tregion\t1\t6\t.\t.\t.\tIs_circular=true\n", tmp_path / "c.tsv"
    kept.write_text(">one\nACGTTG\n")
    (out / "kept.gff").write_text(annotation)
    (out / "kept.tsv").write_text(f"name\tpath\na\t{genome}\n")
    outside.write_text(f"name\tpath\na\t{kept}\n")
    words = {
        "genome": [kept],
        "annotation": [genome, "--circular", out / "kept.gff"],
        "table": ["--corpus", out / "kept.tsv"],
        "genome of a table": ["--corpus", outside],
    }[kind]
    before = everything_in(out)
    refused = prepare(*words, "--out", out, "--overwrite")
    assert (refused.code, refused.stdout) == (2, "")
    assert "--overwrite would delete" in refused.stderr
    assert everything_in(out) == before
