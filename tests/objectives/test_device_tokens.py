"""Ids from raw bases against numpy and the alphabet: every k, every stride, N, both strands."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.objectives.token_layout import LONGEST_WORD, kmer_ids, nucleotide_ids, reverse_complement_rows
from genolect.sequence.alphabet import BASE_BITS, N, encode, reverse_complement
from genolect.tokenizers.nucleotide import NucleotideTokenizer

WINDOWS = st.builds(
    lambda shape, seed, unknown: np.random.default_rng(seed).choice(
        np.array([0, 1, 2, 3, 8, 9, 10, 11, 4, 12], dtype=np.uint8),
        shape,
        p=[(1 - unknown) / 8] * 8 + [unknown / 2] * 2,
    ),
    st.tuples(st.integers(1, 5), st.integers(0, 40)),
    st.integers(0, 999),
    st.sampled_from([0.0, 0.1, 0.9]),
)


def slow_ids(window: np.ndarray, k: int, stride: int) -> list[int]:
    found = []
    for start in range(0, len(window) - k + 1, stride):
        word = [int(base) for base in window[start : start + k] & BASE_BITS]
        found.append(4**k if N in word else int("".join(map(str, word)), 4))
    return found


@settings(deadline=None)
@given(windows=WINDOWS, k=st.integers(1, LONGEST_WORD), stride=st.integers(1, 9))
def test_words_are_numbers_to_base_four(windows, k, stride):
    ids = kmer_ids(torch.from_numpy(windows), k, stride)
    assert ids.dtype == torch.int64
    assert ids.tolist() == [slow_ids(window, k, stride) for window in windows]


def test_the_word_of_the_mission():
    ids = kmer_ids(torch.from_numpy(encode("ATGCTAG")), 3)
    words = ["".join("ACGT"[number // 4**place % 4] for place in (2, 1, 0)) for number in ids.tolist()]
    assert words == ["ATG", "TGC", "GCT", "CTA", "TAG"]


def test_words_of_nothing_but_n_do_not_overflow():
    bases = torch.full((2, 19), N, dtype=torch.uint8)
    assert (kmer_ids(bases, LONGEST_WORD) == 4**LONGEST_WORD).all()


@pytest.mark.parametrize(("k", "stride"), [(0, 1), (LONGEST_WORD + 1, 1), (3, 0)])
def test_impossible_words_are_refused(k, stride):
    with pytest.raises(ValueError, match=f"k {k} and stride {stride} need"):
        kmer_ids(torch.zeros(3, 20, dtype=torch.uint8), k, stride)


@settings(deadline=None)
@given(windows=WINDOWS)
def test_nucleotides_are_those_of_the_tokenizer(windows):
    ids = nucleotide_ids(torch.from_numpy(windows))
    assert ids.dtype == torch.int64
    np.testing.assert_array_equal(ids.numpy(), NucleotideTokenizer().encode(windows))


@settings(deadline=None)
@given(windows=WINDOWS, seed=st.integers(0, 99))
def test_chosen_rows_are_read_from_the_other_strand(windows, seed):
    rows = np.random.default_rng(seed).random(len(windows)) < 0.5
    turned = reverse_complement_rows(torch.from_numpy(windows), torch.from_numpy(rows))
    expected = np.where(rows[:, None], reverse_complement(windows), windows)
    np.testing.assert_array_equal(turned.numpy(), expected)
    assert torch.equal(reverse_complement_rows(turned, torch.from_numpy(rows)), torch.from_numpy(windows))
