"""The plan of a pretraining run: everything that is decided before the first step, written down once.

A budget in minutes becomes a number of steps by a short measurement, so that the run itself depends on nothing but the
plan: the same plan on the same machine gives the same weights.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from pydantic import Field, model_validator

from genolect import durable
from genolect.config import Configuration
from genolect.data.context_counts import context_lengths
from genolect.data.genome import PreparedGenome
from genolect.data.species_split import choose_species_split
from genolect.data.split import Split, choose_split
from genolect.data.windows import WindowSampler
from genolect.encoders.transformer import TransformerConfig
from genolect.errors import ConfigurationError, InputError
from genolect.inference import Machine
from genolect.model import new_model, training_record
from genolect.objectives.masked import MaskedConfig, MaskedObjective
from genolect.sequence.alphabet import BASE_BITS, N
from genolect.sequence.interval import Interval
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.training.loop import Training, TrainingConfig
from genolect.workflow.corpora import choose_shares, has_species
from genolect.workflow.sizing import SIZES, Size, size_for

PLAN = "plan.json"
WARM_UP_STEPS, TIMED_STEPS = 2, 6
CURVE_POINTS = 12
FEWEST_STEPS_PER_POINT = 25
"""A point of the curve costs about as much as eight steps of training."""

CHECKPOINTS = 20
DEFAULT_MINUTES = 5.0
FEWEST_SPECIES = 3
"""One to train, one to validate and one to test."""

MOST_FILES_NAMED = 5
"""In a refusal; where a corpus has more, its folder is named."""


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


class Plan(Configuration):
    """What was decided.

    Attributes
    ----------
    options : PretrainingOptions
        What was asked for.
    genome : str
        Content hash of the prepared genome.
    encoder, objective, training
        The configurations.
    regions : dict of str to tuple of (str, int, int)
        Name, start, end per role.
    rule : str
        How the regions were chosen.
    """

    options: PretrainingOptions
    genome: str
    encoder: TransformerConfig
    objective: MaskedConfig
    training: TrainingConfig
    regions: dict[str, tuple[tuple[str, int, int], ...]]
    rule: str

    def split(self) -> Split:
        """Give the regions as a `Split`."""
        roles = {role: tuple(Interval(*place) for place in places) for role, places in self.regions.items()}
        return Split(roles["training"], roles["validation"], roles["test"], self.rule)


def make_plan(genome: PreparedGenome, options: PretrainingOptions, machine: Machine) -> Plan:
    """Decide everything.

    Parameters
    ----------
    genome : PreparedGenome
        What to learn from.
    options : PretrainingOptions
        What was asked for.
    machine : Machine
        Where it will run; measured if the budget is in minutes.

    Returns
    -------
    Plan
        The plan.

    Raises
    ------
    ConfigurationError, InputError
        If the genome cannot be split or drawn from as asked, or is shorter than a window.
    """
    split = split_genome(genome, window=options.window, validation=options.validation, test=options.test)
    bases = sum(region.length for region in split.training)
    size = _size(options, machine)
    encoder = TransformerConfig(
        vocabulary=len(NucleotideTokenizer.vocabulary),
        width=size.width,
        layers=size.layers,
        heads=size.heads,
        feed_forward=size.feed_forward,
        context_lengths=context_lengths(bases),
    )
    draft = TrainingConfig(steps=options.steps or 1, windows=size.windows, window=options.window, seed=options.seed)
    windows = training_windows(genome, split, draft, temperature=options.temperature)
    steps = _steps(windows, options, encoder, draft, machine)
    training = draft.model_copy(
        update={
            "steps": steps,
            "validate_every": max(FEWEST_STEPS_PER_POINT, -(-steps // CURVE_POINTS)),
            "checkpoint_every": options.checkpoint_every or -(-steps // CHECKPOINTS),
        }
    )
    return Plan(
        options=options,
        genome=genome.content_hash,
        encoder=encoder,
        objective=MaskedConfig(),
        training=training,
        regions={
            role: tuple((region.name, region.start, region.end) for region in regions)
            for role, regions in split.regions().items()
        },
        rule=split.rule,
    )


def split_genome(
    genome: PreparedGenome, *, window: int, validation: Sequence[str] = (), test: Sequence[str] = ()
) -> Split:
    """Choose what is held out, and make sure that every role has a window with bases in it.

    Parameters
    ----------
    genome : PreparedGenome
        What to split.
    window : int
        Bases per window.
    validation, test : sequence of str
        As in `data.species_split.choose_species_split` where there are species enough, else in
        `data.split.choose_split`.

    Returns
    -------
    Split
        The stretches.

    Raises
    ------
    InputError
        If the genome is too short, or a role has hardly any base that is not N.
    ConfigurationError
        If a record or species named does not exist.
    """
    files = [item["path"] for item in genome.inputs]
    names = ", ".join(files) if len(files) <= MOST_FILES_NAMED else str(genome.folder)
    records = genome.records.values()
    try:
        if has_species(genome) and len({record.species for record in records}) >= FEWEST_SPECIES:
            split = choose_species_split(records, validation=validation, test=test)
        else:
            split = choose_split(genome.lengths, validation=validation, test=test)
    except InputError as error:
        raise InputError(error.what, fix=error.fix, path=names) from error
    for role, regions in split.regions().items():
        longest = max(region.length for region in regions)
        if longest < window:
            raise InputError(
                f"the longest {role} stretch has {longest:,} bases, fewer than a window's {window:,}",
                fix="give a longer genome, hold out longer records, or shorten the --window of genolect pretrain",
                path=names,
            )
        known = sum(_known_bases(genome, region) for region in regions if region.length >= window)
        if known < window:
            raise InputError(
                f"all but {known:,} bases of the {role} stretches are N",
                fix="give a genome with sequence in it, or hold out other records with --validation and --test",
                path=names,
            )
    return split


def _known_bases(genome: PreparedGenome, region: Interval) -> int:
    bases = genome.bases(region.name, region.start, region.end)
    return int(np.count_nonzero((bases & BASE_BITS) < N))


def _size(options: PretrainingOptions, machine: Machine) -> Size:
    bases = options.bases
    if options.steps is not None:
        bases = options.steps * SIZES[0].windows * options.window
    minutes = options.minutes or DEFAULT_MINUTES
    return size_for(minutes=minutes, bases=bases, gpu=machine.device.type == "cuda")


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


def _steps(
    windows: WindowSampler,
    options: PretrainingOptions,
    encoder: TransformerConfig,
    training: TrainingConfig,
    machine: Machine,
) -> int:
    if options.steps is not None:
        return options.steps
    if options.bases is not None:
        return max(1, round(options.bases / (training.windows * training.window)))
    seconds = measure_step(windows, encoder, training, machine)
    return max(1, round((options.minutes or DEFAULT_MINUTES) * 60 / seconds))


def measure_step(
    windows: WindowSampler, encoder: TransformerConfig, training: TrainingConfig, machine: Machine
) -> float:
    """Time a training step on a model that is thrown away.

    Parameters
    ----------
    windows, encoder, training, machine
        As the run will use them.

    Returns
    -------
    float
        Median seconds per step.
    """
    tokenizer = NucleotideTokenizer()
    model = new_model(encoder, tokenizer, seed=training.seed)
    objective = MaskedObjective(MaskedConfig(), mask_id=tokenizer.mask_id, targets=tokenizer.targets)
    trial = Training(model, windows, objective, training.model_copy(update={"steps": 1000}), machine)
    seconds = []
    for _ in range(WARM_UP_STEPS + TIMED_STEPS):
        started = time.perf_counter()
        trial.step()
        if machine.device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return sorted(seconds[WARM_UP_STEPS:])[TIMED_STEPS // 2]


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
    return Plan.from_mapping(record["plan"], str(folder))


def write_plan(run: Path, plan: Plan) -> None:
    """Save the plan beside the run's results."""
    durable.write_json(run / PLAN, plan.to_mapping())


def resume_plan(run: Path, genome: PreparedGenome, options: PretrainingOptions) -> Plan | None:
    """Read the plan of a run that was interrupted, and make sure that it is the run that is asked for.

    Parameters
    ----------
    run : Path
        The run folder.
    genome : PreparedGenome
        The genome given now.
    options : PretrainingOptions
        The options given now.

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
        plan = Plan.from_mapping(json.loads(path.read_text("utf-8")), str(path))
    except (ValueError, TypeError) as error:
        raise InputError("this is no plan of a run", fix="begin anew in another --out", path=path) from error
    before, now = plan.options.to_mapping(), options.to_mapping()
    changed = [f"{key}: {before[key]} then, {now[key]} now" for key in now if before[key] != now[key]]
    if plan.genome != genome.content_hash:
        changed.append("the prepared genome has another content")
    if changed:
        raise ConfigurationError(
            f"the run was begun with other settings ({'; '.join(changed)})",
            fix="resume with the same ones, or begin anew in another --out",
            path=run,
        )
    return plan
