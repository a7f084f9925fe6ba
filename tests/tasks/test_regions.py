"""Regions: as they are or around their middle, against background or one another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genolect.errors import InputError
from genolect.tasks.regions import RegionOptions, region_classes, region_windows, regions
from tests.tasks.planted import bed, expect_read_as_elsewhere, fasta, genome


def peaks(count: int = 20, name: str = "I", shift: int = 0):
    return bed(*((name, 100 + shift + 370 * n, 140 + shift + 373 * n, f"p{n}", "+-."[n % 3]) for n in range(count)))


def test_regions_are_read_as_they_are(tmp_path: Path) -> None:
    task = regions(genome(), peaks())
    expect_read_as_elsewhere(task.table, fasta(tmp_path))
    assert task.table.target.count() == {"0": 20, "1": 20}
    lengths = task.table.sequences.lengths
    assert sorted(lengths[:20].tolist()) == sorted(lengths[20:].tolist())
    assert task.balance.after["length"] == 0
    assert task.table.group[:20].tolist() == [f"p{n}" for n in range(20)]


@pytest.mark.parametrize("window", [30, 41])
def test_a_window_is_around_the_middle(window: int) -> None:
    places = region_windows(peaks(), window).places
    middles = np.array([(row.interval.start + row.interval.end) // 2 for row in peaks()])
    assert (places.end - places.start == window).all()
    assert (places.start + window // 2 == middles).all()


def test_names_that_many_share_are_no_parents() -> None:
    rows = bed(
        ("I", 10, 20, "enh", "+"), ("I", 50, 60, "enh", "+"), ("I", 90, 99, "own", "+"), ("I", 90, 99, "own2", "+")
    )
    windows = region_windows(rows)
    assert windows.parent.tolist() == ["", "", "own"]


def test_kinds_are_told_from_one_another(tmp_path: Path) -> None:
    task = region_classes(genome(), {"promoter": peaks(), "enhancer": peaks(9, "II")}, window=50)
    expect_read_as_elsewhere(task.table, fasta(tmp_path))
    assert task.table.target.count() == {"enhancer": 9, "promoter": 20}
    assert set(task.table.places.name[task.table.target.values == 0].tolist()) == {"II"}


def test_what_is_both_is_neither() -> None:
    task = region_classes(genome(), {"a": peaks(20), "b": peaks(5, "I", 30) + peaks(3, "II")})
    assert task.table.target.count() == {"a": 15, "b": 3}
    assert task.notes == ("10 regions overlap one of another kind",)
    with pytest.raises(InputError, match="nothing to tell apart: 15 a, 0 b"):
        region_classes(genome(), {"a": peaks(20), "b": peaks(5, "I", 30)})


def test_a_place_that_is_given_twice_counts_once_and_is_said() -> None:
    twice = regions(genome(), [*peaks(), *peaks()[:3]], RegionOptions(window=30))
    assert twice.table.target.count() == regions(genome(), peaks(), RegionOptions(window=30)).table.target.count()
    said = "3 regions lie where another one of their kind does, which stands for them"
    assert said in twice.notes
    assert said in region_classes(genome(), {"a": [*peaks(), *peaks()[:3]], "b": peaks(9, "II")}, window=50).notes


def test_windows_beyond_the_ends_are_counted() -> None:
    task = regions(genome(), [*peaks(7), *bed(("I", 3, 30, "edge", "+"))], RegionOptions(window=60))
    assert task.table.target.count()["1"] == 7
    assert task.notes[0] == "1 window leaves its sequence"
