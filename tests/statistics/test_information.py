"""Information in bits: channels of known capacity, nothing told, everything told, and on which side figures err."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import log_loss

from genolect.errors import ConfigurationError
from genolect.objectives.leak import mutual_information
from genolect.statistics.bootstrap import Estimate, draw_blocks
from genolect.statistics.information import (
    Information,
    cross_entropy,
    entropy,
    invariance,
    minimality,
    sufficiency_gap,
    told_information,
)
from genolect.statistics.linear import fit_probe
from tests.evaluation.written_out import CLOSE, codes, weighted

N, SIZE = 3_000, 10


def symmetric_channel(error: float, seed: int, *, n: int = N) -> tuple[np.ndarray, np.ndarray]:
    """A fair bit, and the same bit turned round with some chance."""
    generator = np.random.Generator(np.random.Philox(seed))
    sent = generator.integers(0, 2, size=n)
    return sent, sent ^ (generator.random(n) < error)


def capacity(error: float) -> float:
    return 1 - float(stats.entropy([error, 1 - error], base=2))


def exact(received: np.ndarray, error: float) -> np.ndarray:
    """The true probabilities of the sent bit."""
    return np.where(received[:, None] == np.arange(2), 1 - error, error)


def groups(n: int = N) -> np.ndarray:
    return np.arange(n) // SIZE


@given(weighted(codes))
def test_entropies_are_those_of_the_examples_written_out(drawn):
    labels, _, weights = drawn
    for column, found in enumerate(entropy(labels, weights)):
        written = np.repeat(labels, weights[:, column].astype(int))
        np.testing.assert_allclose(found, stats.entropy(np.bincount(written), base=2), **CLOSE)


@given(st.integers(0, 99))
def test_cross_entropy_is_the_log_loss_of_scikit_learn(seed):
    generator = np.random.Generator(np.random.Philox(seed))
    labels, odds = generator.integers(0, 3, size=17), generator.random((17, 3)) + 0.01
    probabilities, weights = odds / odds.sum(axis=1, keepdims=True), generator.random((17, 2))
    expected = [
        log_loss(labels, probabilities, sample_weight=column, labels=range(3)) / np.log(2) for column in weights.T
    ]
    np.testing.assert_allclose(cross_entropy(probabilities, labels, weights), expected, **CLOSE)


@pytest.mark.parametrize("error", [0.02, 0.1, 0.3, 0.5])
def test_the_right_probabilities_tell_the_capacity_of_a_channel(error):
    found, held = [], []
    for seed in range(60):
        sent, received = symmetric_channel(error, seed, n=600)
        one = told_information(exact(received, error), sent, draw_blocks(groups(600), seed=seed, resamples=200)).bits
        found.append(one.value)
        held.append(one.low <= capacity(error) <= one.high)
    assert np.mean(found) == pytest.approx(capacity(error), abs=0.01)
    if error < 0.5:  # at capacity 0 the predictions are constant and nothing varies but the labels' entropy
        assert np.mean(held) > 0.85


def test_wrong_probabilities_only_lower_the_bound():
    sent, received = symmetric_channel(0.1, 1)
    drawn = draw_blocks(groups(), seed=1, resamples=50)
    right = told_information(exact(received, 0.1), sent, drawn).bits.value
    for believed in (0.01, 0.3, 0.5):
        assert told_information(exact(received, believed), sent, drawn).bits.value < right
    assert told_information(exact(received, 0.9), sent, drawn).bits.value < 0


def test_a_copy_tells_the_entropy_and_nothing_tells_nothing():
    labels = np.random.Generator(np.random.Philox(4)).integers(0, 5, size=N)
    drawn = draw_blocks(groups(), seed=1, resamples=50)
    copy = told_information(np.eye(5)[labels], labels, drawn)
    assert copy.bits.value == pytest.approx(float(entropy(labels)[0]))
    assert copy.direction == "lower bound"
    nothing = told_information(np.tile(np.bincount(labels) / N, (N, 1)), labels, drawn)
    assert nothing.bits.value == pytest.approx(0, abs=1e-12)


def test_a_probe_finds_what_the_plug_in_estimate_finds():
    sent, received = symmetric_channel(0.15, 6)
    features = np.stack([received, np.random.Generator(np.random.Philox(7)).normal(size=N)], axis=1)
    probe = fit_probe(features[:1_500], sent[:1_500], features[1_500:2_000], sent[1_500:2_000])
    test = np.arange(2_000, N)
    drawn = draw_blocks(groups()[test], seed=1, resamples=200)
    found = told_information(probe.probabilities(features[test]), sent[test], drawn).bits
    plug_in = mutual_information(sent[test], received[test].astype(np.int64), groups()[test])
    assert found.value == pytest.approx(plug_in.value, abs=0.03)
    assert found.low < capacity(0.15) < found.high


def test_the_gap_is_what_the_vectors_lost():
    sent, clear = symmetric_channel(0.05, 8)
    received = clear ^ (np.random.Generator(np.random.Philox(9)).random(N) < 0.2)
    lost = 0.05 * 0.8 + 0.95 * 0.2
    drawn = draw_blocks(groups(), seed=1, resamples=300)
    gap = sufficiency_gap(exact(clear, 0.05), exact(received, lost), sent, drawn)
    truth = capacity(0.05) - capacity(lost)
    assert gap.bits.low < truth < gap.bits.high
    assert gap.bits.low > 0
    assert gap.direction == "no bound"
    turned = sufficiency_gap(exact(received, lost), exact(clear, 0.05), sent, drawn)
    assert turned.bits.value == -gap.bits.value
    assert sufficiency_gap(exact(clear, 0.05), exact(clear, 0.05), sent, drawn).bits == Estimate(0.0, 0.0, 0.0)


def test_pairing_makes_the_gap_narrower_than_its_parts():
    sent, clear = symmetric_channel(0.2, 8)
    drawn = draw_blocks(groups(), seed=1, resamples=300)
    gap = sufficiency_gap(exact(clear, 0.2), exact(clear, 0.25), sent, drawn).bits
    part = told_information(exact(clear, 0.2), sent, drawn).bits
    assert gap.high - gap.low < (part.high - part.low) / 3


def test_an_invariant_and_a_variant_representation():
    strand = np.random.Generator(np.random.Philox(2)).integers(0, 2, size=N)
    drawn = draw_blocks(groups(), seed=1, resamples=100)
    blind = invariance(np.full((N, 2), 0.5), strand, drawn)
    assert blind.share.high < 0.005
    seeing = invariance(np.eye(2)[strand], strand, drawn)
    assert seeing.share == Estimate(1.0, 1.0, 1.0)
    assert (seeing.told.quantity, seeing.told.direction) == ("I(Z;N)", "lower bound")
    assert seeing.entropy == pytest.approx(1, abs=0.01)
    half = invariance(exact(strand ^ (np.arange(N) % 10 == 0), 0.1), strand, drawn)
    assert half.share.value == pytest.approx(capacity(0.1), abs=0.02)


def test_what_is_kept_beyond_the_label():
    labels = np.arange(N) % 4
    kept = Information(Estimate(3.0, 2.8, 3.2), "lower bound", "I(Z;X)")
    told = Information(Estimate(1.5, 1.4, 1.6), "lower bound", "I(Z;Y)")
    found = minimality(kept, told, labels)
    assert found.excess.bits == Estimate(1.5, pytest.approx(1.2), pytest.approx(1.8))
    assert found.at_least == Estimate(1.0, pytest.approx(0.8), pytest.approx(1.2))
    bare = minimality(kept, Information(Estimate(1.5, None, None), "lower bound", "I(Z;Y)"), labels)
    assert bare.excess.bits == Estimate(1.5, None, None)


def test_few_groups_give_a_value_without_an_interval():
    sent, received = symmetric_channel(0.1, 1)
    found = told_information(exact(received, 0.1), sent, draw_blocks(np.arange(N) // 1_000, seed=1))
    assert found.bits.value > 0.4
    assert found.bits.low is None


@pytest.mark.parametrize(
    ("probabilities", "labels", "said"),
    [
        (np.full((4, 2), 0.6), np.array([0, 1, 0, 1]), r"sum to 1\.2 in some row"),
        (np.array([[1.5, -0.5]] * 4), np.array([0, 1, 0, 1]), "no probabilities"),
        (np.full((4, 2), 0.5), np.array([0, 1, 2, 1]), "class 2 has no column among 2"),
    ],
)
def test_what_is_no_prediction_is_refused(probabilities, labels, said):
    with pytest.raises(ConfigurationError, match=said):
        told_information(probabilities, labels, draw_blocks(np.arange(4), seed=1))


def test_a_nuisance_that_never_changes_is_refused():
    with pytest.raises(ConfigurationError, match="the nuisance has one value"):
        invariance(np.full((6, 2), 0.5), np.ones(6, dtype=np.int64), draw_blocks(np.arange(6), seed=1))
