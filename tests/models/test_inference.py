"""The one forward pass: equal to calling the model directly, whatever the batch, and the model comes back as it was."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from genolect.encoders.encoder import HeadConfig
from genolect.encoders.transformer import TransformerConfig
from genolect.models import inference
from genolect.models.inference import Machine, embed, evaluating, this_machine, token_scores, window_answers
from genolect.models.model import SequenceModel, new_model, random_twin
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from tests.toys import masked_bits

CPU = Machine(torch.device("cpu"), reduced=False)
B, L, D = 11, 19, 12


def some_model(heads: dict[str, HeadConfig] | None = None) -> SequenceModel:
    config = TransformerConfig(
        vocabulary=7, width=D, layers=2, heads=3, feed_forward=17, stem_reach=5, context_lengths=(1, 3)
    )
    counts = {k: torch.arange(4**k * 4).view(-1, 4) % 23 + 1 for k in (1, 3)}
    untrained = new_model(config, NucleotideTokenizer(), seed=5, counts=counts, heads=heads)
    return random_twin(untrained, seed=6, keep_counts=True).train()


@pytest.fixture
def model() -> SequenceModel:
    return some_model()


@pytest.fixture
def with_heads() -> SequenceModel:
    return some_model(
        {"windows": HeadConfig(kind="projection", outputs=7), "tokens": HeadConfig(kind="token", outputs=3)}
    )


def exam(rows: int = B) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    bases = generator.integers(0, 4, (rows, L))
    hidden = generator.random((rows, L)) < 0.2
    hidden[2] = False
    return np.where(hidden, 5, bases), np.where(hidden, bases, -100)


@torch.no_grad()
def test_bits_equal_a_direct_computation_in_reading_order(model):
    shown, truth = exam()
    found = masked_bits(model, shown, truth, CPU)
    expected = []
    for row in range(B):
        for column in np.flatnonzero(truth[row] >= 0):
            selected = torch.zeros(1, L, dtype=torch.bool)
            selected[0, column] = True
            scores = model(torch.from_numpy(shown[row : row + 1]), selected)[0].double()
            expected.append(-math.log2(scores.softmax(0)[truth[row, column]]))
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    assert found.std() > 0.1


@pytest.mark.parametrize("tokens", [1, L, 3 * L, 3 * L + 7, 10**6])
def test_the_size_of_a_batch_changes_nothing(model, monkeypatch, tokens):
    shown, truth = exam()
    before = masked_bits(model, shown, truth, CPU), embed(model, shown, CPU, counted=False)
    monkeypatch.setattr(inference, "TOKENS_PER_BATCH", tokens)
    after = masked_bits(model, shown, truth, CPU), embed(model, shown, CPU, counted=False)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("tokens", "answers"), [(1, 1), (3 * L, 10**6), (10**6, 4 * L)])
@torch.no_grad()
def test_heads_are_asked_in_batches_and_answer_in_order(with_heads, monkeypatch, tokens, answers):
    model = with_heads.eval()
    ids = torch.from_numpy(exam()[0]).clamp(max=4)
    asked = torch.from_numpy(exam()[1] >= 0)
    expected = model(ids, None, head="windows"), model(ids, asked, head="tokens")
    monkeypatch.setattr(inference, "TOKENS_PER_BATCH", tokens)
    monkeypatch.setattr(inference, "ANSWERS_PER_BATCH", answers)
    places = []

    def judge(logits: torch.Tensor, part: slice) -> torch.Tensor:
        places.extend(range(part.start, part.stop))
        return logits[:, 2]

    found = token_scores(model, ids, asked, judge, CPU, head="tokens")
    np.testing.assert_allclose(found, expected[1][:, 2], rtol=1e-4, atol=1e-5)
    assert places == list(range(int(asked.sum())))
    answered = window_answers(model, ids, CPU, head="windows")
    assert answered.dtype == np.float32
    np.testing.assert_allclose(answered, expected[0], rtol=1e-4, atol=1e-5)


def test_no_batch_has_more_answers_than_it_may(model, monkeypatch):
    ids = torch.from_numpy(exam()[0]).clamp(max=4)
    most = 4 * 2 * L  # Logits of two windows.
    monkeypatch.setattr(inference, "ANSWERS_PER_BATCH", most)
    sizes = []

    def judge(logits: torch.Tensor, part: slice) -> torch.Tensor:
        sizes.append(logits.numel())
        return logits[:, 0]

    token_scores(model, ids, ids >= 0, judge, CPU)
    assert sizes == [most] * (B // 2) + [most // 2]


def test_the_order_of_windows_is_kept(model):
    shown, truth = exam()
    found = masked_bits(model, shown, truth, CPU)
    turned = masked_bits(model, shown[::-1], truth[::-1], CPU)
    parts = np.split(turned, np.cumsum((truth[::-1] >= 0).sum(axis=1))[:-1])
    np.testing.assert_allclose(np.concatenate(parts[::-1]), found, rtol=1e-5, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("counted", [False, True])
def test_an_embedding_is_centre_and_mean_of_the_first_and_the_last_layer(model, counted):
    ids = exam()[0].clip(max=4).astype(np.uint8)
    found = embed(model, ids, CPU, counted=counted)
    given = torch.from_numpy(ids.astype(np.int64))
    states = [state.double().numpy() for state in model.encoder.states(given, given if counted else None)]
    assert found.shape == (B, 4 * D)
    assert found.dtype == np.float32
    for place, hidden in ((0, states[0]), (2 * D, states[-1])):
        np.testing.assert_allclose(found[:, place : place + D], hidden[:, 9], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(found[:, place + D : place + 2 * D], hidden.mean(axis=1), rtol=1e-4, atol=1e-5)


def test_counted_windows_are_embedded_without_their_echo(model):
    ids = exam()[0].clip(max=3)
    assert not np.allclose(embed(model, ids, CPU, counted=True), embed(model, ids, CPU, counted=False), atol=1e-3)


def test_reduced_precision_stays_close(model):
    shown, truth = exam(rows=53)
    reduced = Machine(torch.device("cpu"), reduced=True)
    exact, close = (masked_bits(model, shown, truth, machine) for machine in (CPU, reduced))
    assert 0 < np.abs(close - exact).max() < 0.3
    assert abs(close.mean() - exact.mean()) < 0.02
    assert embed(model, shown, reduced, counted=False).dtype == np.float32


def test_predictions_count_from_the_first_target(model, monkeypatch):
    shown, truth = exam()
    expected = masked_bits(model, shown, truth, CPU)
    monkeypatch.setattr(model.tokenizer, "targets", range(3, 7))
    np.testing.assert_array_equal(masked_bits(model, shown, np.where(truth < 0, truth, truth + 3), CPU), expected)


@pytest.mark.parametrize("training", [True, False])
def test_the_model_comes_back_as_it_was(model, training):
    model.train(training)
    weights = [parameter.clone() for parameter in model.parameters()]
    with evaluating(model, CPU):
        assert not model.training
        assert torch.is_inference_mode_enabled()
    assert not torch.is_inference_mode_enabled()
    assert all(part.training == training for part in model.modules())
    assert all(map(torch.equal, weights, model.parameters()))
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}


def test_the_model_comes_back_after_an_error_too(model, with_heads):
    with pytest.raises(ZeroDivisionError), evaluating(model, CPU):
        raise ZeroDivisionError
    assert model.training
    ids = torch.from_numpy(exam()[0])
    with pytest.raises(ValueError, match="a ProjectionHead reads windows"):
        token_scores(with_heads, ids, ids == 5, lambda logits, part: logits[:, 0], CPU, head="windows")
    with pytest.raises(ValueError, match="a TokenHead reads tokens"):
        window_answers(with_heads, ids, CPU, head="tokens")
    assert with_heads.training


def test_a_model_that_was_evaluated_still_learns(model):
    shown, truth = exam()
    masked_bits(model, shown, truth, CPU)
    selected = torch.from_numpy(truth >= 0)
    logits = model(torch.from_numpy(shown), selected)
    torch.nn.functional.cross_entropy(logits, torch.from_numpy(truth)[selected]).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_precision_is_reduced_only_where_the_machine_says_so(model):
    for machine, dtype in ((CPU, torch.float32), (Machine(torch.device("cpu"), reduced=True), torch.bfloat16)):
        with machine.autocast():
            assert (torch.ones(2, 3) @ torch.ones(3, 5)).dtype == dtype
    machine = this_machine()
    assert machine.device.type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert np.isfinite(masked_bits(model, *exam(), machine)).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_gives_the_same_bits_and_the_model_comes_home(model):
    shown, truth = exam()
    on_gpu = masked_bits(model, shown, truth, Machine(torch.device("cuda"), reduced=False))
    assert next(model.parameters()).device.type == "cpu"
    np.testing.assert_allclose(on_gpu, masked_bits(model, shown, truth, CPU), rtol=1e-3, atol=1e-3)
