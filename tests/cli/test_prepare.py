"""``genolect prepare``: made once, used again while the files are the same, never in the place of something else."""

from __future__ import annotations

import pytest

from genolect.data.genome import PreparedGenome
from tests.tiny import command, everything_in, finish, start

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
