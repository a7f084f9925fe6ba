"""Verdicts: the interval decides, also against the model."""

from __future__ import annotations

import pytest

from genolect.report.results import read_results
from genolect.report.verdict import comparisons, sentences
from tests.report.example import example_results


def results(pretraining=None, differences=(), probe=None):
    rows = [
        {"task": "genes", "arm": arm, "metric": "auroc_difference", "value": value, "low": low, "high": high, "n": 41}
        for arm, value, low, high in differences
    ]
    return read_results({"format": 1, "pretraining": pretraining, "evaluation": rows, "probe": probe})


def bits(value, low, high):
    return {"bits_per_hidden_base": 1.9, "difference": {"value": value, "low": low, "high": high}, "hidden_bases": 977}


@pytest.mark.parametrize(
    ("interval", "outcome", "word"),
    [
        ((-0.02, -0.03, -0.01), "better", "beats"),
        ((0.02, 0.01, 0.03), "worse", "LOSES to"),
        ((0.001, -0.01, 0.02), "undecided", "is not told apart from"),
        ((-0.0001, -0.0002, -0.00005), "better", "beats"),
        ((-0.02, None, None), "undecided", "is not told apart from"),
    ],
)
def test_fewer_bits_are_better_and_the_interval_decides(interval, outcome, word):
    content = results(bits(*interval))
    (comparison,) = comparisons(content)
    assert comparison.outcome == outcome
    assert comparison.n == "977 hidden bases"
    (sentence,) = sentences(content)
    assert f"The model {word} the count model" in sentence


@pytest.mark.parametrize(
    ("difference", "outcome", "word"),
    [
        ((0.08, 0.05, 0.11), "better", "beats"),
        ((-0.08, -0.11, -0.05), "worse", "LOSES to"),
        ((0.002, -0.004, 0.008), "equivalent", "equivalent"),
        ((0.03, -0.01, 0.07), "undecided", "undecided"),
        ((0.03, None, None), "undecided", "undecided"),
        ((None, None, None), "undecided", "undecided"),
    ],
)
def test_more_auroc_is_better_and_table_and_sentence_agree(difference, outcome, word):
    content = results(differences=[("random_probe", *difference)])
    (comparison,) = comparisons(content)
    assert comparison.outcome == outcome
    (sentence,) = sentences(content)
    assert word in sentence


def test_the_twin_and_k_mers_are_compared_in_this_order_and_others_are_not():
    given = [(arm, 0.1, 0.05, 0.2) for arm in ("majority", "kmer_logistic", "random_probe")]
    questions = [comparison.question for comparison in comparisons(results(differences=given))]
    assert questions == [
        "AUROC: pretrained probe minus random twin",
        "AUROC: pretrained probe minus k-mer counting",
    ]


def test_two_tasks_are_named():
    content = example_results()
    content["evaluation"] += [row | {"task": "promoters"} for row in content["evaluation"]]
    questions = [comparison.question for comparison in comparisons(read_results(content))]
    assert sum("(promoters)" in question for question in questions) == 2
    assert sum("(features)" in question for question in questions) == 2


def test_the_runs_own_sentences_win():
    content = results(
        bits(0.1, 0.05, 0.2) | {"verdict": "It lost."}, [("random_probe", 0.1, 0, 0.2)], {"sentences": ["So."]}
    )
    assert sentences(content) == ["It lost.", "So."]


@pytest.mark.parametrize(
    ("pretraining", "message"),
    [({}, "not scored"), ({"bits_per_hidden_base": 1.95}, "1.9500 bits per hidden base; it was not compared")],
)
def test_pretraining_without_figures_claims_nothing(pretraining, message):
    content = results(pretraining)
    assert comparisons(content) == []
    assert message in sentences(content)[0]


def test_nothing_gives_nothing():
    assert (comparisons(results()), sentences(results())) == ([], [])
