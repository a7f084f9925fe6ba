"""Every recipe of the examples is read as a user would, and resolves to what the page says."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from genolect.errors import ConfigurationError
from genolect.pretraining.plan import PretrainingOptions, named_files
from genolect.pretraining.recipe import Recipe, bases_per_step
from genolect.pretraining.recipe_file import read_recipe

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLES = REPOSITORY / "examples" / "objectives"
PAGE = REPOSITORY / "docs" / "objectives.md"
KINDS = {
    "causal": ["causal"],
    "combined": ["masked", "labels"],
    "labels": ["labels"],
    "masked": ["masked"],
    "regions": ["masked"],
    "species": ["species", "contrastive"],
    "track": ["track"],
    "views": ["contrastive"],
}
GENES = "yeast.gtf.gz"
FILES = {"combined": [GENES], "labels": [GENES], "regions": [GENES], "species": ["yeast8.fa.gz"]} | {
    "track": ["yeast_fragment_coverage.bw"]
}


def read(name: str) -> tuple[Recipe, dict[str, Any]]:
    """Read one of them."""
    return read_recipe(EXAMPLES / f"{name}.toml")


def test_these_are_all_examples():
    assert sorted(path.stem for path in EXAMPLES.iterdir()) == sorted(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_an_example_asks_what_its_name_says_within_a_budget(name):
    recipe, table = read(name)
    assert [part.kind for part in recipe.objectives.values()] == KINDS[name]
    assert recipe.causal == (name == "causal")
    options = PretrainingOptions.from_mapping(table, name)
    assert options.steps is not None


@pytest.mark.parametrize("name", KINDS)
def test_files_are_sought_beside_the_recipe(name):
    assert [Path(file) for file in named_files(read(name)[0])] == [EXAMPLES / file for file in FILES.get(name, [])]


@pytest.mark.parametrize("name", KINDS)
def test_a_wrong_key_in_an_example_is_refused(tmp_path, name):
    copy = Path(shutil.copy(EXAMPLES / f"{name}.toml", tmp_path))
    with pytest.raises(ConfigurationError, match="objectivs"):
        read_recipe(copy, ["objectivs.masked.rate=0.2"])


@pytest.mark.parametrize("name", KINDS)
def test_the_page_shows_every_example(name):
    assert f"examples/objectives/{name}.toml" in PAGE.read_text("utf-8")


def test_hidden_bases_are_always_behind_the_mask():
    masking = read("masked")[0].objectives["masked"].masking()
    assert masking.shares == ((0.15, 0.15, 0.15),)


def test_exons_are_asked_half_as_often_and_the_rest_counts_twice():
    recipe, _ = read("regions")
    masking = recipe.objectives["masked"].masking(("background", *recipe.classes))
    assert masking.rate_multipliers == (1.0, 0.5)
    assert masking.loss_weights == (2.0, 1.0)


def test_weights_cross():
    recipe, table = read("combined")
    ends = {name: [recipe.weight(name).at(step) for step in (0, table["steps"])] for name in recipe.objectives}
    assert ends == {"masked": [1.0, 0.2], "exon": [0.2, 1.0]}
    assert recipe.objectives["exon"] == read("labels")[0].objectives["exon"]


@pytest.mark.parametrize(("name", "of_genes"), [("species", 2 * 64 * 256), ("combined", 0), ("causal", 0)])
def test_a_step_reads_the_windows_of_the_genome_once_and_all_pairs(name, of_genes):
    assert bases_per_step(read(name)[0], windows=7, window=300) == 7 * 300 + of_genes
