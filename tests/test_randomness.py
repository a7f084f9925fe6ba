"""A draw depends on what it is for and where it stands, and on nothing else."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from genolect.random import derived_generator, derived_key

PURPOSES = st.sampled_from(["windows", "corruption"])
PLACES = st.tuples(st.integers(), PURPOSES, st.integers(0), st.text("chrIVX", max_size=5))


@given(PLACES, PLACES)
def test_keys_are_equal_exactly_where_the_places_are(one, other):
    assert (derived_key(*one) == derived_key(*other)) == (one == other)
    assert 0 <= derived_key(*one) < 2**63


def test_a_place_has_an_order():
    assert derived_key(1, "a", 2, 3) != derived_key(1, "a", 3, 2) != derived_key(1, "a", 32)


def test_another_process_draws_the_same():
    program = "from genolect.random import *; print(derived_key(7, 'a', 'chrI', 3), derived_generator(7, 'b').random())"
    environment = os.environ | {"PYTHONHASHSEED": "23", "PYTHONPATH": os.pathsep.join(sys.path)}
    key, number = subprocess.check_output([sys.executable, "-c", program], env=environment, text=True).split()
    assert int(key) == derived_key(7, "a", "chrI", 3)
    assert float(number) == derived_generator(7, "b").random()


def test_a_draw_leaves_no_trace_in_others():
    alone = derived_generator(7, "windows", 2).random(5)
    np.random.Generator(np.random.Philox(1)).random(11)
    derived_generator(7, "windows", 1).random(13)
    np.testing.assert_array_equal(derived_generator(7, "windows", 2).random(5), alone)


def test_streams_of_neighbouring_places_are_unrelated():
    draws = np.stack([derived_generator(7, purpose, step).normal(size=4_000) for purpose in "ab" for step in range(5)])
    correlation = np.corrcoef(draws) - np.eye(len(draws))
    assert np.abs(correlation).max() < 5 / np.sqrt(draws.shape[1])
