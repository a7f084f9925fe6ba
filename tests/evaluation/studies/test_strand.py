"""The strand report: exact for what is symmetric, a measure for what is not, and both must be told apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from genolect.encoders.heads import StrandTokenHead, invariant_descriptor
from genolect.evaluation.studies.strand import compare_predictions, compare_vectors
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from tests.encoders.equivariant import awake, convolution, swapped, transformer
from tests.toys import toy_model

WINDOWS = np.random.default_rng(5).integers(4, size=(60, 25), dtype=np.uint8)
BLOCKS = np.arange(60) // 5
TOKENS = NucleotideTokenizer()


def tensor(windows: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(windows.astype(np.int64))


def plain_predictions():
    network = awake(toy_model(context_lengths=()))

    def predict(windows):
        with torch.no_grad():
            return network.head(network.encoder(tensor(windows)))

    return predict


@pytest.mark.parametrize("build", [transformer, convolution])
def test_a_symmetric_model_is_exact(build):
    encoder = awake(build())
    head = awake(StrandTokenHead(encoder.config.width, 4))
    with torch.no_grad():
        predicted = compare_predictions(lambda ids: head(encoder(tensor(ids))), WINDOWS, blocks=BLOCKS)
        real = torch.ones(WINDOWS.shape, dtype=torch.bool)
        described = compare_vectors(lambda ids: invariant_descriptor(encoder(tensor(ids)), real), WINDOWS)
        states = compare_vectors(
            lambda ids: encoder(tensor(ids)), WINDOWS, turn=lambda hidden: swapped(torch.from_numpy(hidden)).numpy()
        )
        unturned = compare_vectors(lambda ids: encoder(tensor(ids)), WINDOWS)
    for report in (predicted, described, states):
        assert report.exact
        assert report.largest.value < 1e-5
        assert report.agreement.value == pytest.approx(1, abs=1e-6)
        assert report.unrelated.value < 0.999
        assert "treats both strands alike, to rounding" in report.sentence()
    assert not unturned.exact
    assert predicted.agreement.value > predicted.unrelated.value + 0.1


def test_a_plain_model_is_measured():
    report = compare_predictions(plain_predictions(), WINDOWS, blocks=BLOCKS)
    assert not report.exact
    assert 0.01 < report.mean.low < report.mean.value < report.mean.high < report.largest.value
    assert report.agreement.high < 0.99
    assert (report.windows, report.blocks) == (60, 12)
    assert "On 60 windows in 12 blocks the log-probabilities of the two strands differ by" in report.sentence()
    assert "does not treat both strands alike; average over them" in report.sentence()


def test_figures_are_those_of_a_plain_count():
    predict = plain_predictions()
    kept = np.random.default_rng(2).random(WINDOWS.shape) < 0.3
    report = compare_predictions(predict, WINDOWS, scored=kept)
    given = predict(WINDOWS).double().log_softmax(-1).numpy()
    other = predict(TOKENS.reverse_complement(WINDOWS)).double().log_softmax(-1).numpy()[:, ::-1, ::-1]
    deviations = np.abs(given - other)[kept]
    assert report.largest.value == pytest.approx(deviations.max())
    assert report.mean.value == pytest.approx(deviations.mean())
    assert report.agreement.value == pytest.approx(np.corrcoef(given[kept].ravel(), other[kept].ravel())[0, 1])
    stranger = np.roll(other, 30, axis=0)
    assert report.unrelated.value == pytest.approx(np.corrcoef(given[kept].ravel(), stranger[kept].ravel())[0, 1])
    assert report.scale == pytest.approx(max(np.abs(given[kept]).max(), np.abs(other[kept]).max()))


def test_vectors_are_compared_by_angle():
    def describe(windows):
        return np.eye(4)[windows].mean(axis=1)

    report = compare_vectors(describe, WINDOWS)
    given = describe(WINDOWS)
    other = given[:, ::-1]
    lengths = np.linalg.norm(given, axis=1)
    assert report.agreement.value == pytest.approx(((given * other).sum(axis=1) / lengths**2).mean())
    assert report.mean.value == pytest.approx(np.abs(given - other).mean())
    assert report.blocks == 60
    turned = compare_vectors(describe, WINDOWS, turn=lambda vectors: vectors[:, ::-1])
    assert turned.exact


def test_ids_and_bases_may_be_given():
    """Hidden tokens too: their other strand is the tokenizer's affair."""
    shown = np.where(np.random.default_rng(1).random(WINDOWS.shape) < 0.2, TOKENS.mask_id, WINDOWS).astype(np.uint8)
    hidden = shown == TOKENS.mask_id
    predict = plain_predictions()
    report = compare_predictions(predict, shown, other_strand=TOKENS.reverse_complement, scored=hidden)
    assert not report.exact
    assert report.windows == 60


def test_neighbours_in_one_block_widen_the_interval():
    repeated = np.repeat(WINDOWS[:10], 6, axis=0)
    alone, together = (
        compare_predictions(plain_predictions(), repeated, blocks=blocks).mean
        for blocks in (np.arange(60), np.arange(60) // 6)
    )
    assert together.value == pytest.approx(alone.value)
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


def test_few_blocks_have_no_interval():
    report = compare_predictions(plain_predictions(), WINDOWS, blocks=BLOCKS // 4)
    assert report.blocks == 3
    assert report.mean.low is None
    assert "interval" not in report.sentence()


@pytest.mark.parametrize("answer", [lambda ids: np.zeros((*ids.shape, 4)), lambda ids: np.ones((*ids.shape, 4)) * 3])
def test_a_model_that_says_the_same_everywhere_proves_nothing(answer):
    report = compare_predictions(answer, WINDOWS)
    assert report.agreement.value is None
    assert "says nothing about strands" in report.sentence()
    assert "correlation is undefined" in report.sentence()


def test_descriptors_that_all_point_one_way_prove_nothing():
    report = compare_vectors(lambda ids: np.ones((len(ids), 3)), WINDOWS)
    assert report.agreement.value == pytest.approx(1)
    assert "says nothing about strands" in report.sentence()
    nothing = compare_vectors(lambda ids: np.zeros((len(ids), 3)), WINDOWS)
    assert nothing.agreement.value is None


def test_one_seed_gives_one_interval():
    first, again, other = (compare_predictions(plain_predictions(), WINDOWS, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.mean != other.mean


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: compare_vectors(lambda ids: ids, WINDOWS[:1]), "1 windows; two or more"),
        (lambda: compare_vectors(lambda ids: ids[:7], WINDOWS), r"60 windows .* shapes \(7, 25\) and \(7, 25\)"),
        (lambda: compare_vectors(lambda ids: ids[0], WINDOWS), r"shapes \(25,\)"),
        (lambda: compare_vectors(lambda ids: np.where(ids, ids, np.nan), WINDOWS), "not finite"),
        (lambda: compare_predictions(lambda ids: ids, WINDOWS), r"logits of shape \(60, 25\)"),
        (
            lambda: compare_predictions(lambda ids: np.eye(4)[ids], WINDOWS, target_partners=[3, 2, 1, 1]),
            r"partners \[3, 2, 1, 1\] are no order of 4 logits",
        ),
        (
            lambda: compare_predictions(lambda ids: np.eye(4)[ids], WINDOWS, scored=np.zeros((60, 25), dtype=bool)),
            r"shape \(60, 25\) and 0 tokens",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(ask, message):
    with pytest.raises(ValueError, match=message):
        ask()
