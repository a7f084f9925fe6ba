"""Encoder and head of each published family are built from its configuration."""

from __future__ import annotations

import pytest
import torch

from genolect.encoders.bert import BertConfig, BertEncoder
from genolect.encoders.build import new_published
from genolect.encoders.esm import EsmConfig, EsmEncoder
from genolect.encoders.mosaic_bert import MosaicBertConfig, MosaicBertEncoder

SHAPE = {"vocabulary": 7, "width": 12, "layers": 2, "heads": 3, "feed_forward": 5}


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(
    ("config", "kind"),
    [
        (BertConfig(**SHAPE), BertEncoder),
        (MosaicBertConfig(**SHAPE), MosaicBertEncoder),
        (EsmConfig(**SHAPE, norm_epsilon=1e-5), EsmEncoder),
    ],
)
def test_each_configuration_has_its_encoder(config, kind, tied):
    encoder, head = new_published(config, tied=tied)
    assert isinstance(encoder, kind)
    assert encoder.config == config
    assert (head.decode.weight is encoder.embedding.weight) == tied
    assert head.norm.eps == config.norm_epsilon
    assert head(encoder(torch.tensor([[1, 5, 3]]))).shape == (1, 3, 7)


def test_building_draws_nothing_from_the_global_generator():
    before = torch.random.get_rng_state()
    new_published(BertConfig(**SHAPE), tied=True)
    assert torch.equal(torch.random.get_rng_state(), before)
