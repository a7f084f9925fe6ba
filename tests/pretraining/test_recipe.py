"""Recipes: defaults, what fits together, and what is refused by name."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from genolect.errors import ConfigurationError
from genolect.objectives.masked import MaskedBasesConfig
from genolect.objectives.objective import WeightConfig
from genolect.pretraining.kinds.causal import CausalPart
from genolect.pretraining.kinds.contrastive import ContrastivePart
from genolect.pretraining.kinds.labels import LabelsPart
from genolect.pretraining.kinds.masked import MaskedPart
from genolect.pretraining.kinds.species import SpeciesPart
from genolect.pretraining.recipe import (
    ClassSource,
    EncoderChoice,
    Recipe,
    TrainingChoice,
    bases_per_step,
    given_values,
)

CLASSES = {"repeat": ClassSource(soft_masked=True), "exon": ClassSource(file="genes.gtf", feature="exon")}


def test_the_default_is_single_bases_that_are_hidden():
    recipe = Recipe()
    assert recipe.tokenizer == "nucleotide"
    assert recipe.objectives == {"masked": MaskedPart()}
    assert recipe.objectives["masked"].masking() == MaskedBasesConfig()
    assert not recipe.causal
    assert recipe.weight("masked") == WeightConfig()


def test_a_recipe_is_the_same_when_read_again():
    recipe = Recipe(
        tokenizer="kmer:6",
        encoder=EncoderChoice(shape={"width": 48, "context_lengths": [2, 4]}),
        classes=CLASSES,
        objectives={
            "masked": MaskedPart(rate=0.2, rate_multipliers={"exon": 0.5}),
            "next": CausalPart(),
            "views": ContrastivePart(projection=9),
            "genes": SpeciesPart(file="genes.fa", pairs=7),
            "labels": LabelsPart(of="token", share=0.3),
        },
        weights={"views": WeightConfig(value=0.5)},
    )
    assert Recipe.from_mapping(recipe.to_mapping(), "recipe") == recipe
    assert recipe.causal
    assert recipe.weight("views").value == 0.5
    assert given_values(TrainingChoice(windows=9)) == {"windows": 9}


def test_a_step_reads_the_windows_of_the_genome_once_and_all_pairs_of_genes():
    genes = SpeciesPart(file="genes.fa", pairs=8, bases=100)
    assert bases_per_step(Recipe(objectives={"genes": genes}), windows=16, window=256) == 1_600
    both = Recipe(objectives={"genes": genes, "next": CausalPart(), "views": ContrastivePart()})
    assert bases_per_step(both, windows=16, window=256) == 1_600 + 16 * 256


def test_rates_and_weights_stand_in_the_order_of_the_classes():
    part = MaskedPart(rate=0.2, rate_multipliers={"exon": 0.5}, loss_weights={"repeat": 0.0, "background": 3.0})
    masking = part.masking(("background", "repeat", "exon"))
    assert masking.rate_multipliers == (1.0, 1.0, 0.5)
    assert masking.loss_weights == (3.0, 0.0, 1.0)
    assert MaskedPart(scheme="grover").masking() == MaskedBasesConfig(scheme="grover")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"objectives": {}}, "at least 1 item"),
        ({"objectives": {"a-b": CausalPart()}}, "'a-b' needs a name of letters"),
        ({"weights": {"other": WeightConfig()}}, "a weight for 'other', which is none of the objectives masked"),
        ({"objectives": {"labels": LabelsPart()}}, "labels needs .classes. to predict"),
        (
            {"objectives": {"m": MaskedPart(loss_weights={"exon": 2.0})}},
            "m names the class 'exon'; there are backg",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused_by_name(values, message):
    with pytest.raises(ValidationError, match=message):
        Recipe(**values)


@pytest.mark.parametrize("values", [{}, {"file": "a.bed", "soft_masked": True}, {"soft_masked": True, "feature": "x"}])
def test_a_class_has_one_source(values):
    with pytest.raises(ValidationError, match="a class needs a file with the feature that counts, or soft_masked"):
        ClassSource(**values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "spares"}, "there is no encoder of the kind 'spares'.*choose bert, enformer"),
        ({"kind": "sparse", "shape": {"reech": 3}}, "unknown key 'reech'.*did you mean 'reach'"),
        ({"shape": {"vocabulary": 9}}, "unknown key 'vocabulary'"),
        ({"kind": "bert", "shape": {"width": 10, "heads": 3}}, "width 10 must be a multiple of heads 3"),
    ],
)
def test_encoders_are_checked_by_their_kind(values, message):
    with pytest.raises(ConfigurationError, match=message):
        EncoderChoice(**values)
