"""The panel on planted signals: who wins, who loses, what chance looks like, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from genolect.data.labelled_windows import LabelledWindows
from genolect.errors import ConfigurationError
from genolect.evaluation.panel import ArmFeatures, PanelResult, Task, run_panel

CLASSES = ("intergenic", "intron", "coding 1")
SIZES = {"train": 420, "validation": 150, "test": 300}
CENTRES = np.random.Generator(np.random.Philox(99)).normal(size=(3, 5))


def part(n: int, *, seed: int, blocks: int = 30) -> LabelledWindows:
    label = np.random.Generator(np.random.Philox(seed)).permutation(np.arange(n) % 3)
    place = np.arange(n)
    ones = np.ones(n, dtype=np.int8)
    return LabelledWindows(CLASSES, np.full(n, "chrI"), place, place + 1, ones, label, place * blocks // n)


def task(**options: int) -> Task:
    parts = [part(size, seed=number, **options) for number, size in enumerate(SIZES.values())]
    return Task("toy genes", *parts)


def arm(given: Task, *, signal: float, seed: int) -> ArmFeatures:
    generator = np.random.Generator(np.random.Philox(seed))
    parts = (given.train, given.validation, given.test)
    return ArmFeatures(*(signal * CENTRES[one.label] + generator.normal(size=(len(one), 5)) for one in parts))


TASK = task()
STRONG, WEAK, NOISE = (arm(TASK, signal=signal, seed=seed) for seed, signal in enumerate((1.2, 0.5, 0.0)))


def value(result: PanelResult, arm_name: str, metric: str) -> dict:
    found = [row for row in result.rows if (row["arm"], row["metric"]) == (arm_name, metric)]
    assert len(found) == 1
    return found[0]


def test_the_rows_are_complete_and_plain():
    result = run_panel(TASK, {"composition": WEAK, "pretrained_probe": STRONG}, resamples=60)
    metrics = ["auroc", "auprc", "mcc", "brier", "ece"]
    metrics += [f"{metric}[{name}]" for name in CLASSES for metric in ("auroc", "auprc")]
    expected = [(one, metric) for one in ("majority", "composition", "pretrained_probe") for metric in metrics]
    expected += [("majority", "auroc_difference"), ("composition", "auroc_difference")]
    assert [(row["arm"], row["metric"]) for row in result.rows] == expected
    assert {tuple(row) for row in result.rows} == {("task", "arm", "metric", "value", "low", "high", "n", "split")}
    assert {(row["task"], row["n"], row["split"]) for row in result.rows} == {("toy genes", 300, "test")}
    assert all(row["low"] <= row["high"] for row in result.rows)
    assert json.loads(json.dumps(result.rows, allow_nan=False)) == result.rows
    assert list(result.calibration) == ["majority", "composition", "pretrained_probe"]
    assert sum(one["n"] for one in result.calibration["composition"]) == 300
    assert result.blocks == 30


def test_the_stronger_arm_wins_and_the_panel_says_so():
    result = run_panel(TASK, {"kmer_logistic": WEAK, "pretrained_probe": STRONG}, resamples=200)
    assert result.verdicts == {"majority": "better", "kmer_logistic": "better"}
    assert "the pretrained probe has the highest AUROC" in result.sentences[0]
    assert "the pretrained probe beats k-mer counting by" in result.sentences[1]
    assert "the pretrained probe beats the majority guess by" in result.sentences[2]
    assert not [one for one in result.sentences if "LOSES" in one]


def test_a_model_that_loses_is_called_a_loser():
    result = run_panel(TASK, {"kmer_logistic": STRONG, "pretrained_probe": WEAK}, resamples=200)
    assert result.verdicts == {"majority": "better", "kmer_logistic": "worse"}
    assert "k-mer counting has the highest AUROC" in result.sentences[0]
    assert "the pretrained probe LOSES to k-mer counting by" in result.sentences[1]


def test_the_same_features_are_equivalent_and_noise_is_undecided():
    result = run_panel(TASK, {"random_probe": STRONG, "pretrained_probe": STRONG}, resamples=100)
    difference = value(result, "random_probe", "auroc_difference")
    assert (difference["value"], difference["low"], difference["high"]) == (0.0, 0.0, 0.0)
    assert result.verdicts["random_probe"] == "equivalent"
    assert run_panel(TASK, {"pretrained_probe": NOISE}, resamples=200).verdicts == {"majority": "undecided"}


def test_a_difference_is_that_of_the_values_and_its_interval_is_paired():
    noisy = (one + 0.2 * np.random.Generator(np.random.Philox(8)).normal(size=one.shape) for one in WEAK)
    result = run_panel(TASK, {"random_probe": ArmFeatures(*noisy), "pretrained_probe": WEAK}, resamples=200)
    ours, theirs = (value(result, name, "auroc") for name in ("pretrained_probe", "random_probe"))
    difference = value(result, "random_probe", "auroc_difference")
    assert difference["value"] == pytest.approx(ours["value"] - theirs["value"])
    assert difference["high"] - difference["low"] < 0.6 * (ours["high"] - ours["low"])


def test_the_majority_knows_nothing():
    result = run_panel(TASK, {}, resamples=60)
    assert value(result, "majority", "auroc")["value"] == 0.5
    assert value(result, "majority", "mcc")["value"] == 0.0
    assert value(result, "majority", "auprc[intron]")["value"] == pytest.approx(100 / 300)
    assert result.verdicts == {}
    assert len(result.sentences) == 1


def test_the_majority_is_that_of_the_training_windows():
    most = np.flatnonzero(TASK.train.label != 2)[:200]
    few = np.flatnonzero(TASK.train.label == 2)[:50]
    train = TASK.train.select(np.sort(np.concatenate([most, few])))
    frequencies = np.bincount(train.label) / 250
    result = run_panel(TASK._replace(train=train), {}, resamples=20)
    expected = np.mean([((frequencies - np.eye(3)[label]) ** 2).sum() for label in TASK.test.label])
    assert value(result, "majority", "brier")["value"] == pytest.approx(expected)


def test_permuted_labels_land_at_chance():
    generator = np.random.Generator(np.random.Philox(12))
    parts = (TASK.train, TASK.validation, TASK.test)
    reached = []
    for _ in range(6):
        permuted = Task("null", *(replace(one, label=generator.permutation(one.label)) for one in parts))
        result = run_panel(permuted, {"pretrained_probe": STRONG}, resamples=20)
        reached.append(value(result, "pretrained_probe", "auroc")["value"])
    assert abs(np.mean(reached) - 0.5) < 0.03
    assert (
        value(run_panel(TASK, {"pretrained_probe": STRONG}, resamples=20), "pretrained_probe", "auroc")["value"] > 0.9
    )


def test_another_reference_and_margin_can_be_named():
    arms = {"composition": WEAK, "kmer_logistic": STRONG}
    result = run_panel(TASK, arms, reference="kmer_logistic", resamples=100, margin=0.9)
    assert result.verdicts == {"majority": "equivalent", "composition": "equivalent"}
    assert run_panel(TASK, arms, resamples=20).verdicts == {}


def test_one_seed_gives_one_result_and_another_seed_another_interval():
    first, again, other = (run_panel(TASK, {"composition": WEAK}, seed=seed, resamples=40).rows for seed in (1, 1, 2))
    assert first == again
    assert [row["value"] for row in first] == [row["value"] for row in other]
    assert [row["low"] for row in first] != [row["low"] for row in other]


def test_too_few_blocks_give_values_and_no_intervals():
    given = task(blocks=3)
    result = run_panel(given, {"pretrained_probe": STRONG}, resamples=50)
    assert result.verdicts == {"majority": "undecided"}
    assert {row["low"] for row in result.rows} == {None}
    assert value(result, "pretrained_probe", "auroc")["value"] > 0.8
    assert result.sentences[-1] == "The test set has only 3 of the 5 blocks that an interval needs."


def test_what_does_not_fit_is_refused():
    short = STRONG._replace(test=STRONG.test[:-1])
    with pytest.raises(ConfigurationError, match="arm 'cnn' has features of 299 windows, and test has 300"):
        run_panel(TASK, {"cnn": short})
    with pytest.raises(ConfigurationError, match="arm 'majority' was given features"):
        run_panel(TASK, {"majority": STRONG})
    other = TASK._replace(validation=replace(TASK.validation, classes=("intergenic", "intron", "UTR")))
    with pytest.raises(ConfigurationError, match="classes of validation are intergenic, intron, UTR"):
        run_panel(other, {"composition": WEAK})
