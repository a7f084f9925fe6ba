"""The self-test: on every planted fault, at every seed, the audit says that and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from genolect.genome.genome import prepare_genome
from genolect.sequence.interval import Interval
from genolect.tables.audit.audit import SERIOUS, audit
from genolect.tables.audit.finding import Pretraining
from genolect.tables.table_file import TableColumns, read_table
from tests.tables.planted_table import Fault, planted_table

TOGETHER = "all of these together"
EXPECTED: dict[Fault, set[tuple[str, str]]] = {
    "none": set(),
    "copies": {("copies", "leak"), ("near copies", "leak")},
    "reverse complements": {("copies", "leak"), ("near copies", "leak")},
    "near copies 5 %": {("near copies", "leak")},
    "near copies 10 %": {("near copies", "leak")},
    "partial overlaps": {("near copies", "leak")},
    "conflicting labels": {("conflicting labels", "fault")},
    "GC": {("GC", "confounded"), (TOGETHER, "confounded")},
    "length": {("length", "confounded"), (TOGETHER, "confounded")},
    "position": {("position", "confounded"), (TOGETHER, "confounded")},
    "overlapping places": {("overlapping places", "leak")},
}


@pytest.mark.parametrize("fault", EXPECTED)
@pytest.mark.parametrize("seed", range(20))
def test_what_is_planted_is_found_and_nothing_else(fault: Fault, seed: int) -> None:
    found = audit(planted_table(fault, n=360 + 30 * (seed % 5), length=90 + 13 * (seed % 7), seed=seed))
    serious = {(finding.name, finding.judgement) for finding in found.findings if finding.judgement in SERIOUS}
    if fault in ("GC", "length"):  # CpG over expected scatters by both where few are expected.
        serious -= {("CpG", "confounded")}
    assert serious == EXPECTED[fault]
    assert all(finding.fix for finding in found.findings if finding.judgement in SERIOUS)


def test_a_section_is_json_and_holds_everything() -> None:
    found = audit(planted_table("copies"))
    section = json.loads(json.dumps(found.section(), allow_nan=False))
    assert section["judgement"] == "leak"
    assert section["parts"] == {"test": 180, "train": 420}
    assert [item["name"] for item in section["findings"]] == [finding.name for finding in found.findings]
    assert section["summary"] == found.summary


def test_a_genome_and_a_pretraining_add_their_findings(tmp_path: Path) -> None:
    table = planted_table("position", n=90, length=60)
    (tmp_path / "toy.fa").write_text(f">I\n{table.sequences.letters(80)}\n")
    genome = prepare_genome([tmp_path / "toy.fa"], tmp_path / "prepared")
    told: list[str] = []
    read = Pretraining(genome, [Interval("I", 0, 60)], "a run")
    found = {f.name: f for f in audit(table, genome=genome, pretraining=read, say=told.append).findings}
    assert found["places against the genome"].judgement == "fault"
    assert found["read in pretraining"].numbers["share_read"] == {"test": 1 / 27, "train": 0.0}
    assert len(told) == 4


def test_order_of_rows_and_names_of_parts_change_nothing_that_matters() -> None:
    table = planted_table("reverse complements", n=240)
    order = np.random.Generator(np.random.Philox(1)).permutation(240)
    one, two = audit(table), audit(table.select(order))
    assert [f.judgement for f in one.findings] == [f.judgement for f in two.findings]
    assert one.findings[0].numbers == two.findings[0].numbers
    assert one.findings[1].numbers["share_with_relative"] == two.findings[1].numbers["share_with_relative"]


REAL = [
    ("ecoli_promoters", "label", {"near copies": "note", "overlapping places": "note", "GC": "confounded"}),
    ("ecoli_sigma", "label", {"copies": "leak", "overlapping places": "leak", "conflicting labels": "fault"}),
    ("splice_uci", "label", {"copies": "note", "near copies": "note", "length": "ok"}),
    ("enhancers_liu2016", "label", {"copies": "leak", "near copies": "leak", "overlapping places": "leak"}),
    ("human_tata_promoters", "label", {"length": "confounded", "GC": "confounded"}),
    ("yeast_promoter_mpra", "expression", {"copies": "leak", "near copies": "leak"}),
    ("phix_viability", "label", {"near copies": "note", "effective size": "note"}),
]


@pytest.mark.parametrize(("task", "label", "expected"), REAL, ids=[task for task, _, _ in REAL])
def test_what_is_wrong_with_real_sets_is_found(data_folder: Path, task, label, expected) -> None:
    table, _ = read_table(data_folder / "tasks" / f"{task}.tsv.gz", TableColumns(label=(label,)))
    found = {finding.name: finding for finding in audit(table).findings}
    assert {name: found[name].judgement for name in expected} == expected
    if task == "enhancers_liu2016":
        assert found["copies"].numbers["share_in_another_part"]["independent"] == 0.25
