"""Names and configurations of the three layouts."""

from __future__ import annotations

import pytest
import torch

from genolect.encoders.bert import BertConfig
from genolect.encoders.build import new_published
from genolect.encoders.esm import EsmConfig
from genolect.encoders.mosaic_bert import MosaicBertConfig
from genolect.errors import InputError
from genolect.models.huggingface.layouts import (
    BERT,
    ESM,
    MOSAIC_BERT,
    configuration_from,
    configuration_values,
    derived_tensors,
    file_layout,
)

SHAPE = {"vocabulary": 11, "width": 12, "layers": 2, "heads": 3, "feed_forward": 5}
CASES = [
    (BERT, BertConfig(**SHAPE, positions=9, dropout=0.2, attention_dropout=0.3, norm_epsilon=1e-5)),
    (MOSAIC_BERT, MosaicBertConfig(**SHAPE, token_types=4)),
    (ESM, EsmConfig(**SHAPE, positions=9, padding_id=3, mask_id=6)),
    (ESM, EsmConfig(**SHAPE)),
    (ESM, EsmConfig(**SHAPE, gated=True)),
]


@pytest.mark.parametrize(("layout", "config"), CASES)
def test_every_weight_has_names_of_its_own(layout, config):
    names = []
    for half, part in zip(("encoder", "head"), new_published(config, tied=False), strict=True):
        for ours in part.state_dict():
            names += layout.theirs(f"{half}.{ours}")
    assert len(set(names)) == len(names)
    assert all(name.startswith((layout.prefix, layout.head_prefix)) for name in names)


@pytest.mark.parametrize(
    ("layout", "ours", "theirs"),
    [
        (BERT, "encoder.embedding.weight", ("bert.embeddings.word_embeddings.weight",)),
        (
            BERT,
            "encoder.blocks.7.attention.project.bias",
            tuple(f"bert.encoder.layer.7.attention.self.{part}.bias" for part in ("query", "key", "value")),
        ),
        (MOSAIC_BERT, "encoder.blocks.11.widen.weight", ("bert.encoder.layer.11.mlp.gated_layers.weight",)),
        (ESM, "encoder.norm.bias", ("esm.encoder.emb_layer_norm_after.bias",)),
        (ESM, "encoder.blocks.0.feed_forward_norm.weight", ("esm.encoder.layer.0.LayerNorm.weight",)),
        (ESM, "head.decode.bias", ("lm_head.bias",)),
    ],
)
def test_names_are_those_of_the_published_files(layout, ours, theirs):
    assert layout.theirs(ours) == theirs


@pytest.mark.parametrize(("layout", "config"), CASES)
def test_a_configuration_comes_back_from_its_file(layout, config):
    values = configuration_values(layout, config)
    assert file_layout(values) is layout
    inner = config.feed_forward * (1 + getattr(config, "gated", False))
    tensors = {"esm.encoder.layer.0.intermediate.dense.weight": torch.ones(inner, config.width)}
    assert configuration_from(layout, values, tensors) == config


@pytest.mark.parametrize(
    ("values", "layout"),
    [
        ({"model_type": "bert"}, BERT),
        ({"model_type": "bert", "alibi_starting_size": 512}, MOSAIC_BERT),
        ({"alibi_starting_size": 512}, MOSAIC_BERT),
        ({"model_type": "esm"}, ESM),
    ],
)
def test_the_layout_follows_from_the_configuration(values, layout):
    assert file_layout(values) is layout


@pytest.mark.parametrize("kind", ["roberta", "distilbert", None, 5])
def test_another_architecture_is_refused(kind):
    with pytest.raises(InputError, match=f"model_type '{kind}' is none"):
        file_layout({"model_type": kind})


def test_rotary_frequencies_are_those_of_base_ten_thousand():
    derived = derived_tensors(ESM, EsmConfig(**{**SHAPE, "width": 24}))
    assert list(derived) == [
        f"esm.encoder.layer.{layer}.attention.self.rotary_embeddings.inv_freq" for layer in range(2)
    ]
    expected = torch.tensor([10_000.0 ** (-2 * i / 8) for i in range(4)])
    for frequencies in derived.values():
        torch.testing.assert_close(frequencies, expected)
    assert derived_tensors(ESM, CASES[2][1]) == derived_tensors(BERT, CASES[0][1]) == {}
