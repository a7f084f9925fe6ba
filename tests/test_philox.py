"""The generator against its authors' known answers, and its two words for statistical accidents."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chisquare

from genolect.random import key_words, random_words


@pytest.mark.parametrize(
    ("place", "low", "high", "answer"),
    [
        (0, 0, 0, (0xFF1DAE59, 0x6CD10DF2)),
        (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, (0x2C3F628B, 0xAB4FD7AD)),
        (0x243F6A88, 0x13198A2E, 0x85A308D3, (0xDD7CE038, 0xF62A4C12)),
    ],
)
def test_the_published_answers(place, low, high, answer):
    assert tuple(int(word) for word in random_words(place, low, high)) == answer


def test_both_words_are_uniform_and_independent():
    words = np.array([random_words(place, 3, 2**31 + 5) for place in range(1 << 16)], dtype=np.uint64)
    cells = (words[:, 0] >> np.uint64(28)) * np.uint64(16) + (words[:, 1] >> np.uint64(28))
    assert chisquare(np.bincount(cells.astype(int), minlength=256)).pvalue > 1e-4


def test_a_key_has_two_words():
    assert key_words(0xDEADBEEF_00000007) == (7, 0xDEADBEEF)
    for key in (-1, 2**64):
        with pytest.raises(ValueError, match=f"the key {key} is none of 64 bits"):
            key_words(key)
