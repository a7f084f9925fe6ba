"""What policies tell, against mutual information summed over every possible outcome."""

from __future__ import annotations

import math
from collections import Counter
from itertools import product

import numpy as np
import pytest

from tests.objectives.leak_formulas import copies_information, kept_information

UNEVEN = np.array([0.31, 0.19, 0.17, 0.33])


def information_of(joint: dict[tuple[object, object], float]) -> float:
    first, second = Counter(), Counter()
    for (one, other), chance in joint.items():
        first[one] += chance
        second[other] += chance
    return sum(p * math.log2(p / first[one] / second[other]) for (one, other), p in joint.items() if p)


def outcomes(truth, replacements, hidden, random):
    """Every fate of one token: what is shown, with its probability."""
    yield None, hidden
    for base, share in enumerate(replacements):
        yield base, random * share + (1 - hidden - random if base == truth else 0)


@pytest.mark.parametrize("shares", [(0.8, 0.1), (0.0, 0.5), (0.3, 0.0), (0.0, 0.0)])
@pytest.mark.parametrize("words", [[0.25] * 4, UNEVEN])
def test_one_token_tells_what_the_joint_distribution_says(words, shares):
    joint = {
        (truth, shown): words[truth] * chance
        for truth in range(4)
        for shown, chance in outcomes(truth, UNEVEN, *shares)
    }
    assert kept_information(words, UNEVEN, shares) == pytest.approx(information_of(joint), abs=1e-12)


@pytest.mark.parametrize("V", [4, 64, 601])
def test_even_words_follow_the_closed_form(V):
    a = 0.1 / 0.2
    d = 1 - a + a / V
    expected = 0.2 * (math.log2(V) + d * math.log2(d) + (V - 1) * a / V * math.log2(a / V))
    assert kept_information([1] * V, [1] * V, (0.8, 0.1)) == pytest.approx(expected)


@pytest.mark.parametrize("shares", [(1.0, 0.0), (0.0, 1.0), (0.8, 0.2), (0.7, 0.3)])
def test_what_is_never_kept_is_never_told(shares):
    assert kept_information(UNEVEN, [1] * 4, shares) == pytest.approx(0, abs=1e-12)
    assert copies_information(UNEVEN, shares, 3) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("words", [[0.25] * 4, UNEVEN])
def test_copies_tell_what_all_their_fates_together_say(words):
    joint: Counter[tuple[object, object]] = Counter()
    for truth in range(4):
        for fates in product(list(outcomes(truth, [0.25] * 4, 0.8, 0.1)), repeat=3):
            chance = words[truth] * math.prod(chance for _, chance in fates)
            joint[truth, tuple(sorted(Counter(shown for shown, _ in fates).items(), key=str))] += chance
    assert copies_information(words, (0.8, 0.1), 3) == pytest.approx(information_of(joint), abs=1e-12)


def test_one_copy_is_one_token():
    assert copies_information(UNEVEN, (0.6, 0.3), 1) == pytest.approx(kept_information(UNEVEN, [1] * 4, (0.6, 0.3)))
