"""Background: never on an example, never rich in N, as long, and alike in GC and repeats."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.errors import InputError
from genolect.sequence.alphabet import encode
from genolect.tables.table import Places
from genolect.tasks.assembly import Assembly
from genolect.tasks.background import COVARIATES, TOLERANCE, covariates, matched_background, standardised_difference
from tests.tasks.planted import LENGTHS, genome


def examples(count: int, seed: int, longest: int = 60) -> Places:
    generator = np.random.default_rng(seed)
    name = np.array([*LENGTHS])[generator.integers(3, size=count)]
    length = generator.integers(20, longest, size=count) // 10 * 10
    start = np.array([int(generator.integers(0, LENGTHS[key] - 100)) for key in name.tolist()])
    strand = (1 - 2 * generator.integers(0, 2, count)).astype(np.int8)
    return Places(name, start, start + length, strand)


def overlapping(one: Places, other: Places, margin: int) -> int:
    count = 0
    for row in range(one.start.size):
        here = other.name == one.name[row]
        count += int((here & (other.start < one.end[row] + margin) & (one.start[row] < other.end + margin)).sum())
    return count


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 99), margin=st.integers(0, 40), per_example=st.integers(1, 2))
def test_background_keeps_away_and_is_as_long(seed, margin, per_example):
    wanted = examples(30, seed)
    avoid = examples(9, seed + 1000)
    found = matched_background(genome(), wanted, avoid=[avoid], margin=margin, seed=seed, per_example=per_example)
    places = found.places
    assert overlapping(places, wanted, margin) == overlapping(places, avoid, margin) == 0
    assert overlapping(places, places, 0) == places.start.size  # each only with itself
    assert genome().holds(places).all()
    assert np.array_equal(places.end - places.start, (wanted.end - wanted.start)[found.example])
    assert np.array_equal(places.strand, wanted.strand[found.example])
    assert np.array_equal(places.name, wanted.name[found.example])
    assert found.example.size + found.without == 30 * per_example
    assert covariates(genome().sequences(places))[:, COVARIATES.index("n")].max() <= 0.05


def test_pairs_are_alike_and_what_is_not_is_counted() -> None:
    wanted = examples(40, 7)
    found = matched_background(genome(), wanted, margin=10, seed=7)
    ours, theirs = (covariates(genome().sequences(places)) for places in (wanted.select(found.example), found.places))
    columns = [COVARIATES.index(key) for key in TOLERANCE]
    apart = abs(ours - theirs)[:, columns]
    assert found.far == int((apart > np.array([*TOLERANCE.values()])).any(axis=1).sum())
    assert list(found.largest.values()) == pytest.approx(apart.max(axis=0).tolist())
    gc = COVARIATES.index("gc")
    assert abs(standardised_difference(ours, theirs)[gc]) < 0.1
    assert found.far < 12


def test_a_biased_choice_is_matched_where_random_places_are_not() -> None:
    everything = examples(120, 8)
    gc = covariates(genome().sequences(everything))[:, 1]
    rich = everything.select(gc > np.quantile(gc, 0.85))
    found = matched_background(genome(), rich, margin=0, seed=8)
    ours, theirs = (covariates(genome().sequences(places)) for places in (rich, found.places))
    assert standardised_difference(ours, found.candidates)[1] > 1
    assert abs(standardised_difference(ours, theirs)[1]) < 0.1


def test_the_same_seed_gives_the_same_places_and_another_does_not() -> None:
    wanted = examples(30, 9)
    first, again, other = (matched_background(genome(), wanted, margin=5, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.places.start, again.places.start)
    assert not np.array_equal(first.places.start, other.places.start)


def test_what_is_missing_is_said() -> None:
    tight = Assembly.of_records({"I": encode("ACGTTACGGA" * 6)})
    start = np.arange(0, 40, 10)
    places = Places(np.full(4, "I"), start, start + 10, np.ones(4, dtype=np.int8))
    found = matched_background(tight, places, margin=0, seed=1)
    assert (found.example.size, found.without) in {(2, 2), (1, 3)}
    assert f"{found.without} places are missing" in " ".join(found.notes())
    with pytest.raises(InputError, match="no place of the genome is free"):
        matched_background(tight, places, margin=30, seed=1)


@pytest.mark.parametrize("free", [10, 11])
def test_the_last_free_place_is_found(free: int) -> None:
    """Ten bases are free behind the example: exactly one place of ten, at the very end."""
    bases = "ACGTTACGGA" * 2 + "ACGTTACGGAC"[:free]
    place = Places(np.array(["I"]), np.array([0]), np.array([20]), np.ones(1, dtype=np.int8))
    small = Places(np.array(["I"]), np.array([3]), np.array([13]), np.ones(1, dtype=np.int8))
    found = matched_background(Assembly.of_records({"I": encode(bases)}), small, avoid=[place], margin=0, seed=1)
    assert 20 <= found.places.start[0] <= 20 + free - 10
