"""Negatives: matched places, shuffles with the same doublets, or both."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from genolect.errors import ConfigurationError
from genolect.tasks.assembly import five_prime_ends, windows_around
from genolect.tasks.built import NegativeOptions, finish, with_negatives
from tests.tasks.planted import genome, starts


def doublets(text: str) -> Counter[str]:
    return Counter(text[place : place + 2].upper() for place in range(len(text) - 1))


def windows():
    return windows_around(five_prime_ends(starts(17)), 40, 11)


@pytest.mark.parametrize(("kind", "sets"), [("matched", 1), ("shuffled", 1), ("both", 2)])
def test_each_kind_gives_as_many_as_asked_for(kind: str, sets: int) -> None:
    draft = with_negatives(genome(), windows(), NegativeOptions(negatives=kind, per_positive=2, margin=9))  # type: ignore[arg-type]
    assert draft.target.count() == {"0": 34 * sets, "1": 17}
    names = Counter(draft.columns["negative"].tolist())
    assert names[""] == 17
    assert names["matched"] == (34 if kind != "shuffled" else 0)
    assert names["shuffled"] == (34 if kind != "matched" else 0)


def test_shuffles_keep_doublets_and_stay_with_their_example() -> None:
    draft = with_negatives(genome(), windows(), NegativeOptions(negatives="shuffled"))
    table = finish("toy", draft).table
    for row in range(17):
        assert doublets(table.sequences.letters(row)) == doublets(table.sequences.letters(17 + row))
        assert table.sequences.letters(row).upper() != table.sequences.letters(17 + row)
        assert table.group[row] == table.group[17 + row]
    assert not table.places.known[17:].any()


def test_the_seed_decides_the_shuffles() -> None:
    first, again, other = (
        with_negatives(genome(), windows(), NegativeOptions(negatives="shuffled", seed=seed)).sequences.bases
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_another_word_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="negatives: Input should be 'matched', 'shuffled' or 'both'"):
        NegativeOptions.from_mapping({"negatives": "random"}, "options")
