"""``genolect next-kmer``: a table for people, rows for programs, and refusals in one line."""

from __future__ import annotations

import json

import pytest

from tests.tiny import command, everything_in, finished_run

FEW = ("--training", 300, "--validation", 60, "--test", 90, "--lengths", "2,3")


@pytest.fixture
def next_kmer(monkeypatch, capsys):
    run = finished_run()
    words = ("--genome", run / "prepared", *FEW)
    return lambda *more: command(monkeypatch, capsys, "next-kmer", *more, *words)


def test_a_table_and_the_rows_behind_it(next_kmer, tmp_path):
    out = tmp_path / "out"
    outcome = next_kmer(finished_run() / "model", "--out", out, "--tuning-steps", 5)
    assert outcome.code == 0, outcome.stderr
    results = json.loads((out / "results.json").read_text())
    arms = ["chance", "kmer_frequency", "markov", "token_frequency", "random_probe", "pretrained_probe", "tuned"]
    assert set(arms) <= {row["arm"] for row in results["evaluation"]}
    for arm in arms:
        assert f" {arm} " in outcome.stdout
    [accuracy] = [
        row
        for row in results["evaluation"]
        if (row["task"], row["arm"], row["metric"]) == ("next 3-mer", "tuned", "accuracy")
    ]
    assert f"{100 * accuracy['value']:.2f} ({100 * accuracy['low']:.2f}-{100 * accuracy['high']:.2f})" in outcome.stdout
    assert outcome.stdout.rstrip().endswith(f"results: {out / 'results.json'}")
    assert results["notes"]
    assert not any("may have seen" in note for note in results["notes"])


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--lengths", "2,x"], 2, "--lengths '2,x' is no list of numbers"),
        (["--lengths", "6,2"], 2, "give increasing numbers from 1 to 8"),
        (["--prefix", 3], 2, "prefix"),
        (["--prefix", 10**6], 3, "no held-out stretch"),
    ],
)
def test_refusals_are_one_line_and_leave_nothing(monkeypatch, capsys, tmp_path, more, code, said):
    run = finished_run()
    words = (run / "model", "--genome", run / "prepared", "--out", tmp_path / "out", *more)
    outcome = command(monkeypatch, capsys, "next-kmer", *words)
    assert (outcome.code, len(outcome.stderr.strip().splitlines()[-1:])) == (code, 1)
    assert said in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert everything_in(tmp_path) == {}


def test_the_same_model_twice_and_what_is_no_model_are_refused(next_kmer, tmp_path):
    model = finished_run() / "model"
    assert next_kmer(model, model, "--out", tmp_path / "out").code == 2
    assert next_kmer(finished_run() / "prepared", "--out", tmp_path / "out").code == 3
