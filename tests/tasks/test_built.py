"""A finished task: groups, blocks, covariates, and refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genolect.errors import InputError
from genolect.sequence.alphabet import encode
from genolect.sequence.ragged import RaggedBases
from genolect.tables.table import Target
from genolect.tasks.assembly import Assembly, Sites, windows_around
from genolect.tasks.built import Draft, finish, two_classes, usable
from tests.tasks.planted import genome


def draft(target: Target, texts: tuple[str, ...] = ("ACGTA", "GGGCA", "TTTTA")) -> Draft:
    windows = windows_around(Sites.of([("I", 50, 1, "a"), ("I", 250_000, -1, "b"), ("II", 90, 1, "c")]), 2, 3)
    return Draft(windows, RaggedBases.of([encode(text) for text in texts]), target)


def test_every_example_has_a_name_a_group_a_block_and_covariates() -> None:
    task = finish("toy", draft(two_classes(1, 2)))
    assert task.table.identifier.tolist() == ["toy_1", "toy_2", "toy_3"]
    assert task.table.group.tolist() == task.columns["parent"].tolist() == ["a", "b", "c"]
    assert task.columns["block"].tolist() == ["I:0", "I:200000", "II:0"]
    assert task.columns["gc"].tolist() == ["0.4", "0.8", "0"]
    assert task.table.split.tolist() == ["", "", ""]


@pytest.mark.parametrize("copy", ["ACGTA", "TACGT"])
def test_the_same_sequence_on_either_strand_is_one_group(copy: str) -> None:
    group = finish("toy", draft(two_classes(1, 2), ("ACGTA", "GGGCA", copy))).table.group
    assert group[0] == group[2] != group[1]


def test_what_is_linked_is_one_group_and_keeps_its_parent() -> None:
    task = finish("toy", replace(draft(two_classes(1, 2)), linked=np.array(["", "f", "f"])))
    assert task.table.group.tolist() == ["a", "b", "b"]
    assert task.columns["parent"].tolist() == ["a", "b", "c"]


def test_one_class_is_no_task() -> None:
    for target in (two_classes(3, 0), Target("classes", ("only",), np.zeros(3, dtype=np.int64))):
        with pytest.raises(InputError, match="there is nothing to tell apart"):
            finish("toy", draft(target))


def test_windows_outside_and_windows_of_n_are_left_out_and_counted() -> None:
    sites = Sites.of([("I", 1, 1, ""), ("I", 90, 1, ""), ("III", 560, 1, ""), ("III", 700, 1, "")])
    windows, kept, notes = usable(genome(), windows_around(sites, 20, 20))
    assert kept.tolist() == [1, 3]
    assert len(windows) == 2
    assert notes == ("1 window leaves its sequence", "1 window has more than 5% N")


@pytest.mark.parametrize(("values", "notes"), [([1.0, 2.0, 9.0], 1), ([1.0, 2.5, 9.0], 0)])
def test_numbers_that_look_like_classes_are_pointed_out(values: list[float], notes: int) -> None:
    assert len(finish("toy", draft(Target("number", ("label",), np.array(values)))).notes) == notes


def test_nothing_left_is_refused() -> None:
    windows = windows_around(Sites.of([("I", 1, 1, "")]), 20, 20)
    with pytest.raises(InputError, match="none of 1 windows can be used: 1 window leaves its sequence"):
        usable(Assembly.of_records({"I": encode("ACGT")}), windows)
