"""The panel: who wins, who loses, what chance looks like, who sees what, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from genolect.errors import ConfigurationError, InputError
from genolect.evaluation.methods.baselines import baseline_arms, control_names
from genolect.evaluation.methods.learners import learn, linear
from genolect.evaluation.methods.method import Answers
from genolect.evaluation.panel import PanelOptions, PanelResult, check_task, run_panel
from genolect.tables.table import Target
from tests.evaluation.tasks import features, table, targets
from tests.tables.planted_signal import planted_signal

CLASSES = ("a", "b", "c")
QUICK = PanelOptions(resamples=120)
TABLE = table(targets()["classes"])


def arm(noise: float, seed: int = 1):
    return lambda parts, seeds: learn(linear, features(parts, noise, seed), parts, seeds)


MAJORITY = baseline_arms(["majority"])
STRONG, WEAK, NOISE = arm(0.3), arm(1.5), arm(60.0)


def value(result: PanelResult, name: str, metric: str) -> dict:
    [found] = [row for row in result.rows if (row["arm"], row["metric"]) == (name, metric)]
    return found


def run(given=TABLE, reference="pretrained_probe", options=QUICK, **arms) -> PanelResult:
    return run_panel(given, MAJORITY | arms, reference=reference, options=options)


def test_the_rows_are_complete_and_plain():
    result = run(composition=WEAK, pretrained_probe=STRONG)
    metrics = {"auroc", "auprc", "mcc", "brier", "ece", "accuracy", "macro_f1"}
    metrics |= {f"{metric}[{name}]" for name in CLASSES for metric in ("auroc", "auprc")}
    expected = {(one, metric) for one in ("majority", "composition", "pretrained_probe") for metric in metrics}
    expected |= {("majority", "auroc_difference"), ("composition", "auroc_difference")}
    assert {(row["arm"], row["metric"]) for row in result.rows} == expected
    assert len(result.rows) == len(expected)
    assert {tuple(row) for row in result.rows} == {("task", "arm", "metric", "value", "low", "high", "n", "split")}
    assert {(row["task"], row["n"], row["split"]) for row in result.rows} == {("toy", 120, "test")}
    assert all(row["low"] <= row["high"] for row in result.rows)
    assert json.loads(json.dumps(result.rows, allow_nan=False)) == result.rows
    assert sum(one["n"] for one in result.calibration["composition"]) == 120
    assert result.blocks == 31


@pytest.mark.parametrize(
    ("kind", "headline"), [("multilabel", "auroc"), ("number", "pearson"), ("two classes", "auroc")]
)
def test_every_kind_has_its_headline(kind, headline):
    result = run(table(targets()[kind]), weak=WEAK, pretrained_probe=STRONG)
    assert result.headline == headline
    assert result.verdicts == {"majority": "better", "weak": "better"}
    assert value(result, "weak", f"{headline}_difference")["value"] > 0.05


def test_the_stronger_arm_wins_and_the_panel_says_so():
    result = run(kmer_logistic=WEAK, pretrained_probe=STRONG)
    assert result.verdicts == {"majority": "better", "kmer_logistic": "better"}
    assert "the pretrained probe has the highest AUROC" in result.sentences[0]
    assert "the pretrained probe beats k-mer counting by" in result.sentences[1]
    assert "the pretrained probe beats the majority guess by" in result.sentences[2]
    assert not [one for one in result.sentences if "LOSES" in one]


def test_a_model_that_loses_is_called_a_loser():
    result = run(kmer_logistic=STRONG, pretrained_probe=WEAK)
    assert result.verdicts == {"majority": "better", "kmer_logistic": "worse"}
    assert "k-mer counting has the highest AUROC" in result.sentences[0]
    assert "the pretrained probe LOSES to k-mer counting by" in result.sentences[1]


def test_the_same_answers_are_equivalent_and_noise_knows_nothing():
    result = run(random_probe=STRONG, pretrained_probe=STRONG)
    difference = value(result, "random_probe", "auroc_difference")
    assert (difference["value"], difference["low"], difference["high"]) == (0.0, 0.0, 0.0)
    assert result.verdicts["random_probe"] == "equivalent"
    nothing = run(pretrained_probe=NOISE)
    assert nothing.verdicts == {"majority": "undecided"}
    assert "On toy, the pretrained probe is not shown to know anything: see the majority guess." in nothing.sentences


def test_without_a_reference_it_is_the_best_on_validation_whatever_the_test_says():
    def lucky(parts, seeds):
        """Bad on validation, as good as can be on test."""
        truth = np.eye(3)[TABLE.parts().test.target.values]
        return [Answers(np.full((81, 3), 1 / 3), truth)]

    result = run(reference=None, lucky=lucky, weak=WEAK, strong=STRONG)
    assert result.reference == "strong"
    assert result.verdicts["lucky"] == "worse"


def test_no_arm_sees_a_test_label():
    def cheat(parts, seeds):
        assert (parts.test.target.values == -1).all()
        return STRONG(parts, seeds)

    assert value(run(pretrained_probe=cheat), "pretrained_probe", "auroc")["value"] > 0.8


def test_runs_of_a_random_arm_widen_what_one_more_run_would_score():
    def drawn(parts, seeds):
        assert len(set(seeds)) == 3
        return [learn(linear, features(parts, 1.5, seed % 1_000), parts, [])[0] for seed in seeds]

    result = run(fixed=WEAK, pretrained_probe=drawn)
    rows = [value(result, name, "auroc") for name in ("fixed", "pretrained_probe")]
    widths = [row["high"] - row["low"] for row in rows]
    assert widths[1] > widths[0]
    assert len(result.arms["pretrained_probe"].runs) == 3
    assert result.comparisons["fixed"].p_value is not None


def test_another_margin_and_another_seed():
    wide = run(composition=WEAK, pretrained_probe=STRONG, options=PanelOptions(resamples=120, margin=0.9))
    assert wide.verdicts == {"majority": "equivalent", "composition": "equivalent"}
    first, again, other = (
        run(pretrained_probe=WEAK, options=PanelOptions(resamples=40, seed=seed)).rows for seed in (1, 1, 2)
    )
    assert first == again
    assert [row["value"] for row in first] == [row["value"] for row in other]
    assert [row["low"] for row in first] != [row["low"] for row in other]


def test_too_few_groups_give_values_and_no_intervals():
    given = replace(TABLE, group=np.array([f"g{number % 3}" for number in range(len(TABLE))]))
    result = run(given, pretrained_probe=STRONG)
    assert result.verdicts == {"majority": "undecided"}
    assert {row["low"] for row in result.rows} == {None}
    assert value(result, "pretrained_probe", "auroc")["value"] > 0.8
    assert "The test set gives no intervals: 3 groups, and an interval needs 5." in result.sentences


@pytest.mark.parametrize(
    ("signal", "said", "not_said"),
    [
        ("GC", "base composition (GC, CpG, N, length) alone makes", "near twin"),
        ("length", "base composition (GC, CpG, N, length) alone makes", "near twin"),
        ("motif", "k-mer counting beats base composition", "alone makes"),
        ("copies", "the nearest neighbour, which understands nothing, makes", "alone makes"),
        ("noise", "not shown to know anything", "alone makes"),
    ],
)
def test_the_panel_says_what_was_planted(signal, said, not_said):
    names = ["majority", "composition", "nearest_neighbour", "kmer_logistic", control_names()[0]]
    given = planted_signal(signal, n=1_500, length=80, seed=2).table
    result = run_panel(given, baseline_arms(names, strands="one"), reference="kmer_logistic", options=QUICK)
    text = " ".join(result.sentences)
    assert said in text
    assert not_said not in text
    assert "SHUFFLED" not in text


def test_arms_that_answer_something_else_are_refused():
    def short(parts, seeds):
        [one] = STRONG(parts, seeds)
        return [replace(one, test=one.test[:-1])]

    def silent(parts, seeds):
        [one] = STRONG(parts, seeds)
        return [replace(one, test=one.test * np.nan)]

    with pytest.raises(ConfigurationError, match=r"the arm 'cnn' gives answers of shape \(119, 3\), not \(120, 3\)"):
        run(reference=None, cnn=short)
    with pytest.raises(ConfigurationError, match="the arm 'cnn' gives answers that are no numbers"):
        run(reference=None, cnn=silent)
    with pytest.raises(ConfigurationError, match="the reference 'svm' is not run"):
        run(reference="svm")


def test_tasks_that_nothing_can_be_learnt_from_are_refused():
    labels = TABLE.target.values.copy()
    labels[:210][labels[:210] == 2] = 0
    given = replace(TABLE, target=Target("classes", CLASSES, labels))
    with pytest.raises(InputError, match="toy has no training example of the class 'c'"):
        check_task(given.parts())
    numbers = targets()["number"].values.copy()
    numbers[210:291] = 7.0
    with pytest.raises(InputError, match="the validation examples of toy all have one label"):
        check_task(table(Target("number", ("y",), numbers)).parts())
