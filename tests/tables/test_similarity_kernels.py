"""Words on both strands against Biopython; the index against counting all pairs."""

from __future__ import annotations

import numpy as np
from Bio.Seq import Seq
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.sequence.alphabet import encode, reverse_complement
from genolect.sequence.ragged import RaggedBases
from genolect.tables.similarity import (
    bucket_of,
    canonical_codes,
    count_different,
    count_words,
    fill_index,
    find_partners,
)

LETTERS = st.text("ACGTNacgt", min_size=1, max_size=40)


def words_of(letters: str, length: int) -> list[str]:
    upper = letters.upper()
    words = [upper[start : start + length] for start in range(len(upper) - length + 1)]
    return [min(word, str(Seq(word).reverse_complement())) for word in words if "N" not in word]


def number_of(word: str) -> int:
    return int("".join(str("ACGT".index(letter)) for letter in word), 4)


@settings(deadline=None, max_examples=50)  # the first call compiles
@given(LETTERS, st.integers(1, 9))
def test_words_are_those_of_either_strand(letters: str, length: int) -> None:
    codes = np.empty(len(letters), dtype=np.int64)
    count = canonical_codes(encode(letters), length, codes)
    assert codes[:count].tolist() == [number_of(word) for word in words_of(letters, length)]
    count = canonical_codes(reverse_complement(encode(letters)), length, codes)
    assert codes[:count][::-1].tolist() == [number_of(word) for word in words_of(letters, length)]


@settings(deadline=None, max_examples=50)  # the first call compiles
@given(st.lists(LETTERS, min_size=1, max_size=6), st.integers(2, 5), st.integers(3, 8))
def test_the_index_holds_each_sequence_once_per_bucket(rows: list[str], length: int, bits: int) -> None:
    ragged = RaggedBases.of(map(encode, rows))
    begins = np.zeros((1 << bits) + 1, dtype=np.int64)
    count_words(ragged.bases, ragged.starts, length, bits, begins)
    begins = np.cumsum(begins)
    members = np.empty(begins[-1], dtype=np.int32)
    fill_index(ragged.bases, ragged.starts, length, begins[:-1].copy(), members)
    for bucket in range(1 << bits):
        expected = [
            number
            for number, letters in enumerate(rows)
            if any(bucket_of(np.int64(number_of(word)), length, bits) == bucket for word in words_of(letters, length))
        ]
        assert members[begins[bucket] : begins[bucket + 1]].tolist() == expected


@settings(deadline=None, max_examples=50)  # the first call compiles
@given(st.lists(LETTERS, min_size=1, max_size=7), st.integers(2, 4), st.integers(1, 6))
def test_partners_are_those_of_all_pairs_however_small_the_room(rows: list[str], length: int, fewest: int) -> None:
    ragged = RaggedBases.of(map(encode, rows))
    mark, different = np.zeros(4**length, dtype=np.int32), np.zeros(len(rows), dtype=np.int64)
    count_different(ragged.bases, ragged.starts, length, mark, different)
    sets = [set(words_of(letters, length)) for letters in rows]
    assert different.tolist() == [len(words) for words in sets]
    begins = np.zeros(4**length + 1, dtype=np.int64)
    count_words(ragged.bases, ragged.starts, length, 2 * length, begins)
    begins = np.cumsum(begins)
    members = np.empty(begins[-1], dtype=np.int32)
    fill_index(ragged.bases, ragged.starts, length, begins[:-1].copy(), members)
    state, found = np.zeros(4, dtype=np.int64), np.empty((len(rows), 3), dtype=np.int32)
    pairs = []
    while state[0] < len(rows):
        chosen = (length, length, len(rows) + 1, fewest, 0.3)
        find_partners((ragged.bases, ragged.starts, different), (begins, members), chosen, mark, state, found)
        pairs += found[: state[1]].tolist()
    expected = [
        [one, two, len(sets[one] & sets[two])]
        for one in range(len(rows))
        for two in range(one)
        if len(sets[one] & sets[two]) >= max(fewest, np.ceil(0.3 * min(len(sets[one]), len(sets[two]))))
    ]
    assert sorted(pairs) == sorted(expected)
