"""The kernel against a reading of its rule in plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.objectives.masking import HIDDEN, KEPT, REPLACED, UNSELECTED, write_fates
from genolect.random import random_words

KEYS = (17, 5, 23, 7)
LIMITS = np.array([[2**31, 3 * 2**30, 2**32 - 1], [0, 2**29, 2**30]])
ENDS = np.array([2**30, 2**31, 2**32 - 2**28])


def slow_fates(bases, classes, firsts, blocks):
    limit, period = blocks
    fates, shown = np.zeros_like(bases), np.zeros_like(bases)
    B, W = bases.shape
    for row, place in np.ndindex(B, W):
        phase = (int(random_words(row, *KEYS[2:])[0]) * period) >> 32

        def begins(other, row=row, phase=phase):
            if limit < 0:
                return other == 0 or (other + phase) % period == 0
            return other == 0 or random_words(row * W + other, *KEYS[2:])[0] < limit

        own = place if firsts.size == 0 else int(firsts[min(row, len(firsts) - 1), place])
        block = max(other for other in range(own + 1) if begins(other))
        draw = int(random_words(row * W + block, *KEYS[:2])[0])
        stranger = int(random_words(row * W + place, *KEYS[:2])[1])
        kind = int(classes[row, place]) if classes.size > 1 else 0
        base, limits = bases[row, place] & 7, LIMITS[kind]
        shown[row, place] = base
        if base < 4 and draw < limits[2]:
            fate = HIDDEN if draw < limits[0] else REPLACED if draw < limits[1] else KEPT
            fates[row, place] = fate
            shown[row, place] = {HIDDEN: 4, REPLACED: int((stranger >= ENDS).sum()), KEPT: base}[fate]
    return fates, shown


@pytest.mark.parametrize("blocks", [(2**32, 1), (2**30, 1), (-1, 5)], ids=["single", "geometric", "fixed"])
@pytest.mark.parametrize("words", ["none", "alike", "per window"])
@pytest.mark.parametrize("classes", [False, True])
def test_the_kernel_does_as_it_says(blocks, words, classes):
    generator = np.random.default_rng(3)
    B, W = 3, 41
    bases = generator.choice([0, 1, 2, 3, 4, 9, 12], (B, W)).astype(np.uint8)
    kinds = generator.integers(2, size=(B, W)).astype(np.uint8) if classes else np.zeros((1, 1), dtype=np.uint8)
    starts = np.maximum.accumulate(np.where(generator.random((B, W)) < 0.4, np.arange(W), 0), axis=1)
    firsts = {"none": np.zeros((1, 0), dtype=np.int64), "alike": starts[:1], "per window": starts}[words]
    out = np.full((2, B, W), 99, dtype=np.uint8)
    write_fates(bases, kinds, firsts, (LIMITS, ENDS), (KEYS, blocks), out)
    fates, shown = slow_fates(bases, kinds, firsts, blocks)
    np.testing.assert_array_equal(out[0], fates)
    np.testing.assert_array_equal(out[1], shown)
    assert set(out[0].flatten()) == {UNSELECTED, HIDDEN, REPLACED, KEPT}
