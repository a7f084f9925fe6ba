"""Tripwires: right where test examples were seen, at the base rate where not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.evaluation.methods import memoriser
from genolect.evaluation.methods.memoriser import coordinate_memoriser, most_alike, nearest_neighbour, overlapping
from genolect.evaluation.methods.method import base_rate, blind
from genolect.tables.table import Parts, Places, Target
from tests.evaluation.tasks import N, table, targets
from tests.tables.planted_signal import planted_signal

SPANS = st.lists(
    st.tuples(st.sampled_from(["I", "II", ""]), st.integers(0, 60), st.integers(1, 30)), min_size=1, max_size=9
)


def places(rows: list[tuple[str, int, int]]) -> Places:
    name, start, size = zip(*rows, strict=True)
    begin = np.array(start)
    return Places(np.array(name), begin, begin + np.array(size), np.ones(len(rows), dtype=np.int8))


@given(SPANS, SPANS)
@settings(max_examples=60)
def test_overlaps_are_those_of_all_pairs(asked, known):
    found = overlapping(places(asked), places(known))
    for row, (name, start, size) in enumerate(asked):
        shares = [
            max(0, min(start + size, other + length) - max(start, other)) / max(size, length)
            if name and name == chromosome
            else 0.0
            for chromosome, other, length in known
        ]
        assert found.likeness[row] == pytest.approx(max(shares))
        if max(shares):
            assert shares[found.row[row]] == pytest.approx(max(shares))


def test_neighbours_are_those_of_all_pairs_in_parts_too(monkeypatch):
    generator = np.random.Generator(np.random.Philox(2))
    ours, theirs = (generator.random((n, 5)).astype(np.float32) for n in (11, 13))
    units = [vectors / np.linalg.norm(vectors, axis=1, keepdims=True) for vectors in (ours, theirs)]
    cosine = units[0] @ units[1].T
    for at_once in (1 << 25, 1):
        monkeypatch.setattr(memoriser, "PAIRS_AT_ONCE", at_once)
        found = most_alike(ours, theirs)
        np.testing.assert_array_equal(found.row, cosine.argmax(axis=1))
        np.testing.assert_allclose(found.likeness, cosine.max(axis=1), rtol=1e-5)


@pytest.mark.parametrize("kind", list(targets()))
def test_without_overlap_there_is_the_base_rate_and_with_it_the_label(kind):
    at = np.arange(N) * 100
    apart = Places(np.full(N, "I"), at, at + 10, np.ones(N, dtype=np.int8))
    parts = table(targets()[kind], places=apart).parts()
    [away] = coordinate_memoriser(blind(parts), [])
    np.testing.assert_allclose(away.test, base_rate(parts.train.target, 120))
    assert away.notes == ()
    train = parts.train.select(np.arange(120))
    same = Parts(parts.train, parts.validation, replace(train, split=parts.test.split))
    [here] = coordinate_memoriser(blind(same), [])
    assert here.notes == ("100.0 % of the test examples overlap a training example.",)
    told = train.target.values
    if "classes" in kind:
        assert (here.test.argmax(axis=1) == told).all()
    else:
        known = np.isfinite(told)
        np.testing.assert_allclose(here.test[known], told[known])


def test_copies_are_remembered_on_either_strand_and_noise_is_not():
    copies = planted_signal("copies", n=500, seed=3).table.parts()
    turned = copies.test.sequences.reverse_complement()
    flipped = copies._replace(test=replace(copies.test, sequences=turned))
    for parts in (copies, flipped):
        [answers] = nearest_neighbour(blind(parts), [])
        assert answers.notes == ("40 of 100 test examples have a near twin in training.",)
        seen = answers.test[:40]
        assert (seen.argmax(axis=1) == parts.test.target.values[:40]).all()
    [stranded] = nearest_neighbour(blind(flipped), [], strands="one")
    assert stranded.notes == ()


def test_an_unknown_label_of_a_neighbour_says_nothing():
    target = Target("multilabel", ("a",), np.array([[np.nan], [1.0], [0.0]]))
    answers = memoriser._remembered(target, memoriser.Nearest(np.array([0, 1]), np.array([1.0, 1.0])))
    assert answers.tolist() == [[0.5], [1.0]]
