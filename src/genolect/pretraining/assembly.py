"""From a recipe to what a training is made of: tokenizer, classes, heads, and the parts with their windows."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from torch import Tensor

from genolect.encoders.build import EncoderConfig
from genolect.encoders.heads import HeadConfig
from genolect.errors import ConfigurationError, InputError
from genolect.genome.classes import BaseClasses, classify_bases, intervals_of
from genolect.genome.genome import PreparedGenome
from genolect.genome.holdout import Split
from genolect.genome.orthologs import (
    OrthologPairSampler,
    Orthologs,
    held_out_genes,
    read_ortholog_fasta,
    read_ortholog_table,
)
from genolect.genome.preparation import choose_shares
from genolect.genome.tokens import named_tokenizer
from genolect.genome.tracks import MeasuredTrack
from genolect.genome.windows import WindowSampler
from genolect.models.inference import Machine, WindowTokens, words_of
from genolect.models.model import new_model
from genolect.objectives.causal import CausalObjective
from genolect.objectives.contrastive import ContrastiveObjective
from genolect.objectives.masked import MaskedBases
from genolect.objectives.objective import Objective
from genolect.objectives.supervised import SupervisedObjective
from genolect.objectives.tracks import TrackObjective
from genolect.pretraining.batches import GenomeBatches, LabelledBatches, OrthologBatches, TrackBatches
from genolect.pretraining.cost.trial import step_seconds
from genolect.pretraining.loop import Training, TrainingConfig
from genolect.pretraining.parts import Batches, Part
from genolect.pretraining.recipe import (
    CausalPart,
    ContrastivePart,
    LabelsPart,
    MaskedPart,
    Recipe,
    SpeciesPart,
    TrackPart,
    bases_per_step,
)
from genolect.pretraining.tracks import bin_layout, open_tracks, start_at_levels
from genolect.sequence.alphabet import BASE_BITS, N
from genolect.sequence.annotation import read_annotation
from genolect.sequence.interval import Feature, Interval
from genolect.tokenizers.amino_acid import AminoAcidTokenizer
from genolect.tokenizers.tokenizer import stride_of_overlap

TABLES = (".tsv", ".txt", ".tab")
STRAND_KINDS = ("equivariant", "equivariant_convolution")
WARM_UP_STEPS, TIMED_STEPS = 2, 6


@dataclass(frozen=True, eq=False)
class Genes:
    """The orthologues of one part.

    Attributes
    ----------
    training, held_out : Orthologs
        The genes that pairs are drawn from, and the others.
    too_short : tuple of str
        Genes that were left out, a sequence of theirs being shorter than a window.
    """

    training: Orthologs
    held_out: Orthologs
    too_short: tuple[str, ...]


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
    genes : dict of str to Genes
        Of each part that compares species.
    tracks : dict of str to tuple of MeasuredTrack
        Of each part that predicts tracks.
    """

    recipe: Recipe
    tokens: WindowTokens
    classes: BaseClasses | None
    genes: dict[str, Genes]
    tracks: dict[str, tuple[MeasuredTrack, ...]] = field(default_factory=dict)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes in the order of their codes."""
        return () if self.classes is None else self.classes.names

    def heads(self) -> dict[str, HeadConfig]:
        """Give the heads that the parts need beside the one for tokens, by the names of the parts."""
        heads: dict[str, HeadConfig] = {}
        for name, part in self.recipe.objectives.items():
            match part:
                case ContrastivePart() | SpeciesPart():
                    heads[name] = HeadConfig(kind="projection", outputs=part.projection)
                case LabelsPart():
                    symmetric = part.of == "window" and self.recipe.encoder.kind in STRAND_KINDS
                    heads[name] = HeadConfig(
                        kind="strand_window" if symmetric else part.of, outputs=len(self.class_names)
                    )
                case TrackPart():
                    heads[name] = bin_layout(self.recipe, part).head(len(part.files))
        return heads


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
    parts = recipe.objectives.items()
    genes = {name: _genes(part) for name, part in parts if isinstance(part, SpeciesPart)}
    tracks = {name: open_tracks(genome, part, tokenizer) for name, part in parts if isinstance(part, TrackPart)}
    return Ingredients(recipe, WindowTokens(tokenizer), _classes(genome, recipe), genes, tracks)


def assemble(ingredients: Ingredients, windows: WindowSampler, count: int, split: Split) -> dict[str, Part]:
    """Make the parts of a training.

    Parameters
    ----------
    ingredients : Ingredients
        What the recipe names.
    windows : WindowSampler
        Where windows of the genome come from.
    count : int
        How many of them make a step.
    split : Split
        Whose training stretches decide how frequent bases are.

    Returns
    -------
    dict of str to Part
        By the names of the recipe.
    """
    recipe, tokens = ingredients.recipe, ingredients.tokens
    spared = [part for part in recipe.objectives.values() if isinstance(part, ContrastivePart)]
    placed = any(part.contrast.spare_overlaps for part in spared)
    genome = GenomeBatches(windows, tokens, count, classes=ingredients.classes, placed=placed)
    parts: dict[str, Part] = {}
    for name, part in recipe.objectives.items():
        batches: Batches = genome
        objective: Objective
        match part:
            case MaskedPart():
                frequencies = base_frequencies(windows.genome, split) if part.replacements == "genome" else None
                words = words_of(tokens.tokenizer, frequencies)
                objective = MaskedBases(part.masking(ingredients.class_names), words)
            case CausalPart():
                tokenizer = tokens.tokenizer
                objective = CausalObjective(tokenizer.targets, stride=stride_of_overlap(tokenizer))
            case ContrastivePart():
                objective = ContrastiveObjective(part.contrast, tokens.ids)
            case SpeciesPart():
                objective = ContrastiveObjective(part.contrast, tokens.ids, paired=True)
                table = ingredients.genes[name].training
                pairs = OrthologPairSampler(table, pairs=part.pairs, bases=part.bases, seed=windows.seed)
                batches = OrthologBatches(pairs, tokens)
            case LabelsPart():
                objective = SupervisedObjective("classes", reads="pooled" if part.of == "window" else "tokens")
                batches = LabelledBatches(genome, part.of, part.share, part.records)
            case TrackPart():
                objective = TrackObjective(part.loss, total_weight=part.total_weight)
                shape = bin_layout(recipe, part).shape(windows.length)
                batches = TrackBatches(genome, ingredients.tracks[name], shape)
        parts[name] = Part(
            objective,
            batches,
            head=name if name in ingredients.heads() else None,
            weight=recipe.weight(name),
            counted=not isinstance(part, SpeciesPart),
        )
    return parts


def training_windows(
    genome: PreparedGenome, split: Split, training: TrainingConfig, *, temperature: float | None = None
) -> WindowSampler:
    """Give what the windows of a training come from.

    Parameters
    ----------
    genome, split, training
        As the run will use them.
    temperature : float, optional
        As in `workflow.corpora.choose_shares`.

    Returns
    -------
    WindowSampler
        The windows, a function of the seed and the step.

    Raises
    ------
    ConfigurationError, InputError
        If there is nothing to draw, or not as asked.
    """
    shares = choose_shares(genome, split.training, temperature=temperature)
    return WindowSampler(
        genome, split.training, length=training.window, seed=training.seed, purpose="training", shares=shares
    )


def new_training(
    ingredients: Ingredients,
    genome: PreparedGenome,
    split: Split,
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
    start_at_levels(model, parts)
    bases = bases_per_step(ingredients.recipe, training.windows, training.window)
    return Training(model, parts, training, machine, bases_per_step=bases)


def measure_step(training: Training) -> float:
    """Time the steps of a training that is thrown away; gives the median of six in seconds."""
    return step_seconds(training, time.perf_counter, warm_up=WARM_UP_STEPS, steps=TIMED_STEPS)[TIMED_STEPS // 2]


def base_frequencies(genome: PreparedGenome, split: Split) -> list[float]:
    """Give the shares of A C G T in the training stretches, both strands together."""
    counts = np.zeros(N + 1, dtype=np.int64)
    for region in split.training:
        codes = genome.bases(region.name, region.start, region.end) & BASE_BITS
        counts += np.bincount(np.minimum(codes, N), minlength=N + 1)
    both = counts[:N] + counts[:N][::-1]
    shares: list[float] = (both / both.sum()).tolist()
    return shares


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
        fix = (
            "write the names of the genome into the file" if "--" in error.fix else error.fix
        )  # no option renames here
        raise InputError(error.what, fix=fix, path=error.path, line=error.line) from error


def _genes(part: SpeciesPart) -> Genes:
    path = Path(part.file)
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    table = read_ortholog_table(path) if plain.suffix in TABLES else read_ortholog_fasta(path, part.order)
    short = {
        table.genes[gene] for gene, bases in zip(table.gene, table.sequences, strict=True) if len(bases) < part.bases
    }
    kept = [gene for gene in table.genes if gene not in short]
    if len(kept) < 2:
        what = f"{len(kept)} of {len(table.genes)} genes have {part.bases} bases in every species"
        raise InputError(what, fix="set bases to less for this objective", path=path)
    held_out = held_out_genes(kept, part.held_out)
    training = table.only(gene for gene in kept if gene not in held_out)
    if len(training.genes) < part.pairs:
        what = f"{part.pairs} pairs per step need as many genes, {len(training.genes)} are trained on"
        raise ConfigurationError(what, fix=f"set pairs to {len(training.genes)} at most", path=path)
    return Genes(training, table.only(held_out), tuple(sorted(short)))
