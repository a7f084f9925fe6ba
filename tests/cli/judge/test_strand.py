"""``genolect strand``: a sentence per comparison, or JSON."""

from __future__ import annotations

import json

import pytest

from tests.tiny import command, finished_run


@pytest.fixture
def strand(monkeypatch, capsys):
    run = finished_run()
    words = ("--genome", run / "prepared", "--windows", 20, "--window", 64)
    return lambda *more: command(monkeypatch, capsys, "strand", run / "model", *words, *more)


def test_a_person_reads_sentences(strand):
    lines = strand().stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == ["descriptor", "predictions"]
    assert all("95 % interval" in line for line in lines)


def test_a_program_reads_json(strand):
    assert json.loads(strand("--json").stdout)["predictions"]["mean"]["value"] > 0


def test_windows_longer_than_the_genome_are_refused(strand):
    outcome = strand("--window", 10**6)
    assert outcome.code == 3
    assert "no held-out stretch has 1,000,000 bases" in outcome.stderr
