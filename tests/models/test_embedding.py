"""Sequences of any length: each as if it were alone, in the order given, within the budget, or refused by number."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.encoders.bert import BertConfig
from genolect.encoders.encoder import EncoderConfig
from genolect.encoders.esm import EsmConfig
from genolect.encoders.sparse_transformer import SparseTransformerConfig
from genolect.encoders.transformer import TransformerConfig
from genolect.errors import ConfigurationError, InputError
from genolect.models.embedding import layer_embeddings, read_sequences
from genolect.models.inference import Machine
from genolect.models.model import SequenceModel, new_model, random_twin
from genolect.sequence.fasta import read_fasta
from genolect.sequence.ragged import RaggedBases
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.tokenizer import Tokenizer
from tests.objectives.tokenized import tokenizers
from tests.toys import CPU

TOKENIZERS = tokenizers()
DNABERT, SIXMERS = TOKENIZERS["DNABERT"], TOKENIZERS["Nucleotide Transformer"]
LENGTHS = (17, 5, 29, 5, 11, 40, 17, 6)
SHAPE = {"width": 12, "layers": 2, "heads": 3, "feed_forward": 10}


def model_of(config: EncoderConfig, tokenizer: Tokenizer) -> SequenceModel:
    counts = {k: torch.arange(4**k * 4).view(-1, 4) % 23 + 1 for k in (1, 3)}
    model = new_model(config, tokenizer, seed=5, counts=counts)
    return random_twin(model, seed=6, keep_counts=True).train()


def transformer(**changes) -> SequenceModel:
    config = TransformerConfig(vocabulary=7, **{**SHAPE, "stem_reach": 5, "context_lengths": (1, 3), **changes})
    return model_of(config, NucleotideTokenizer())


def sequences(lengths: tuple[int, ...] = LENGTHS) -> list[np.ndarray]:
    generator = np.random.default_rng(3)
    return [generator.integers(0, 5, length).astype(np.uint8) for length in lengths]


def states_of(model: SequenceModel, ids: np.ndarray, *, counted: bool = False) -> list[np.ndarray]:
    row = torch.from_numpy(ids.astype(np.int64))[None]
    with torch.no_grad():
        return [state[0].double().numpy() for state in model.eval().encoder.states(row, row if counted else None)]


@pytest.mark.parametrize("counted", [False, True])
def test_a_vector_is_the_mean_and_the_maximum_of_every_layer(counted):
    model, given_sequences = transformer(), sequences()
    found = layer_embeddings(model, given_sequences, CPU, pooling=("mean", "max"), counted=counted)
    assert found.shape == (8, 4, 24)
    assert found.dtype == np.float32
    assert model.training
    for number, bases in enumerate(given_sequences):
        for layer, state in enumerate(states_of(model, bases, counted=counted)):
            expected = np.concatenate([state.mean(axis=0), state.max(axis=0)])
            np.testing.assert_allclose(found[number, layer], expected, rtol=1e-5, atol=1e-5)


@settings(max_examples=10, deadline=None)
@given(order=st.permutations(range(len(LENGTHS))), tokens=st.sampled_from([1, 20, 33, 50, 10**6]))
def test_neither_order_nor_budget_matter(order, tokens):
    model, given_sequences = transformer(), sequences()
    expected = layer_embeddings(model, given_sequences, CPU)
    found = layer_embeddings(model, [given_sequences[number] for number in order], CPU, tokens=tokens)
    np.testing.assert_allclose(found, expected[order], rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("packs", [True, False])
@pytest.mark.parametrize("tokens", [1, 22, 45, 10**6])
def test_no_batch_has_padding_or_more_tokens_than_it_may(packs, tokens, monkeypatch):
    config = SparseTransformerConfig(vocabulary=7, **{**SHAPE, "heads": 2})
    model = transformer() if packs else model_of(config, NucleotideTokenizer())
    shapes, states = [], model.encoder.states

    def spy(ids, counted=None, **given_documents):
        shapes.append(tuple(ids.shape))
        assert (ids < 7).all()
        return states(ids, counted, **given_documents)

    monkeypatch.setattr(model.encoder, "states", spy)
    read_sequences(model, sequences(), CPU, lambda given_states: given_states[0], tokens=tokens)
    sizes = [rows * length for rows, length in shapes]
    assert sum(sizes) == sum(LENGTHS)
    assert all(size <= tokens or size in LENGTHS for size in sizes)
    if tokens == 10**6:
        assert len(shapes) == (1 if packs else len(set(LENGTHS)))


def test_every_token_comes_back_in_its_place():
    model, given_sequences = transformer(causal=True), sequences()
    found = read_sequences(model, given_sequences, CPU, lambda states: states[-1])
    for state, bases in zip(found, given_sequences, strict=True):
        np.testing.assert_allclose(state, states_of(model, bases)[-1], rtol=1e-5, atol=1e-5)


def test_reduced_precision_stays_close_and_company_matters_no_more_than_precision():
    """Within the bounds that `test_encoder_contracts` sets for bfloat16."""
    model, reduced = transformer(), Machine(torch.device("cpu"), reduced=True)
    exact, close = (layer_embeddings(model, sequences(), machine) for machine in (CPU, reduced))
    alone = np.concatenate([layer_embeddings(model, [bases], reduced) for bases in sequences()])
    for difference in (np.abs(close - exact), np.abs(close - alone)):
        assert difference.mean() < 0.01
        assert difference.max() < 0.1
    assert (close != exact).any()


PUBLISHED = {
    "bert": (BertConfig(vocabulary=len(DNABERT.vocabulary), positions=61, **SHAPE), DNABERT, ("[CLS]", "[SEP]")),
    "esm": (EsmConfig(vocabulary=len(SIXMERS.vocabulary), positions=49, **SHAPE), SIXMERS, ("<cls>",)),
}


@pytest.mark.parametrize("kind", PUBLISHED)
def test_published_models_get_their_special_tokens_and_the_mean_leaves_them_out(kind):
    config, tokenizer, special = PUBLISHED[kind]
    model, given_sequences = model_of(config, tokenizer), sequences()
    first, last = tokenizer.vocabulary[special[0]], [tokenizer.vocabulary[word] for word in special[1:]]
    found = layer_embeddings(model, given_sequences, CPU, pooling=("first", "mean", "max"))
    plain = layer_embeddings(model, given_sequences, CPU, special_tokens=False)
    for number, bases in enumerate(given_sequences):
        ids = tokenizer.encode(bases)
        framed = states_of(model, np.array([first, *ids, *last]))
        for layer, state in enumerate(framed):
            inner = state[1 : 1 + len(ids)]
            expected = np.concatenate([state[0], inner.mean(axis=0), inner.max(axis=0)])
            np.testing.assert_allclose(found[number, layer], expected, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(plain[number, -1], states_of(model, ids)[-1].mean(0), rtol=1e-5, atol=1e-5)
    assert not np.allclose(plain, found[..., 12:24], atol=1e-3)


def test_a_vocabulary_alone_makes_no_model_published():
    config = TransformerConfig(vocabulary=len(DNABERT.vocabulary), context_lengths=(), stem_reach=1, **SHAPE)
    model = model_of(config, DNABERT)
    found = layer_embeddings(model, sequences(), CPU)
    np.testing.assert_array_equal(found, layer_embeddings(model, sequences(), CPU, special_tokens=False))
    with pytest.raises(ConfigurationError, match="no special token before the sequence for the pooling 'first'"):
        layer_embeddings(model, sequences(), CPU, pooling=("first",))


def test_what_cannot_be_read_is_refused_by_its_number():
    config, tokenizer, _ = PUBLISHED["bert"]
    model = model_of(config, tokenizer)
    layer_embeddings(model, sequences((61,)), CPU)  # 59 words of 3 bases, [CLS] and [SEP]
    with pytest.raises(InputError, match=r"sequence 1 \(from 0\) has 60 tokens, the model reads 59 at most"):
        layer_embeddings(model, sequences((30, 62)), CPU)
    with pytest.raises(InputError, match=r"sequence 2 \(from 0\) is shorter than one token"):
        layer_embeddings(model, sequences((30, 20, 2)), CPU)
    with pytest.raises(InputError, match="there are no sequences"):
        layer_embeddings(model, [], CPU)
    for pooling, message in ((("median",), "pooling 'median'"), ((), "pooling by nothing")):
        with pytest.raises(ConfigurationError, match=message):
            layer_embeddings(model, sequences(), CPU, pooling=pooling)


def test_genes_of_real_mitochondria_are_read_alike_alone_and_together(data_folder):
    model = transformer()
    records = read_fasta(data_folder / "mitogenomes" / "primates7_alignment.fa.gz")
    genes = RaggedBases.of(record.bases[: 50 + 61 * number] for number, record in enumerate(records))
    together = layer_embeddings(model, genes, CPU)
    alone = np.concatenate([layer_embeddings(model, [gene], CPU) for gene in genes])
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=2e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_gives_the_same_vectors():
    found = layer_embeddings(transformer(), sequences(), Machine(torch.device("cuda"), reduced=False))
    np.testing.assert_allclose(found, layer_embeddings(transformer(), sequences(), CPU), rtol=1e-3, atol=1e-3)
