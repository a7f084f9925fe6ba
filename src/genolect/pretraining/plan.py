"""The plan of a pretraining run: everything that is decided before the first step, written down once.

A budget in minutes becomes a number of steps by a short measurement, so that the run itself depends on nothing but the
plan: the same plan on the same machine gives the same weights.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from genolect import files as durable
from genolect.config import Configuration
from genolect.encoders.build import encoder_config, encoder_kinds
from genolect.encoders.encoder import DERIVED, EncoderConfig
from genolect.errors import ConfigurationError, InputError, shown
from genolect.folders import PLAN
from genolect.genome.context_counts import context_lengths
from genolect.genome.genome import PreparedGenome
from genolect.genome.holdout import GenomeSplit, Role, split_genome
from genolect.models.huggingface.reading import is_published
from genolect.models.model import training_record
from genolect.pretraining.loop import TrainingConfig
from genolect.pretraining.recipe import Recipe, bases_per_step, given_values
from genolect.sequence.interval import Interval
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.tokenizer import Tokenizer

CPU_BASES_PER_MINUTE = 1.2e6
GPU_BASES_PER_MINUTE = 60e6
NUCLEOTIDE_STEM, WORD_STEM = 21, 1
"""Reach of the stem's convolution."""

HEAD_WIDTH = 64


class Size(NamedTuple):
    """The shape of a default model and its batch.

    Attributes
    ----------
    bases : float
        Budget, in bases seen, up to which it is chosen.
    width, layers, heads, feed_forward : int
        As in `encoders.transformer.TransformerConfig`.
    windows : int
        Windows per update.
    """

    bases: float
    width: int
    layers: int
    heads: int
    feed_forward: int
    windows: int


SIZES = (
    Size(24e6, width=128, layers=2, heads=2, feed_forward=320, windows=16),
    Size(60e6, width=128, layers=4, heads=2, feed_forward=320, windows=16),
    Size(400e6, width=192, layers=6, heads=3, feed_forward=512, windows=32),
    Size(float("inf"), width=384, layers=8, heads=6, feed_forward=1024, windows=64),
)


def size_for(*, minutes: float | None, bases: float | None, gpu: bool) -> Size:
    """Choose the default size for a budget.

    Parameters
    ----------
    minutes : float or None
        Budget in minutes; turned into bases by a rough rate.
    bases : float or None
        Budget in bases seen; goes before minutes.
    gpu : bool
        Whether there is a GPU.

    Returns
    -------
    Size
        The smallest size whose limit is not exceeded.

    Examples
    --------
    >>> size_for(minutes=10, bases=None, gpu=False).width, size_for(minutes=60, bases=None, gpu=False).width
    (128, 192)
    """
    if bases is None:
        bases = (minutes or 0.0) * (GPU_BASES_PER_MINUTE if gpu else CPU_BASES_PER_MINUTE)
    return next(size for size in SIZES if bases <= size.bases)


def default_shape(width: int, layers: int, *, single: bool) -> dict[str, int]:
    """Give the rest of an encoder's shape.

    Parameters
    ----------
    width, layers : int
        As in `encoders.transformer.TransformerConfig`.
    single : bool
        Whether tokens are single bases, whose stem sees 21 of them; a word holds its neighbours already.

    Returns
    -------
    dict of str to int
        Fields of `TransformerConfig`: one head per 64 channels, the proportions of the default models.

    Examples
    --------
    >>> default_shape(128, 2, single=False)
    {'width': 128, 'layers': 2, 'heads': 2, 'feed_forward': 320, 'stem_reach': 1}
    """
    proportions = {size.width: size.feed_forward for size in SIZES}
    return {
        "width": width,
        "layers": layers,
        "heads": max(1, width // HEAD_WIDTH),
        "feed_forward": proportions.get(width, 5 * width // 2),
        "stem_reach": NUCLEOTIDE_STEM if single else WORD_STEM,
    }


CURVE_POINTS = 12
FEWEST_STEPS_PER_POINT = 25
"""A point of the curve costs about as much as eight steps of training."""

CHECKPOINTS = 20
DEFAULT_MINUTES = 5.0


class PretrainingOptions(Configuration):
    """What the user asks for.

    Attributes
    ----------
    minutes, steps, bases : float or int or None
        The budget, exactly one of them; none of them means 5 minutes.
    seed : int
        Seed of everything.
    window : int
        Bases per window.
    checkpoint_every : int or None
        Steps between checkpoints; by default a twentieth of the run.
    validation, test : tuple of str
        Records to hold out, in a corpus species; chosen where empty.
    temperature : float or None
        T of size^(1/T), by which the species of a corpus are drawn; None for its weights, or by size.
    """

    minutes: float | None = Field(None, gt=0, allow_inf_nan=False)
    steps: int | None = Field(None, ge=1)
    bases: int | None = Field(None, ge=1)
    seed: int = Field(0, ge=0, lt=2**63)
    window: int = Field(256, ge=16)
    checkpoint_every: int | None = Field(None, ge=1)
    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    temperature: float | None = Field(None, ge=1, allow_inf_nan=False)

    @model_validator(mode="after")
    def _one_budget(self) -> PretrainingOptions:
        budgets = {"minutes": self.minutes, "steps": self.steps, "bases": self.bases}
        given = [f"{name} {value:,}" for name, value in budgets.items() if value is not None]
        if len(given) > 1:
            raise ConfigurationError(f"{len(given)} budgets: {', '.join(given)}", fix="give one of them")
        return self


def _read_encoder(value: Any) -> Any:
    """Take an encoder's shape, or read it from plain values with its kind."""
    if not isinstance(value, dict):
        return value
    return encoder_config(str(value.get("kind")), {key: value[key] for key in value if key != "kind"}, "encoder")


def _write_encoder(config: EncoderConfig) -> dict[str, Any]:
    return {"kind": config.kind, **config.to_mapping()}


AnyEncoder = Annotated[EncoderConfig, BeforeValidator(_read_encoder), PlainSerializer(_write_encoder)]


class Plan(Configuration):
    """What was decided.

    Attributes
    ----------
    options : PretrainingOptions
        What was asked for.
    genome : str
        Content hash of the prepared genome.
    recipe : Recipe
        What was chosen beside the budget.
    tokenizer, files
        Content hash of the tokenizer, and SHA-256 of the files that the recipe names, by path.
    encoder, training
        The configurations.
    regions : dict of str to tuple of (str, int, int)
        Name, start, end per role.
    rule : str
        How the regions were chosen.
    """

    options: PretrainingOptions
    genome: str
    recipe: Recipe
    tokenizer: str
    files: dict[str, str]
    encoder: AnyEncoder
    training: TrainingConfig
    regions: dict[Role, tuple[tuple[str, int, int], ...]]
    rule: str

    @property
    def bases_per_step(self) -> int:
        """Bases that a step reads."""
        return bases_per_step(self.recipe, self.training.windows, self.training.window)

    def split(self) -> GenomeSplit:
        """Give the regions as a `GenomeSplit`."""
        roles = {role: tuple(Interval(*place) for place in places) for role, places in self.regions.items()}
        return GenomeSplit(roles["train"], roles["validation"], roles["test"], self.rule)

    def with_steps(self, steps: int) -> Plan:
        """Give the same plan with so many steps, and what follows from their number."""
        counts = {
            "steps": steps,
            "validate_every": max(FEWEST_STEPS_PER_POINT, -(-steps // CURVE_POINTS)),
            "checkpoint_every": self.options.checkpoint_every or -(-steps // CHECKPOINTS),
        }
        return self.model_copy(update={"training": self.training.model_copy(update=counts)})


def draft_plan(
    genome: PreparedGenome, options: PretrainingOptions, recipe: Recipe, tokenizer: Tokenizer, *, gpu: bool
) -> Plan:
    """Decide everything but the number of steps.

    Parameters
    ----------
    genome : PreparedGenome
        What to learn from.
    options : PretrainingOptions
        What was asked for.
    recipe : Recipe
        What was chosen beside the budget.
    tokenizer : Tokenizer
        That of the recipe.
    gpu : bool
        Whether there is a GPU; the default size follows from it.

    Returns
    -------
    Plan
        With the steps that were asked for, or one step; see `Plan.with_steps`.

    Raises
    ------
    ConfigurationError, InputError
        If the genome cannot be split as asked, or is shorter than a window.
    """
    split = split_genome(genome, window=options.window, validation=options.validation, test=options.test)
    size = _size(options, gpu=gpu)
    return Plan(
        options=options,
        genome=genome.content_hash,
        recipe=recipe,
        tokenizer=tokenizer.content_hash,
        files=recipe_files(recipe),
        encoder=_encoder(recipe, size, tokenizer, sum(region.length for region in split.train)),
        training=TrainingConfig.from_mapping(
            {"steps": options.steps or 1, "windows": size.windows, "window": options.window, "seed": options.seed}
            | given_values(recipe.training),
            "training",
        ),
        regions={
            role: tuple((region.name, region.start, region.end) for region in regions)
            for role, regions in split.regions().items()
        },
        rule=split.rule,
    )


def named_files(recipe: Recipe) -> list[str]:
    """List the files of annotations, orthologues and tracks that a recipe names, each once."""
    classes = [source.file for source in recipe.classes.values() if source.file is not None]
    parts = [path for part in recipe.objectives.values() for path in part.paths()]
    return list(dict.fromkeys((*classes, *parts)))


def recipe_files(recipe: Recipe) -> dict[str, str]:
    """Give the SHA-256 of every file that a recipe names, by path."""
    return {path: durable.sha256_of(Path(path)) for path in named_files(recipe)}


def _encoder(recipe: Recipe, size: Size, tokenizer: Tokenizer, bases: int) -> EncoderConfig:
    """Give the shape that was chosen, and where nothing was, the one for the budget."""
    kind, chosen = encoder_kinds()[recipe.encoder.kind], recipe.encoder.shape
    single = isinstance(tokenizer, NucleotideTokenizer)
    if chosen.get("context_lengths") and not single:
        what = "context_lengths counts which base follows which bases, and the tokens are words"
        raise ConfigurationError(what, fix="leave it out, or take single nucleotides")
    default: dict[str, Any] = {"context_lengths": context_lengths(bases) if single else ()}
    if kind.sized:
        width = chosen.get("width", size.width)
        default |= default_shape(width, chosen.get("layers", size.layers), single=single)
        if width == size.width:
            default |= {"heads": size.heads, "feed_forward": size.feed_forward}
    derived = dict(zip(DERIVED, (len(tokenizer.vocabulary), recipe.causal), strict=True))
    derived |= {"padding_id": tokenizer.padding_id, "mask_id": tokenizer.mask_id}
    if chosen.get("mask_id") is None:  # The rescaling of windows with masks is off.
        del derived["mask_id"]
    values = {name: value for name, value in (default | chosen | derived).items() if name in kind.model_fields}
    return encoder_config(recipe.encoder.kind, values, "encoder")


def _size(options: PretrainingOptions, *, gpu: bool) -> Size:
    bases = options.bases
    if options.steps is not None:
        bases = options.steps * SIZES[0].windows * options.window
    return size_for(minutes=options.minutes or DEFAULT_MINUTES, bases=bases, gpu=gpu)


def plan_of_model(folder: Path) -> Plan:
    """Read the plan that a model directory was made by.

    Raises
    ------
    InputError
        If the folder is no model, or its model was not made by a plan.
    """
    record = training_record(folder)
    if "plan" not in record:
        raise InputError(
            "the model's manifest does not say what it was trained on",
            fix="name a model that genolect pretrain or genolect learn made",
            path=folder,
        )
    return read_plan(record["plan"], folder)


def known_plan(folder: Path) -> Plan | None:
    """Give the plan that a model was trained by; None for one that was published, or carried over."""
    if is_published(folder) or "plan" not in training_record(folder):
        return None
    return plan_of_model(folder)


def read_plan(values: Mapping[str, Any], path: Path) -> Plan:
    """Read a plan from plain values; `path` is where they stand, for the message.

    Raises
    ------
    InputError
        If it was made by another version, or damaged.
    """
    try:
        return Plan.from_mapping(values, str(path))
    except ConfigurationError as error:
        what = f"this plan was made by another version of genolect, or is damaged ({shown(error.what)})"
        raise InputError(
            what, fix="use the genolect that made it, or train anew in another --out", path=path
        ) from error


def write_plan(run: Path, plan: Plan) -> None:
    """Save the plan beside the run's results."""
    durable.write_json(run / PLAN, plan.to_mapping())


def resume_plan(
    run: Path, genome: PreparedGenome, options: PretrainingOptions, recipe: Recipe, tokenizer: Tokenizer
) -> Plan | None:
    """Read the plan of a run that was interrupted, and make sure that it is the run that is asked for.

    Parameters
    ----------
    run : Path
        The run folder.
    genome : PreparedGenome
        The genome given now.
    options : PretrainingOptions
        The options given now.
    recipe, tokenizer
        Those given now.

    Returns
    -------
    Plan or None
        None where the folder has no plan yet.

    Raises
    ------
    ConfigurationError
        If genome or options differ from the plan's, naming what differs.
    InputError
        If the plan is damaged.
    """
    path = run / PLAN
    if not path.is_file():
        return None
    try:
        values = dict(json.loads(path.read_text("utf-8")))
    except (ValueError, TypeError) as error:
        raise InputError("this is no plan of a run", fix="begin anew in another --out", path=path) from error
    plan = read_plan(values, path)
    pairs = ((plan.options, options), (plan.recipe, recipe))
    changed = [change for before, now in pairs for change in _changes(before.to_mapping(), now.to_mapping())]
    if plan.tokenizer != tokenizer.content_hash:
        changed.append("the tokenizer has another vocabulary")
    changed += [
        f"{path} has another content" for path, sha in recipe_files(plan.recipe).items() if plan.files[path] != sha
    ]
    if plan.genome != genome.content_hash:
        changed.append("the prepared genome has another content")
    if changed:
        raise ConfigurationError(
            f"the run was begun with other settings ({'; '.join(changed)})",
            fix="resume with the same ones, or begin anew in another --out",
            path=run,
        )
    return plan


def _changes(before: Mapping[str, Any], now: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """Name every value that differs, by its place."""
    for key in dict.fromkeys((*before, *now)):
        one, other = before.get(key), now.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _changes(one, other, f"{where}{key}.")
        elif one != other:
            yield f"{where}{key}: {one} then, {other} now"
