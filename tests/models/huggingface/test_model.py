"""A foreign model is its encoder, then its head."""

from __future__ import annotations

import pytest
import torch

from genolect.encoders.build import new_published
from genolect.encoders.esm import EsmConfig
from genolect.models.huggingface.layouts import ForeignModel

CONFIG = EsmConfig(vocabulary=11, width=12, layers=2, heads=3, feed_forward=5)
IDS = torch.tensor([[3, 5, 2, 1], [7, 1, 1, 1]])
REAL = IDS != 1


@torch.no_grad()
@pytest.mark.parametrize("tied", [False, True])
def test_logits_are_the_heads_view_of_the_hidden_states(tied):
    encoder, head = new_published(CONFIG, tied=tied)
    model = ForeignModel(encoder, head)
    assert torch.equal(model.logits(IDS, real_BL=REAL), head(encoder(IDS, real_BL=REAL)))
    assert not torch.equal(model.logits(IDS), model.logits(IDS, real_BL=REAL))
    assert model.tied == tied
    assert model.config is CONFIG


def test_an_encoder_alone_gives_no_logits():
    model = ForeignModel(new_published(CONFIG, tied=False)[0], None)
    assert not model.tied
    with pytest.raises(ValueError, match="encoder without a masked head"):
        model.logits(IDS)
