"""The panel from Python: one's own function beside all baselines."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.errors import ConfigurationError
from genolect.evaluation.panel import PanelOptions
from genolect.evaluation.sections import strands_of
from genolect.evaluation.tables import run_table_panel
from genolect.tables.table import Places
from tests.evaluation.tasks import N, table, targets
from tests.tables.planted_signal import planted_signal

QUICK = PanelOptions(resamples=100)


def test_a_function_is_compared_with_the_baselines_that_are_named():
    given = planted_signal("length", n=400, seed=1).table
    result = run_table_panel(
        given,
        {"mine": lambda some: some.lengths[:, None] * 1.0},
        baselines=["majority", "kmer_logistic"],
        options=QUICK,
    )
    assert list(result.arms) == ["majority", "kmer_logistic", "mine"]
    assert result.reference == "mine"
    assert result.verdicts == {"majority": "better", "kmer_logistic": "better"}


def test_without_a_function_the_best_baseline_is_the_reference():
    given = planted_signal("length", n=400, seed=1).table
    result = run_table_panel(given, baselines=["majority", "composition", "kmer_logistic"], options=QUICK)
    assert result.reference == "composition"


def test_a_table_without_a_split_is_refused_with_the_way_out():
    given = table(targets()["number"], split=np.full(N, ""))
    with pytest.raises(ConfigurationError, match=r"toy has the parts ''. Fix: divide it with genolect split"):
        run_table_panel(given)


def test_one_strand_is_read_where_every_example_has_one():
    at = np.arange(N)
    strand = np.ones(N, dtype=np.int8)
    assert strands_of(table(targets()["number"], places=Places(np.full(N, "I"), at, at + 9, strand))) == "one"
    strand[5] = 0
    assert strands_of(table(targets()["number"], places=Places(np.full(N, "I"), at, at + 9, strand))) == "both"
