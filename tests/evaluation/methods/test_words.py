"""Words and composition of ragged sequences: the same as of windows, on either strand, alone or among others."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.evaluation.methods import features
from genolect.evaluation.methods.features import composition_of, word_frequencies
from genolect.sequence.alphabet import encode
from genolect.sequence.kmers import kmer_frequencies
from genolect.sequence.ragged import RaggedBases

TEXTS = st.lists(st.text("ACGTNacgt", min_size=1, max_size=23), min_size=1, max_size=7)


def ragged(texts: list[str]) -> RaggedBases:
    return RaggedBases.of([encode(text) for text in texts])


@given(TEXTS, st.integers(1, 4))
def test_words_of_one_strand_are_those_that_a_loop_counts(texts, length):
    found = word_frequencies(ragged(texts), length, strands="one")
    for row, text in zip(found, texts, strict=True):
        upper = text.upper()
        counted = Counter(upper[at : at + length] for at in range(len(text) - length + 1))
        counted = Counter({word: n for word, n in counted.items() if "N" not in word})
        for word, n in counted.items():
            number = sum("ACGT".index(letter) * 4 ** (length - 1 - at) for at, letter in enumerate(word))
            assert row[number] == pytest.approx(n / counted.total(), rel=1e-6)
        assert row.sum() == pytest.approx(1.0 if counted else 0.0, rel=1e-5)


@given(TEXTS, st.integers(1, 4))
def test_words_of_both_strands_read_alike_from_either(texts, length):
    sequences = ragged(texts)
    forward, back = (word_frequencies(one, length) for one in (sequences, sequences.reverse_complement()))
    np.testing.assert_allclose(forward, back, atol=1e-7)
    for row, text in zip(forward, texts, strict=True):
        np.testing.assert_allclose(row, kmer_frequencies(encode(text)[None], length)[0], atol=1e-6)


def test_parts_give_what_the_whole_gives(monkeypatch):
    sequences = ragged(["ACGTACG", "GG", "TTAGCATTT", "N", "CATCATCATCAT"])
    whole = word_frequencies(sequences, 2)
    monkeypatch.setattr(features, "CELLS_AT_ONCE", 1)
    np.testing.assert_array_equal(word_frequencies(sequences, 2), whole)


@given(TEXTS)
def test_composition_is_counted_within_each_sequence(texts):
    for row, text in zip(composition_of(ragged(texts)), texts, strict=True):
        upper = text.upper()
        known = len(upper) - upper.count("N")
        strong = (upper.count("G") + upper.count("C")) / max(known, 1)
        expected = [strong, upper.count("CG") / len(upper), upper.count("N") / len(upper), np.log(len(upper))]
        assert row.tolist() == pytest.approx(expected)
