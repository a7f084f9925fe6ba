"""Copies, near copies and conflicts: what is planted is counted, to the example."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genolect.tables.audit.copies import conflicts_finding, copier_score, copies_finding, near_finding
from genolect.tables.relatives import Seen, TableParts, find_kinship
from genolect.tables.table import LabelledTable, Target
from tests.tables.planted_table import planted_table


def looked_at(table: LabelledTable, finding):
    kinship = find_kinship(table)
    return finding(table, kinship, TableParts.of(table))


@pytest.mark.parametrize(("fault", "turned"), [("copies", 0), ("reverse complements", 9)])
def test_copies_are_counted_on_either_strand(fault, turned) -> None:
    found = looked_at(planted_table(fault, n=300), copies_finding)
    assert found.judgement == "leak"
    assert found.numbers == {"repeats": 9, "reverse_complements": turned, "share_in_another_part": {"test": 0.1}}
    assert "genolect split" in found.fix


def test_few_copies_are_a_note_and_copies_within_a_part_are_none() -> None:
    table = planted_table("copies", n=4_000, length=60)
    few = np.append(np.arange(2_801), np.arange(2_920, 4_000))
    assert looked_at(table.select(few), copies_finding).judgement == "note"
    inside = replace(table, split=np.where(np.arange(4_000) < 3_000, "train", "test"))
    found = looked_at(inside, copies_finding)
    assert (found.judgement, found.numbers["repeats"]) == ("ok", 120)


def test_without_parts_copies_are_a_note() -> None:
    table = planted_table("copies", n=300)
    found = looked_at(replace(table, split=np.full(300, "")), copies_finding)
    assert found.judgement == "note"
    near = looked_at(replace(table, split=np.full(300, "")), near_finding)
    assert near.judgement == "note"
    assert near.numbers["share_with_relative"] == {"(no part named)": {"0.2": 0.06, "0.5": 0.06, "0.9": 0.06}}


def test_levels_tell_how_near_and_copying_how_far_it_goes() -> None:
    found = looked_at(planted_table("partial overlaps", n=300), near_finding)
    assert found.numbers["share_with_relative"]["test"] == {"0.2": 0.1, "0.5": 0.0, "0.9": 0.0}
    assert found.numbers["copier"] == {"metric": "accuracy", "value": 1.0, **found.numbers["copier"]}
    assert found.numbers["copier"]["n"] == 9


def test_a_clean_table_has_neither() -> None:
    table = planted_table(n=300)
    for finding in (copies_finding, near_finding):
        found = looked_at(table, finding)
        assert (found.judgement, found.fix) == ("ok", "")


def test_folds_are_all_compared_but_the_largest() -> None:
    table = planted_table("copies", n=300)
    folds = np.array([f"fold {number}" for number in range(5)])[np.arange(300) % 5]
    folds[0] = "fold 4"
    found = looked_at(replace(table, split=folds), copies_finding)
    assert sorted(found.numbers["share_in_another_part"]) == ["fold 0", "fold 1", "fold 2", "fold 3"]


def test_conflicts_name_every_example_that_has_one() -> None:
    table = planted_table("conflicting labels", n=300)
    found = conflicts_finding(table, find_kinship(table))
    assert (found.judgement, found.numbers["examples"], found.numbers["same sequence"]) == ("fault", 18, 18)
    clean = planted_table("copies", n=300)
    assert conflicts_finding(clean, find_kinship(clean)).judgement == "ok"


def test_conflicts_of_near_copies_and_places_are_found() -> None:
    table = planted_table("overlapping places", n=300)
    flipped = table.target.values.copy()
    flipped[:9] = 1 - flipped[:9]
    other = replace(table, target=replace(table.target, values=flipped))
    found = conflicts_finding(other, find_kinship(other))
    assert found.numbers["overlapping by half of the shorter"] == 18
    near = planted_table("copies", n=300)
    changed = near.sequences.bases.copy()
    changed[near.sequences.starts[210:219]] = (changed[near.sequences.starts[210:219]] + 1) % 4
    near = replace(near, sequences=replace(near.sequences, bases=changed), target=replace(near.target, values=flipped))
    near.target.values[210:219] = 1 - flipped[:9]
    assert conflicts_finding(near, find_kinship(near)).numbers["with 0.9 of the words in common"] == 18


@pytest.mark.parametrize(("gap", "judgement"), [(0.1, "ok"), (5.0, "fault")])
def test_numbers_conflict_by_half_a_standard_deviation(gap, judgement) -> None:
    table = planted_table("copies", n=300)
    values = np.random.Generator(np.random.Philox(1)).normal(size=300)
    values[210:219] = values[:9] + gap
    table = replace(table, target=Target("number", ("y",), values))
    assert conflicts_finding(table, find_kinship(table)).judgement == judgement


def test_labels_that_are_not_known_do_not_conflict() -> None:
    table = planted_table("copies", n=300)
    values = np.full((300, 2), np.nan)
    values[:, 0] = 1.0
    values[:9, 1] = 0.0
    assert (
        conflicts_finding(
            replace(table, target=Target("multilabel", ("a", "b"), values)), find_kinship(table)
        ).judgement
        == "ok"
    )
    values[210:219, 1] = 1.0
    found = conflicts_finding(replace(table, target=Target("multilabel", ("a", "b"), values)), find_kinship(table))
    assert found.numbers["examples"] == 18


def test_the_copier_is_scored_by_kind() -> None:
    everyone = np.ones(6, dtype=bool)
    number = Target("number", ("y",), np.array([1.0, 2.0, 3.0, 4.0, 5.0, 9.0]))
    seen = Seen(np.ones(6, dtype=np.int64), 2 * number.values[:, None] + 1)
    assert copier_score(number, seen, everyone)["value"] == pytest.approx(1)
    labels = np.array([[0.0, 1.0]] * 5 + [[1.0, 1.0]])
    several = Target("multilabel", ("a", "b"), labels)
    score = copier_score(several, Seen(np.ones(6, dtype=np.int64), 1 - labels), everyone)
    assert (score["value"], score["majority"]) == (0.0, pytest.approx(11 / 12))
    assert copier_score(number, Seen(np.zeros(6, dtype=np.int64), np.full((6, 1), np.nan)), everyone) is None


def test_overall_takes_the_commonest_class_for_those_without_relatives() -> None:
    target = Target("classes", ("a", "b"), np.array([0] * 5 + [1, 1, 0]))
    guess = np.full((8, 2), np.nan)
    guess[:5] = [1.0, 0.0]
    score = copier_score(target, Seen(np.ones(8, dtype=np.int64), guess), np.ones(8, dtype=bool))
    assert score["overall"] == 7 / 8
