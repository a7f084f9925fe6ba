"""``genolect describe`` as a user sees it."""

from __future__ import annotations

import gzip
import json

import pytest
import typer
from typer.testing import CliRunner

from genolect.cli.begin.describe import describe
from genolect.errors import ConfigurationError, InputError

application = typer.Typer()
application.command()(describe)

GENOME = ">chr1\nACGTACGTRacg\n>chr2\nCCGG\n"
GTF = '1\t.\texon\t3\t9\t.\t+\t.\tgene_id "g";\n1\t.\texon\t5\t10\t.\t-\t.\tgene_id "g";\n'


def run(*options, given=None):
    return CliRunner().invoke(application, [str(option) for option in options], input=given, catch_exceptions=True)


@pytest.fixture
def genome(tmp_path):
    path = tmp_path / "genome.fa.gz"
    path.write_bytes(gzip.compress(GENOME.encode()))
    return path


@pytest.fixture
def annotation(tmp_path):
    path = tmp_path / "genes.gtf"
    path.write_text(GTF)
    return path


def cells(result):
    return {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines() if line.strip()}


def test_the_table_shows_every_sequence_and_the_total(genome):
    result = run(genome)
    assert result.exit_code == 0
    assert cells(result)["chr1"] == ["12", "54.55", "3.667", "25.00", "1", "1", "1.585"]
    assert cells(result)["total"][0] == "16"
    assert "1 IUPAC ambiguity codes count as N." in result.stdout


def test_nothing_but_the_answer_is_printed_where_there_is_no_terminal(genome):
    result = run(genome)
    assert result.stderr == ""
    assert "\x1b" not in result.stdout


def test_features_are_counted_under_the_genomes_names(genome, annotation):
    result = run(genome, "--annotation", annotation, "--rename", "auto")
    assert cells(result)["exon"] == ["2", "8", "50.00"]
    assert "Renamed: 1 to chr1." in result.stdout


@pytest.mark.parametrize("rename", ["auto", "1=chr1"])
def test_json_holds_everything(genome, annotation, rename):
    answer = json.loads(run(genome, "--annotation", annotation, "--rename", rename, "--json").stdout)
    assert [record["length"] for record in answer["genome"]["records"]] == [12, 4]
    assert answer["genome"]["total"]["ambiguous"] == 1
    assert answer["genome"]["compression"] == "gzip"
    assert len(answer["genome"]["sha256"]) == 64
    assert answer["annotation"]["features"] == [{"kind": "exon", "rows": 2, "bases": 8}]
    assert answer["annotation"]["renamed"] == {"1": "chr1"}
    assert answer["annotation"]["dialect"] == "GTF"


def test_left_out_sequences_are_named(genome, tmp_path):
    path = tmp_path / "regions.bed"
    path.write_text("chr1\t0\t4\nscaffold\t0\t4\nscaffold\t2\t4\n")
    result = run(genome, "--annotation", path, "--allow-missing")
    assert "Left out: 2 rows on 1 sequences not in the genome (scaffold)." in result.stdout
    assert isinstance(run(genome, "--annotation", path).exception, InputError)


def test_circular_sequences_are_named(genome, tmp_path):
    path = tmp_path / "plasmid.gff3"
    path.write_text("##gff-version 3\nchr2\t.\tregion\t1\t4\t.\t+\t.\tID=r;Is_circular=true\n")
    assert "Circular: chr2." in run(genome, "--annotation", path).stdout


def test_an_assembly_of_many_pieces_is_summed_up(tmp_path):
    path = tmp_path / "assembly.fa"
    path.write_text("".join(f">c{number}\n{'ACGTN' * number}\n" for number in range(1, 61)))
    result = run(path)
    rows = result.stdout.splitlines()
    assert len(rows) == 1 + 20 + 1 + 1
    assert rows[1].split()[:2] == ["c60", "300"]
    assert rows[20].split()[:2] == ["c41", "205"]
    assert rows[21].split() == ["(40", "smaller)", "4,100", "820", "0"]
    assert rows[22].split()[:2] == ["total", "9,150"]
    assert len(json.loads(run(path, "--json").stdout)["genome"]["records"]) == 60


@pytest.mark.parametrize(("columns", "forced"), [("20", ""), ("80", ""), ("20", "1"), ("50", "1")])
def test_no_digit_is_lost_in_a_narrow_terminal(tmp_path, monkeypatch, columns, forced):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("FORCE_COLOR", forced)
    path = tmp_path / "genome.fa"
    name = "a_chromosome_with_a_long_name_[red]" * 3
    path.write_text(f">{name}\n" + "ACGTT" * 246_913)
    result = run(path)
    assert name in result.stdout
    assert "1,234,565" in result.stdout
    assert "…" not in result.stdout


def test_the_genome_may_come_from_standard_input(annotation):
    result = run("-", "--annotation", annotation, "--rename", "auto", given=GENOME)
    assert cells(result)["chr2"][0] == "4"
    assert cells(result)["exon"][0] == "2"


def test_uracil_is_noted(tmp_path):
    path = tmp_path / "rna.fa"
    path.write_text(">r\nACGUU\n")
    assert "2 U count as T." in run(path).stdout


@pytest.mark.parametrize(
    ("options", "error", "what"),
    [
        (["absent.fa"], InputError, r"absent\.fa: there is no such file"),
        (["-", "--annotation", "-"], ConfigurationError, "both standard input"),
        (["{genome}", "--rename", "auto"], ConfigurationError, "add --annotation FILE"),
        (["{genome}", "--allow-missing"], ConfigurationError, "add --annotation FILE"),
        (["{genome}", "--annotation", "{annotation}"], InputError, r"genes\.gtf:1: .*--rename auto \(that is 1=chr1\)"),
        (
            ["{genome}", "--annotation", "{annotation}", "--rename", "1"],
            ConfigurationError,
            "'1' is not a list",
        ),
        (["{genome}", "--annotation", "{annotation}", "--rename", "1=a,1=b"], ConfigurationError, "at '1=b'"),
        (["{genome}", "--annotation", "{annotation}", "--rename", "1=chr9"], ConfigurationError, "no sequence 'chr9'"),
        (["{genome}", "--annotation", "{genome}"], InputError, "this is a FASTA file, not an annotation"),
        (["{annotation}"], InputError, r"genes\.gtf:1: the first line is no '>' header"),
    ],
)
def test_mistakes_end_in_one_line(genome, annotation, options, error, what):
    result = run(*(option.format(genome=genome, annotation=annotation) for option in options))
    assert isinstance(result.exception, error)
    with pytest.raises(error, match=what):
        raise result.exception
    assert result.stdout == ""
