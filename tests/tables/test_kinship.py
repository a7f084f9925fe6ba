"""Relatives in other parts, by counting one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.tables.relatives import TableParts, find_kinship, label_matrix, seen_elsewhere
from genolect.tables.table import Target
from tests.mmseqs_program import alignments, stand_in
from tests.tables.planted_table import planted_table


@pytest.mark.parametrize("divided", [True, False])
@given(data=st.data())
def test_relatives_elsewhere_are_counted_one_by_one(divided: bool, data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 8))
    several = 3 if divided else 1
    code = np.array(data.draw(st.lists(st.integers(0, several - 1), min_size=n, max_size=n)))
    names = tuple("abc"[: code.max() + 1])
    group = np.unique(data.draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)), return_inverse=True)[1]
    count = int(group.max()) + 1
    pairs = data.draw(st.sets(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=5))
    links = sorted({(one, two) for one, two in pairs if one < two})
    weights = {pair: 0.2 + 0.1 * number for number, pair in enumerate(links)}
    labels = np.arange(2.0 * n).reshape(n, 2) % 5
    ends = [np.array([pair[end] for pair in links], dtype=np.int64) for end in (0, 1)]
    parts = TableParts(names, code)
    seen = seen_elsewhere(parts, labels, group, (ends[0], ends[1], np.array([*weights.values()])))
    for one in range(n):
        found = []
        for two in range(n):
            pair = tuple(sorted((int(group[one]), int(group[two]))))
            weight = 1.0 if pair[0] == pair[1] else weights.get(pair, 0.0)
            if weight and one != two and (code[one] != code[two] or len(names) == 1):
                found.append((weight, labels[two]))
        assert seen.relatives[one] == len(found)
        if found:
            mean = sum(weight * label for weight, label in found) / sum(weight for weight, _ in found)
            assert seen.labels[one] == pytest.approx(mean)
        else:
            assert np.isnan(seen.labels[one]).all()


def test_labels_that_are_not_known_do_not_count() -> None:
    parts, nothing = TableParts(("a", "b"), np.array([0, 1, 1])), np.empty(0, dtype=np.int64)
    labels = np.array([[0.0], [np.nan], [1.0]])
    seen = seen_elsewhere(parts, labels, np.zeros(3, dtype=np.int64), (nothing, nothing, nothing))
    assert seen.labels.ravel().tolist() == [1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("names", "training", "tested"),
    [(("a", "b"), 1, [0]), (("Train", "test"), 0, [1]), (("",), 0, [0]), (("cv", "test", "train"), 2, [0, 1])],
)
def test_the_part_for_training_is_the_one_called_so_else_the_largest(names, training, tested) -> None:
    parts = TableParts(names, np.array([len(names) - 1, *range(len(names))]))
    assert (parts.training, parts.tested) == (training, tested)


def test_clusters_join_copies_places_and_groups() -> None:
    table = planted_table("reverse complements", n=60, length=80)
    group = np.full(60, "")
    group[[5, 42]] = "gene"
    cluster = find_kinship(replace(table, group=group)).cluster
    assert cluster[42] == cluster[0] == cluster[5]  # 42 repeats 0, and shares a gene with 5
    assert cluster.max() + 1 == 60 - 2 - 1


def test_remote_relatives_join_clusters_where_they_are_asked_for(monkeypatch, tmp_path) -> None:
    stand_in(monkeypatch, tmp_path, alignments((17, 3, 1, 60, 60, 1), (1, 0, 1, 80, 1, 80)))
    table = planted_table("reverse complements", n=60, length=80)
    near, all_of_them = find_kinship(table), find_kinship(table, remote=True)
    assert near.remote is None
    assert len(near.links) + 1 == len(all_of_them.links)
    assert near.cluster[17] != near.cluster[3]
    assert all_of_them.cluster[17] == all_of_them.cluster[3]
    assert (
        all_of_them.cluster[42] == all_of_them.cluster[0] == all_of_them.cluster[1]
    )  # 42 repeats 0, which aligns with 1
    assert all_of_them.cluster.max() + 1 == near.cluster.max() + 1 - 2


def test_labels_become_columns() -> None:
    assert label_matrix(Target("number", ("y",), np.array([2.5, 1.0]))).tolist() == [[2.5], [1.0]]
    values = np.array([[1.0, np.nan]])
    assert np.array_equal(label_matrix(Target("multilabel", ("a", "b"), values)), values, equal_nan=True)
