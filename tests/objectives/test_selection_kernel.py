"""The kernel, token by token, against the rule that it follows."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.objectives.masking import replace_selected
from genolect.random import random_words


@pytest.mark.parametrize("many", [4, 65_536])
def test_every_token_is_a_function_of_key_and_place(many):
    low, high, first = 0xDEADBEEF, 0x7FFFFFFF, 3
    ids = np.random.default_rng(1).integers(many + 2, size=3001) + 2
    limits = (2**29, 2**30, 3 * 2**30)
    out = np.empty((2, len(ids)), dtype=np.int64)
    replace_selected(ids, (low, high), limits, (first, many, 1, -100), out)
    for place, token in enumerate(ids.tolist()):
        left, right = (int(word) for word in random_words(place, low, high))
        shown, truth = token, -100
        if left < limits[2] and first <= token < first + many:
            truth = token
            shown = 1 if left < limits[0] else first + (right * many >> 32) if left < limits[1] else token
        assert (out[0, place], out[1, place]) == (shown, truth)
