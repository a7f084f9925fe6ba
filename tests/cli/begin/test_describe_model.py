"""``genolect describe MODEL``: a model folder in a few lines."""

from __future__ import annotations

import json

from genolect.cli.begin.describe import is_model
from tests.tiny import command, finished_run


def test_a_model_is_told_from_a_genome(tmp_path):
    assert is_model(finished_run() / "model")
    assert not is_model(tmp_path)


def test_a_person_reads_shape_and_periods(monkeypatch, capsys):
    said = command(monkeypatch, capsys, "describe", finished_run() / "model").stdout.splitlines()
    rows = dict(line.split("  ", 1) for line in said)
    assert rows["encoder"].strip() == "transformer"
    assert rows["trained"].strip() == "5 steps, 3,840 bases"
    assert rows["rotary periods in tokens"].strip().startswith("6.283, ")


def test_a_program_reads_json(monkeypatch, capsys):
    facts = json.loads(command(monkeypatch, capsys, "describe", finished_run() / "model", "--json").stdout)
    assert facts["tokenizer"] == {"kind": "nucleotide"}
    assert facts["shape"]["width"] == 8
