"""Planted signals: what was planted is there, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.evaluation.methods.features import composition_of
from genolect.sequence.alphabet import decode
from tests.tables.planted_signal import FIRST, RIGHT_GAP, SECOND, SIGNALS, planted_signal

HALF = decode(FIRST)


@pytest.mark.parametrize("signal", SIGNALS)
def test_a_table_is_divided_balanced_and_a_function_of_its_seed(signal):
    one, same, other = (planted_signal(signal, n=230, length=90, seed=seed).table for seed in (4, 4, 5))
    assert [int((one.split == role).sum()) for role in ("train", "validation", "test")] == [161, 23, 46]
    assert np.array_equal(one.sequences.bases, same.sequences.bases)
    assert not np.array_equal(one.sequences.bases[:99], other.sequences.bases[:99])
    assert abs(one.target.values.mean() - 0.5) < 0.15


def test_motifs_are_in_one_class_and_every_tenth_label_is_wrong():
    table = planted_signal("motif", n=2_000, seed=1).table
    holds = np.array([HALF in table.sequences.letters(row) for row in range(len(table))])
    assert abs((holds != table.target.values).mean() - 0.1) < 0.02


def test_of_a_spacing_rule_only_the_gap_tells():
    table = planted_signal("spacing", n=600, seed=2).table
    whole = HALF + "." * RIGHT_GAP + decode(SECOND)
    texts = [table.sequences.letters(row) for row in range(len(table))]
    assert all(HALF in text and decode(SECOND) in text for text in texts)
    gaps = np.array([text.find(decode(SECOND), text.find(HALF)) - text.find(HALF) - len(HALF) for text in texts])
    right = gaps == len(whole) - len(HALF) - len(decode(SECOND))
    assert abs((right != table.target.values).mean() - 0.1) < 0.04


@pytest.mark.parametrize(("signal", "column"), [("GC", 0), ("length", 3)])
def test_a_confounded_label_shows_in_one_covariate_only(signal, column):
    table = planted_signal(signal, n=1_000, seed=3).table
    described = composition_of(table.sequences)
    yes = table.target.values == 1
    moved = np.abs(described[yes].mean(axis=0) - described[~yes].mean(axis=0)) / (described.std(axis=0) + 1e-9)
    assert moved[column] > 0.8
    assert moved[3 - column] < 0.2


def test_copies_carry_their_label_and_noise_has_none():
    table = planted_signal("copies", n=500, seed=6).table
    train, _, test = table.parts()
    known = {train.sequences.letters(row): train.target.values[row] for row in range(len(train))}
    copied = [row for row in range(len(test)) if test.sequences.letters(row) in known]
    assert len(copied) == 40
    assert all(known[test.sequences.letters(row)] == test.target.values[row] for row in copied)
    noise = planted_signal("noise", n=500, seed=6).table
    texts = [noise.sequences.letters(row) for row in range(500)]
    assert len(set(texts)) == 500
