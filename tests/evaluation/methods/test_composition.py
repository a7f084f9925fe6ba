"""Composition and words against plain counting."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from Bio.Seq import Seq
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.evaluation.methods.features import choose_word_length, composition_features
from genolect.sequence.alphabet import encode, reverse_complement
from genolect.sequence.kmers import canonical_words, kmer_frequencies

WINDOWS = st.lists(st.text("ACGTNacgtn", min_size=11, max_size=11), min_size=1, max_size=5)


def plain_frequencies(letters: str, length: int) -> dict[str, float]:
    counts: Counter[str] = Counter()
    for start in range(len(letters) - length + 1):
        word = letters[start : start + length].upper()
        if "N" not in word:
            counts[min(word, str(Seq(word).reverse_complement()))] += 1
    return {word: count / counts.total() for word, count in sorted(counts.items())}


@settings(deadline=None)
@given(WINDOWS, st.integers(1, 6))
def test_words_are_counted_as_by_hand(letters: list[str], length: int):
    bases = np.stack([encode(one) for one in letters])
    frequencies = kmer_frequencies(bases, length)
    for one, counted in zip(letters, frequencies, strict=True):
        expected = plain_frequencies(one, length)
        np.testing.assert_allclose(counted[counted > 0], list(expected.values()), rtol=1e-12)
    places = canonical_words(length)
    for word, place in zip(expected, np.flatnonzero(frequencies[-1]), strict=True):
        assert places[int(encode(word) @ 4 ** np.arange(length)[::-1])] == place


@settings(deadline=None)
@given(WINDOWS, st.integers(1, 6))
def test_both_strands_have_the_same_words_and_composition(letters: list[str], length: int):
    bases = np.stack([encode(one) for one in letters])
    np.testing.assert_array_equal(kmer_frequencies(bases, length), kmer_frequencies(reverse_complement(bases), length))
    np.testing.assert_array_equal(composition_features(bases), composition_features(reverse_complement(bases)))


@pytest.mark.parametrize(("length", "count"), [(1, 2), (2, 10), (3, 32), (4, 136), (5, 512), (6, 2080)])
def test_the_number_of_words(length: int, count: int):
    numbers = canonical_words(length)
    assert np.unique(numbers).tolist() == list(range(count))
    assert kmer_frequencies(np.zeros((2, 9), dtype=np.uint8), length).shape == (2, count)


def test_windows_without_words_are_zeros():
    assert not kmer_frequencies(np.stack([encode("NNNNN")]), 3).any()
    assert kmer_frequencies(np.stack([encode("AC")]), 3).shape == (1, 32)
    assert composition_features(np.stack([encode("NNNN")])).tolist() == [[0.0, 0.0, 1.0]]


def test_the_pieces_in_which_windows_are_counted_do_not_matter(monkeypatch: pytest.MonkeyPatch):
    bases = np.random.Generator(np.random.Philox(4)).integers(0, 5, size=(23, 31)).astype(np.uint8)
    whole = kmer_frequencies(bases, 4)
    monkeypatch.setattr("genolect.sequence.kmers.BASES_AT_ONCE", 31 * 5)
    np.testing.assert_array_equal(kmer_frequencies(bases, 4), whole)


def test_the_length_that_tells_the_classes_apart_is_chosen():
    generator = np.random.Generator(np.random.Philox(7))
    labels = np.arange(240) % 2
    bases = generator.integers(0, 4, size=(240, 90)).astype(np.uint8)
    for number, label in enumerate(labels):
        for start in range(0, 60, 12):
            bases[number, start : start + 6] = encode(("GATTAC", "GATCAC")[label])
    choice = choose_word_length(bases[:160], labels[:160], bases[160:], labels[160:])
    assert choice.length == max(choice.validation_auroc, key=lambda length: choice.validation_auroc[length])
    assert list(choice.validation_auroc) == [3, 4, 5, 6]
    assert choice.validation_auroc[choice.length] > 0.95
