"""Doublet shuffles: every doublet as often as before, each possible sequence as often as any other."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from genolect.sequence.alphabet import decode, encode
from genolect.sequence.shuffle import shuffle_doublets


def doublets(text: str) -> Counter[str]:
    return Counter(a + b for a, b in pairwise(text))


@given(text=st.text("ACGTN", min_size=1, max_size=80), seed=st.integers(0, 10_000))
def test_doublets_and_both_ends_stay(text, seed):
    shuffled = decode(shuffle_doublets(encode(text), np.random.default_rng(seed)))
    assert doublets(shuffled) == doublets(text)
    assert (shuffled[0], shuffled[-1], Counter(shuffled)) == (text[0], text[-1], Counter(text))


@pytest.mark.parametrize("text", ["ACAGATA", "AACAAGA", "ACGACTA", "AATTATA", "ACCACGA"])
def test_every_possible_sequence_is_equally_likely(text):
    inner = {"".join((text[0], *middle, text[-1])) for middle in permutations(text[1:-1])}
    possible = sorted(other for other in inner if doublets(other) == doublets(text))
    assert len(possible) > 1
    generator = np.random.default_rng(11)
    drawn = Counter(decode(shuffle_doublets(encode(text), generator)) for _ in range(3000))
    assert set(drawn) == set(possible)
    assert chisquare([drawn[other] for other in possible]).pvalue > 1e-3


def test_a_long_sequence_is_really_shuffled():
    text = "".join(np.random.default_rng(2).choice(list("ACGT"), 700))
    shuffled = decode(shuffle_doublets(encode(text), np.random.default_rng(3)))
    assert sum(a == b for a, b in zip(text, shuffled, strict=True)) < 300
    assert doublets(shuffled) == doublets(text)


def test_the_soft_mask_goes_and_the_input_stays():
    bases = encode("acgTTAGCATGC")
    kept = bases.copy()
    shuffled = shuffle_doublets(bases, np.random.default_rng(0))
    assert np.array_equal(bases, kept)
    assert (shuffled < 5).all()
