"""Compiled and interpreted, the kernel gives the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.tokenizers.kmer import number_windows


@pytest.mark.parametrize(("k", "stride", "kind"), [(1, 1, np.uint8), (5, 2, np.uint16), (8, 8, np.uint32)])
def test_compiled_and_interpreted_agree(k, stride, kind):
    bases = np.random.default_rng(5).integers(16, size=(3, 61), dtype=np.uint8)
    bases[:, 20:] &= 0b1011  # a stretch without N, soft-masked here and there
    answers = [np.full((3, 1 + (61 - k) // stride), 77, dtype=kind) for _ in range(2)]
    for numbers, function in zip(answers, (number_windows, number_windows.py_func), strict=True):
        function(bases, k, stride, numbers)
    np.testing.assert_array_equal(*answers)
    assert (answers[0] == 4**k).any()
    assert (answers[0] < 4**k).any()
