"""ALiBi's slopes against the numbers of the paper, and those that its authors' programme prints."""

from __future__ import annotations

import pytest
import torch

from genolect.encoders.layers.positions import alibi, alibi_slopes


@pytest.mark.parametrize(
    ("heads", "exponents"),
    [
        (1, [8]),
        (2, [4, 8]),
        (8, [1, 2, 3, 4, 5, 6, 7, 8]),
        (16, [number / 2 for number in range(1, 17)]),
        # DNABERT-2 has 12: those of 8, then the first four of 16 that stand between them.
        (12, [1, 2, 3, 4, 5, 6, 7, 8, 0.5, 1.5, 2.5, 3.5]),
        (6, [2, 4, 6, 8, 1, 3]),
        (3, [4, 8, 2]),
    ],
)
def test_slopes_are_those_of_the_paper(heads, exponents):
    assert alibi_slopes(heads) == pytest.approx([2.0**-exponent for exponent in exponents], rel=1e-12)


def test_scores_fall_with_the_distance_in_both_directions():
    length, heads = 7, 5
    added, slopes = alibi(length, heads, torch.device("cpu")), alibi_slopes(heads)
    assert added.shape == (heads, length, length)
    for head in range(heads):
        for i in range(length):
            for j in range(length):
                assert added[head, i, j].item() == pytest.approx(-slopes[head] * abs(i - j), rel=1e-6)
