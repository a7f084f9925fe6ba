"""The generator against its authors' known answers, and the kernel at its limits."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.objectives.selection_kernel import KEY_STEP, LOW, MULTIPLIER, ROUNDS, replace_selected


def philox2x32(counter: tuple[int, int], key: int) -> tuple[int, int]:
    left, right = counter
    for _ in range(ROUNDS):
        product = left * MULTIPLIER
        left, right = (product >> 32) ^ key ^ right, product & LOW
        key = (key + KEY_STEP) & LOW
    return left, right


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ((0, 0), 0, (0xFF1DAE59, 0x6CD10DF2)),
        ((0xFFFFFFFF, 0xFFFFFFFF), 0xFFFFFFFF, (0x2C3F628B, 0xAB4FD7AD)),
        ((0x243F6A88, 0x85A308D3), 0x13198A2E, (0xDD7CE038, 0xF62A4C12)),
    ],
)
def test_the_generator_gives_the_published_answers(counter, key, answer):
    assert philox2x32(counter, key) == answer


@pytest.mark.parametrize("many", [4, 65_536])
def test_every_token_is_a_function_of_key_and_place(many):
    low, high, first = 0xDEADBEEF, 0x7FFFFFFF, 3
    ids = np.random.default_rng(1).integers(many + 2, size=3001) + 2
    limits = (2**29, 2**30, 3 * 2**30)
    out = np.empty((2, len(ids)), dtype=np.int64)
    replace_selected(ids, (low, high), limits, (first, many, 1, -100), out)
    for place, token in enumerate(ids.tolist()):
        left, right = philox2x32((place, high), low)
        shown, truth = token, -100
        if left < limits[2] and first <= token < first + many:
            truth = token
            shown = 1 if left < limits[0] else first + (right * many >> 32) if left < limits[1] else token
        assert (out[0, place], out[1, place]) == (shown, truth)
