"""The cost of a tokenizer: the mission's formula, counted against tokens that are really cut."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import ConfigurationError
from genolect.tokenizers.cost import LONGEST_WORD, cost, kmer_scheme, read_scheme


def cut(bases: int, word: int, stride: int) -> int:
    """Count the words that one gets by cutting; a rest that fills no word does not count."""
    return sum(start + word <= bases for start in range(0, bases, stride))


@given(st.integers(0, 200), st.integers(1, LONGEST_WORD), st.data())
def test_tokens_are_those_that_are_cut(bases, word, data):
    stride = data.draw(st.integers(1, word))
    assert kmer_scheme(word, stride=stride).tokens(bases) == cut(bases, word, stride)


def test_the_three_formulas():
    assert read_scheme("nucleotide").tokens(511) == 511
    assert read_scheme("kmer:6").tokens(511) == 511 - 6 + 1
    assert read_scheme("kmer:6:6").tokens(511) == 511 // 6
    assert read_scheme("byte_pair:600:4.07").tokens(511) == math.ceil(511 / 4.07)


@pytest.mark.parametrize(
    ("text", "vocabulary"), [("nucleotide", 7), ("kmer:3", 67), ("kmer:6:2", 4099), ("byte_pair:600", 607)]
)
def test_the_vocabulary_counts_special_tokens(text, vocabulary):
    assert read_scheme(text).vocabulary == vocabulary


def test_byte_pairs_are_as_long_as_they_were_found_or_said_to_be():
    assert read_scheme("byte_pair:597").bases_per_token == pytest.approx(4.07)
    assert read_scheme("byte_pair:4096").bases_per_token > 4.07
    assert read_scheme("byte_pair:0").bases_per_token == 1


@given(st.sampled_from(["nucleotide", "kmer:1", "kmer:5", "kmer:8:3", "kmer:4:4"]))
def test_a_scheme_is_named_as_it_was_read(text):
    assert read_scheme(read_scheme(text).name) == read_scheme(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("words", "'words' is no tokenizer"),
        ("kmer", "'kmer' is no tokenizer"),
        ("kmer:9", "words of 9 bases at stride 1"),
        ("kmer:0:0", "words of 0 bases"),
        ("kmer:3:4", "words of 3 bases at stride 4"),
        ("byte_pair:600:0.5", "0.5 bases per token"),
        ("byte_pair:", "is no tokenizer"),
        ("byte_pair:32001", "32,001 cycles. Fix: choose 32,000 at most"),
    ],
)
def test_what_is_no_tokenizer_is_refused(text, said):
    with pytest.raises(ConfigurationError, match=said):
        read_scheme(text)


@given(st.integers(0, 500), st.integers(1, 5000), st.integers(2, 300), st.floats(0, 9), st.floats(0, 9))
def test_the_formula(tokens, vocabulary, width, attention, embedding):
    value = cost(tokens, vocabulary, width, attention=attention, embedding=embedding)
    assert value == pytest.approx(attention * tokens**2 * width + embedding * tokens * vocabulary)
