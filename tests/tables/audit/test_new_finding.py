"""A new finding is one file: a function that is marked here, outside the package, takes part in every audit."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.tables.audit.audit import across_findings, audit
from genolect.tables.audit.finding import LOOKS, Examined, Finding, look
from genolect.tables.relatives import TableParts, find_kinship
from tests.tables.planted_table import planted_table


@pytest.fixture
def toy():
    """A finding about sequences that begin alike, asked first, and again of a division."""
    before = dict(LOOKS)

    @look(0, across=True)
    def same_start(examined: Examined) -> list[Finding]:
        starts = {bytes(row[:2]) for row in examined.table.sequences}
        return [Finding("same start", "ok" if len(starts) > 1 else "leak", f"{len(starts)} beginnings.")]

    yield
    LOOKS.clear()
    LOOKS.update(before)


def test_it_takes_its_place_and_the_others_stay(toy) -> None:
    table = planted_table()
    findings = audit(table).findings
    assert [finding.name for finding in findings][:2] == ["same start", "copies"]
    assert [finding.name for finding in across_findings(table, find_kinship(table), TableParts.of(table))] == [
        "same start",
        "copies",
        "near copies",
        "overlapping places",
    ]


def test_without_it_nothing_of_it_is_said() -> None:
    table = planted_table()
    assert "same start" not in [finding.name for finding in audit(table).findings]
    assert len(np.unique([finding.name for finding in audit(table).findings])) == len(audit(table).findings)
