"""``genolect report``: the page again, from what a run left."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.tiny import command, finished_run


@pytest.fixture
def report(monkeypatch, capsys):
    """Give ``genolect report`` in this process."""
    return lambda *words: command(monkeypatch, capsys, "report", *words)


def test_it_writes_the_same_page_again(report, tmp_path):
    run = shutil.copytree(finished_run(), tmp_path / "run")
    before = (run / "report.html").read_text()
    (run / "report.html").unlink()
    assert report(run) == (0, f"report: {run / 'report.html'}\n", "")
    assert (run / "report.html").read_text() == before


def test_it_takes_an_evaluation_alone(report, tmp_path):
    shutil.copytree(finished_run() / "evaluation", tmp_path / "evaluation")
    assert report(tmp_path / "evaluation").code == 0
    assert "This run has no pretraining" in (tmp_path / "evaluation" / "report.html").read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not readable as JSON"),
        ("[1]", "not a JSON object"),
        (json.dumps({"format": 2}), "this version reads format 1"),
        (json.dumps({"format": 1, "inputs": 7}), "'inputs' is '7'"),
        (None, "no results.json here"),
    ],
)
def test_what_is_no_result_is_refused(report, tmp_path, text, said):
    if text is not None:
        (tmp_path / "results.json").write_text(text)
    outcome = report(tmp_path)
    assert (outcome.code, outcome.stdout) == (3, "")
    (line,) = outcome.stderr.splitlines()
    assert line.startswith(f"genolect: {tmp_path}")
    assert said in line
    assert not (tmp_path / "report.html").exists()
