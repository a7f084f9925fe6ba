"""What the objectives of a recipe ask, and what they give away, before anything is trained."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch

from genolect.errors import ConfigurationError
from genolect.genome.genome import PreparedGenome
from genolect.genome.holdout import split_genome
from genolect.objectives.leak import Leak, measure_leak
from genolect.objectives.masked import MaskedBases
from genolect.pretraining.assembly import assemble, gather, training_windows
from genolect.pretraining.loop import TrainingConfig
from genolect.pretraining.parts import Part
from genolect.pretraining.recipe import CausalPart, ContrastivePart, LabelsPart, Recipe, SpeciesPart, TrackPart

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
    return [
        Question(name, recipe.objectives[name].kind, _sentence(recipe, name), _leak(part, windows, seed))
        for name, part in parts.items()
    ]


def _leak(part: Part, windows: int, seed: int) -> Leak | None:
    if not isinstance(part.objective, MaskedBases):
        return None
    steps = range(-(-windows // WINDOWS_PER_BATCH))
    return measure_leak(part.objective, [part.batches.draw(step, torch.device("cpu")) for step in steps], seed=seed)


def _sentence(recipe: Recipe, name: str) -> str:
    match part := recipe.objectives[name]:
        case CausalPart():
            return "Every token but the first is predicted from those before it: nothing is hidden, the future is."
        case ContrastivePart():
            views = part.contrast
            return (
                f"Two views of a window (other strand {views.reverse_complement:g}, shift {views.shift}, crop "
                f"{views.crop or 'none'}, mutations {views.mutation_rate:g}) are told from other windows."
            )
        case SpeciesPart():
            return f"A gene's versions in two species are told from {part.pairs - 1} other genes."
        case LabelsPart():
            shown = f"{part.share:.0%} of the windows"
            return (
                f"The class of {'its centre base' if part.of == 'window' else 'every token'} is predicted for {shown}."
            )
        case TrackPart():
            number = f"{len(part.files)} tracks" if len(part.files) > 1 else "a track"
            return f"The {part.summary} of {number} in every bin is predicted from the bases; nothing is hidden."
        case _:
            rates = part.masking(("background", *recipe.classes))
            hidden, random = rates.hidden_share, rates.random_share
            kept = max(0.0, 1 - hidden - random)
            what = "bases" if rates.scheme == "bases" else "tokens"
            fates = f"{hidden:.0%} hidden, {random:.0%} replaced, {kept:.0%} shown as they are"
            return f"{rates.rate:.4g} of the {what} are selected: {fates}."
