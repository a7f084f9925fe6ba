"""``genolect task`` as a user sees it: every kind in one command, errors in one line."""

from __future__ import annotations

import pytest

from genolect.tables.table_file import read_table
from tests.tiny import command, synthetic_folder

KINDS = {
    "promoters": ("--starts", "genes.gff3", "--upstream", 60, "--downstream", 20, "--negatives", "both"),
    "promoter-scan": ("--starts", "genes.gff3", "--window", 200, "--windows", 4),
    "regions": ("--regions", "peaks.bed", "--window", 80, "--margin", 5),
    "binding": ("--peaks", "peaks.bed", "--motifs", "motifs.meme", "--motif", "toy", "--p-value", 0.02, "--margin", 30),
    "splice": ("--annotation", "genes.gff3", "--sites", "donor", "--window", 40),
    "coding": ("--annotation", "genes.gff3", "--window", 60, "--count", 500),
    "expression": ("--genes", "genes.csv", "--value", "level", "--upstream", 40, "--downstream", 20),
    "signal": ("--track", "states.bed", "--window", 150),
    "variants": ("--variants", "effects.csv", "--label", "effect", "--window", 30),
}
MOTIF = "MOTIF M1 toy\nletter-probability matrix: alength= 4 w= 4 nsites= 50\n1 0 0 0\n0 0 1 0\n0 0 0 1\n0 1 0 0\n"


@pytest.fixture
def task(monkeypatch, capsys, tmp_path):
    """The synthetic genome with its genes, and toys of everything else."""
    from genolect.sequence.fasta import read_fasta

    folder = synthetic_folder()
    monkeypatch.chdir(tmp_path)
    for path in folder.iterdir():
        if path.suffix in (".fa", ".gff3"):
            (tmp_path / ("genome.fa" if path.suffix == ".fa" else "genes.gff3")).write_bytes(path.read_bytes())
    record = read_fasta(tmp_path / "genome.fa")[0]
    name, bases = record.name, record.bases
    (tmp_path / "peaks.bed").write_text("".join(f"{name}\t{s}\t{s + 300}\n" for s in range(1000, 20_000, 1500)))
    (tmp_path / "states.bed").write_text(
        "".join(f"{name}\t{s}\t{s + 500}\t{'ab'[s // 500 % 2]}\n" for s in range(0, 9000, 500))
    )
    (tmp_path / "motifs.meme").write_text(MOTIF)
    rows = [f"{name},{s},{s + 9},-,{s % 7}.5\n" for s in range(900, 4000, 300)]
    (tmp_path / "genes.csv").write_text("chrom,start,end,strand,level\n" + "".join(rows))
    rows = [f"{name},{s + 1},{'ACGT'[bases[s] & 7]},{'CGTA'[bases[s] & 7]},{s % 5}.5\n" for s in range(900, 4000, 300)]
    (tmp_path / "effects.csv").write_text("chrom,pos,ref,alt,effect\n" + "".join(rows))
    return lambda *words: command(monkeypatch, capsys, "task", *words)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_one_command(task, tmp_path, kind):
    outcome = task(kind, "--genome", "genome.fa", *KINDS[kind], "--out", "task.tsv.gz")
    assert (outcome.code, outcome.stderr) == (0, "")
    lines = outcome.stdout.splitlines()
    assert lines[0].startswith("labels: ")
    assert lines[-1] == "table: task.tsv.gz"
    assert len(read_table(tmp_path / "task.tsv.gz").table) > 8


RECORDS = "id,gene,left,intron,exon2\n" + "".join(
    f"r{n},g{n // 2},{'ACCAGGTC' * 2 + 'ACGT'[n % 4] * n + 'CAACCATCA'},GTAAG{'TC' * n}AGTACGTTTCAG,{'CCAGTACC' * 4}\n"
    for n in range(9)
)


def test_junctions_come_from_records_without_a_genome(task, tmp_path):
    (tmp_path / "records.csv").write_text(RECORDS)
    words = ("junctions", "--records", "records.csv", "--exon1", "left", "--window", 20, "--sites", "donor")
    outcome = task(*words, "--keep", "gene=g1", "--keep", "gene=g2", "--keep", "gene=g3", "--out", "task.tsv")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert "note: 6 of 9 records are kept" in outcome.stdout.splitlines()
    assert outcome.stdout.splitlines()[-1] == "table: task.tsv"
    table = read_table(tmp_path / "task.tsv").table
    assert set(table.group.tolist()) <= {"g1", "g2", "g3"}
    assert table.target.names == ("0", "1")


@pytest.mark.parametrize(
    ("text", "words", "code", "message"),
    [
        (RECORDS, (), 3, "records.csv:1: the table has no column 'exon1'. Fix: it has 'id', 'gene', 'left'"),
        (RECORDS.replace(",CCAGTACC", ",*CAGTACC", 1), ("--exon1", "left"), 3, "records.csv:2: '*' is no base"),
        (RECORDS + "x,g,,GTAG,A\n", ("--exon1", "left"), 3, "records.csv:11: the left is empty"),
        (RECORDS, ("--exon1", "left", "--keep", "g1"), 2, "--keep 'g1' is no choice"),
        (RECORDS, ("--exon1", "left", "--window", 10), 2, "'--window': Input should be greater than or equal to 20"),
        (RECORDS, ("--exon1", "left", "--window", 200), 3, "no junction can be used: 18 sites are too near an end"),
        (
            RECORDS,
            ("--exon1", "left", "--sites", "all"),
            2,
            "'--sites': 'all' is not one of 'both', 'donor', 'acceptor'",
        ),
        (RECORDS, ("--exon1", "left", "--count", 0), 2, "'--count': Input should be greater than or equal to 1"),
    ],
)
def test_a_mistake_in_records_is_one_line(task, tmp_path, text, words, code, message):
    (tmp_path / "records.csv").write_text(text)
    outcome = task("junctions", "--records", "records.csv", *words, "--out", "task.tsv")
    assert outcome.code == code
    assert message in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1
    assert not (tmp_path / "task.tsv").exists()


def test_several_kinds_of_regions_have_names(task, tmp_path):
    (tmp_path / "more.bed").write_bytes(
        (tmp_path / "states.bed").read_bytes().replace(b"\ta", b"").replace(b"\tb", b"")
    )
    both = ("--regions", "peak=peaks.bed", "--regions", "more.bed", "--window", 30)
    assert task("regions", "--genome", "genome.fa", *both, "--out", "a.tsv").code == 0
    assert read_table(tmp_path / "a.tsv").table.target.names == ("more", "peak")
    outcome = task("regions", "--genome", "genome.fa", *both, "--negatives", "both", "--out", "b.tsv")
    assert outcome.code == 2
    assert "several kinds of regions have no background" in outcome.stderr


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (
            ("promoters", "--starts", "genes.gff3", "--negatives", "random"),
            2,
            "'--negatives': 'random' is not one of 'matched'",
        ),
        (("promoters", "--starts", "genes.gff3", "--per-positive", 0), 2, "'--per-positive': Input should be greater"),
        (("splice", "--annotation", "genes.gff3", "--window", 41), 2, "window: Input should be a multiple of 2"),
        (
            ("binding", "--peaks", "peaks.bed", "--motifs", "motifs.meme", "--motif", "CTCF"),
            2,
            "there is no motif 'CTCF'",
        ),
        (("variants", "--variants", "effects.csv"), 3, "no variant can be used: 11 variants have no label"),
        (("signal", "--track", "gone.bed"), 3, "gone.bed: there is no such file"),
    ],
)
def test_a_mistake_is_one_line(task, tmp_path, words, code, message):
    outcome = task(*words, "--genome", "genome.fa", "--out", "task.tsv")
    assert outcome.code == code
    assert message in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1
    assert not (tmp_path / "task.tsv").exists()


def test_published_figures_are_never_ours(task):
    lines = task("published", "prom300").stdout.splitlines()
    assert lines[0] == "published figures, not ours, other split"
    assert lines[1].startswith("promoters: Prom300: GROVER MCC 0.996 (")
    assert task("published", "methylation").code == 2
