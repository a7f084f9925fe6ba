"""``genolect evaluate --task`` and ``genolect compare`` from end to end."""

from __future__ import annotations

import json

import pytest

from tests.pretraining.panel_tasks import model_folder, table_of, write_table
from tests.tiny import command

CHEAP = ("--baselines", "majority,composition,kmer_logistic", "--seeds", 2, "--processes", 1)


@pytest.fixture
def give(monkeypatch, capsys):
    """Give a command in this process."""
    return lambda *words: command(monkeypatch, capsys, *words)


def test_a_table_is_evaluated_reported_and_compared(give, tmp_path):
    table = write_table(tmp_path / "gc.tsv", table_of("GC"))
    model = model_folder(tmp_path / "tiny")
    outs = [tmp_path / "a", tmp_path / "b"]
    for out, models in zip(outs, ([model], []), strict=True):
        outcome = give("evaluate", *models, "--task", table, *CHEAP, "--out", out)
        assert outcome.code == 0
        assert (out / "report.html").is_file()
        assert "On gc, " in outcome.stdout
    assert give("evaluate", "--task", table, *CHEAP, "--out", outs[1], "--overwrite").code == 0
    outcome = give("compare", *outs, "--arm", "kmer_logistic", "--other-arm", "kmer_logistic")
    assert outcome.code == 0
    assert "are equivalent" in outcome.stdout
    found = json.loads(give("compare", *outs, "--json").stdout)
    assert found["tasks"][0]["arms"][0] == "pretrained_probe"


def test_a_suite_is_evaluated(give, tmp_path):
    for name in ("GC", "length"):
        write_table(tmp_path / f"{name}.tsv", table_of(name))
    suite = tmp_path / "suite.toml"
    suite.write_text('[tasks.one]\ntable = "GC.tsv"\n[tasks.two]\ntable = "length.tsv"\n')
    outcome = give("evaluate", "--suite", suite, *CHEAP, "--out", tmp_path / "out")
    assert outcome.code == 0
    assert "of 2 tasks" in outcome.stdout
    assert (
        give("compare", tmp_path / "out", tmp_path / "out").stdout.splitlines()[-1].startswith("Win rate of the first")
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "there is nothing to evaluate on"),
        (["--task", "t.tsv", "--suite", "s.toml"], 2, "there are several things to evaluate on"),
        (["--suite", "s.toml", "--label", "x"], 2, "a suite says its tasks itself"),
        (["--task", "t.tsv", "--strands", "three"], 2, "strands"),
        (["--annotation", "a.gff"], 2, "an annotation needs one model and its genome"),
        (["--task", "absent.tsv"], 3, "absent.tsv"),
    ],
)
def test_what_makes_no_sense_is_refused(give, tmp_path, words, code, said):
    outcome = give("evaluate", *words, "--out", tmp_path / "out")
    assert outcome.code == code
    assert said in outcome.stderr
    assert not (tmp_path / "out").exists()
