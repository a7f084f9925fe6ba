"""A planted fault is there, and only it."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.data.planted_table import FAULTS, RELATIVES, Fault, planted_table
from genolect.data.similarity import exact_copies


@pytest.mark.parametrize("fault", FAULTS)
def test_a_table_follows_from_its_seed(fault: Fault) -> None:
    one, again, other = (planted_table(fault, n=90, length=70, seed=seed) for seed in (4, 4, 5))
    assert np.array_equal(one.sequences.bases, again.sequences.bases)
    assert not np.array_equal(one.sequences.bases, other.sequences.bases)
    assert (len(one), int((one.split == "test").sum())) == (90, 27)


def test_the_clean_table_has_no_copies_and_equal_classes() -> None:
    table = planted_table(n=90, length=70)
    assert exact_copies(table.sequences).group.max() == 89
    assert table.target.count() == {"no": 45, "yes": 45}
    assert not table.places.known.any()


@pytest.mark.parametrize("fault", RELATIVES)
def test_relatives_have_the_same_label(fault: Fault) -> None:
    table = planted_table(fault, n=90, length=70)
    assert np.array_equal(table.target.values[63:66], table.target.values[:3])


def test_near_copies_have_as_many_changes_as_they_say() -> None:
    table = planted_table("near copies 10 %", n=90, length=70, seed=1)
    turned = table.sequences.reverse_complement()
    for number in range(3):
        copies = (table.sequences[63 + number], turned[63 + number])
        assert min(int((copy != table.sequences[number]).sum()) for copy in copies) == 7
