"""Drawing tokens: the distribution that was asked for, exactly, and nothing outside of it."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from genolect.prediction.generate import SamplingConfig, choose, continuing

POINTS = 4001
SCORES = st.lists(st.floats(-20, 20), min_size=1, max_size=9)


def everywhere(scores: list[float], **changes: float) -> list[float]:
    """Share of each token when every draw from 0 to 1 occurs once."""
    logits = torch.tensor(scores, dtype=torch.float64).expand(POINTS, -1)
    draws = (torch.arange(POINTS, dtype=torch.float64) + 0.5) / POINTS
    found = choose(logits, draws, SamplingConfig(tokens=1, **changes))
    return (torch.bincount(found, minlength=len(scores)) / POINTS).tolist()


def by_hand(scores: list[float], temperature: float, top_p: float) -> list[float]:
    """Shares after temperature and nucleus, one token after the other."""
    weights = [math.exp((score - max(scores)) / temperature) for score in scores]
    shares = [weight / math.fsum(weights) for weight in weights]
    kept, reached = [], 0.0
    for token in sorted(range(len(scores)), key=lambda token: -shares[token]):
        if reached < top_p:
            kept.append(token)
        reached += shares[token]
    total = math.fsum(shares[token] for token in kept)
    return [share / total if token in kept else 0.0 for token, share in enumerate(shares)]


@given(scores=SCORES, temperature=st.sampled_from([0.3, 1.0, 2.5]))
def test_tokens_come_as_often_as_the_softmax_says(scores, temperature):
    assert everywhere(scores, temperature=temperature) == pytest.approx(
        by_hand(scores, temperature, 1.0), abs=2 / POINTS
    )


@pytest.mark.parametrize("top_p", [0.05, 0.45, 0.7, 0.9, 0.96])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_the_nucleus_is_the_smallest_that_reaches_its_share(temperature, top_p):
    scores = [math.log(share) for share in (0.12, 0.5, 0.03, 0.3, 0.05)]
    expected = by_hand(scores, temperature, top_p)
    assert everywhere(scores, temperature=temperature, top_p=top_p) == pytest.approx(expected, abs=2 / POINTS)


def test_a_nucleus_excludes_something():
    assert everywhere([2.0, 1.0, 0.0], top_p=0.5) == [1.0, 0.0, 0.0]
    assert everywhere([2.0, 1.0, 0.0])[2] > 0


@given(scores=SCORES, draw=st.floats(0, 1, exclude_max=True))
def test_without_temperature_the_likeliest_is_taken(scores, draw):
    logits, draws = torch.tensor([scores], dtype=torch.float64), torch.tensor([draw], dtype=torch.float64)
    assert choose(logits, draws, SamplingConfig(tokens=1, temperature=0.0)).item() == scores.index(max(scores))


@given(scores=SCORES, temperature=st.floats(1e-300, 50), top_p=st.floats(1e-9, 1), impossible=st.integers(0, 8))
def test_every_draw_gives_a_token_that_is_possible(scores, temperature, top_p, impossible):
    scores = [*scores, 0.0]
    if impossible < len(scores) - 1:
        scores[impossible] = -math.inf
    logits = torch.tensor([scores] * 3, dtype=torch.float64)
    draws = torch.tensor([0.0, 0.5, math.nextafter(1, 0)], dtype=torch.float64)
    found = choose(logits, draws, SamplingConfig(tokens=1, temperature=temperature, top_p=top_p))
    assert all(scores[token] > -math.inf for token in found.tolist())


@pytest.mark.parametrize(("k", "stride"), [(2, 1), (3, 1), (3, 2), (4, 3)])
def test_only_words_that_begin_as_the_last_one_ends_can_follow(k, stride):
    words = ["".join(letters) for letters in product("ACGT", repeat=k)]
    logits = torch.zeros(len(words), len(words))
    allowed = continuing(logits, torch.arange(len(words)), stride) == 0
    expected = [[other[: k - stride] == word[stride:] for other in words] for word in words]
    assert allowed.tolist() == expected


@pytest.mark.parametrize("unknown", [-5, 16, 18])
def test_anything_follows_an_unknown_word(unknown):
    logits = torch.randn(1, 16, generator=torch.Generator().manual_seed(1))
    assert torch.equal(continuing(logits, torch.tensor([unknown]), 1), logits)


@pytest.mark.parametrize("values", [{"tokens": 0}, {"temperature": -0.1}, {"top_p": 0.0}, {"top_p": 1.1}])
def test_settings_that_make_no_sense_are_refused(values):
    with pytest.raises(ValidationError, match=next(iter(values))):
        SamplingConfig(**({"tokens": 3} | values))
