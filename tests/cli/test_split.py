"""``genolect split``: a table that ``genolect audit`` finds nothing in, or a refusal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_audit import written
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


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--by", "colour"], "by"),
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
