"""``genolect direction``: a sentence per reading, with and without labels."""

from __future__ import annotations

import json

import pytest

from genolect.evaluation.studies import direction as directions
from tests.tiny import command, finished_run, synthetic_folder


@pytest.fixture
def direction(monkeypatch, capsys):
    monkeypatch.setattr(directions, "EXAM_WINDOWS", 40)
    run = finished_run()
    return lambda *more: command(monkeypatch, capsys, "direction", run / "model", "--genome", run / "prepared", *more)


def test_likelihood_alone(direction, tmp_path):
    outcome = direction("--out", tmp_path / "out")
    assert outcome.code == 0, outcome.stderr
    lines = outcome.stdout.splitlines()
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert lines == [*results["direction"]["sentences"], f"results: {tmp_path / 'out' / 'results.json'}"]
    assert sum("reversed" in line for line in lines) == 2


def test_with_labels(direction, tmp_path):
    outcome = direction("--out", tmp_path / "out", "--annotation", synthetic_folder() / "genes.gff3")
    assert outcome.code == 0, outcome.stderr
    assert "annotation of the centre base, reversed: AUROC" in outcome.stdout
    assert "control without direction" in outcome.stdout


def test_an_annotation_that_is_not_there_is_refused(direction, tmp_path):
    outcome = direction("--out", tmp_path / "out", "--annotation", tmp_path / "gone.gff3")
    assert outcome.code == 3
    assert "there is no such file" in outcome.stderr
    assert not (tmp_path / "out").exists()
