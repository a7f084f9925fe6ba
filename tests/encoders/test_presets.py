"""Presets have as many weights as the reference configurations, and the table says so."""

from __future__ import annotations

import re

import pytest
import torch

from genolect.encoders import build
from genolect.encoders.bert import BertConfig
from genolect.encoders.build import new_encoder, new_published, preset
from genolect.encoders.encoder import EncoderConfig, PublishedConfig
from genolect.encoders.esm import EsmConfig
from genolect.encoders.mosaic_bert import MosaicBertConfig
from genolect.errors import ConfigurationError

TABLE = dict(re.findall(r"^(\S+) +([\d,]{7,})\b", build.__doc__, flags=re.MULTILINE))


PRESETS = build._presets()


def parameter_count(config: EncoderConfig) -> int:
    """Weights of an encoder, and of its masked head if it is a published one; what is shared counts once."""
    with torch.device("meta"):
        published = isinstance(config, PublishedConfig)
        parts = new_published(config, tied=config.tied) if published else [new_encoder(config)]
    return weights_of(torch.nn.ModuleList(parts))


def weights_of(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    "name",
    [name for name, config in PRESETS.items() if isinstance(config, BertConfig)],
)
def test_dnabert_and_grover_have_the_weights_of_transformers_class(name):
    transformers = pytest.importorskip("transformers")
    vocabulary = {"dnabert-3": 69, "dnabert-4": 261, "dnabert-5": 1029, "dnabert-6": 4101, "grover": 609}[name]
    with torch.device("meta"):
        theirs = transformers.BertForMaskedLM(transformers.BertConfig(vocab_size=vocabulary))
    assert parameter_count(preset(name)) == weights_of(theirs)


def test_the_110_million_of_documents_are_those_of_english_bert():
    assert round(parameter_count(BertConfig(vocabulary=30_522)) / 1e6) == 110


@pytest.mark.parametrize(
    ("name", "width", "layers"),
    [
        ("nucleotide-transformer-500m-human-ref", 1280, 24),
        ("nucleotide-transformer-500m-1000g", 1280, 24),
        ("nucleotide-transformer-2.5b-1000g", 2560, 32),
        ("nucleotide-transformer-2.5b-multi-species", 2560, 32),
    ],
)
def test_nucleotide_transformer_has_the_weights_of_transformers_class(name, width, layers):
    """Their class has besides a head that tells contacts in proteins."""
    transformers = pytest.importorskip("transformers")
    config = transformers.EsmConfig(
        vocab_size=4105,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=20,
        intermediate_size=4 * width,
        max_position_embeddings=1002,
        pad_token_id=1,
        mask_token_id=2,
        token_dropout=True,
        emb_layer_norm_before=False,
        tie_word_embeddings=False,
    )
    with torch.device("meta"):
        theirs = transformers.EsmForMaskedLM(config)
    assert parameter_count(preset(name)) == weights_of(theirs) - weights_of(theirs.esm.contact_head)
    assert weights_of(theirs.esm.contact_head) == 20 * layers + 1


@pytest.mark.parametrize(("size", "width", "layers"), [(50, 512, 12), (100, 512, 22), (250, 768, 24), (500, 1024, 29)])
def test_the_second_version_has_the_weights_of_its_layout(size, width, layers):
    inner, vocabulary = 4 * width, 4107
    block = 4 * (width * width + width) + 3 * width * inner + 4 * width
    head = width * width + width + 2 * width + vocabulary * width + vocabulary
    expected = vocabulary * width + layers * block + 2 * width + head
    assert parameter_count(preset(f"nucleotide-transformer-v2-{size}m-multi-species")) == expected


def test_dnabert_2_has_the_weights_of_its_layout():
    width, inner, vocabulary = 768, 3072, 4096
    block = 4 * (width * width + width) + 2 * width * inner + inner * width + width + 4 * width
    head = width * width + width + 2 * width + vocabulary
    expected = (vocabulary + 2) * width + 2 * width + 12 * block + head
    assert parameter_count(preset("dnabert-2-117m")) == expected
    assert isinstance(preset("dnabert-2-117m"), MosaicBertConfig)


def test_the_table_shows_every_preset_as_it_is():
    assert {name: int(count.replace(",", "")) for name, count in TABLE.items()} == {
        name: parameter_count(config) for name, config in PRESETS.items()
    }


def test_published_windows_fit():
    """DNABERT and GROVER read 512 tokens, the first Nucleotide Transformer 1,000."""
    assert preset("dnabert-6").positions == preset("grover").positions == 512
    first = preset("nucleotide-transformer-500m-1000g")
    assert isinstance(first, EsmConfig)
    assert first.positions - first.padding_id - 1 == 1000


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(ConfigurationError, match=r"no preset 'dnabert6'.*did you mean 'dnabert-6'"):
        preset("dnabert6")
