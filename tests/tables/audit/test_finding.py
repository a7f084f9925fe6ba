"""Judgements are ordered, shares are judged and written as they are."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.tables.audit.finding import JUDGEMENTS, Finding, by_share, percent, worst


@given(st.lists(st.sampled_from(JUDGEMENTS)))
def test_the_worst_is_the_last_in_order(judgements: list) -> None:
    assert worst(judgements) == JUDGEMENTS[max((JUDGEMENTS.index(one) for one in judgements), default=0)]


@pytest.mark.parametrize(
    ("share", "judgement"), [(0, "ok"), (1e-6, "note"), (0.0099, "note"), (0.01, "leak"), (1, "leak")]
)
def test_one_in_a_hundred_is_the_border(share: float, judgement: str) -> None:
    assert by_share(share, "leak") == judgement


@given(st.floats(1e-4, 1 - 1e-4))
def test_only_nothing_is_nought_and_only_all_is_a_hundred(share: float) -> None:
    assert 0 < float(percent(share).split()[0]) < 100
    assert float(percent(share).split()[0]) == pytest.approx(100 * share, abs=0.06)


def test_a_finding_is_json() -> None:
    finding = Finding("copies", "leak", "3 of 7.", "divide", {"share": 0.4})
    assert json.loads(json.dumps(finding.to_mapping()))["numbers"] == {"share": 0.4}
