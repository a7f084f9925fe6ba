"""The alphabet: letters there and back, and the one complement, against Biopython's."""

from __future__ import annotations

import pytest
from Bio.Seq import Seq
from hypothesis import given
from hypothesis import strategies as st

from genolect.sequence.alphabet import (
    BASE_BITS,
    COMPLEMENT,
    ENCODING,
    INVALID,
    SOFT_MASK,
    A,
    C,
    G,
    N,
    T,
    decode,
    encode,
    reverse_complement,
)

LETTERS = st.text("ACGTNacgtn", max_size=50)


@given(LETTERS)
def test_letters_come_back(letters):
    assert decode(encode(letters)) == letters
    assert decode(encode(letters.encode())) == letters


@given(LETTERS)
def test_the_other_strand_equals_biopythons(letters):
    assert decode(reverse_complement(encode(letters))) == str(Seq(letters).reverse_complement())


@given(LETTERS)
def test_the_other_strand_of_the_other_strand_is_the_first(letters):
    assert reverse_complement(reverse_complement(encode(letters))).tolist() == encode(letters).tolist()


def test_the_last_axis_is_the_sequence():
    batch = encode("ACGTTG").reshape(2, 3)
    assert [decode(row) for row in reverse_complement(batch)] == ["CGT", "CAA"]


@pytest.mark.parametrize(
    ("letters", "codes"),
    [("ACGTN", [A, C, G, T, N]), ("Uu", [T, T | SOFT_MASK]), ("RYSWKMBDHV", [N] * 10), ("rn", [N | SOFT_MASK] * 2)],
)
def test_codes(letters, codes):
    assert encode(letters).tolist() == codes


def test_everything_else_is_invalid():
    known = set("ACGTUNRYSWKMBDHVacgtunryswkmbdhv")
    assert {chr(byte) for byte in range(256) if ENCODING[byte] != INVALID} == known


def test_the_complement_pairs_bases_and_keeps_the_mask():
    for code in [A, C, G, T, N]:
        for mask in (0, SOFT_MASK):
            partner = int(COMPLEMENT[code | mask])
            assert partner & SOFT_MASK == mask
            assert (partner & BASE_BITS) + code == (2 * N if code == N else A + T)
