"""The compiled loops by themselves: what they do to their arrays; what they mean is tested where they are used."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.tokenizers.byte_pair_merging import NONE, merge_everywhere

LENGTHS = np.array([1, 1, 1, 1, 2, 3])


def merge(tokens: list[int], pair: tuple[int, int], merged: int, *, by_second: bool) -> tuple:
    genome = np.array(tokens, dtype=np.uint16)
    begins = genome == pair[by_second]
    if LENGTHS[pair[by_second]] > 1:
        begins[np.flatnonzero(begins)[1::2]] = False  # the other end
    places = np.flatnonzero(begins).astype(np.uint32)
    beside = np.zeros((2, len(LENGTHS)), dtype=np.int64)
    found, kept = merge_everywhere(genome, places, (*pair, merged), by_second, LENGTHS, beside)
    return genome.tolist(), found.tolist(), places[:kept].tolist(), beside.tolist()


@pytest.mark.parametrize("by_second", [False, True])
def test_either_token_leads_to_every_pair(by_second):
    genome = [NONE, 3, 0, 1, 0, 1, 2, NONE, 0, NONE, 1, NONE]
    changed, found, kept, beside = merge(genome, (0, 1), 4, by_second=by_second)
    assert changed == [NONE, 3, 4, 4, 4, 4, 2, NONE, 0, NONE, 1, NONE]
    assert found == [2, 4]
    assert kept == ([10] if by_second else [8])
    # The second pair saw the first one's new token to its left; the first saw the second one's old token to its right.
    assert beside == [[0, 0, 0, 1, 1, 0], [1, 0, 1, 0, 0, 0]]


@pytest.mark.parametrize("by_second", [False, True])
def test_a_longer_half_leaves_only_its_ends(by_second):
    changed, found, kept, _ = merge([NONE, 4, 4, 0, 0, NONE], (4, 0), 5, by_second=by_second)
    assert changed == [NONE, 5, 4, 5, 0, NONE]  # what stands inside a token means nothing
    assert (found, kept) == ([1], [4] if by_second else [])


def test_a_run_is_merged_from_the_left():
    changed, found, kept, _ = merge([NONE, 0, 0, 0, NONE], (0, 0), 4, by_second=False)
    assert (changed, found, kept) == ([NONE, 4, 4, 0, NONE], [1], [3])
