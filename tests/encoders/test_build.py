"""Encoders by kind: every shape comes back as it was written, and builds its encoder."""

from __future__ import annotations

import pytest
import torch

from genolect.encoders.build import encoder_config, encoder_kinds, new_encoder, require_tokens
from genolect.encoders.layers.blocks import draw_weights
from genolect.errors import ConfigurationError

SMALL = {"width": 12, "layers": 2, "heads": 2, "feed_forward": 10}


@pytest.mark.parametrize("kind", encoder_kinds())
def test_a_shape_comes_back_and_builds_its_encoder(kind):
    shape = {name: value for name, value in SMALL.items() if name in encoder_kinds()[kind].model_fields}
    config = encoder_config(kind, {"vocabulary": 11, **shape}, "here")
    assert config.kind == kind
    assert encoder_config(kind, config.to_mapping(), "there") == config
    state = torch.get_rng_state()
    encoder = new_encoder(config)
    assert torch.equal(torch.get_rng_state(), state)
    draw_weights(encoder, torch.Generator().manual_seed(1))
    ids = torch.randint(9, (3, 17), generator=torch.Generator().manual_seed(2))
    assert config.sees_ahead
    if not config.gives_bins:
        assert encoder(ids).shape == encoder.states(ids)[-1].shape == (3, 17, config.output_width)


def test_an_encoder_of_bins_has_no_tokens_to_predict():
    shape = {"vocabulary": 7, "width": 12, "stages": 3, "crop": 2}
    config = encoder_config("enformer", shape, "here")
    encoder = new_encoder(config)
    assert encoder(torch.zeros(3, 72, dtype=torch.int64)).shape == (3, 5, config.output_width) == (3, 5, 24)
    assert not [*config.token_head(range(4), encoder).parameters()]
    with pytest.raises(ConfigurationError, match="a probe needs tokens, an encoder of the kind enformer gives bins"):
        require_tokens(config, "a probe")
    require_tokens(encoder_config("bert", {"vocabulary": 7}, "here"), "a probe")


@pytest.mark.parametrize(("kind", "shape"), [("bert", {"positions": 19}), ("esm", {"positions": 21, "padding_id": 3})])
def test_the_longest_window_is_read_and_one_token_more_is_not(kind, shape):
    config = encoder_config(kind, {"vocabulary": 11, **SMALL, **shape}, "here")
    encoder, longest = new_encoder(config), config.longest_window
    assert encoder(torch.zeros(1, longest, dtype=torch.int64)).shape == (1, longest, 12)
    with pytest.raises(ValueError, match=f"a window of {longest + 1} tokens is longer than the {longest} positions"):
        encoder(torch.zeros(1, longest + 1, dtype=torch.int64))


def test_what_is_unknown_is_refused_by_name():
    with pytest.raises(
        ConfigurationError,
        match=r"no encoder of the kind 'sprase'.*choose bert, enformer",
    ):
        encoder_config("sprase", {}, "here")
    with pytest.raises(ConfigurationError, match=r"here: unknown key 'widht'.*did you mean 'width'"):
        encoder_config("bert", {"vocabulary": 3, "widht": 4}, "here")
