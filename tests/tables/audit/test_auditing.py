"""The audit from files: tables, FASTA and prepared genomes, runs and models."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from genolect.errors import ConfigurationError, InputError
from genolect.genome.genome import PreparedGenome, opened_genome, prepare_genome
from genolect.pretraining.held_out import open_pretraining
from genolect.tables.audit.auditing import audit_table
from genolect.tables.table_file import TableColumns
from tests.tiny import finished_run, synthetic_folder


def quiet(_: str) -> None:
    return None


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Windows of the synthetic genome, every other one from its other chromosomes, without sequences."""
    lines = ["id\tchrom\tstart\tend\tstrand\tlabel\tsplit"]
    for number in range(60):
        name = f"synthetic_{1 + number % 6}"
        start = 500 * number
        lines.append(
            f"w{number}\t{name}\t{start}\t{start + 90}\t+\t{number // 2 % 2}\t{'test' if number % 3 else 'train'}"
        )
    path = tmp_path / "windows.tsv"
    path.write_text("\n".join([*lines, ""]))
    return path


def test_a_table_without_sequences_takes_them_from_the_genome(table: Path) -> None:
    genome = synthetic_folder() / "genome.fa"
    found = audit_table(table, TableColumns(), genome=genome, say=quiet)
    names = {finding.name: finding for finding in found.findings}
    assert names["places against the genome"].sentence == "All 60 placed sequences are what the genome has there."
    assert (found.parts, found.examples) == ({"test": 40, "train": 20}, 60)


@pytest.mark.parametrize("place", ["model", "."])
def test_a_run_and_its_model_tell_what_they_read(table: Path, place: str) -> None:
    run = finished_run()
    genome = synthetic_folder() / "genome.fa"
    told: list[str] = []
    found = audit_table(
        table, TableColumns(), genome=genome, pretraining=partial(open_pretraining, run / place), say=told.append
    )
    finding = next(finding for finding in found.findings if finding.name == "read in pretraining")
    plan = json.loads((run / "plan.json").read_text())
    training = {name: (start, end) for name, start, end in plan["regions"]["train"]}
    read = [number for number in range(60) if f"synthetic_{1 + number % 6}" in training]
    assert finding.numbers["how"] == "coordinates"
    expected = len([number for number in read if number % 3]) / 40
    assert finding.numbers["share_read"]["test"] == pytest.approx(expected)
    assert finding.judgement == "leak"


def test_a_prepared_genome_is_divided_as_a_run_would(tmp_path: Path) -> None:
    prepared = prepare_genome([synthetic_folder() / "genome.fa"], tmp_path / "prepared")
    opened = open_pretraining(tmp_path / "prepared", None)
    assert 0.6 < sum(region.length for region in opened.regions) / sum(prepared.lengths.values()) < 0.9
    assert opened.genome.content_hash == prepared.content_hash


def test_the_genome_of_a_model_must_be_there(tmp_path: Path) -> None:
    lonely = tmp_path / "model"
    lonely.mkdir()
    for file in (finished_run() / "model").iterdir():
        (lonely / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ConfigurationError, match=r"not beside it. Fix: name it with --genome"):
        open_pretraining(lonely, None)
    own = PreparedGenome(finished_run() / "prepared")
    assert open_pretraining(lonely, own).genome is own


def test_files_that_are_not_there_and_plans_that_are_none_are_refused(table: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        audit_table(table, TableColumns(), genome=tmp_path / "gone.fa", say=quiet)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "plan.json").write_text("[1")
    with pytest.raises(InputError, match="no plan"):
        open_pretraining(tmp_path / "run", None)


def test_rows_without_a_label_are_said_to_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("sequence\tlabel\n" + "ACGGT\t1\nACCGA\t0\nTTTGA\t\n" * 3)
    told: list[str] = []
    found = audit_table(tmp_path / "t.tsv", TableColumns(unlabelled="drop"), say=told.append)
    assert found.examples == 6
    assert told[0] == "3 rows without a label are left out"


def test_no_genome_opens_to_none() -> None:
    with opened_genome(None) as nothing:
        assert nothing is None
