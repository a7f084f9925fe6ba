"""``genolect audit``: a table for people, JSON for programs, 6 where there is a leak."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.tables.planted_table import planted_table
from tests.tiny import command


def written(folder: Path, fault: str) -> Path:
    table = planted_table(fault, n=300)
    rows = [
        f"{table.sequences.letters(row)}\t{table.target.names[table.target.values[row]]}\t{table.split[row]}"
        for row in range(300)
    ]
    path = folder / "task.tsv"
    path.write_text("\n".join(["sequence\ttold\tsplit", *rows, ""]))
    return path


@pytest.fixture
def audit(monkeypatch, capsys, tmp_path):
    return lambda fault, *words: command(
        monkeypatch, capsys, "audit", written(tmp_path, fault), "--label", "told", *words
    )


def test_a_clean_table_ends_with_0_and_a_leak_with_6(audit):
    clean = audit("none")
    assert clean.code == 0
    assert "task: nothing serious" in clean.stdout.splitlines()[-1]
    leaky = audit("near copies 5 %")
    assert leaky.code == 6
    assert "leak" in leaky.stdout
    assert "genolect split TABLE --by cluster" in " ".join(leaky.stdout.split())
    assert leaky.stdout.splitlines()[-1].startswith("task: leak: near copies;")


@pytest.mark.parametrize(("words", "code"), [([], 0), (["--strict"], 6)])
def test_confounders_end_with_6_if_asked(audit, words, code):
    outcome = audit("GC", *words)
    assert outcome.code == code
    assert "confounded" in outcome.stdout


def test_a_program_reads_json(audit):
    outcome = audit("copies", "--json")
    section = json.loads(outcome.stdout)
    assert (outcome.code, section["judgement"]) == (6, "leak")
    assert section["findings"][0]["numbers"]["repeats"] == 9


def test_the_threshold_is_used(audit):
    assert audit("partial overlaps").code == 6
    assert audit("partial overlaps", "--threshold", 0.6).code == 0


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--threshold", 0], 2, "no share of words"),
        (["--label", "gone"], 3, "no column 'gone'"),
        (["--kind", "colour"], 2, "kind"),
        (["--genome", "gone.fa"], 3, "no such file"),
        (["--pretraining", "gone"], 3, "no such file"),
    ],
)
def test_mistakes_end_in_one_line(audit, words, code, message):
    outcome = audit("none", *words)
    assert outcome.code == code
    assert message in outcome.stderr.splitlines()[-1]
