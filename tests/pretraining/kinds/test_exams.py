"""One exam per part: bars are tuned on validation, nothing of a test is chosen by the test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genolect.genome.context_counts import count_contexts
from genolect.genome.genome import prepare_genome
from genolect.genome.holdout import split_genome
from genolect.genome.windows import tile_places
from genolect.pretraining.assembly import assemble, gather, held_out_evaluations, training_windows
from genolect.pretraining.kinds import kind as module
from genolect.pretraining.kinds.causal import CausalExam, CausalPart
from genolect.pretraining.kinds.contrastive import ContrastivePart
from genolect.pretraining.kinds.kind import Held
from genolect.pretraining.kinds.labels import LabelExam, LabelsPart
from genolect.pretraining.kinds.masked import MaskedExam, MaskedPart
from genolect.pretraining.kinds.retrieval import RetrievalExam
from genolect.pretraining.loop import TrainingConfig
from genolect.pretraining.recipe import ClassSource, Recipe
from genolect.sequence.annotation import read_annotation
from tests.tiny import shrink, synthetic_folder, temporary_folder

WINDOW = 48
EXON = {"exon": ClassSource(file=str(synthetic_folder() / "genes.gff3"), feature="CDS")}


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    shrink(monkeypatch.setattr)


@pytest.fixture(scope="module")
def genome():
    return prepare_genome([synthetic_folder() / "genome.fa"], temporary_folder() / "prepared")


def exams_of(genome, recipe):
    ingredients, split = gather(genome, recipe), split_genome(genome, window=WINDOW)
    draft = TrainingConfig(steps=1, windows=5, window=WINDOW)
    parts = assemble(ingredients, training_windows(genome, split, draft), 5, split)
    counts = count_contexts(genome, split.train, 4)
    return held_out_evaluations(ingredients, parts, Held(genome, split, counts, WINDOW, 3))


def test_every_part_has_its_exam(genome):
    recipe = Recipe(
        classes=EXON,
        objectives={"a": MaskedPart(), "b": ContrastivePart(), "c": LabelsPart(), "d": LabelsPart(of="token")},
    )
    exams = exams_of(genome, recipe)
    for found, most in ((exams.validation, module.CURVE_WINDOWS), (exams.test, module.TEST_WINDOWS)):
        kinds = [type(exam) for exam in found.values()]
        assert kinds == [MaskedExam, RetrievalExam, LabelExam, LabelExam]
        assert 0.8 * most < len(found["a"].counts) <= most
        assert 0 < found["a"].bar < 2.1
    assert exams.test["b"].word_length == exams.validation["b"].word_length
    assert exams.test["c"].counted == "windows"
    assert exams.test["d"].counted == "tokens"


def test_the_count_model_is_tuned_on_the_validation_stretches_alone(genome):
    exams = exams_of(genome, Recipe())
    validation, test = exams.validation["masked"], exams.test["masked"]
    assert validation.counting is test.counting
    before = dict(test.counting.strengths)
    test.counting.tune(validation.hidden.shown, validation.hidden.truth)
    assert test.counting.strengths == before


def test_a_causal_part_is_asked_for_the_next_base(genome):
    exams = exams_of(genome, Recipe(objectives={"next": CausalPart()}))
    assert isinstance(exams.test["next"], CausalExam)
    assert exams.test["next"].bar_name == "Markov model of order 4"
    windows = len(exams.test["next"].counts)
    assert windows > 40
    assert exams.test["next"].unit_count == windows * (WINDOW - 1)


def test_labels_of_the_exam_are_those_of_the_annotation(genome):
    """The bar says the class that is most frequent in training, here and there; the labels are painted by hand."""
    recipe = Recipe(classes=EXON, objectives={"c": LabelsPart()})
    exam = exams_of(genome, recipe).test["c"]
    features = read_annotation(Path(EXON["exon"].file), genome.lengths).features
    coding = {name: np.zeros(length, dtype=bool) for name, length in genome.lengths.items()}
    for feature in features:
        if feature.kind == "CDS":
            coding[feature.interval.name][feature.interval.start : feature.interval.end] = True
    split = split_genome(genome, window=WINDOW)
    places = tile_places(genome, split.test, length=WINDOW, most=module.TEST_WINDOWS)
    truth = [bool(coding[place.name][place.start + WINDOW // 2]) for place in places]
    assert exam.batch.labels.tolist() == truth
    share = np.mean([coding[region.name][region.start : region.end].mean() for region in split.train])
    frequent = share > 0.5
    assert abs(share - 0.5) > 0.02  # Else fifty steps of training could see it the other way round.
    assert exam.bar == pytest.approx(np.mean(np.array(truth) == frequent))
