"""Sequences from a causal model: functions of seed and place, with the likelihood that one forward pass gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from genolect.encoders.transformer import TransformerConfig
from genolect.errors import ConfigurationError, InputError
from genolect.models.inference import Machine
from genolect.models.model import SequenceModel, new_model, random_twin
from genolect.objectives.causal import CausalObjective
from genolect.objectives.objective import Batch
from genolect.prediction import generate as generating
from genolect.prediction.generate import Generated, SamplingConfig, generate
from genolect.tokenizers.byte_pair import BytePairTokenizer
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.tokenizer import Tokenizer, stride_of_overlap

CPU = Machine(torch.device("cpu"), reduced=False)
B, L, T = 5, 3, 17
TOKENIZERS = [
    NucleotideTokenizer(),
    KmerTokenizer(3, 1),
    KmerTokenizer(3, 2),
    KmerTokenizer(2, 2),
    BytePairTokenizer([("A", "C"), ("T", "T")]),
]


def model(tokenizer: Tokenizer, *, causal: bool = True) -> SequenceModel:
    """A model whose every layer acts, with counts where tokens are bases."""
    lengths = (1, 3) if tokenizer.kind == "nucleotide" else ()
    config = TransformerConfig(
        vocabulary=len(tokenizer.vocabulary),
        width=12,
        layers=2,
        heads=3,
        feed_forward=17,
        stem_reach=5,
        context_lengths=lengths,
        causal=causal,
    )
    counts = {k: torch.arange(4**k * 4).view(-1, 4) % 23 + 1 for k in lengths}
    return random_twin(new_model(config, tokenizer, seed=5, counts=counts), seed=6, keep_counts=True)


def prompts(rows: int = B) -> np.ndarray:
    """Ids of A, C, G, T … words that continue one another: AAA AAC … of any tokenizer begin alike with A."""
    return np.zeros((rows, L), dtype=np.int64)


def drawn(of: SequenceModel, rows: int = B, **changes: float) -> Generated:
    return generate(of, prompts(rows), SamplingConfig(**({"tokens": T, "seed": 9} | changes)), CPU)


@pytest.mark.parametrize("tokenizer", TOKENIZERS, ids=lambda tokenizer: f"{tokenizer.kind} {tokenizer.parameters}")
@pytest.mark.parametrize("settings", [{}, {"temperature": 0.5}, {"temperature": 0.0}, {"top_p": 0.6}])
def test_one_forward_pass_gives_the_likelihood_of_all_steps(tokenizer, settings):
    """With the causal objective, whose bits are those of the bases."""
    network = model(tokenizer)
    found = drawn(network, **settings)
    assert found.ids.shape == (B, L + T)
    assert found.log_likelihoods.shape == (B, T)
    stride = stride_of_overlap(tokenizer)
    objective = CausalObjective(tokenizer.targets, stride=stride)
    step = stride or 1
    spans = torch.arange(L + T)[:, None] * step + torch.tensor([0, step + (stride is not None)])
    for row in range(B):
        ids = torch.from_numpy(found.ids[row : row + 1])
        sums = []
        for end in (L, L + T):
            inputs, targets = objective.corrupt(Batch(ids[:, :end], ids[:, :end], spans[:end]), key=0)
            with torch.no_grad():
                sums.append(objective.loss(network(inputs.ids, inputs.selected), targets)[1].nats)
        assert -found.log_likelihoods[row].sum() == pytest.approx(sums[1] - sums[0], abs=1e-4)
    assert found.log_likelihoods.std() > 0.01


@pytest.mark.parametrize("tokenizer", TOKENIZERS[1:3], ids=lambda tokenizer: str(tokenizer.parameters))
def test_overlapping_words_continue_one_another(tokenizer):
    for row in drawn(model(tokenizer), temperature=3.0).ids:
        letters = tokenizer.decode(row)
        assert len(letters) == tokenizer.k + (L + T - 1) * tokenizer.stride
        words = [tokenizer.words[token] for token in row]
        starts = range(0, len(letters), tokenizer.stride)
        assert words == [letters[start : start + tokenizer.k] for start, _ in zip(starts, words, strict=False)]


def test_prompts_stay_and_only_targets_are_drawn():
    tokenizer = BytePairTokenizer([("A", "C"), ("T", "T")])
    network, given = model(tokenizer), np.array([[0, tokenizer.mask_id, 3], [4, 1, tokenizer.padding_id]])
    found = generate(network, given.astype(np.uint16), SamplingConfig(tokens=40, temperature=5.0), CPU).ids
    assert np.array_equal(found[:, :3], given)
    assert set(found[:, 3:].flatten().tolist()) == set(tokenizer.targets)


def test_a_sequence_is_a_function_of_seed_and_place():
    network = model(TOKENIZERS[0])
    one, again, other = drawn(network), drawn(network), drawn(network, seed=10)
    assert np.array_equal(one.ids, again.ids)
    assert not np.array_equal(one.ids, other.ids)
    assert len({tuple(row) for row in one.ids.tolist()}) == B
    assert np.array_equal(drawn(network, rows=2).ids, one.ids[:2])
    assert np.array_equal(drawn(network, tokens=6).ids, one.ids[:, : L + 6])


@pytest.mark.parametrize("tokens", [1, 2 * (L + T), 3 * (L + T) + 1])
def test_the_size_of_a_batch_changes_nothing(monkeypatch, tokens):
    network = model(TOKENIZERS[0])
    together = drawn(network)
    monkeypatch.setattr(generating, "TOKENS_PER_BATCH", tokens)
    apart = drawn(network)
    assert np.array_equal(apart.ids, together.ids)
    np.testing.assert_allclose(apart.log_likelihoods, together.log_likelihoods, atol=1e-5)


@torch.no_grad()
def test_greedy_takes_the_likeliest_at_every_step():
    network = model(TOKENIZERS[0])
    found = drawn(network, temperature=0.0, rows=2)
    assert np.array_equal(found.ids[0], found.ids[1])
    logits = network(torch.from_numpy(found.ids[:1]), torch.ones(1, L + T, dtype=torch.bool))
    assert logits.argmax(-1)[L - 1 : -1].tolist() == found.ids[0, L:].tolist()
    assert np.array_equal(drawn(network, temperature=1e-9, rows=2).ids, found.ids)
    assert (found.log_likelihoods <= 0).all()


@torch.no_grad()
def test_first_tokens_come_as_often_as_the_model_says():
    network, rows = model(TOKENIZERS[0]), 4000
    found = generate(network, prompts(rows), SamplingConfig(tokens=1), CPU).ids[:, -1]
    last = torch.tensor([[False, False, True]])
    expected = network(torch.from_numpy(prompts(1)), last).softmax(-1)[0].numpy()
    deviation = np.sqrt(expected * (1 - expected) / rows)
    assert (np.abs(np.bincount(found, minlength=4) / rows - expected) < 4 * deviation).all()
    assert expected.std() > 0.02


def test_a_model_that_looks_both_ways_is_refused():
    with pytest.raises(ConfigurationError, match=r"the Transformer of this model reads both sides.*causal = true"):
        drawn(model(TOKENIZERS[0], causal=False))


@pytest.mark.parametrize("shape", [(2, 0), (0, 3), (3,)])
def test_nothing_to_continue_is_refused(shape):
    with pytest.raises(InputError, match=r"prompts of shape \(.*at least one token"):
        generate(model(TOKENIZERS[0]), np.zeros(shape, dtype=np.int64), SamplingConfig(tokens=1), CPU)


def test_the_model_comes_back_as_it_was():
    network = model(TOKENIZERS[0]).train()
    state = torch.get_rng_state()
    drawn(network)
    assert network.training
    assert torch.equal(torch.get_rng_state(), state)
