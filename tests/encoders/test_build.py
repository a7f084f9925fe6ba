"""Encoders by kind: every shape comes back as it was written, and builds its encoder."""

from __future__ import annotations

import pytest
import torch

from genolect.encoders.build import (
    KINDS,
    encoder_config,
    gives_bins,
    kind_of,
    longest_window,
    new_encoder,
    new_token_head,
    output_width,
    require_tokens,
)
from genolect.encoders.layers.blocks import draw_weights
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
    assert not config.causal
    if not gives_bins(config):
        assert encoder(ids).shape == encoder.states(ids)[-1].shape == (3, 17, output_width(config))


def test_an_encoder_of_bins_has_no_tokens_to_predict():
    shape = {"vocabulary": 7, "width": 12, "stages": 3, "crop": 2}
    config = encoder_config("enformer", shape, "here")
    encoder = new_encoder(config)
    assert encoder(torch.zeros(3, 72, dtype=torch.int64)).shape == (3, 5, output_width(config)) == (3, 5, 24)
    assert not [*new_token_head(config, range(4), encoder).parameters()]
    with pytest.raises(ConfigurationError, match="a probe needs tokens, an encoder of the kind enformer gives bins"):
        require_tokens(config, "a probe")
    require_tokens(encoder_config("bert", {"vocabulary": 7}, "here"), "a probe")


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
