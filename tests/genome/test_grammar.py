"""The words of the synthetic genome: chains and stretches."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.genome.synthetic_grammar import (
    ISLAND,
    PROTEIN,
    Chain,
    Stretch,
    background,
    chain,
    join,
    marked,
    opposite_strand,
    walk,
)
from genolect.sequence.alphabet import decode, encode


@pytest.mark.parametrize("states", [background(0.37), ISLAND, PROTEIN])
def test_a_chain_stays_at_its_frequencies_and_is_walked_as_stated(states: Chain) -> None:
    np.testing.assert_allclose(states.frequencies @ states.transition, states.frequencies, atol=1e-12)
    path = walk(states, 30_000, np.random.Generator(np.random.Philox(7)))
    pairs = np.zeros_like(states.transition)
    np.add.at(pairs, (path[:-1], path[1:]), 1)
    np.testing.assert_allclose(pairs / len(path), states.frequencies[:, None] * states.transition, atol=0.01)


def test_the_background_is_the_same_on_both_strands() -> None:
    joint = background(0.41).frequencies[:, None] * background(0.41).transition
    np.testing.assert_allclose(joint, joint[::-1, ::-1].T, atol=1e-12)
    lopsided = chain(np.arange(1, 17).reshape(4, 4), np.ones(4)).transition
    assert not np.allclose(lopsided, lopsided[::-1, ::-1].T)


def test_turning_a_stretch_twice_gives_it_back_and_once_keeps_what_features_read() -> None:
    stretch = join([Stretch(encode("GGA")), marked(Stretch(encode("TAcA")), "TATA_box", reads="TAcA")])
    turned = opposite_strand(stretch)
    (planted,) = turned.features
    assert decode(turned.bases) == "TgTATCC"
    assert (planted.interval.start, planted.interval.end, planted.interval.strand) == (0, 4, "-")
    assert opposite_strand(turned).features == stretch.features
    assert decode(opposite_strand(turned).bases) == decode(stretch.bases)
