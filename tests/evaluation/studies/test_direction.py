"""Direction: what collapses when it is read backwards, what does not, and real splice junctions."""

from __future__ import annotations

import csv
import gzip

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from genolect.evaluation.studies.direction import READINGS, direction_rows, direction_sentences, read_as
from genolect.random import derived_generator
from genolect.sequence.alphabet import encode, reverse_complement

N = 400


def windows(n: int = N, length: int = 31) -> np.ndarray:
    return derived_generator(1, "windows").integers(4, size=(n, length), dtype=np.uint8)


def counted(word: tuple[int, ...]):
    """Score sequences, ragged or not, by how often a word is in them."""

    def count(bases: np.ndarray) -> int:
        shifted = [bases[place : len(bases) - len(word) + 1 + place] == letter for place, letter in enumerate(word)]
        return int(np.logical_and.reduce(shifted).sum())

    return lambda sequences: np.array([count(bases) for bases in sequences], dtype=float)


def planted(word: tuple[int, ...]):
    sequences, labels = windows(), np.arange(N) % 2
    sequences[labels == 1, 9 : 9 + len(word)] = word
    return sequences, labels


def values(rows, metric):
    return {row["arm"].removeprefix("a (").removesuffix(")"): row for row in rows if row["metric"] == metric}


def test_every_reading_undoes_itself_and_reversal_and_complement_make_the_other_strand():
    bases = windows(7)
    for reading in READINGS:
        np.testing.assert_array_equal(read_as(read_as(bases, reading), reading), bases)
    both = read_as(read_as(bases, "reversed"), "complement")
    np.testing.assert_array_equal(both, read_as(bases, "reverse_complement"))
    np.testing.assert_array_equal(both, reverse_complement(bases))


def test_a_directional_word_is_lost_on_the_reversed_sequence():
    word = (3, 1, 0, 2, 0)
    sequences, labels = planted(word)
    rows = direction_rows(counted(word), sequences, labels, task="motif", arm="a")
    auroc, change = values(rows, "auroc"), values(rows, "auroc_change")
    assert auroc["forward"]["value"] > 0.95
    assert auroc["reversed"]["low"] < 0.55
    assert change["reversed"]["high"] < -0.3
    assert set(change) == {"reversed", "complement", "reverse_complement"}
    assert any("reversed" in text and text.endswith(": worse.") for text in direction_sentences(rows, arm="a"))


def test_a_word_known_on_both_strands_is_kept_on_the_other_one():
    word, other = (3, 1, 0, 2, 0), (3, 1, 3, 2, 0)
    sequences, labels = planted(word)
    rows = direction_rows(
        lambda bases: counted(word)(bases) + counted(other)(bases), sequences, labels, task="motif", arm="a"
    )
    change = values(rows, "auroc_change")
    assert change["reverse_complement"]["value"] == change["reverse_complement"]["low"] == 0
    assert change["reversed"]["high"] < -0.3


def test_a_label_without_direction_does_not_change():
    sequences = windows()
    content = ((sequences == 1) | (sequences == 2)).mean(axis=1)
    rows = direction_rows(
        lambda bases: np.array([((row == 1) | (row == 2)).mean() for row in bases]),
        sequences,
        (content > np.median(content)).astype(np.int64),
        task="GC",
        arm="a",
    )
    assert {row["value"] for row in rows if row["metric"] == "auroc"} == {1.0}
    changes = [row for row in rows if row["metric"] == "auroc_change"]
    assert all(row["value"] == row["low"] == row["high"] == 0 for row in changes)
    assert all(sentence.endswith(": the same.") for sentence in direction_sentences(rows, arm="a"))


def test_ragged_sequences_classes_and_blocks_agree_with_scikit_learn():
    sequences = [bases[: 17 + number % 5] for number, bases in enumerate(windows(150))]
    labels = derived_generator(2, "labels").integers(3, size=150)
    odds = derived_generator(3, "odds").random((150, 3))
    given = iter([odds] * len(READINGS))
    rows = direction_rows(
        lambda read: next(given), sequences, labels, task="three", arm="a", blocks=np.arange(150) // 10, split="dev"
    )
    expected = np.mean([roc_auc_score(labels == code, odds[:, code]) for code in range(3)])
    auroc = values(rows, "auroc")["complement"]
    assert auroc["value"] == pytest.approx(expected)
    assert (auroc["n"], auroc["split"]) == (150, "dev")
    assert auroc["low"] < expected < auroc["high"]


@pytest.mark.parametrize(
    ("labels", "answers", "message"),
    [
        (np.zeros(3, dtype=int), np.zeros(4), "4 sequences have 3 labels"),
        (np.array([0, 1, 2, 0]), np.zeros((4, 2)), r"answers of shape \(4, 2\) to 4 sequences of 3 classes"),
        (np.array([0, 1, 0, 1]), np.array([0, 1, np.nan, 2]), "one finite number"),
    ],
)
def test_answers_that_do_not_fit_are_refused(labels, answers, message):
    with pytest.raises(ValueError, match=message):
        direction_rows(lambda read: answers, windows(4), labels, task="t", arm="a")


def test_splice_junctions_collapse_on_the_reversed_sequence(data_folder):
    with gzip.open(data_folder / "tasks" / "splice_uci.tsv.gz", "rt") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if set(row["sequence"]) <= set("ACGT")]
    sequences = np.stack([encode(row["sequence"]) for row in rows])
    labels = np.array([["n", "ei", "ie"].index(row["label"]) for row in rows])
    training = np.arange(len(rows)) % 3 > 0

    def one_hot(bases):
        return np.eye(4)[np.asarray(bases)].reshape(len(bases), -1)

    scorer = LogisticRegression(max_iter=500, C=0.05).fit(one_hot(sequences[training]), labels[training])
    found = direction_rows(
        lambda bases: scorer.predict_proba(one_hot(bases)), sequences[~training], labels[~training], task="s", arm="a"
    )
    auroc = values(found, "auroc")
    assert auroc["forward"]["value"] > 0.97
    assert auroc["reversed"]["value"] < 0.75
