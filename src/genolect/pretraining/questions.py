"""What the objectives of a recipe ask, and what they give away, before anything is trained."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from genolect.errors import ConfigurationError
from genolect.genome.genome import PreparedGenome
from genolect.genome.holdout import split_genome
from genolect.objectives.leak import Leak
from genolect.pretraining.assembly import assemble, gather, training_windows
from genolect.pretraining.loop import TrainingConfig
from genolect.pretraining.recipe import Recipe

WINDOWS_PER_BATCH = 50


@dataclass(frozen=True)
class Question:
    """One objective.

    Attributes
    ----------
    name, kind : str
        Of the part.
    sentence : str
        What is asked.
    leak : Leak or None
        What a masked objective hides and gives away; None for the others.
    """

    name: str
    kind: str
    sentence: str
    leak: Leak | None

    def to_mapping(self) -> dict[str, Any]:
        """Give everything, for JSON."""
        return asdict(self)


def ask(genome: PreparedGenome, recipe: Recipe, *, windows: int, window: int, seed: int) -> list[Question]:
    """Corrupt windows of a genome as a training would, and measure what is asked and what is given away.

    Parameters
    ----------
    genome : PreparedGenome
        The genome.
    recipe : Recipe
        Whose objectives.
    windows : int
        How many windows to look at, all roles alike: nothing is trained.
    window : int
        Bases per window.
    seed : int
        Of windows and corruptions.

    Returns
    -------
    list of Question
        One for each objective.

    Raises
    ------
    ConfigurationError
        If there are too few windows for an interval.
    GenolectError
        If the recipe does not fit the genome.
    """
    if windows < WINDOWS_PER_BATCH:
        raise ConfigurationError(
            f"{windows} windows are too few for an interval", fix=f"give {WINDOWS_PER_BATCH} at least"
        )
    ingredients = gather(genome, recipe)
    split = split_genome(genome, window=window)
    draft = TrainingConfig(steps=1, windows=WINDOWS_PER_BATCH, window=window, seed=seed)
    sampler = training_windows(genome, split, draft)
    parts = assemble(ingredients, sampler, WINDOWS_PER_BATCH, split)
    classes, steps = ("background", *recipe.classes), range(-(-windows // WINDOWS_PER_BATCH))
    return [
        Question(name, kind.kind, kind.sentence(classes), kind.leak(parts[name], steps, seed=seed))
        for name, kind in recipe.objectives.items()
    ]
