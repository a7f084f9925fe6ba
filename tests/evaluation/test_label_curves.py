"""Curves over shares of the labels on tasks of known truth: who needs few labels, who never gets there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from genolect.encoders.transformer import TransformerConfig
from genolect.errors import InputError
from genolect.evaluation import label_curve as module
from genolect.evaluation.label_curve import CurveOptions, LabelCurves, label_curves
from genolect.evaluation.methods.method import Answers, Arm
from genolect.models.model import new_model
from genolect.sequence.ragged import RaggedBases
from genolect.tables.table import LabelledTable, Parts, Places, Target
from genolect.tokenizers.nucleotide import NucleotideTokenizer

N = 600
SHORT = CurveOptions(shares=(0.05, 0.3, 1.0), draws=3)


@pytest.fixture(autouse=True)
def short_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WORD_LENGTHS", (1, 2))


def parts_of(target: Target, shares: np.ndarray) -> Parts:
    generator = np.random.Generator(np.random.Philox(2))
    rows = [generator.choice(4, size=30 + row % 4, p=share).astype(np.uint8) for row, share in enumerate(shares)]
    split = np.array(["train", "train", "train", "validation", "test"])[np.arange(N) % 5]
    group = (np.arange(N) // 5 % 24).astype(str)
    names = np.arange(N).astype(str)
    return LabelledTable("toy", names, RaggedBases.of(rows), target, split, group, Places.unknown(N)).parts()


def gc_task() -> Parts:
    label = np.arange(N) // 3 % 2
    shares = np.where(label[:, None] == 1, [0.15, 0.35, 0.35, 0.15], [0.35, 0.15, 0.15, 0.35])
    return parts_of(Target("classes", ("low", "high"), label), shares)


def by_arm(found: LabelCurves) -> dict[str, list[float]]:
    arms: dict[str, list[float]] = {}
    for row in found.rows:
        arms.setdefault(row["arm"], []).append(row["value"])
    return arms


def guess(parts: Parts, seeds: Sequence[int]) -> list[Answers]:
    generator = np.random.Generator(np.random.Philox(seeds[0]))
    answers = [generator.random((len(part), 2)) for part in parts[1:]]
    return [Answers(*(one / one.sum(axis=1, keepdims=True) for one in answers))]


def test_an_arm_that_guesses_never_reaches_words() -> None:
    found = label_curves(gc_task(), {}, {"guess": guess}, options=SHORT)
    values = by_arm(found)
    assert values["kmer_logistic"][-1] > 0.95
    assert all(abs(value - 0.5) < 0.12 for value in values["guess"])
    [sentence] = found.sentences
    assert sentence.startswith("With the labels there are, “guess” does not reach what k-mer counting reaches")
    assert "never within the labels there are" in sentence


def test_an_arm_that_knows_needs_the_fewest_labels() -> None:
    parts = gc_task()

    def knows(asked: Parts, seeds: Sequence[int]) -> list[Answers]:
        assert (asked.test.target.values == -1).all()
        strong = [np.array([np.isin(row, (1, 2)).mean() for row in part.sequences]) for part in asked[1:]]
        return [Answers(*(np.stack([1 - one, one], axis=1) for one in strong))]

    found = label_curves(parts, {}, {"knows": knows}, options=SHORT)
    values = by_arm(found)
    assert values["knows"] == [values["knows"][0]] * 3
    assert values["knows"][0] >= values["kmer_logistic"][0]
    assert found.rows[0]["labels"] == 18
    assert any("all 120 validation labels" in note for note in found.notes)


def knows_the_rule(parts: Parts, seeds: Sequence[int]) -> list[Answers]:
    """Answer by GC, and validation, which decides what the bar is, perfectly."""
    gc = np.array([np.isin(row, (1, 2)).mean() for row in parts.test.sequences])
    return [Answers(np.eye(2)[parts.validation.target.values], np.stack([1 - gc, gc], axis=1))]


def test_a_model_that_is_trained_is_never_the_bar_though_a_baseline_as_good_would_be() -> None:
    found = label_curves(gc_task(), {}, {"guess": guess}, trained={"tuned": knows_the_rule}, options=SHORT)
    assert {row["arm"] for row in found.rows} == {"kmer_logistic", "guess", "tuned"}
    assert [sentence.count("what k-mer counting reaches with all of them") for sentence in found.sentences] == [1, 1]
    found = label_curves(gc_task(), {}, {"knows": knows_the_rule}, trained={"tuned": guess}, options=SHORT)
    assert [sentence.count("what “knows” reaches with all of them") for sentence in found.sentences] == [1, 1]


@pytest.mark.parametrize(
    ("tuned", "twin", "verdict"), [(knows_the_rule, guess, "better"), (guess, knows_the_rule, "worse")]
)
def test_a_fine_tuned_model_is_compared_with_its_twin_at_every_share(tuned: Arm, twin: Arm, verdict: str) -> None:
    arms = {"finetuned_twin": twin, "finetuned": tuned}
    found = label_curves(gc_task(), {}, {}, trained=arms, options=SHORT)
    assert [one["verdict"] for one in found.comparisons] == [verdict] * 3
    values = by_arm(found)
    for place, one in enumerate(found.comparisons):
        assert one["value"] == pytest.approx(values["finetuned"][place] - values["finetuned_twin"][place])
        assert one["labels"] == (18, 108, 360)[place]
    [reached] = [said for said in found.sentences if "what the fully trained random twin reaches" in said]
    assert ("does not reach" in reached) == (verdict == "worse")
    assert sum("labels of toy, the fine-tuned model" in said for said in found.sentences) == 3
    alone = label_curves(gc_task(), {}, {}, trained={"finetuned": tuned}, options=SHORT)
    assert not alone.comparisons


def test_the_same_arm_under_both_names_makes_no_difference() -> None:
    arms = {"finetuned_twin": guess, "finetuned": guess}
    found = label_curves(gc_task(), {}, {}, trained=arms, options=SHORT)
    assert [(one["value"], one["verdict"]) for one in found.comparisons] == [(0.0, "equivalent")] * 3


def test_arms_that_draw_get_new_seeds_with_every_subset_and_with_all_labels() -> None:
    asked: list[tuple[int, tuple[int, ...]]] = []
    said: list[str] = []

    def noted(parts: Parts, seeds: Sequence[int]) -> list[Answers]:
        asked.append((len(parts.train), tuple(seeds)))
        return [guess(parts, [seed])[0] for seed in seeds]

    found = label_curves(gc_task(), {}, {"noted": noted}, options=SHORT, say=said.append)
    assert [labels for labels, _ in asked] == [18, 108, 360, 18, 108, 18, 108]
    seeds = [seed for _, some in asked for seed in some]
    assert len(set(seeds)) == 2 * 3 + 3
    assert [line for line in said if line.startswith("noted: ")][:3] == [
        "noted: 1 of 9, 18 labels",
        "noted: 2 of 9, 108 labels",
        "noted: 3 of 9, all 360 labels, 3 times",
    ]
    assert len(found.cpu_seconds["noted"]) == 3
    assert all(second >= 0 for seconds in found.cpu_seconds.values() for second in seconds)


def test_the_chance_of_training_widens_the_interval_with_all_labels() -> None:
    def once(parts: Parts, seeds: Sequence[int]) -> list[Answers]:
        return [guess(parts, [5])[0]]

    def reach(arm: Arm) -> float:
        row = label_curves(gc_task(), {}, {"guess": arm}, options=SHORT).rows[-1]
        return float(row["high"] - row["low"])

    assert reach(lambda parts, seeds: [guess(parts, [seed])[0] for seed in seeds]) > reach(once)


def test_no_interval_reaches_beyond_what_the_metric_can_be() -> None:
    turns = iter([1, -1] * 9)

    def torn(parts: Parts, seeds: Sequence[int]) -> list[Answers]:
        [right] = knows_the_rule(parts, seeds)
        return [right if next(turns) > 0 else Answers(right.validation, 1 - right.test) for _ in seeds]

    options = CurveOptions(shares=(0.3, 1.0), draws=2)
    found = label_curves(gc_task(), {}, {"torn": torn}, options=options)
    [few, every] = [row for row in found.rows if row["arm"] == "torn"]
    assert (few["low"], few["high"]) == (every["low"], every["high"]) == (0.0, 1.0)
    assert all(row["low"] > 0 for row in found.rows if row["arm"] == "kmer_logistic")


def test_a_frozen_model_gives_a_curve_and_the_same_again() -> None:
    config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    model = new_model(config, NucleotideTokenizer(), seed=1)
    once, again = (label_curves(gc_task(), {"pretrained_probe": model}, {}, options=SHORT) for _ in range(2))
    assert once == again
    values = by_arm(once)["pretrained_probe"]
    assert all(value > 0.9 for value in values)


def test_numbers_have_curves_too() -> None:
    gc = np.random.Generator(np.random.Philox(7)).uniform(0.2, 0.8, N)
    shares = np.stack([(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2], axis=1)
    found = label_curves(parts_of(Target("number", ("gc",), gc), shares), {}, {}, options=SHORT)
    assert {row["metric"] for row in found.rows} == {"pearson"}
    assert by_arm(found)["kmer_logistic"][-1] > 0.8


def test_too_few_labels_of_a_class_are_left_out_and_said() -> None:
    parts = gc_task()
    rare = np.where(np.arange(N) % 100 == 3, 1, 0)
    labelled = [replace(part, target=replace(part.target, values=rare[: len(part)])) for part in parts]
    options = CurveOptions(shares=(0.01, 1.0), draws=4)
    found = label_curves(Parts(*labelled), {}, {}, trained={"finetuned": guess}, options=options)
    for name in ("K-mer counting", "The fine-tuned model"):
        assert any(note.startswith(f"{name} could not learn from") and "4 labels" in note for note in found.notes)
    assert not any("could not learn" in note for note in label_curves(parts, {}, {}, options=SHORT).notes)


def test_a_task_that_nobody_could_learn_is_refused() -> None:
    parts = gc_task()
    alike = parts._replace(test=replace(parts.test, target=replace(parts.test.target, values=np.zeros(120, np.int64))))
    with pytest.raises(InputError, match="the test examples of toy all have one label"):
        label_curves(alike, {}, {}, options=SHORT)
