"""Letters of sequence lines: codes, counts, and the place of the first that is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import InputError
from genolect.sequence.alphabet import INVALID, encode
from genolect.sequence.fasta import FastaPart, encode_lines, line_of_first


@given(st.text("ACGTURYSWKMBDHVNacgturyswkmbdhvn\n"))
def test_codes_and_counts_equal_the_alphabets(text):
    letters = encode_lines(FastaPart(text.encode(), 1, False), "a", "a.fa")
    plain = text.replace("\n", "")
    assert letters.bases.tolist() == encode(plain).tolist()
    assert letters.ambiguous == sum(plain.upper().count(code) for code in "RYSWKMBDHV")
    assert letters.uracil == plain.upper().count("U")
    assert letters.has_thymine == ("T" in plain.upper())


@pytest.mark.parametrize("byte", [byte for byte in range(256) if encode(bytes([byte]))[0] == INVALID])
def test_every_other_byte_is_refused_on_its_line(byte):
    text = b"ACG\r\nTT\nA" + bytes([byte]) + b"A\nEEE\n"
    if byte == ord("\n"):
        text = text.replace(b"\nEEE", b"")
        assert len(encode_lines(FastaPart(text, 7, False), "a", "a.fa").bases) == 7
        return
    with pytest.raises(InputError) as caught:
        encode_lines(FastaPart(text, 7, False), "a", "a.fa")
    assert caught.value.line == 9
    assert caught.value.what.isprintable()
    assert caught.value.fix


def test_the_first_of_several_letters_is_named():
    with pytest.raises(InputError, match=r"a\.fa:4: the digit '7' in the sequence 'chr\\x071'"):
        encode_lines(FastaPart(b"AC\nA7E\n-\r", 3, False), "chr\a1", "a.fa")


@pytest.mark.parametrize(("letter", "line"), [("U", 5), ("T", 7), ("A", 5)])
def test_the_line_of_a_letter_is_found(letter, line):
    assert line_of_first(letter, FastaPart(b"ACu\n\r\nT", 5, False)) == line
