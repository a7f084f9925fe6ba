"""Windows around sites: the site is always the same base of its window, on either strand."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from genolect.tasks.assembly import Sites, five_prime_ends, joined, windows_around
from tests.tasks.planted import bed, genome, letters

OTHER = str.maketrans("ACGTacgtN", "TGCAtgcaN")


@given(position=st.integers(100, 8900), before=st.integers(0, 90), after=st.integers(1, 90))
def test_the_site_is_base_before_of_its_window(position, before, after):
    sites = Sites.of([("I", position, 1, "a"), ("I", position, -1, "b"), ("I", position, 0, "c")])
    windows = windows_around(sites, before, after)
    read = genome().sequences(windows.places)
    base = letters()["I"][position]
    assert [read.letters(row)[before] for row in range(3)] == [base, base.translate(OTHER), base]
    assert read.lengths.tolist() == [before + after] * 3
    assert windows.parent.tolist() == ["a", "b", "c"]


def test_the_strands_mirror_each_other() -> None:
    plus, minus = windows_around(Sites.of([("I", 500, 1, ""), ("I", 500, -1, "")]), 30, 11).places.start
    assert (500 - plus, minus + 40 - 500) == (30, 30)


def test_five_prime_ends_of_features() -> None:
    rows = bed(("I", 4, 9, "a", "+"), ("I", 4, 9, "b", "-"), ("I", 4, 9, "c", "."))
    assert five_prime_ends(rows).position.tolist() == [4, 8, 4]
    assert five_prime_ends(rows, 3).position.tolist() == [7, 5, 7]


def test_joining_and_selecting_keep_rows_together() -> None:
    part = windows_around(Sites.of([("I", 500, 1, "a"), ("II", 700, -1, "b")]), 3, 4)
    both = joined([part, part.select(np.array([1]))])
    assert (both.parent.tolist(), both.places.name.tolist()) == (["a", "b", "b"], ["I", "II", "II"])
    assert both.places.start.tolist()[1:] == [697, 697]


def test_no_sites_are_no_windows() -> None:
    assert len(windows_around(Sites.of([]), 3, 4)) == 0
