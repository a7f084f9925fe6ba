"""From a recipe to a training: everything that is named is there, and nothing that does not fit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from genolect.errors import ConfigurationError, InputError
from genolect.genome.genome import prepare_genome
from genolect.genome.holdout import split_genome
from genolect.objectives.causal import CausalObjective
from genolect.objectives.contrastive import ContrastiveObjective
from genolect.objectives.masked import MaskedBases
from genolect.objectives.supervised import SupervisedObjective
from genolect.pretraining.assembly import assemble, gather, new_training, training_windows
from genolect.pretraining.kinds.contrastive import ContrastivePart
from genolect.pretraining.kinds.labels import LabelsPart
from genolect.pretraining.kinds.masked import MaskedPart, base_frequencies
from genolect.pretraining.kinds.species import SpeciesPart
from genolect.pretraining.loop import TrainingConfig
from genolect.pretraining.plan import PretrainingOptions, recipe_files
from genolect.pretraining.pretraining import make_plan
from genolect.pretraining.recipe import (
    ClassSource,
    EncoderChoice,
    Recipe,
)
from genolect.pretraining.recipe_file import read_recipe
from tests.tiny import shrink, synthetic_folder, temporary_folder
from tests.toys import CPU

GENES = str(synthetic_folder() / "genes.gff3")
EXON = {"exon": ClassSource(file=GENES, feature="CDS")}
WINDOW = 40
DRAFT = TrainingConfig(steps=1, windows=6, window=WINDOW)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    shrink(monkeypatch.setattr)


@pytest.fixture(scope="module")
def genome():
    return prepare_genome([synthetic_folder() / "genome.fa"], temporary_folder() / "prepared")


@pytest.fixture(scope="module")
def orthologs():
    path = temporary_folder() / "orthologs.fa"
    letters = np.random.default_rng(2).choice(list("ACGT"), (9, 60))
    rows = [f">g{gene}|s{species}\n{''.join(row)}\n" for gene, row in enumerate(letters) for species in range(3)]
    path.write_text("".join([*rows, ">short|s0\nACGT\n>short|s1\nACGA\n"]))
    return str(path)


def parts_of(genome, recipe):
    ingredients = gather(genome, recipe)
    split = split_genome(genome, window=WINDOW)
    return ingredients, assemble(ingredients, training_windows(genome, split, DRAFT), DRAFT.windows, split)


def test_every_part_has_its_objective_its_head_and_its_weight(genome, orthologs):
    recipe = Recipe(
        classes=EXON,
        objectives={
            "hidden": MaskedPart(rate_multipliers={"exon": 0.5}),
            "views": ContrastivePart(projection=5),
            "genes": SpeciesPart(file=orthologs, pairs=4, bases=50),
            "windows": LabelsPart(),
            "tokens": LabelsPart(of="token"),
        },
        weights={"views": {"value": 0.25}},
    )
    ingredients, parts = parts_of(genome, recipe)
    kinds = [type(part.objective) for part in parts.values()]
    assert kinds == [MaskedBases, ContrastiveObjective, ContrastiveObjective, SupervisedObjective, SupervisedObjective]
    assert [part.head for part in parts.values()] == [None, "views", "genes", "windows", "tokens"]
    assert {name: (head.kind, head.outputs) for name, head in ingredients.heads().items()} == {
        "views": ("projection", 5),
        "genes": ("projection", 64),
        "windows": ("window", 2),
        "tokens": ("token", 2),
    }
    assert parts["views"].weight.value == 0.25
    assert [part.counted for part in parts.values()] == [True, True, False, True, True]
    assert parts["hidden"].objective.config.rate_multipliers == (1.0, 0.5)
    assert ingredients.inputs["genes"].too_short == ("short",)
    trained, held = ingredients.inputs["genes"].training.genes, ingredients.inputs["genes"].held_out.genes
    assert sorted((*trained, *held)) == [f"g{number}" for number in range(9)]
    training = new_training(
        ingredients, genome, split_genome(genome, window=WINDOW), make_plan_encoder(genome, recipe), DRAFT, CPU
    )
    training.step()
    assert training.progress.total.keys() == recipe.objectives.keys()


@pytest.mark.parametrize("kind", ["equivariant", "equivariant_convolution"])
def test_windows_of_a_symmetric_encoder_are_answered_alike_on_both_strands(genome, kind):
    labels = {"windows": LabelsPart(), "tokens": LabelsPart(of="token")}
    recipe = Recipe(classes=EXON, objectives=labels, encoder=EncoderChoice(kind=kind, shape={"width": 12, "layers": 1}))
    ingredients = gather(genome, recipe)
    assert {name: head.kind for name, head in ingredients.heads().items()} == {
        "windows": "strand_window",
        "tokens": "token",
    }
    split, encoder = split_genome(genome, window=WINDOW), make_plan_encoder(genome, recipe)
    training = new_training(ingredients, genome, split, encoder, DRAFT, CPU)
    for _ in range(2):
        training.step()
    ids = training.parts["windows"].batches.draw(7, CPU.device).ids % 4
    with torch.no_grad():
        given, other = (training.model(one, None, head="windows") for one in (ids, 3 - ids.flip(1)))
        torch.testing.assert_close(given, other, atol=1e-5, rtol=1e-5)
    assert given.abs().max() > 1e-3


def make_plan_encoder(genome, recipe):
    return make_plan(genome, PretrainingOptions(steps=1, window=WINDOW), CPU, gather(genome, recipe)).encoder


@pytest.mark.parametrize(
    ("settings", "shape"),
    [
        ((), {"vocabulary": 7, "stem_reach": 21, "causal": False}),
        (("tokenizer=kmer:3",), {"vocabulary": 67, "stem_reach": 1, "context_lengths": ()}),
        (("objectives.n.kind=causal", "encoder.context_lengths=[2]"), {"causal": True, "context_lengths": (2,)}),
        (("encoder.width=64", "encoder.layers=3"), {"width": 64, "layers": 3, "heads": 1, "feed_forward": 160}),
        (("encoder.width=8", "encoder.heads=4"), {"width": 8, "heads": 4, "feed_forward": 12}),
        (("encoder.kind=sparse", "encoder.reach=5"), {"vocabulary": 7, "reach": 5, "layers": 4}),
        (("encoder.preset=nucleo-transformer-tiny",), {"vocabulary": 7, "block": 16_384, "width": 8}),
        (
            ("encoder.preset=dnabert-3", "encoder.layers=2", "tokenizer=kmer:3"),
            {"vocabulary": 67, "layers": 2, "width": 768},
        ),
        (
            ("encoder.preset=nucleotide-transformer-v2-50m-multi-species", "encoder.layers=2"),
            {"mask_id": None, "layers": 2},
        ),
    ],
)
def test_the_encoder_is_what_was_chosen_and_else_the_default(genome, settings, shape):
    encoder = make_plan_encoder(genome, read_recipe(None, settings)[0])
    assert {name: getattr(encoder, name) for name in shape} == shape
    if not settings:
        assert encoder.context_lengths


def test_counts_of_contexts_are_refused_for_words(genome):
    recipe = Recipe(tokenizer="kmer:3", encoder=EncoderChoice(shape={"context_lengths": [2]}))
    with pytest.raises(ConfigurationError, match=r"context_lengths counts which base follows which bases"):
        make_plan(genome, PretrainingOptions(steps=1), CPU, gather(genome, recipe))


def test_random_bases_are_as_frequent_as_in_the_training_stretches(genome):
    split = split_genome(genome, window=WINDOW)
    shares = base_frequencies(genome, split)
    counts = np.zeros(4)
    for region in split.train:
        codes = genome.bases(region.name, region.start, region.end) & 7
        counts += np.bincount(codes, minlength=5)[:4]
    gc = counts[1:3].sum() / counts.sum()
    assert shares == pytest.approx([(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2])
    _, parts = parts_of(genome, Recipe(objectives={"masked": MaskedPart(replacements="genome")}))
    assert parts["masked"].objective.words.frequencies == shares


@pytest.mark.parametrize(
    ("recipe", "error", "message"),
    [
        (Recipe(tokenizer="amino_acid"), ConfigurationError, "amino_acid reads proteins, not a genome"),
        (Recipe(tokenizer="kmer:x"), ConfigurationError, "neither a tokenizer nor a path"),
        (Recipe(classes={"x": ClassSource(file=GENES)}), ConfigurationError, "the class x does not say which feature"),
        (Recipe(classes={"x": ClassSource(file=GENES, feature="promotor")}), InputError, "has no 'promotor'.*CDS"),
        (
            Recipe(classes={"a": ClassSource(soft_masked=True), "b": ClassSource(soft_masked=True)}),
            ConfigurationError,
            "the classes a, b are all soft-masked",
        ),
    ],
)
def test_what_does_not_fit_the_genome_is_refused(genome, recipe, error, message):
    with pytest.raises(error, match=message):
        gather(genome, recipe)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"pairs": 8, "bases": 50}, ConfigurationError, "8 pairs per step need as many genes, 7 are trained on"),
        ({"pairs": 2, "bases": 61}, InputError, "0 of 10 genes have 61 bases in every species"),
    ],
)
def test_too_few_genes_are_refused(genome, orthologs, changes, error, message):
    with pytest.raises(error, match=message):
        gather(genome, Recipe(objectives={"genes": SpeciesPart(file=orthologs, **changes)}))


def test_the_files_of_a_recipe_are_known_by_their_content(orthologs):
    recipe = Recipe(classes=EXON, objectives={"genes": SpeciesPart(file=orthologs, pairs=4, bases=50)})
    assert list(recipe_files(recipe)) == [GENES, orthologs]
    assert all(len(sha) == 64 for sha in recipe_files(recipe).values())


def test_a_causal_recipe_asks_for_the_next_token(genome):
    _, parts = parts_of(genome, read_recipe(None, ["objectives.n.kind=causal", "tokenizer=kmer:4"])[0])
    assert isinstance(parts["n"].objective, CausalObjective)
    assert parts["n"].objective.stride == 1
