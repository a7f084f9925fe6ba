"""``genolect plan`` as a user sees it."""

from __future__ import annotations

import json

import pytest

from genolect.pretraining.cost import calibration
from tests.pretraining.cost.test_costing import MACHINE
from tests.tiny import command

SMALL = ("--width", 16, "--layers", 2, "--window", 48, "--windows", 3)


@pytest.fixture
def run(monkeypatch, capsys):
    monkeypatch.setattr(calibration, "calibrate", lambda machine: MACHINE)
    return lambda *words: command(monkeypatch, capsys, "plan", *SMALL, *words)


def rows(outcome):
    return {line.split()[0]: line.split() for line in outcome.stdout.splitlines() if line}


def test_every_tokenizer_has_a_row(run):
    outcome = run("--tokenizer", "nucleotide", "--tokenizer", "kmer:4:4", "--bases", 7200, "--memory", 3)
    assert outcome.code == 0
    assert rows(outcome)["nucleotide"][1:3] == ["7", "48"]
    assert rows(outcome)["kmer:4:4"][1:3] == ["259", "12"]
    assert rows(outcome)["kmer:4:4"][-1] == "yes"
    assert "time for 7.2 kb" in outcome.stdout
    assert "Most bases per second among those that fit into 3 GB: " in outcome.stdout
    assert outcome.stderr == "measuring this machine\n"


def test_what_does_not_fit_is_said(run):
    outcome = run("--tokenizer", "nucleotide", "--memory", 0.01)
    assert rows(outcome)["nucleotide"][-1] == "no"
    assert "Nothing fits into 0.01 GB" in outcome.stdout


def test_everything_as_json(run, tmp_path):
    (tmp_path / "genome.fa").write_text(">a\n" + 30 * "ACGTA" + "\n")
    outcome = run("--tokenizer", "kmer:3", "--genome", tmp_path / "genome.fa", "--json")
    answer = json.loads(outcome.stdout)
    assert answer["options"]["genome_bases"] == answer["options"]["bases"] == 150
    assert [row["tokenizer"] for row in answer["forecasts"]] == ["kmer:3"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--tokenizer", "kmer:9"), 2, "words of 9 bases at stride 1"),
        (("--bases", 3, "--genome", "x.fa"), 2, "--bases and --genome both say how much is read"),
        (("--genome", "none.fa"), 3, "none.fa"),
        (("--heads", 3), 2, "width 16 must be a multiple of 2 x heads = 6"),
        (("--bases", 0), 2, "bases: Input should be greater than or equal to 1"),
    ],
)
def test_refusals_are_one_line_before_anything_is_measured(run, words, code, said):
    outcome = run(*words)
    assert outcome.code == code
    assert said in outcome.stderr
    assert "measuring" not in outcome.stderr
    assert outcome.stderr.count("\n") == 1
