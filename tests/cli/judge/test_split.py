"""``genolect split``: a table that ``genolect audit`` finds nothing in, or a refusal."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.cli.judge.test_audit import written
from tests.mmseqs_program import stand_in, without_programs
from tests.tiny import command


@pytest.fixture
def split(monkeypatch, capsys, tmp_path):
    path = written(tmp_path, "copies")
    return lambda *words: command(
        monkeypatch, capsys, "split", path, "--label", "told", "--out", tmp_path / "out.tsv.gz", *words
    )


def test_what_is_split_is_clean(split, monkeypatch, capsys, tmp_path: Path):
    outcome = split()
    assert outcome.code == 0
    assert [line.split()[0] for line in outcome.stdout.splitlines()[:3]] == ["train", "validation", "test"]
    audited = command(monkeypatch, capsys, "audit", tmp_path / "out.tsv.gz", "--label", "told")
    assert audited.code == 0


def test_a_leak_is_refused_with_6_and_remarked_if_allowed(split, monkeypatch, capsys, tmp_path: Path):
    refused = split("--by", "published")
    assert (refused.code, refused.stdout) == (6, "")
    assert "this split leaks" in refused.stderr
    assert not (tmp_path / "out.tsv.gz").exists()
    assert split("--by", "published", "--allow-leaks").code == 0
    audited = command(monkeypatch, capsys, "audit", tmp_path / "out.tsv.gz", "--label", "told")
    assert "note: the published split, for comparison only" in audited.stdout
    assert "leak: 9 of 300 examples repeat another one" in audited.stdout


def test_shares_and_seed_are_used(split):
    said = json.loads(split("--shares", "50,25,25", "--json").stdout)
    assert said["examples"] == {"train": 150, "validation": 75, "test": 75}


def test_clusters_of_mmseqs2_are_said_and_kept_in_the_table(split, monkeypatch, tmp_path: Path):
    stand_in(monkeypatch, tmp_path)
    said = split("--clusters", "mmseqs2").stdout
    (line,) = [line for line in said.splitlines() if line.startswith("clusters: ")]
    assert "without MMseqs2" in line
    assert "(MMseqs2 99-test, easy-search --search-type 3" in line
    assert gzip.decompress((tmp_path / "out.tsv.gz").read_bytes()).decode().splitlines()[0] == f"# {line}"
    assert json.loads(split("--clusters", "mmseqs2", "--overwrite", "--json").stdout)["clusters"] in line
    assert "clusters:" not in split("--overwrite").stdout


@pytest.mark.parametrize("program", [None, "echo 'no memory left' >&2; exit 7"])
def test_a_program_that_is_missing_or_fails_ends_with_4_in_one_line(split, monkeypatch, tmp_path: Path, program):
    if program is None:
        without_programs(monkeypatch, tmp_path)
    else:
        stand_in(monkeypatch, tmp_path, program)
    outcome = split("--clusters", "mmseqs2")
    assert (outcome.code, outcome.stdout) == (4, "")
    lines = outcome.stderr.splitlines()
    assert lines[0] == "comparing sequences and places, with MMseqs2"
    assert len(lines) == 2
    assert "not on the PATH" in lines[1] if program is None else "failed: 'no memory left'" in lines[1]
    assert not (tmp_path / "out.tsv.gz").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--by", "colour"], "by"),
        (["--clusters", "blast"], "clusters"),
        (["--clusters", "mmseqs2", "--by", "chromosome"], "--by chromosome makes no clusters"),
        (["--shares", "70,30"], "--shares '70,30' is not three numbers above 0"),
        (["--shares", "a,b,c"], "is not three numbers"),
        (["--roles", "cv"], "--roles 'cv' is not a list of pairs"),
        (["--roles", "cv=exam"], "roles"),
        (["--threshold", 2], "threshold"),
    ],
)
def test_mistakes_end_with_2_in_one_line(split, words, message):
    outcome = split(*words)
    assert outcome.code == 2
    assert message in outcome.stderr
    assert outcome.stderr.count("\n") == 1
