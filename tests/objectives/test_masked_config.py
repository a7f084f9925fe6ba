"""Configurations: published schemes bring their rates, what makes no sense is refused."""

from __future__ import annotations

import pytest

from genolect.errors import ConfigurationError
from genolect.objectives.masked import MaskedBasesConfig


def test_grover_brings_its_rates_and_they_may_be_changed():
    config = MaskedBasesConfig(scheme="grover")
    assert (config.rate, config.hidden_share, config.random_share) == (0.022, 0.8, 0.2)
    assert MaskedBasesConfig(scheme="grover", rate=0.05).rate == 0.05
    assert MaskedBasesConfig.from_mapping({"scheme": "grover"}, "pretrain") == config
    assert MaskedBasesConfig.from_mapping(config.to_mapping(), "again") == config


def test_shares_follow_the_classes():
    config = MaskedBasesConfig(rate=0.2, rate_multipliers=(1.0, 0.5, 0.0))
    assert config.classes == 3
    assert config.shares[0] == pytest.approx((0.16, 0.18, 0.2))
    assert config.shares[1] == pytest.approx((0.08, 0.09, 0.1))
    assert config.shares[2] == (0, 0, 0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"random_share": 0.3}, r"hidden_share 0\.8 \+ random_share 0\.3 must be at most 1"),
        ({"span_shape": "fixed", "span": 2.5}, r"span 2\.5 must be a whole number"),
        ({"scheme": "dnabert", "span": 3.0}, "scheme 'dnabert' has neither span nor rate_multipliers"),
        ({"scheme": "grover", "rate_multipliers": [1.0]}, "scheme 'grover' has neither"),
        ({"rate_multipliers": [1.0], "loss_weights": [1.0, 2.0]}, "1 rate_multipliers and 2 loss_weights"),
        ({"loss_weights": [-1.0]}, "must not be negative"),
        ({"rate_multipliers": [1.0, 7.0]}, r"rate 0\.15 times its largest multiplier 7\.0 must be at most 1"),
        ({"span": 0.5}, "span: Input should be greater than or equal to 1"),
    ],
)
def test_what_makes_no_sense_is_refused(values, message):
    with pytest.raises(ConfigurationError, match=message):
        MaskedBasesConfig.from_mapping(values, "pretrain")
