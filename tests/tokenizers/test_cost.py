"""The cost of a tokenizer: the mission's formula, counted against tokens that are really cut."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import ConfigurationError
from genolect.tokenizers.cost import LONGEST_WORD, best_k, cost, embedding_bytes, kmer_scheme, read_scheme


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


@given(
    st.integers(16, 4000), st.integers(2, 300), st.floats(1e4, 1e9), st.booleans(), st.floats(0.1, 9), st.floats(0.1, 9)
)
def test_the_best_word_is_the_cheapest_that_fits(bases, width, budget, overlapping, attention, embedding):
    k = best_k(budget, bases=bases, width=width, overlapping=overlapping, attention=attention, embedding=embedding)

    def price(word):
        scheme = kmer_scheme(word, stride=1 if overlapping else word)
        return cost(scheme.tokens(bases), scheme.vocabulary, width, attention=attention, embedding=embedding)

    def fits(word):
        return embedding_bytes(4**word + 3, width) <= budget

    assert fits(k)
    assert price(k) == min(price(word) for word in range(1, LONGEST_WORD + 1) if fits(word))


def test_dear_embeddings_shorten_the_word_and_dear_attention_lengthens_it():
    cheap = best_k(1e9, bases=512, width=128)
    assert best_k(1e9, bases=512, width=128, embedding=100) < cheap < best_k(1e9, bases=512, width=128, attention=100)


def test_a_budget_below_four_bases_is_refused():
    with pytest.raises(ConfigurationError, match=r"7 tokens of width 128 take 3,584 bytes, the budget is 3,583"):
        best_k(3583, bases=512, width=128)
    assert best_k(3584, bases=512, width=128) == 1
