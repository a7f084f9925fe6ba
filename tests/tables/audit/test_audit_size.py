"""Effective size and detectable differences, against simulation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genolect.statistics.metrics import auroc
from genolect.tables.audit.size import detectable_auroc, detectable_correlation, kish_size, size_finding
from genolect.tables.relatives import TableParts
from genolect.tables.table import Target
from tests.tables.planted_table import planted_table


def test_equal_clusters_count_once_each() -> None:
    assert kish_size(np.repeat(np.arange(7), 5)) == pytest.approx(7)
    assert kish_size(np.empty(0, dtype=np.int64)) == 0


def test_the_detectable_auroc_is_found_four_times_in_five() -> None:
    generator = np.random.Generator(np.random.Philox(4))
    n, tries = 150, 400
    gap = detectable_auroc(n, n, 2.0 * n, expected=0.7)
    shifts = (0.7416, 1.2427)  # AUROC 0.70 and 0.81 of two normal distributions so far apart
    values = []
    for shift in shifts:
        scores = generator.normal(size=(tries, 2 * n))
        scores[:, :n] += shift
        values.append([auroc(np.arange(2 * n) < n, row)[0] for row in scores])
    better, worse = np.array(values[1]), np.array(values[0])
    found = np.abs(better - worse) > 1.96 * np.sqrt(better.var() + worse.var())
    assert better.mean() - worse.mean() == pytest.approx(gap, abs=0.02)
    assert found.mean() == pytest.approx(0.8, abs=0.12)


def test_the_detectable_correlation_is_found_four_times_in_five() -> None:
    generator = np.random.Generator(np.random.Philox(5))
    n, gap = 200, detectable_correlation(200, 0.5)
    values = []
    for truth in (0.5 - gap / 2, 0.5 + gap / 2):
        one, noise = generator.normal(size=(2, 400, n))
        other = truth * one + np.sqrt(1 - truth**2) * noise
        values.append(np.arctanh([np.corrcoef(left, right)[0, 1] for left, right in zip(one, other, strict=True)]))
    found = np.abs(values[1] - values[0]) > 1.96 * np.sqrt(2 / (n - 3))
    assert found.mean() == pytest.approx(0.8, abs=0.08)


def finding(table, cluster):
    return size_finding(table, cluster, TableParts.of(table))


def test_more_examples_tell_more_and_clusters_less() -> None:
    small, large = (planted_table(n=n, length=20) for n in (300, 3_000))
    ours = [finding(table, np.arange(len(table))).numbers["smallest_detectable"] for table in (small, large)]
    torn = finding(large, np.arange(3_000) // 10).numbers
    assert ours[1] < torn["smallest_detectable"] <= ours[0] * 1.1
    assert torn["design_effect"] == pytest.approx(10)


def test_one_large_cluster_and_one_class_are_said() -> None:
    table = planted_table(n=300, length=20)
    cluster = np.maximum(np.arange(300) - 100, 0)
    assert "one cluster" in finding(table, cluster).fix
    alone = replace(table, target=Target("classes", ("no", "yes"), np.zeros(300, dtype=np.int64)))
    assert finding(alone, np.arange(300)).numbers["smallest_detectable"] is None
    number = replace(table, target=Target("number", ("y",), np.arange(300.0)))
    assert finding(number, np.arange(300)).numbers["smallest_detectable"] == pytest.approx(detectable_correlation(90))
