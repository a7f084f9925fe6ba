"""Resampling units: what the table says belongs together, in that order of trust, and a note where it says nothing."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.errors import ConfigurationError
from genolect.evaluation.panel import units_of
from genolect.tables.table import Places
from tests.evaluation.tasks import N, table, targets

START = np.arange(N) * 50
PLACED = Places(np.where(np.arange(N) % 2 == 0, "I", "II"), START, START + 40, np.ones(N, dtype=np.int8))


def units(by="auto", **columns):
    return units_of(table(targets()["number"], **columns), by)


def test_groups_go_before_places_and_places_before_single_examples():
    assert (units(places=PLACED).words, np.unique(units().group).size) == ("groups", -(-N // 4))
    blank = np.full(N, "")
    found = units(group=blank, places=PLACED)
    assert found.words == "blocks of neighbouring places"
    assert 10 < np.unique(found.group).size < 100
    assert not found.note
    alone = units(group=blank)
    assert (alone.words, np.unique(alone.group).size) == ("examples", N)
    assert "too narrow" in alone.note


def test_blocks_are_neighbours_on_one_sequence():
    found = units(group=np.full(N, ""), places=PLACED).group
    for block in np.unique(found):
        rows = np.flatnonzero(found == block)
        assert np.unique(PLACED.name[rows]).size == 1
        assert np.ptp(START[rows]) <= 20 * 40


def test_chromosomes_are_whole_and_what_has_no_group_is_its_own():
    assert np.unique(units("chromosome", places=PLACED).group).tolist() == ["chromosome I", "chromosome II"]
    group = np.full(N, "")
    group[:6] = "gene"
    assert np.unique(units(group=group).group).size == N - 5


@pytest.mark.parametrize("by", ["group", "chromosome", "place"])
def test_what_the_table_does_not_say_is_refused(by):
    with pytest.raises(ConfigurationError, match=f"toy cannot be resampled by {by}"):
        units(by, group=np.full(N, ""))
