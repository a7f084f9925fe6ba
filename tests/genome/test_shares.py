"""Shares: between "every base" and "every species", always adding to 1, nothing forgotten silently."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import ConfigurationError
from genolect.genome.genome import prepare_genome
from genolect.genome.windows import normalised_shares, species_sizes, temperature_shares
from genolect.sequence.interval import Interval

SIZES = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(1, 10**11), min_size=1, max_size=9)


@given(sizes=SIZES, temperature=st.floats(1, 1e9))
def test_shares_add_to_one_and_follow_the_sizes(sizes, temperature):
    shares = temperature_shares(sizes, temperature)
    assert list(shares) == list(sizes)
    assert math.fsum(shares.values()) == pytest.approx(1)
    by_size = sorted(sizes, key=sizes.__getitem__)
    assert all(shares[one] <= shares[other] * (1 + 1e-12) for one, other in pairwise(by_size))


@given(sizes=SIZES)
def test_the_ends_of_the_scale(sizes):
    total = sum(sizes.values())
    by_base, by_species = temperature_shares(sizes, 1), temperature_shares(sizes, math.inf)
    assert by_base == pytest.approx({name: size / total for name, size in sizes.items()})
    assert by_species == pytest.approx(dict.fromkeys(sizes, 1 / len(sizes)))


def test_a_temperature_of_two_takes_square_roots():
    shares = temperature_shares({"a": 400, "b": 25, "c": 1}, 2)
    assert shares == pytest.approx({"a": 20 / 26, "b": 5 / 26, "c": 1 / 26})


@pytest.mark.parametrize("temperature", [0.99, 0.0, -1.0, math.nan])
def test_other_temperatures_are_refused(temperature):
    with pytest.raises(ConfigurationError, match=f"a temperature of {temperature} would favour"):
        temperature_shares({"a": 3}, temperature)


def test_weights_become_shares_of_those_that_are_there():
    weights = {"human": 0.3, "mouse": 0.2, "zebrafish": 0.15, "fly": 0.0}
    assert normalised_shares(weights, ["fly", "mouse", "human"]) == pytest.approx(
        {"fly": 0, "mouse": 0.4, "human": 0.6}
    )


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"a": 1.0}, "the species 'b' has no weight"),
        ({"a": 1.0, "b": -0.5}, "the weight of the species 'b' is -0.5"),
        ({"a": math.nan, "b": 1.0}, "the weight of the species 'a' is nan"),
        ({"a": math.inf, "b": 1.0}, "the weight of the species 'a' is inf"),
        ({"a": 0.0, "b": 0.0, "c": 1.0}, "no species has a weight above 0"),
    ],
)
def test_weights_that_say_nothing_are_refused(weights, message):
    with pytest.raises(ConfigurationError, match=message):
        normalised_shares(weights, ["a", "b"])


def test_sizes_count_the_stretches(tmp_path):
    (tmp_path / "a.fa").write_text(">a\nACGTACG\n>b\nACGTA\n")
    genome = prepare_genome([tmp_path / "a.fa"], tmp_path / "prepared")
    assert species_sizes(genome, [Interval("b", 0, 5), Interval("a", 1, 4)]) == {"": 8}
    assert species_sizes(genome, []) == {}
