"""``genolect describe-objective``: figures with intervals, for people and as JSON."""

from __future__ import annotations

import json

import pytest

from genolect.genome.genome import prepare_genome
from tests.tiny import command, synthetic_folder, temporary_folder


@pytest.fixture(scope="module")
def prepared():
    folder = temporary_folder() / "prepared"
    prepare_genome([synthetic_folder() / "genome.fa"], folder)
    return folder


@pytest.fixture
def describe(monkeypatch, capsys, prepared):
    return lambda *words: command(
        monkeypatch, capsys, "describe-objective", prepared, "--windows", 100, "--window", 64, *words
    )


def test_a_person_reads_what_is_hidden_and_what_leaks(describe):
    said = describe("--tokenizer", "kmer:3").stdout
    assert said.startswith("masked (masked, tokens kmer:3): 0.15 of the bases are selected: 80% hidden")
    for row in ("tokens in the loss", "bases truly hidden", "told at the place, bits per selected base"):
        (line,) = [line for line in said.splitlines() if row in line]
        assert "[" in line


def test_a_program_reads_json(describe):
    (question,) = json.loads(describe("--json", "--set", "objectives.m.rate=0.3").stdout)
    assert question["name"] == "m"
    assert question["leak"]["tokens_in_loss"]["value"] == pytest.approx(0.3, abs=0.03)


def test_an_objective_that_hides_nothing_is_told_in_a_sentence(describe):
    outcome = describe("--set", "objectives.n.kind=causal")
    assert outcome.stdout.strip().endswith("nothing is hidden, the future is.")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--windows", 3], "3 windows are too few for an interval"),
        (["--set", "objectives.m.rat=0.3"], "did you mean 'rate'"),
        (["--tokenizer", "kmer:0"], "k"),
    ],
)
def test_mistakes_end_in_one_line(describe, words, message):
    outcome = describe(*words)
    assert outcome.code == 2
    assert message in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_what_is_typed_goes_before_the_file(monkeypatch, capsys, prepared, tmp_path):
    (tmp_path / "recipe.toml").write_text("[run]\nwindow = 10000000\n")
    words = ("describe-objective", prepared, "--windows", 100, "--config", tmp_path / "recipe.toml")
    assert command(monkeypatch, capsys, *words).code == 3
    assert command(monkeypatch, capsys, *words, "--window", 64).code == 0
