"""A document reads alike alone and packed with others, whatever the encoder and the tokenizer; a leak is noticed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from genolect.encoders.build import encoder_config, encoder_kinds
from genolect.encoders.layers.attention import Documents
from genolect.encoders.transformer import Transformer, TransformerConfig
from genolect.errors import ConfigurationError
from genolect.models.embedding import layer_embeddings
from genolect.models.model import load_model, new_model, random_twin, save_model
from tests.contracts.test_encoder_contracts import (
    VOCABULARY,
    bert,
    counting,
    first_esm,
    mosaic_bert,
    second_esm,
    transformer,
    transformer_without_counts,
    woken,
)
from tests.encoders.layers.documents import pack, unpack
from tests.objectives.tokenized import tokenizers
from tests.toys import CPU

TOKENIZERS = tokenizers()
LENGTHS = (5, 13, 13, 1, 23, 2, 17)
CLOSE = {"atol": 2e-6, "rtol": 2e-6}
SHAPE = {"width": 24, "layers": 2, "heads": 2, "feed_forward": 10, "reach": 5, "positions": 140, "patch": 2, "block": 8}
SINGLE_BASES = ("equivariant", "equivariant_convolution")


def causal_transformer() -> nn.Module:
    shape = {"width": 12, "layers": 3, "heads": 2, "feed_forward": 10, "stem_reach": 7, "context_lengths": (1, 3)}
    return counting(Transformer(TransformerConfig(vocabulary=VOCABULARY, causal=True, checkpoint_every=2, **shape)))


DENSE = [
    transformer,
    transformer_without_counts,
    causal_transformer,
    bert,
    mosaic_bert,
    first_esm,
    second_esm,
]


@pytest.fixture(params=DENSE, ids=lambda build: build.__name__)
def build(request) -> Callable[[], nn.Module]:
    return request.param


def documents_of(lengths: tuple[int, ...] = LENGTHS) -> list[Tensor]:
    generator = torch.Generator().manual_seed(9)
    return [torch.randint(VOCABULARY, (length,), generator=generator) for length in lengths]


def packed(network: nn.Module, documents: list[Tensor], *, counted: bool = False) -> list[Tensor]:
    row, laid = pack(documents)
    return unpack(network(row, row if counted else None, documents=laid), laid)


def alone(network: nn.Module, documents: list[Tensor], *, counted: bool = False) -> list[Tensor]:
    return [network(document[None], document[None] if counted else None)[0] for document in documents]


def targets() -> list[Tensor]:
    return [torch.linspace(-1, 1, length * 24)[: length * 24].view(length, 24) for length in LENGTHS]


@torch.no_grad()
@pytest.mark.parametrize("counted", [False, True])
def test_a_document_reads_alike_alone_and_packed(build, counted):
    network, documents = woken(build), documents_of()
    pairs = zip(packed(network, documents, counted=counted), alone(network, documents, counted=counted), strict=True)
    for one, other in pairs:
        torch.testing.assert_close(one, other, **CLOSE)


@torch.no_grad()
def test_every_layer_is_packed_alike(build):
    network, documents = woken(build), documents_of()
    row, laid = pack(documents)
    states = [unpack(state, laid) for state in network.states(row, documents=laid)]
    for number, document in enumerate(documents):
        for state, expected in zip(states, network.states(document[None]), strict=True):
            torch.testing.assert_close(state[number], expected[0], **CLOSE)


def test_weights_learn_the_same_from_packed_documents(build):
    documents, gradients = documents_of(), []
    for read in (alone, packed):
        network = woken(build)
        loss = sum(
            (state * target[:, : state.shape[1]]).sum()
            for state, target in zip(read(network, documents), targets(), strict=True)
        )
        loss.backward()
        gradients.append({name: parameter.grad for name, parameter in network.named_parameters()})
    for name, expected in gradients[0].items():
        # bert's positions beyond the longest document are silent either way
        torch.testing.assert_close(
            gradients[1][name], expected, atol=2e-5, rtol=1e-4, msg=lambda m, n=name: f"{n}: {m}"
        )


@torch.no_grad()
def test_the_order_of_documents_does_not_matter(build):
    network, documents = woken(build), documents_of()
    order = [4, 0, 6, 1, 3, 5, 2]
    before, after = packed(network, documents), packed(network, [documents[number] for number in order])
    for place, number in enumerate(order):
        torch.testing.assert_close(after[place], before[number], **CLOSE)


@torch.no_grad()
def test_no_document_hears_another_to_the_last_bit(build):
    network, documents = woken(build), documents_of()
    before = packed(network, documents, counted=True)
    strangers = [document if number == 2 else (document + 1) % VOCABULARY for number, document in enumerate(documents)]
    after = packed(network, strangers, counted=True)
    assert torch.equal(after[2], before[2])
    assert not any(torch.equal(after[number], before[number]) for number in (0, 1, 3, 4, 5, 6))


def merged(documents: Documents) -> Documents:
    """The first boundary taken away."""
    first, second, *rest = documents.lengths
    return Documents((first + second, *rest))


@torch.no_grad()
@pytest.mark.parametrize("what", ["attend", "apart"])
def test_a_boundary_that_leaks_is_noticed(build, what, monkeypatch):
    """Taken away for attention alone, then for everything that looks around."""
    network, documents = woken(build), documents_of()
    expected, honest = alone(network, documents), getattr(Documents, what)
    monkeypatch.setattr(Documents, what, lambda self, *given, **kind: honest(merged(self), *given, **kind))
    found = packed(network, documents)
    differences = [(one - other).abs().max().item() for one, other in zip(found, expected, strict=True)]
    assert differences[1] > 1e-3
    assert max(differences[2:]) < 1e-5


@torch.no_grad()
def test_positions_that_run_on_are_noticed(monkeypatch):
    """Those of bert; rotary ones and ALiBi's are distances, the same wherever counting begins."""
    network, documents, honest = woken(bert), documents_of(), Documents.along
    monkeypatch.setattr(Documents, "along", lambda self, table: honest(merged(self), table))
    difference = packed(network, documents)[1] - alone(network, documents)[1]
    assert difference.abs().max() > 1e-3


@torch.no_grad()
def test_reduced_precision_stays_close(build):
    network, documents = woken(build), documents_of()
    with torch.autocast("cpu", torch.bfloat16):
        reduced = packed(network, documents)
    for one, other in zip(reduced, alone(network, documents), strict=True):
        assert (one.float() - other).abs().max() < 0.1


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # torch's own tracer does it
@pytest.mark.parametrize("build", [causal_transformer, bert, mosaic_bert, first_esm], ids=lambda build: build.__name__)
def test_a_compiled_encoder_gives_the_same_states_and_gradients(build):
    plain, other = woken(build), woken(build)
    row, laid = pack(documents_of())
    compiled = torch.compile(other, backend="aot_eager")
    target = torch.randn(1, laid.tokens, plain.config.width, generator=torch.Generator().manual_seed(1))
    expected, found = plain(row, documents=laid), compiled(row, documents=laid)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    for states in (expected, found):
        (states * target).sum().backward()
    for (name, one), two in zip(plain.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(two.grad, one.grad, atol=1e-4, rtol=1e-4, msg=lambda m, n=name: f"{n}: {m}")


def test_what_has_no_boundaries_for_padding_or_positions_is_refused():
    network, documents = woken(bert), documents_of()
    row, laid = pack(documents)
    with pytest.raises(ValueError, match="what is added to scores"):
        network(row, real_BL=torch.ones_like(row, dtype=torch.bool), documents=laid)
    with pytest.raises(ValueError, match="a window of 32 tokens is longer than the 31 positions there are"):
        packed(network, documents_of((32, 3)))
    packed(network, documents_of((31, 31, 31)))  # more tokens than positions, in documents that fit


@pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS.keys())
@pytest.mark.parametrize("kind", encoder_kinds())
def test_a_sequence_has_the_same_vectors_alone_in_any_company_and_from_disk(kind, tokenizer, tmp_path):
    shape = {name: value for name, value in SHAPE.items() if name in encoder_kinds()[kind].model_fields}
    if "context_lengths" in encoder_kinds()[kind].model_fields:
        shape["context_lengths"] = ()
    config = encoder_config(kind, {"vocabulary": len(tokenizer.vocabulary), **shape}, "here")
    if kind in SINGLE_BASES and tokenizer.kind != "nucleotide":
        with pytest.raises(ConfigurationError, match="reads single bases"):
            new_model(config, tokenizer, seed=3)
        return
    assert config.packs == (kind in ("transformer", "bert", "esm", "mosaic_bert"))
    model = random_twin(new_model(config, tokenizer, seed=3), seed=4, keep_counts=False)
    if config.gives_bins:
        with pytest.raises(ConfigurationError, match="gives bins"):
            layer_embeddings(model, [np.zeros(64, dtype=np.uint8)], CPU)
        return
    generator = np.random.default_rng(5)
    sequences = [generator.integers(0, 4, length).astype(np.uint8) for length in (61, 20, 133, 20, 47)]
    together = layer_embeddings(model, sequences, CPU, pooling=("mean", "max"))
    assert np.isfinite(together).all()
    alone_in_turn = [layer_embeddings(model, [bases], CPU, pooling=("mean", "max"))[0] for bases in sequences]
    close = {"rtol": 1e-5, "atol": 2e-6 * max(1, np.abs(together).max())}
    np.testing.assert_allclose(together, alone_in_turn, **close)
    save_model(tmp_path / "model", model, {})
    loaded = load_model(tmp_path / "model")
    np.testing.assert_array_equal(layer_embeddings(loaded, sequences, CPU, pooling=("mean", "max")), together)
    turned = layer_embeddings(loaded, sequences[::-1], CPU, pooling=("mean", "max"))
    np.testing.assert_allclose(turned[::-1], together, **close)
