"""Configuration: strict, frozen, finite, and the same after a trip through JSON."""

from __future__ import annotations

import datetime
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError, model_validator

from genolect.config import Configuration
from genolect.errors import ConfigurationError
from genolect.pretraining.loop import TrainingConfig

POSITIVE = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
TRAININGS = st.builds(
    TrainingConfig,
    steps=st.integers(1),
    windows=st.integers(1),
    window=st.integers(16),
    learning_rate=POSITIVE,
    matrix_learning_rate=POSITIVE,
    warmup_share=st.floats(0, 1, exclude_max=True),
    checkpoint_every=st.integers(0),
    validate_every=st.integers(0),
    seed=st.integers(),
)


class Inner(Configuration):
    """A part."""

    depth: int = Field(2, ge=1)


class Outer(Configuration):
    """Every kind of field that configurations here have."""

    width: int = Field(6, ge=2)
    heads: int = 3
    rate: float = Field(0.5, lt=1)
    name: str = ""
    places: tuple[str, ...] = ()
    most: int | None = None
    inner: Inner = Inner()

    @model_validator(mode="after")
    def _fits_together(self) -> Outer:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} must be a multiple of heads = {self.heads}")
        return self


@given(TRAININGS)
def test_a_training_configuration_survives_json(config):
    mapping = config.to_mapping()
    assert set(mapping) == set(TrainingConfig.model_fields)
    assert TrainingConfig.from_mapping(json.loads(json.dumps(mapping)), "test") == config


def test_lists_stand_for_tuples_and_parts_for_parts():
    given = {"places": ["chrI", "chrII"], "most": 5, "inner": {"depth": 4}}
    config = Outer.from_mapping(given, "test")
    assert config.places == ("chrI", "chrII")
    assert config.inner == Inner(depth=4)
    assert Outer.from_mapping(config.to_mapping(), "test") == config


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("widht", "did you mean 'width'? Allowed: width, heads, "),
        ("Places", "did you mean 'places'? Allowed: "),
        ("zzz", "Fix: Allowed: width, heads, "),
    ],
)
def test_an_unknown_key_is_named_with_its_nearest(key, hint):
    with pytest.raises(ConfigurationError) as caught:
        Outer.from_mapping({key: 3, "heads": 2}, "run.toml")
    assert str(caught.value).startswith(f"run.toml: unknown key '{key}'. Fix: ")
    assert hint in str(caught.value)
    assert caught.value.exit_code == 2


def test_every_unknown_key_is_named():
    with pytest.raises(ConfigurationError, match=r"unknown key 'widht', 'rat'\. Fix: did you mean 'width', 'rate'\?"):
        Outer.from_mapping({"widht": 3, "heads": 2, "rat": 0.1}, "run.toml")


def test_every_bad_value_is_listed_with_what_was_given():
    with pytest.raises(ConfigurationError) as caught:
        Outer.from_mapping({"width": 1, "rate": 1.5, "heads": "3", "inner": {"depth": 0, "height": 7}}, "run.toml")
    message = str(caught.value)
    for place, value in (("width", 1), ("rate", 1.5), ("heads", 3), ("inner.depth", 0), ("inner.height", 7)):
        assert f"{place}: " in message
        assert f"given '{value}'" in message
    assert "\n" not in message


def test_values_that_do_not_fit_together_say_so_themselves():
    with pytest.raises(ConfigurationError, match=r"^run\.toml: width 8 must be a multiple of heads = 3\. Fix: "):
        Outer.from_mapping({"width": 8}, "run.toml")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("width", "6"),
        ("width", 6.0),
        ("width", True),
        ("width", None),
        ("rate", "0.1"),
        ("rate", math.nan),
        ("rate", -math.inf),
        ("name", 3),
        ("places", "chrI"),
        ("places", [1]),
        ("inner", 3),
    ],
)
def test_nothing_is_coerced(field, value):
    with pytest.raises(ConfigurationError, match=rf"run\.toml: {field}\S*: .*given "):
        Outer.from_mapping({field: value}, "run.toml")


def test_a_value_of_no_plain_type_is_refused():
    with pytest.raises(
        ConfigurationError, match=r"^run\.toml: Object of type date is not .*\. Fix: give text, numbers"
    ):
        Outer.from_mapping({"name": datetime.date(2031, 5, 7)}, "run.toml")


def test_a_long_or_hostile_value_is_cut_and_escaped():
    with pytest.raises(ConfigurationError) as caught:
        Outer.from_mapping({"width": "\x1b[2J" + "A" * 1_000}, "run.toml")
    assert r"given '\x1b[2JAAA" in str(caught.value)
    assert len(str(caught.value)) < 250


def test_a_configuration_cannot_be_changed():
    config = Outer()
    with pytest.raises(ValidationError, match="frozen"):
        config.width = 12
    assert config == Outer()


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_no_number_is_infinite_however_it_comes_in(value):
    with pytest.raises(ValidationError, match="finite"):
        Outer(rate=value)
    with pytest.raises(ConfigurationError, match=r"learning_rate: .*finite"):
        TrainingConfig.from_mapping({"steps": 3, "learning_rate": value}, "test")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("steps", 0),
        ("windows", 0),
        ("window", 15),
        ("learning_rate", 0.0),
        ("matrix_learning_rate", -0.1),
        ("warmup_share", 1.0),
        ("checkpoint_every", -1),
        ("validate_every", -1),
    ],
)
def test_a_training_that_makes_no_sense_is_refused(field, value):
    with pytest.raises(ConfigurationError, match=f"options: {field}: .*given '{value}'"):
        TrainingConfig.from_mapping({"steps": 3} | {field: value}, "options")
