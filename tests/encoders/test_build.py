"""Encoders by kind: every shape comes back as it was written, and builds its encoder."""

from __future__ import annotations

import pytest
import torch

from genolect.encoders.build import KINDS, encoder_config, kind_of, longest_window, new_encoder
from genolect.encoders.initialisation import draw_weights
from genolect.errors import ConfigurationError

SMALL = {"width": 12, "layers": 2, "heads": 2, "feed_forward": 10}


@pytest.mark.parametrize("kind", KINDS)
def test_a_shape_comes_back_and_builds_its_encoder(kind):
    shape = {name: value for name, value in SMALL.items() if name in KINDS[kind].config.model_fields}
    config = encoder_config(kind, {"vocabulary": 11, **shape}, "here")
    assert kind_of(config) == kind
    assert encoder_config(kind, config.to_mapping(), "there") == config
    state = torch.get_rng_state()
    encoder = new_encoder(config)
    assert torch.equal(torch.get_rng_state(), state)
    assert isinstance(encoder, KINDS[kind].encoder)
    draw_weights(encoder, torch.Generator().manual_seed(1))
    ids = torch.randint(9, (3, 17), generator=torch.Generator().manual_seed(2))
    states = encoder.states(ids)
    assert encoder(ids).shape == states[-1].shape == (3, 17, 12)
    assert not config.causal


@pytest.mark.parametrize(("kind", "shape"), [("bert", {"positions": 19}), ("esm", {"positions": 21, "padding_id": 3})])
def test_the_longest_window_is_read_and_one_token_more_is_not(kind, shape):
    config = encoder_config(kind, {"vocabulary": 11, **SMALL, **shape}, "here")
    encoder, longest = new_encoder(config), longest_window(config)
    assert encoder(torch.zeros(1, longest, dtype=torch.int64)).shape == (1, longest, 12)
    with pytest.raises(ValueError, match=f"a window of {longest + 1} tokens is longer than the {longest} positions"):
        encoder(torch.zeros(1, longest + 1, dtype=torch.int64))


def test_what_is_unknown_is_refused_by_name():
    with pytest.raises(ConfigurationError, match=r"no encoder of the kind 'sprase'.*choose transformer, sparse"):
        encoder_config("sprase", {}, "here")
    with pytest.raises(ConfigurationError, match=r"here: unknown key 'widht'.*did you mean 'width'"):
        encoder_config("bert", {"vocabulary": 3, "widht": 4}, "here")
