"""Sequences end to end: a list of arrays is the reference."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from genolect.sequence.alphabet import SOFT_MASK, encode, reverse_complement
from genolect.sequence.ragged import RaggedBases, over_strands

ROWS = st.lists(st.text("ACGTNacgtn", max_size=9).map(encode), max_size=7)


def same(ragged: RaggedBases, rows: list[np.ndarray]) -> bool:
    return len(ragged) == len(rows) and all(np.array_equal(ours, row) for ours, row in zip(ragged, rows, strict=True))


@given(ROWS, st.data())
def test_every_operation_is_that_of_a_list(rows: list[np.ndarray], data: st.DataObject) -> None:
    ragged = RaggedBases.of(rows)
    assert same(ragged, rows)
    assert ragged.lengths.tolist() == [row.size for row in rows]
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=5)) if rows else []
    assert same(ragged.select(np.array(chosen, dtype=np.int64)), [rows[row] for row in chosen])
    assert same(ragged.reverse_complement(), [reverse_complement(row) for row in rows])
    assert not (ragged.plain().bases & SOFT_MASK).any()


@given(ROWS)
def test_groups_of_one_length_hold_every_row_once(rows: list[np.ndarray]) -> None:
    ragged = RaggedBases.of(rows)
    seen = {}
    for places, bases in ragged.by_length():
        assert bases.shape[0] == places.size
        seen |= dict(zip(places.tolist(), bases, strict=True))
    assert sorted(seen) == list(range(len(rows)))
    assert all(np.array_equal(seen[row], rows[row]) for row in seen)


def test_a_mask_selects_as_indices_do() -> None:
    ragged = RaggedBases.of([encode("ACG"), encode("T"), encode("GGGA")])
    assert same(ragged.select(np.array([True, False, True])), [encode("ACG"), encode("GGGA")])


@given(ROWS)
def test_an_average_over_strands_does_not_know_which_was_given(rows: list[np.ndarray]) -> None:
    ragged = RaggedBases.of(rows)

    def read(sequences: RaggedBases) -> np.ndarray:
        return np.array([[(row == 0).sum(), row[:1].sum()] for row in sequences], dtype=np.float32).reshape(-1, 2)

    both = over_strands(read, ragged)
    assert np.array_equal(over_strands(read, ragged.reverse_complement()), both)
    assert np.array_equal(both, (read(ragged) + read(ragged.reverse_complement())) / 2)
    assert both.dtype == np.float32
    assert np.array_equal(over_strands(read, ragged, both=False), read(ragged))


def test_one_strand_is_another_answer_than_both() -> None:
    ragged = RaggedBases.of([encode("AAC")])

    def read(sequences: RaggedBases) -> np.ndarray:
        return np.array([(row == 0).mean() for row in sequences])

    assert over_strands(read, ragged, both=False) != over_strands(read, ragged)
