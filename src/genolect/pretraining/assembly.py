"""From a recipe to what a training is made of: tokenizer, classes, heads, and the parts with their windows."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from genolect.encoders.encoder import EncoderConfig, HeadConfig
from genolect.errors import ConfigurationError, InputError
from genolect.genome.classes import BaseClasses, classify_bases, intervals_of
from genolect.genome.genome import PreparedGenome
from genolect.genome.holdout import GenomeSplit
from genolect.genome.preparation import choose_shares
from genolect.genome.tokens import named_tokenizer
from genolect.genome.windows import WindowSampler
from genolect.models.inference import Machine, WindowTokens
from genolect.models.model import new_model
from genolect.pretraining.batches import GenomeBatches
from genolect.pretraining.kinds.kind import Held, HeldOutTask, Setting
from genolect.pretraining.loop import Training, TrainingConfig
from genolect.pretraining.parts import Part
from genolect.pretraining.recipe import Recipe, bases_per_step
from genolect.sequence.annotation import read_annotation
from genolect.sequence.interval import Feature, Interval
from genolect.tokenizers.amino_acid import AminoAcidTokenizer


@dataclass(frozen=True, eq=False)
class Ingredients:
    """What a recipe names, read and checked.

    Attributes
    ----------
    recipe : Recipe
        The recipe.
    tokens : WindowTokens
        Cuts windows.
    classes : BaseClasses or None
        Of the genome's bases, where the recipe has classes.
    inputs : dict of str to object
        What each objective reads beside the genome, by its name.
    """

    recipe: Recipe
    tokens: WindowTokens
    classes: BaseClasses | None
    inputs: dict[str, Any] = field(default_factory=dict)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes in the order of their codes."""
        return () if self.classes is None else self.classes.names

    def setting(self, name: str) -> Setting:
        """Give what an objective finds around it."""
        return Setting(name, self.tokens, self.recipe.encoder.config(), self.classes, self.inputs.get(name))

    def heads(self) -> dict[str, HeadConfig]:
        """Give the heads that the objectives need beside the one for tokens, by their names."""
        heads = {name: part.head(self.setting(name)) for name, part in self.recipe.objectives.items()}
        return {name: head for name, head in heads.items() if head is not None}


def gather(genome: PreparedGenome, recipe: Recipe) -> Ingredients:
    """Read everything that a recipe names.

    Parameters
    ----------
    genome : PreparedGenome
        What is trained on.
    recipe : Recipe
        The recipe.

    Returns
    -------
    Ingredients
        Ready for `assemble`.

    Raises
    ------
    GenolectError
        If a file cannot be read or does not fit the genome, or the tokenizer reads something else.
    """
    tokenizer = named_tokenizer(recipe.tokenizer)
    if isinstance(tokenizer, AminoAcidTokenizer):
        raise ConfigurationError("the tokenizer amino_acid reads proteins, not a genome", fix="choose another one")
    inputs = {name: part.read(genome, tokenizer) for name, part in recipe.objectives.items()}
    return Ingredients(recipe, WindowTokens(tokenizer), _classes(genome, recipe), inputs)


def assemble(ingredients: Ingredients, windows: WindowSampler, count: int, split: GenomeSplit) -> dict[str, Part]:
    """Make the parts of a training.

    Parameters
    ----------
    ingredients : Ingredients
        What the recipe names.
    windows : WindowSampler
        Where windows of the genome come from.
    count : int
        How many of them make a step.
    split : GenomeSplit
        Where they come from.

    Returns
    -------
    dict of str to Part
        By the names of the recipe.
    """
    recipe = ingredients.recipe
    placed = any(part.needs_places for part in recipe.objectives.values())
    genome = GenomeBatches(windows, ingredients.tokens, count, classes=ingredients.classes, placed=placed)
    return {
        name: replace(part.part(ingredients.setting(name), genome, split), weight=recipe.weight(name))
        for name, part in recipe.objectives.items()
    }


@dataclass(frozen=True, eq=False)
class HeldOutEvaluations:
    """What is asked about sequence that a training never sees, by the names of its parts.

    Attributes
    ----------
    validation, test : dict of str to HeldOutTask
        Small ones for the learning curve, and the ones that count.
    """

    validation: dict[str, HeldOutTask]
    test: dict[str, HeldOutTask]


def held_out_evaluations(ingredients: Ingredients, parts: Mapping[str, Part], held: Held) -> HeldOutEvaluations:
    """Make the held-out evaluations of every part; their baselines are tuned, on nothing of the test.

    Parameters
    ----------
    ingredients : Ingredients
        What the recipe names.
    parts : mapping of str to Part
        The parts of the training.
    held : Held
        Where windows come from.

    Returns
    -------
    HeldOutEvaluations
        Two for each part.

    Raises
    ------
    InputError
        If held-out regions hold nothing to ask.
    """
    pairs = {
        name: part.held_out_evaluations(ingredients.setting(name), parts[name], held)
        for name, part in ingredients.recipe.objectives.items()
    }
    return HeldOutEvaluations(*({name: pair[role] for name, pair in pairs.items()} for role in (0, 1)))


def training_windows(
    genome: PreparedGenome, split: GenomeSplit, training: TrainingConfig, *, temperature: float | None = None
) -> WindowSampler:
    """Give what the windows of a training come from.

    Parameters
    ----------
    genome, split, training
        As the run will use them.
    temperature : float, optional
        As in `genome.preparation.choose_shares`.

    Returns
    -------
    WindowSampler
        The windows, a function of the seed and the step.

    Raises
    ------
    ConfigurationError, InputError
        If there is nothing to draw, or not as asked.
    """
    shares = choose_shares(genome, split.train, temperature=temperature)
    return WindowSampler(
        genome, split.train, length=training.window, seed=training.seed, purpose="training", shares=shares
    )


def new_training(
    ingredients: Ingredients,
    genome: PreparedGenome,
    split: GenomeSplit,
    encoder: EncoderConfig,
    training: TrainingConfig,
    machine: Machine,
    *,
    counts: Mapping[int, Tensor] | None = None,
    temperature: float | None = None,
) -> Training:
    """Make a training with a new model.

    Parameters
    ----------
    ingredients : Ingredients
        What the recipe names.
    genome, split, encoder, training, machine
        As the run will use them.
    counts : mapping of int to Tensor, optional
        Context counts of the training stretches.
    temperature : float, optional
        As in `training_windows`.

    Returns
    -------
    Training
        Ready for its first step.

    Raises
    ------
    ConfigurationError, InputError
        If something cannot be drawn, or an objective and the encoder make no sense together.
    """
    tokenizer = ingredients.tokens.tokenizer
    model = new_model(encoder, tokenizer, seed=training.seed, counts=counts, heads=ingredients.heads())
    windows = training_windows(genome, split, training, temperature=temperature)
    parts = assemble(ingredients, windows, training.windows, split)
    for name, kind in ingredients.recipe.objectives.items():
        kind.start(model, name, parts[name])
    bases = bases_per_step(ingredients.recipe, training.windows, training.window)
    return Training(model, parts, training, machine, bases_per_step=bases)


def _classes(genome: PreparedGenome, recipe: Recipe) -> BaseClasses | None:
    if not recipe.classes:
        return None
    masked = [name for name, source in recipe.classes.items() if source.soft_masked]
    if len(masked) > 1:
        what = f"the classes {', '.join(masked)} are all soft-masked bases"
        raise ConfigurationError(what, fix="keep one of them")
    rows = functools.cache(lambda file: _features(Path(file), genome))
    regions: dict[str, list[Interval]] = {}
    for name, source in recipe.classes.items():
        if source.file is not None:
            features = rows(source.file)
            kinds = {feature.kind for feature in features}
            feature = source.feature or (min(kinds) if len(kinds) == 1 else "")
            if not feature:
                there = ", ".join(sorted(kinds))
                what = f"the class {name} does not say which feature counts"
                raise ConfigurationError(what, fix=f"give feature, one of {there}", path=source.file)
            try:
                regions[name] = intervals_of(features, feature)
            except InputError as error:
                raise InputError(error.what, fix=error.fix, path=source.file) from error
    return classify_bases(genome, regions, soft_masked=masked[0] if masked else None)


def _features(path: Path, genome: PreparedGenome) -> Sequence[Feature]:
    try:
        return read_annotation(path, genome.lengths).features
    except InputError as error:
        # No option renames here.
        fix = "write the names of the genome into the file" if "--" in error.fix else error.fix
        raise InputError(error.what, fix=fix, path=error.path, line=error.line) from error
