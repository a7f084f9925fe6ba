"""Answers to next-k-mer questions: the chain rule spelled out, frequencies, and the order that validation chooses."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from genolect.evaluation.studies.kmer_questions import (
    KmerAnswers,
    choose_order,
    frequency_answers,
    judge,
    kmer_numbers,
    log_frequencies,
    markov_answers,
    next_base_table,
)
from genolect.genome.context_counts import MarkovModel
from genolect.random import derived_generator

LONGEST = 3


def counting() -> MarkovModel:
    generator = derived_generator(5, "counts")
    counts = {k: generator.integers(1, 90, size=(4**k, 4)) for k in range(LONGEST + 1)}
    return MarkovModel(counts, {1: 2.0, 2: 32.0, 3: 8.0})


def some_prefixes(n: int, width: int) -> np.ndarray:
    return derived_generator(6, "prefixes").integers(4, size=(n, width), dtype=np.uint8)


@given(some.lists(some.sampled_from("ACGT"), min_size=1, max_size=7))
def test_numbers_are_those_of_the_alphabetical_order(letters):
    words = sorted("".join(word) for word in product("ACGT", repeat=len(letters)))
    codes = np.array([["ACGT".index(letter) for letter in letters]], dtype=np.uint8)
    assert words[int(kmer_numbers(codes)[0])] == "".join(letters)
    assert kmer_numbers(codes | 8) == kmer_numbers(codes)  # the soft-mask plays no part


def test_a_word_with_an_n_is_refused():
    with pytest.raises(ValueError, match="an N has no number"):
        kmer_numbers(np.array([[0, 4]], dtype=np.uint8))


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_the_table_is_what_the_model_estimates(order):
    model = counting()
    contexts = np.arange(4**order)
    short = MarkovModel(
        {k: model.counts[k] for k in range(order + 1)}, {k: model.strengths[k] for k in range(1, order + 1)}
    )
    told = short.estimate([contexts % 4**k for k in range(1, order + 1)]) if order else short.base_frequencies[None]
    np.testing.assert_allclose(next_base_table(model, order), told, rtol=1e-6)


@pytest.mark.parametrize(("order", "k"), [(0, 2), (1, 3), (2, 2), (3, 4)])
def test_the_chain_rule_base_by_base(order, k):
    model, prefixes = counting(), some_prefixes(11, 5)
    table = next_base_table(model, order).astype(float)
    words = np.array(list(product(range(4), repeat=k)), dtype=np.uint8)
    expected = np.ones((11, 4**k))
    for row, prefix in enumerate(prefixes):
        for number, word in enumerate(words):
            letters = [*prefix, *word]
            for place in range(5, 5 + k):
                context = (
                    int(kmer_numbers(np.array([letters[place - order : place]], dtype=np.uint8))[0]) if order else 0
                )
                expected[row, number] *= table[context, letters[place]]
    np.testing.assert_allclose(expected.sum(axis=1), 1, rtol=1e-6)
    truth = derived_generator(7, "truth").integers(4**k, size=11)
    found = markov_answers(table.astype(np.float32), prefixes, {1: truth % 4, k: truth})[k]
    np.testing.assert_allclose(found.bits, -np.log2(expected[np.arange(11), truth]), rtol=1e-5)
    np.testing.assert_array_equal(found.right, expected.argmax(axis=1) == truth)


def test_only_the_last_bases_of_a_prefix_count():
    table, prefixes = next_base_table(counting(), 2), some_prefixes(300, 7)
    truth = {3: derived_generator(8, "truth").integers(64, size=300)}
    before = markov_answers(table, prefixes, truth)[3]
    far, near = prefixes.copy(), prefixes.copy()
    far[:, :5] = 3 - far[:, :5]
    near[:, 6] = 3 - near[:, 6]
    np.testing.assert_array_equal(markov_answers(table, far, truth)[3].bits, before.bits)
    assert (markov_answers(table, near, truth)[3].bits != before.bits).any()


def test_a_prefix_shorter_than_the_context_is_refused():
    with pytest.raises(ValueError, match="prefixes of 2 bases hold no context of 3"):
        markov_answers(next_base_table(counting(), 3), some_prefixes(2, 2), {1: np.array([0, 0])})


@settings(max_examples=20)
@given(some.lists(some.integers(0, 15), min_size=5, max_size=60))
def test_frequencies_answer_with_the_most_frequent_word(words):
    counts = np.bincount(words, minlength=16).reshape(4, 4)
    answers = frequency_answers(log_frequencies(counts), np.array(words))
    assert answers.right.sum() == Counter(words)[int(counts.argmax())]
    shares = (counts.reshape(-1) + 1) / (len(words) + 16)
    np.testing.assert_allclose(answers.bits, -np.log2(shares[words]))


def test_bits_are_of_the_truth_and_parts_join():
    logarithms = np.log(np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]]))
    answers = judge(logarithms, np.array([1, 2]))
    np.testing.assert_allclose(answers.bits, -np.log2([0.3, 0.8]))
    assert answers.right.tolist() == [0, 1]
    assert KmerAnswers.joined([answers, answers]).right.tolist() == [0, 1, 0, 1]


def test_the_order_is_chosen_by_mean_bits():
    assert choose_order({1: np.array([2.0, 2.0]), 3: np.array([0.5, 3.0]), 5: np.array([9.0, 0.0])}) == 3
