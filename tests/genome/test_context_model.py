"""The count model: a slow reference, a Markov chain whose entropy is known, and the same figure on either strand."""

from __future__ import annotations

from itertools import product
from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.genome.context_counts import STRENGTHS, TEMPERS, ContextModel

MASK = 5
B, L = 7, 31


def count(bases: np.ndarray, longest: int) -> dict[int, np.ndarray]:
    """Count words on both strands of one stretch."""
    counts = {}
    for k in range(longest + 1):
        table = np.zeros(4 ** (k + 1), dtype=np.int32)
        for strand in (bases, 3 - bases[::-1]):
            words = np.lib.stride_tricks.sliding_window_view(strand, k + 1)
            np.add.at(table, words @ 4 ** np.arange(k, -1, -1), 1)
        counts[k] = table.reshape(-1, 4)
    return counts


def genome(size: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(4, size, p=[0.4, 0.1, 0.2, 0.3])


def exam(windows: np.ndarray, share: float = 0.2, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    hidden = np.random.default_rng(seed).random(windows.shape) < share
    return np.where(hidden, MASK, windows), np.where(hidden, windows, -100)


def by_hand(model: ContextModel, shown: np.ndarray, row: int, column: int) -> list[float]:
    """Probabilities of A C G T at one position, one base at a time."""
    total = sum(int(c) + 1 for c in model.counts[0][0])
    share = [(int(c) + 1) / total for c in model.counts[0][0]]
    window = shown[row].tolist()
    left = window[:column][::-1]  # nearest first
    right = [3 - base if base < 4 else base for base in window[column + 1 :]]
    sides = []
    for neighbours in (left, right):
        estimate = share
        for k in sorted(model.strengths):
            context = neighbours[:k]
            if len(context) < k or max(context) > 3:
                break
            found = model.counts[k][sum(base * 4**place for place, base in enumerate(context))].tolist()
            strength = model.strengths[k]
            estimate = [(c + strength * p) / (sum(found) + strength) for c, p in zip(found, estimate, strict=True)]
        sides.append(estimate)
    both = [(sides[0][base] * sides[1][3 - base] / share[base]) ** model.temper for base in range(4)]
    return [value / sum(both) for value in both]


@pytest.fixture(scope="module")
def counted() -> ContextModel:
    return ContextModel(count(genome(1_500, seed=2), 4), strengths={1: 3.0, 2: 20.0, 4: 7.0}, temper=0.8)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**6), share=st.floats(0.05, 0.9), unknown=st.floats(0, 0.3))
def test_bits_equal_the_reference(counted, seed, share, unknown):
    windows = genome(B * L, seed).reshape(B, L)
    shown, truth = exam(windows, share, seed)
    shown[(np.random.default_rng(seed).random(shown.shape) < unknown) & (shown < 4)] = 4
    probabilities = [by_hand(counted, shown, row, column) for row, column in zip(*np.nonzero(truth >= 0), strict=True)]
    assert all(sum(row) == pytest.approx(1, abs=1e-12) for row in probabilities)
    expected = [-log2(row[base]) for row, base in zip(probabilities, truth[truth >= 0], strict=True)]
    np.testing.assert_allclose(counted.bits(shown, truth), expected, rtol=1e-9)


def test_the_likelihoods_of_the_four_bases_sum_to_one(counted):
    windows = genome(B * L, 3).reshape(B, L)
    shown, truth = exam(windows)
    bits = [counted.bits(shown, np.where(truth >= 0, base, -1)) for base in range(4)]
    np.testing.assert_allclose(sum(2.0**-one for one in bits), 1)


def test_bits_stand_in_reading_order(counted):
    windows = genome(B * L, 3).reshape(B, L)
    shown, truth = exam(windows)
    together = counted.bits(shown, truth)
    alone = [counted.bits(shown[row : row + 1], truth[row : row + 1]) for row in range(B)]
    np.testing.assert_allclose(together, np.concatenate(alone), rtol=1e-12)
    assert len(together) == (truth >= 0).sum()


def test_the_other_strand_gives_the_same_bits(counted):
    windows = genome(B * L, 3).reshape(B, L)
    shown, truth = exam(windows)
    other_shown = np.where(shown < 4, 3 - shown, shown)[:, ::-1]
    other_truth = np.where(truth >= 0, 3 - truth, truth)[:, ::-1]
    here, there = counted.bits(shown, truth), counted.bits(other_shown, other_truth)
    np.testing.assert_allclose(np.sort(there), np.sort(here), rtol=1e-9)
    first = int((truth[0] >= 0).sum())
    np.testing.assert_allclose(there[:first][::-1], here[:first], rtol=1e-9)


def test_small_unsigned_codes_are_read_like_large_signed_ones(counted):
    shown, truth = exam(genome(B * L, 3).reshape(B, L))
    np.testing.assert_array_equal(
        counted.bits(shown.astype(np.uint8), truth.astype(np.int16)), counted.bits(shown, truth)
    )


def test_only_visible_bases_count(counted):
    shown, truth = exam(genome(B * L, 3).reshape(B, L))
    for stranger in (4, 6):
        np.testing.assert_array_equal(
            counted.bits(np.where(shown == MASK, stranger, shown), truth), counted.bits(shown, truth)
        )
    nothing = np.full((1, 9), MASK)
    bits = counted.bits(nothing, np.where(np.arange(9) == 4, 2, -1)[None])
    share = counted.base_frequencies**counted.temper
    assert bits.item() == pytest.approx(-log2(share[2] / share.sum()))


# ---------------------------------------------------------------- a known chain


def symmetric_pairs() -> np.ndarray:
    """Probabilities of neighbouring bases, the same on both strands: J(a, b) = J(3 - b, 3 - a)."""
    pairs = np.random.default_rng(12).random((4, 4)) ** 3 + 0.02
    pairs = pairs + pairs[::-1, ::-1].T
    for _ in range(200):  # the first and the second base have the same frequencies
        pairs *= np.sqrt(pairs.sum(axis=0) / pairs.sum(axis=1))[:, None]
        pairs /= pairs.sum()
        pairs = (pairs + pairs[::-1, ::-1].T) / 2
    np.testing.assert_allclose(pairs.sum(axis=0), pairs.sum(axis=1), atol=1e-9)
    return pairs


def walk(pairs: np.ndarray, rows: int, length: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    limits = (pairs / pairs.sum(axis=1, keepdims=True)).cumsum(axis=1)
    bases = np.empty((rows, length), dtype=np.int64)
    bases[:, 0] = generator.choice(4, rows, p=pairs.sum(axis=1))
    for column in range(1, length):
        draws = generator.random(rows)[:, None]
        bases[:, column] = (draws > limits[bases[:, column - 1], :3]).sum(axis=1)
    return bases


def test_a_markov_chain_is_learned_to_its_entropy():
    """Between two visible neighbours: H(X | left, right), the least that any model can reach."""
    pairs = symmetric_pairs()
    share = pairs.sum(axis=0)
    triples = pairs[:, :, None] * pairs[None] / share[None, :, None]
    given_both = triples / triples.sum(axis=1, keepdims=True)
    entropy = -(triples * np.log2(given_both)).sum()
    one_side = -(pairs * np.log2(pairs / pairs.sum(axis=0))).sum()

    model = ContextModel(count(walk(pairs, 1, 400_000, seed=1)[0], 3))
    windows = walk(pairs, 6_000, 21, seed=2)
    hidden = np.arange(21) % 5 == 2  # every hidden base has visible neighbours
    shown, truth = np.where(hidden, MASK, windows), np.where(hidden, windows, -1)
    model.tune(shown[:3_000], truth[:3_000])
    found = model.bits(shown[3_000:], truth[3_000:])
    error = found.std() / np.sqrt(len(found))
    assert abs(found.mean() - entropy) < 4 * error + 0.003
    assert found.mean() < one_side - 0.1 < 1.9
    assert model.temper == 1.0


# ---------------------------------------------------------------- tuning


def test_tuning_picks_from_the_grid_and_helps():
    bases = genome(30_000, seed=5)
    bases[10_000:20_000] = np.tile(bases[:100], 100)
    model = ContextModel(count(bases, 5))
    assert model.strengths == dict.fromkeys(range(1, 6), 128.0)
    windows = bases[9_000:12_100].reshape(-1, 31)
    shown, truth = exam(windows)
    before = model.bits(shown, truth).mean()
    model.tune(shown, truth)
    assert set(model.strengths) == {1, 2, 3, 4, 5}
    assert set(model.strengths.values()) <= set(STRENGTHS)
    assert model.temper in TEMPERS
    assert model.bits(shown, truth).mean() < before


def test_the_temper_is_the_best_of_the_grid_and_strengths_are_chosen_one_by_one():
    pairs = symmetric_pairs()
    model = ContextModel(count(walk(pairs, 1, 3_000, seed=5)[0], 2))
    shown, truth = exam(walk(pairs, 50, L, seed=6))
    model.tune(shown, truth)

    def one_sided(strengths: dict[int, float]) -> float:
        """Bits of the left context alone, up to the longest strength given."""
        bits = []
        for row, column in zip(*np.nonzero(truth >= 0), strict=True):
            alone = shown[row, : column + 1][None]
            trial = ContextModel({k: model.counts[k] for k in (0, *strengths)}, strengths, temper=1.0)
            bits.append(-log2(by_hand(trial, alone, 0, column)[truth[row, column]]))
        return float(np.mean(bits))

    first = {strength: one_sided({1: strength}) for strength in STRENGTHS}
    assert model.strengths[1] == min(first, key=lambda strength: first[strength])
    second = {strength: one_sided({1: model.strengths[1], 2: strength}) for strength in STRENGTHS}
    assert model.strengths[2] == min(second, key=lambda strength: second[strength])
    tempers = {t: ContextModel(model.counts, model.strengths, t).bits(shown, truth).mean() for t in TEMPERS}
    assert model.temper == min(tempers, key=lambda temper: tempers[temper])


def test_tuning_reads_nothing_but_what_it_is_given():
    """Two tests that differ cannot change it; scoring changes nothing."""
    counts = count(genome(3_000, seed=5), 3)
    validation, test = (exam(genome(50 * L, seed=seed).reshape(50, L)) for seed in (6, 7))
    models = [ContextModel(counts) for _ in range(2)]
    models[0].bits(*test)
    for model in models:
        model.tune(*validation)
    before = dict(models[0].strengths), models[0].temper
    models[0].bits(*test)
    assert (models[0].strengths, models[0].temper) == before == (models[1].strengths, models[1].temper)


def test_counts_of_the_real_layout_are_read():
    """Row = context with the leftmost base first, as `count_contexts` gives it."""
    counts = {0: np.full((1, 4), 10), 1: np.full((4, 4), 5), 2: np.zeros((16, 4), dtype=int)}
    counts[2][0 * 4 + 1, 3] = 10**6  # AC is followed by T
    model = ContextModel(counts, temper=1.0)
    bits = {
        letters: model.bits(np.array([[*letters, MASK, MASK]]), np.array([[-1, -1, 3, -1]])).item()
        for letters in product(range(4), repeat=2)
    }
    assert min(bits, key=lambda letters: bits[letters]) == (0, 1)
    assert bits[0, 1] < 0.01
    assert sum(value > 1.5 for value in bits.values()) == 15
