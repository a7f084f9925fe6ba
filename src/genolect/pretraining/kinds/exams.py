"""One exam for each part of a training, on windows that it never saw, beside a bar that any model should clear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from genolect.genome.context_counts import ContextModel, MarkovModel
from genolect.genome.genome import PreparedGenome
from genolect.genome.holdout import GenomeSplit
from genolect.genome.windows import tile_places, tile_windows
from genolect.objectives.objective import Batch
from genolect.objectives.supervised import LabelledBatch
from genolect.pretraining.assembly import Ingredients
from genolect.pretraining.batches import labels_of
from genolect.pretraining.kinds.causal import set_causal_exam, tune_markov_model
from genolect.pretraining.kinds.contrastive import set_ortholog_exam, set_view_exam
from genolect.pretraining.kinds.exam import HeldOutTask
from genolect.pretraining.kinds.labels import set_label_exam
from genolect.pretraining.kinds.masked import set_masked_exam, tune_count_model
from genolect.pretraining.kinds.tracks import set_track_exams
from genolect.pretraining.parts import Part
from genolect.pretraining.recipe import CausalPart, ContrastivePart, LabelsPart, MaskedPart, SpeciesPart, TrackPart
from genolect.pretraining.tracks import bin_layout
from genolect.sequence.interval import Interval

CURVE_WINDOWS = 400
EXAM_WINDOWS = 4_000
LABELLED_STEPS = 50
"""Steps of training whose labels say which class is most frequent."""

Counts = Mapping[int, npt.NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Exams:
    """The exams of a training, by the names of its parts.

    Attributes
    ----------
    validation, test : dict of str to HeldOutTask
        Small ones for the learning curve, and the ones that count.
    """

    validation: dict[str, HeldOutTask]
    test: dict[str, HeldOutTask]


@dataclass(frozen=True, eq=False)
class Held:
    """Where the windows of exams come from.

    Attributes
    ----------
    genome : PreparedGenome
        The genome.
    split : GenomeSplit
        Bars are tuned on its validation stretches.
    counts : mapping of int to ndarray
        Of contexts in its training stretches.
    window : int
        Bases per window.
    seed : int
        What is hidden, and how views are cut.
    """

    genome: PreparedGenome
    split: GenomeSplit
    counts: Counts
    window: int
    seed: int

    def roles(self) -> tuple[tuple[tuple[Interval, ...], int], ...]:
        """Give the stretches of validation and test, and how many windows are taken from each."""
        return (self.split.validation, CURVE_WINDOWS), (self.split.test, EXAM_WINDOWS)


def set_exams(ingredients: Ingredients, parts: Mapping[str, Part], held: Held) -> Exams:
    """Set the exams of every part.

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
    Exams
        Their bars are tuned on validation windows, those for genes on training genes.

    Raises
    ------
    InputError
        If held-out stretches hold nothing to ask.
    """
    pairs: dict[str, tuple[HeldOutTask, HeldOutTask]] = {}
    for name, part in ingredients.recipe.objectives.items():
        match part:
            case MaskedPart():
                pairs[name] = _masked(ingredients, held)
            case CausalPart():
                pairs[name] = _causal(ingredients, held)
            case ContrastivePart():
                pairs[name] = _views(name, part, ingredients, held)
            case SpeciesPart():
                pairs[name] = _species(name, part, ingredients)
            case LabelsPart():
                pairs[name] = _labels(name, part, parts[name], ingredients, held)
            case TrackPart():
                pairs[name] = set_track_exams(
                    held.genome,
                    held.split,
                    ingredients.tokens,
                    ingredients.tracks[name],
                    bin_layout(ingredients.recipe, part).shape(held.window),
                    head=name,
                    most={"validation": CURVE_WINDOWS, "test": EXAM_WINDOWS},
                )
    return Exams({name: pair[0] for name, pair in pairs.items()}, {name: pair[1] for name, pair in pairs.items()})


def _masked(ingredients: Ingredients, held: Held) -> tuple[HeldOutTask, HeldOutTask]:
    counting = ContextModel(held.counts)
    validation, test = (
        set_masked_exam(
            held.genome, regions, ingredients.tokens, counting, window=held.window, most=most, seed=held.seed
        )
        for regions, most in held.roles()
    )
    tune_count_model(counting, validation)
    return validation, test


def _causal(ingredients: Ingredients, held: Held) -> tuple[HeldOutTask, HeldOutTask]:
    counting = MarkovModel(held.counts)
    validation, test = (
        set_causal_exam(held.genome, regions, ingredients.tokens, counting, window=held.window, most=most)
        for regions, most in held.roles()
    )
    tune_markov_model(counting, validation)
    return validation, test


def _views(name: str, part: ContrastivePart, ingredients: Ingredients, held: Held) -> tuple[HeldOutTask, HeldOutTask]:
    validation, test = (
        set_view_exam(
            held.genome,
            regions,
            ingredients.tokens,
            part.contrast,
            head=name,
            window=held.window,
            most=most,
            seed=held.seed,
        )
        for regions, most in held.roles()
    )
    return validation, test.with_word_length(validation.word_length)


def _species(name: str, part: SpeciesPart, ingredients: Ingredients) -> tuple[HeldOutTask, HeldOutTask]:
    genes, tokens = ingredients.genes[name], ingredients.tokens
    training, test = (
        set_ortholog_exam(table, tokens, head=name, window=part.bases) for table in (genes.training, genes.held_out)
    )
    # The curve asks about the training genes: the held-out ones are too few to be looked at before the end.
    return training, test.with_word_length(training.word_length)


def _labels(
    name: str, part: LabelsPart, trained: Part, ingredients: Ingredients, held: Held
) -> tuple[HeldOutTask, HeldOutTask]:
    steps = (trained.batches.draw(step, torch.device("cpu")) for step in range(LABELLED_STEPS))
    seen = [batch.labels.flatten() for batch in steps if isinstance(batch, LabelledBatch)]
    exams = []
    for regions, most in held.roles():
        windows, blocks = tile_windows(held.genome, regions, length=held.window, most=most)
        places = tile_places(held.genome, regions, length=held.window, most=most)
        batch = ingredients.tokens.batch(torch.from_numpy(windows))
        if ingredients.classes is None:
            raise ValueError("labels need classes")
        classes = torch.from_numpy(ingredients.classes.windows(places))
        plain = Batch(batch.bases, batch.ids, batch.spans, classes)
        labelled = LabelledBatch(batch.bases, batch.ids, batch.spans, classes, labels=labels_of(plain, part.of))
        exams.append(set_label_exam(labelled, blocks, torch.cat(seen), head=name))
    validation, test = exams
    return validation, test
