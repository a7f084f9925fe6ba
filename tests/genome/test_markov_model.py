"""The Markov model: a slow reference, a source whose entropy is known, and eyes for the left side alone."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.genome.context_counts import STRENGTHS, ContextModel, MarkovModel, bits_of, left_contexts

B, W = 7, 31


def counts_of(bases: np.ndarray, longest: int) -> dict[int, np.ndarray]:
    """Count what follows each context on one strand."""
    counts = {}
    for k in range(longest + 1):
        table = np.zeros(4 ** (k + 1), dtype=np.int32)
        words = np.lib.stride_tricks.sliding_window_view(bases, k + 1, axis=-1).reshape(-1, k + 1)
        np.add.at(table, words @ 4 ** np.arange(k, -1, -1), 1)
        counts[k] = table.reshape(-1, 4)
    return counts


def some(rows: int, columns: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(4, (rows, columns), p=[0.4, 0.1, 0.2, 0.3])


def by_hand(model: MarkovModel, window: list[int], place: int) -> list[float]:
    """Probabilities of A C G T at one place, one base at a time."""
    total = sum(int(c) + 1 for c in model.counts[0][0])
    estimate = [(int(c) + 1) / total for c in model.counts[0][0]]
    for k in sorted(model.strengths):
        context = window[max(0, place - k) : place]
        if len(context) < k or max(context) > 3:
            break
        row = 0
        for base in context:
            row = 4 * row + base
        found = model.counts[k][row].tolist()
        strength = model.strengths[k]
        estimate = [(c + strength * p) / (sum(found) + strength) for c, p in zip(found, estimate, strict=True)]
    return estimate


@pytest.fixture(scope="module")
def counted() -> MarkovModel:
    return MarkovModel(counts_of(some(1, 1_500, seed=2), 4), strengths={1: 3.0, 2: 20.0, 4: 7.0})


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**6), share=st.floats(0.05, 1), unknown=st.floats(0, 0.3))
def test_bits_equal_the_reference(counted, seed, share, unknown):
    generator = np.random.default_rng(seed)
    shown = np.where(generator.random((B, W)) < unknown, 4, some(B, W, seed))
    truth = np.where((generator.random((B, W)) < share) & (shown < 4), shown, -1)
    rows = [(row, column) for row, column in np.ndindex(B, W) if truth[row, column] >= 0]
    probabilities = [by_hand(counted, shown[row].tolist(), column) for row, column in rows]
    expected = [-log2(one[truth[place]]) for one, place in zip(probabilities, rows, strict=True)]
    assert all(sum(row) == pytest.approx(1, abs=1e-12) for row in probabilities)
    np.testing.assert_allclose(counted.bits(shown, truth), expected, rtol=1e-9)


def test_what_stands_to_the_right_changes_nothing(counted):
    shown = some(B, W, 3)
    truth = np.where(np.arange(W) == 12, shown, -1)
    other = np.where(np.arange(W) >= 12, 3 - shown, shown)
    np.testing.assert_array_equal(counted.bits(other, truth), counted.bits(shown, truth))
    nearer = np.where(np.arange(W) == 11, 3 - shown, shown)
    assert (counted.bits(nearer, truth) != counted.bits(shown, truth)).any()


def source(rows: int, length: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Bases that depend on the two before them, and the table that says how."""
    table = np.random.default_rng(8).dirichlet([0.5] * 4, size=(4, 4))
    generator = np.random.default_rng(seed)
    bases = generator.integers(4, size=(rows, length))
    for column in range(2, length):
        limits = table[bases[:, column - 2], bases[:, column - 1]].cumsum(axis=1)
        bases[:, column] = (generator.random((rows, 1)) > limits[:, :3]).sum(axis=1)
    return bases, table


def test_a_source_of_order_two_is_learned_to_its_entropy():
    learned, table = source(60, 5_000, seed=1)
    model = MarkovModel(counts_of(learned, 4))
    validation, test = source(40, 500, seed=2)[0], source(80, 500, seed=3)[0]
    model.tune(validation, validation)
    scored = np.where(np.arange(500) >= 30, test, -1)
    bits = model.bits(test, scored)
    truly = -np.log2(table[test[:, 28:-2], test[:, 29:-1], :][np.arange(80)[:, None], np.arange(470), test[:, 30:]])
    assert bits.mean() == pytest.approx(truly.mean(), abs=0.003)
    stationary = np.linalg.matrix_power(np.einsum("abc,bd->abdc", table, np.eye(4)).reshape(16, 16), 500)[0].reshape(
        4, 4
    )
    entropy = -(stationary[..., None] * table * np.log2(table)).sum()
    assert bits.mean() == pytest.approx(entropy, abs=4 * bits.std() / np.sqrt(bits.size) * 3)
    assert bits.mean() < MarkovModel({k: model.counts[k] for k in (0, 1)}).bits(test, scored).mean() - 0.05


def test_tuning_picks_each_strength_from_the_grid():
    shown = some(50, W, 6)
    model = MarkovModel(counts_of(some(1, 3_000, 5), 2))
    model.tune(shown, shown)
    for k in (1, 2):
        known = {1: model.strengths[1]} if k == 2 else {}
        counts = {length: model.counts[length] for length in range(k + 1)}
        trials = {s: MarkovModel(counts, known | {k: s}).bits(shown, shown).mean() for s in STRENGTHS}
        assert model.strengths[k] == min(trials, key=lambda strength: trials[strength])


def test_a_context_model_knows_no_less_of_the_left_side(counted):
    """With nothing visible to the right, the other side adds nothing."""
    shown = some(B, W, 3)
    truth = np.where(np.arange(W) == 12, shown, -1)
    one_sided = np.where(np.arange(W) >= 12, 4, shown)
    counts = counted.counts | {0: np.array([[40, 20, 20, 40]])}  # On both strands, as of a genome.
    left, both = MarkovModel(counts, counted.strengths), ContextModel(counts, counted.strengths, temper=1.0)
    np.testing.assert_allclose(both.bits(one_sided, truth), left.bits(shown, truth), rtol=1e-12)


def test_contexts_and_bits_stand_in_reading_order():
    shown = np.array([[3, 1, 2], [0, 4, 1]])
    scored = np.array([[False, True, True], [True, False, True]])
    one, two = left_contexts(shown, scored, 2)
    assert one.tolist() == [3, 1, -1, -1]
    assert two.tolist() == [-1, 13, -1, -1]
    assert bits_of(np.array([[0.5, 0.25, 0.25, 0.0]]), np.array([2])).tolist() == [2.0]
