"""Predictions renormalised over the words that agree with the known bases."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch

from genolect.objectives.masking import hidden_word_nats, word_codes

K = 3
WORDS = ["".join(word) for word in product("TGCA", repeat=K)]  # not in the order of the codes


def test_the_nats_are_those_of_a_sum_over_words():
    generator = torch.Generator().manual_seed(2)
    logits = torch.randn(7 * 8, len(WORDS), generator=generator, dtype=torch.float64) * 3
    truth = torch.randint(len(WORDS), (7 * 8,), generator=generator)
    known = [pattern for pattern in product([False, True], repeat=K) for _ in range(7)]
    given = torch.tensor([sum(3 << 2 * (K - 1 - place) for place in range(K) if flags[place]) for flags in known])
    nats = hidden_word_nats(logits, truth, given, word_codes(WORDS))
    for row, flags in enumerate(known):
        word, scores = WORDS[truth[row]], logits[row].exp().tolist()
        agreeing = sum(
            score
            for other, score in zip(WORDS, scores, strict=True)
            if all(word[place] == other[place] for place in range(K) if flags[place])
        )
        assert nats[row].item() == pytest.approx(-math.log(scores[truth[row]] / agreeing), abs=1e-12)


@pytest.mark.parametrize("words", [["AC", "ACG"], ["A" * 32], ["NA"]])
def test_other_words_are_refused(words):
    with pytest.raises(ValueError, match=r"one length|substring"):
        word_codes(words)
