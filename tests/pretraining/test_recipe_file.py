"""Recipe files: what is written is what is used, paths are relative to the file, and every mistake is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from genolect.errors import ConfigurationError, InputError
from genolect.pretraining.kinds.causal import CausalPart
from genolect.pretraining.kinds.contrastive import ContrastivePart
from genolect.pretraining.kinds.labels import LabelsPart
from genolect.pretraining.kinds.masked import MaskedPart
from genolect.pretraining.kinds.species import SpeciesPart
from genolect.pretraining.recipe import Recipe
from genolect.pretraining.recipe_file import read_recipe

WHOLE = """
tokenizer = "kmer:5:5"

[run]
steps = 70
validation = ["II"]

[encoder]
width = 48
context_lengths = []

[training]
windows = 9

[classes.repeat]
soft_masked = true

[classes.exon]
file = "genes/all.gtf"
feature = "exon"

[objectives.masked]
rate = 0.2
rate_multipliers = { exon = 0.5 }

[objectives.views]
kind = "contrastive"
projection = 12
mutation_rate = 0.2
rule = "fixed"

[objectives.genes]
kind = "species"
file = "orthologs.fa"
pairs = 11

[objectives.labels]
kind = "labels"
share = 0.25

[weights.labels]
value = 0.0
final = 2.0
last = 50
shape = "cosine"
"""


@pytest.fixture
def written(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "recipe.toml"
        path.write_text(text)
        return path

    return write


def test_a_whole_file_becomes_a_recipe_and_the_options_of_the_run(written, tmp_path):
    recipe, options = read_recipe(written(WHOLE))
    assert options == {"steps": 70, "validation": ["II"]}
    assert recipe.tokenizer == "kmer:5:5"
    assert (recipe.encoder.shape, recipe.training.windows) == ({"width": 48, "context_lengths": []}, 9)
    assert list(recipe.classes) == ["repeat", "exon"]
    assert recipe.classes["exon"].file == str(tmp_path / "genes" / "all.gtf")
    masked, views, genes, labels = recipe.objectives.values()
    assert isinstance(masked, MaskedPart)
    assert (masked.rate, masked.rate_multipliers) == (0.2, {"exon": 0.5})
    assert isinstance(views, ContrastivePart)
    assert (views.projection, views.contrast.mutation_rate, views.contrast.rule) == (12, 0.2, "fixed")
    assert isinstance(genes, SpeciesPart)
    assert (genes.file, genes.pairs, genes.contrast.reverse_complement) == (str(tmp_path / "orthologs.fa"), 11, 0.0)
    assert isinstance(labels, LabelsPart)
    assert [recipe.weight("labels").at(step) for step in (0, 25, 99)] == pytest.approx([0.0, 1.0, 2.0])


def test_nothing_given_is_the_default():
    assert read_recipe(None) == (Recipe(), {})


def test_settings_go_before_the_file(written):
    path = written(WHOLE)
    settings = ["objectives.masked.rate=0.4", "encoder.width=24", "run.steps = 3", "objectives.views.rule=learned"]
    recipe, options = read_recipe(path, settings)
    assert (recipe.objectives["masked"].rate, recipe.encoder.shape["width"], options["steps"]) == (0.4, 24, 3)
    assert recipe.objectives["views"].contrast.rule == "learned"
    assert read_recipe(None, ["objectives.n.kind=causal"])[0].objectives == {"n": CausalPart()}


def test_a_tokenizer_that_lies_beside_the_file_is_found(written, tmp_path):
    (tmp_path / "words").mkdir()
    assert read_recipe(written('tokenizer = "words"'))[0].tokenizer == str(tmp_path / "words")
    assert read_recipe(written('tokenizer = "kmer:4"'))[0].tokenizer == "kmer:4"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[objectiv.a]", r"recipe\.toml: unknown key 'objectiv'.*did you mean 'objectives'"),
        ("[encoder]\npreset = 'dnabert-7'", r"there is no preset 'dnabert-7'.*did you mean 'dnabert-"),
        ("[encoder]\nkind = 'sparse'\nreach = 0", r"\[encoder\]: reach: .*given '0'"),
        ("[encoder]\nwidht = 3", r"recipe\.toml \[encoder\]: unknown key 'widht'.*did you mean 'width'"),
        ("[objectives.a]\nrat = 0.1", r"\[objectives\.a\]: unknown key 'rat'.*did you mean 'rate'"),
        (
            "[objectives.a]\nkind = 'masking'",
            "no objective of the kind 'masking'.*did you mean 'masked'.*Allowed: causal, contrastive, labels, masked",
        ),
        (
            "[objectives.a]\nkind = 'contrastive'\nmutation_rate = 2.0",
            r"\[objectives\.a\]: mutation_rate.*'2\.0'",
        ),
        ("[objectives.a]\nkind = 'species'", r"\[objectives\.a\]: file: Field required"),
        ("objectives = 3", "objectives is no table"),
        ("[classes]\nexon = 'a.bed'", r"classes holds something that is no table.*\[classes\.NAME\]"),
        ("[weights.masked]\nvalue = -1.0", r"\[weights\.masked\]: value"),
        ("[weights.other]", "a weight for 'other'"),
        ("tokenizer = 6", "tokenizer is '6'"),
        ("[training]\nwindows = 2.5", r"\[training\]: windows.*given '2\.5'"),
    ],
)
def test_every_mistake_is_named_with_its_place(written, text, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        read_recipe(written(text))
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_refused(written, tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        read_recipe(tmp_path / "missing.toml")
    with pytest.raises(InputError, match=r"this is no TOML: .*line 1"):
        read_recipe(written("tokenizer = \n"))
    with pytest.raises(InputError, match="the file cannot be read"):
        read_recipe(tmp_path)


@pytest.mark.parametrize("setting", ["objectives", "=3", "a..b=3", ".a=3"])
def test_a_setting_without_a_place_or_a_value_is_refused(setting):
    with pytest.raises(ConfigurationError, match=r"is no table\.key=value"):
        read_recipe(None, [setting])
    with pytest.raises(ConfigurationError, match="tokenizer is no table"):
        read_recipe(None, ["tokenizer=a", "tokenizer.b=3"])


def test_files_of_tracks_are_sought_beside_the_recipe(written, tmp_path):
    path = written('[objectives.coverage]\nkind = "track"\nfiles = ["a.bw", "/b.bw"]\n')
    recipe, _ = read_recipe(path)
    assert recipe.objectives["coverage"].files == (str(path.parent / "a.bw"), "/b.bw")
    for given in ("[]", "3", '["a.bw", 3]'):
        with pytest.raises(ConfigurationError, match=r"\[objectives\.coverage\]: files"):
            read_recipe(path, [f"objectives.coverage.files={given}"])
