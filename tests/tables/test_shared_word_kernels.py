"""A table of words is a set of words."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.sequence.alphabet import encode
from genolect.sequence.ragged import RaggedBases
from genolect.tables.shared_kmers import count_tagged, put_words, tag_words
from tests.tables.test_similarity_kernels import words_of

LETTERS = st.text("ACGTN", min_size=1, max_size=30)


@settings(deadline=None)  # the first call compiles
@given(LETTERS, LETTERS, st.integers(2, 6))
def test_words_are_put_once_and_tagged_where_they_occur(one: str, other: str, length: int) -> None:
    table, tags = np.full(64, -1, dtype=np.int64), np.zeros(64, dtype=np.bool_)
    own, there = words_of(one, length), set(words_of(other, length))
    assert put_words(encode(one), length, 0, table) == len(set(own))
    assert put_words(encode(one), length, 0, table) == 0
    tag_words(encode(other), length, 0, table, tags)
    assert tags.sum() == len(set(own) & there)
    ragged, counts = RaggedBases.of([encode(one)]), np.zeros((1, 2), dtype=np.int64)
    count_tagged((ragged.bases, ragged.starts), length, 0, table, tags, counts)
    assert counts.tolist() == [[len(own), sum(word in there for word in own)]]


def test_a_thinned_table_keeps_about_its_share() -> None:
    bases = np.random.Generator(np.random.Philox(1)).integers(0, 4, 4_000, dtype=np.uint8)
    kept = put_words(bases, 21, 3, np.full(8192, -1, dtype=np.int64))
    assert 350 < kept < 650
