"""Baselines by name: each does what it says, on any table, and the control lands at chance."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.errors import ConfigurationError
from genolect.evaluation.methods import kmers
from genolect.evaluation.methods.baselines import baseline_arms, baseline_names, control_names
from genolect.evaluation.methods.kmers import Words
from genolect.evaluation.methods.method import blind
from genolect.evaluation.methods.simple import feature_arm
from genolect.statistics.metrics import auroc
from tests.evaluation.tasks import table, targets
from tests.tables.planted_signal import planted_signal


def reached(parts, run):
    return float(auroc(parts.test.target.values == 1, run.test[:, 1])[0])


def test_every_name_is_an_arm_and_an_unknown_one_is_refused():
    assert list(baseline_arms([*baseline_names(), *control_names()])) == [*baseline_names(), *control_names()]
    with pytest.raises(ConfigurationError, match=r"there is no arm 'kmer_magic'. Fix: choose of majority, "):
        baseline_arms(["kmer_magic"])


@pytest.mark.parametrize(
    ("signal", "arm", "low", "high"),
    [
        ("GC", "composition", 0.78, 1.0),
        ("length", "composition", 0.9, 1.0),
        ("motif", "composition", 0.4, 0.68),
        ("motif", "kmer_logistic", 0.8, 0.95),
        ("spacing", "kmer_logistic", 0.4, 0.6),
        ("noise", "kmer_logistic", 0.4, 0.6),
        ("copies", "nearest_neighbour", 0.65, 0.9),
        ("noise", "nearest_neighbour", 0.4, 0.6),
    ],
)
def test_arms_find_what_was_planted_for_them_and_nothing_else(signal, arm, low, high):
    parts = planted_signal(signal, n=1_600, length=80, seed=4).table.parts()
    [run] = baseline_arms([arm], strands="one")[arm](blind(parts), [1])
    assert low < reached(parts, run) < high


def test_shuffled_labels_land_at_chance_where_the_true_ones_do_not():
    parts = planted_signal("GC", n=1_200, length=80, seed=4).table.parts()
    arms = baseline_arms(["kmer_logistic", control_names()[0]])
    [real] = arms["kmer_logistic"](blind(parts), [1])
    shuffled = arms[control_names()[0]](blind(parts), [1, 2])
    assert reached(parts, real) > 0.75
    assert len(shuffled) == kmers.PERMUTATIONS
    assert abs(np.mean([reached(parts, run) for run in shuffled]) - 0.5) < 0.1


def test_all_arms_of_words_read_the_length_that_the_probe_chose():
    parts = blind(planted_signal("motif", n=700, length=60, seed=2).table.parts())
    words = Words("one")
    chosen = words.chosen(parts, [])[0].setting.split(",")[0]
    for learner in (kmers.linear, kmers.margin):
        assert words.learned(learner, parts, [])[0].setting.split(",")[0] == chosen
    assert words.learned(kmers.linear, parts, [], longest=2)[0].setting.startswith("words of 2,")
    assert words.chosen(parts, [])[0].tried == 6


def test_words_are_counted_anew_for_another_task(monkeypatch):
    asked = []
    count = kmers.word_frequencies
    monkeypatch.setattr(kmers, "word_frequencies", lambda *given, **more: asked.append(1) or count(*given, **more))
    words = Words("both")
    one, other = (planted_signal("noise", n=90, seed=seed).table.parts() for seed in (1, 2))
    for parts in (one, one, other):
        words.features(parts, 3)
    assert len(asked) == 6


def test_words_longer_than_the_sequences_and_tables_beyond_memory_are_left_out(monkeypatch):
    parts = planted_signal("noise", n=90, length=4, seed=1).table.parts()
    assert Words("both").lengths(parts) == (1, 2, 3, 4)
    monkeypatch.setattr(kmers, "MOST_CELLS", 90 * 4**2)
    assert Words("both").lengths(parts) == (1, 2)


@pytest.mark.parametrize("kind", ["classes", "multilabel", "number"])
def test_cheap_arms_answer_every_kind(kind):
    parts = blind(table(targets()[kind]).parts())
    names = [*baseline_names()[:5], *control_names()]
    for arm in baseline_arms(names).values():
        for run in arm(parts, [1]):
            assert run.test.shape == (120, *(() if kind == "number" else (3,)))
            assert np.isfinite(run.test).all()


def test_a_function_of_sequences_is_an_arm():
    parts = planted_signal("length", n=400, seed=1).table.parts()
    [run] = feature_arm(lambda sequences: sequences.lengths[:, None].astype(float))(blind(parts), [])
    assert reached(parts, run) > 0.9
