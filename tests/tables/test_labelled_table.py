"""A labelled table is its columns; dividing it loses nothing and refuses what it does not know."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.errors import ConfigurationError
from genolect.sequence.alphabet import encode
from genolect.sequence.ragged import RaggedBases
from genolect.tables.table import LabelledTable, Places, Target


def table(split: list[str]) -> LabelledTable:
    n = len(split)
    sequences = RaggedBases.of([encode("ACGT" * (row + 1)) for row in range(n)])
    places = Places(
        np.array(["I", "", "II", "I", "I"])[:n],
        np.array([5, -1, 0, 7, 9])[:n],
        np.array([9, -1, 12, 8, 10])[:n],
        np.zeros(n, dtype=np.int8),
    )
    names = np.array([f"row{row}" for row in range(n)])
    target = Target("classes", ("no", "yes"), np.arange(n) % 2)
    return LabelledTable("toy", names, sequences, target, np.array(split), np.array(["g"] * n), places)


def test_parts_hold_every_example_once() -> None:
    whole = table(["train", "test", "validation", "train", "test"])
    parts = whole.parts()
    assert [len(part) for part in parts] == [2, 1, 2]
    assert sorted(name for part in parts for name in part.identifier) == sorted(whole.identifier)
    for part in parts:
        for row, name in enumerate(part.identifier):
            at = int(name[3:])
            assert part.sequences.letters(row) == whole.sequences.letters(at)
            assert part.target.values[row] == at % 2
            assert part.places.start[row] == whole.places.start[at]


@pytest.mark.parametrize("split", [["train", "test", "train"], ["train", "", "test"], ["train", "validation", "dev"]])
def test_a_missing_or_unknown_part_is_refused(split: list[str]) -> None:
    with pytest.raises(ConfigurationError, match=r"toy has the parts .*genolect split"):
        table(split).parts()


def test_places_say_which_are_known() -> None:
    assert table(["train"] * 5).places.known.tolist() == [True, False, True, True, True]
    assert not Places.unknown(3).known.any()
    assert Places.unknown(2).strand.tolist() == [0, 0]


def test_a_strand_may_be_known_where_the_place_is_not() -> None:
    places = Places.unknown(2, strand=-1)
    assert (places.strand.tolist(), places.known.any()) == ([-1, -1], False)


def test_counts_by_kind() -> None:
    values = np.array([[0, 1, np.nan], [1, 1, 0]])
    assert Target("multilabel", ("a", "b", "c"), values).count() == {"a": 1, "b": 2, "c": 0}
    assert Target("number", ("expression",), np.array([1.0, 2.5])).count() == {"expression": 2}
