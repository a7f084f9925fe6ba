"""Pretraining as a user means it: from a prepared genome to a model directory and an honest figure."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import torch

from genolect import files
from genolect.folders import CHECKPOINTS, MODEL, RESULTS
from genolect.genome.context_counts import context_lengths, count_contexts
from genolect.genome.genome import PreparedGenome
from genolect.genome.holdout import MOST_FILES_NAMED, GenomeSplit
from genolect.genome.preparation import count_species, has_species
from genolect.models.inference import Machine, this_machine
from genolect.models.model import save_model, training_record
from genolect.pretraining.assembly import (
    HeldOutEvaluations,
    Ingredients,
    gather,
    held_out_evaluations,
    new_training,
    training_windows,
)
from genolect.pretraining.checkpoint import clear_checkpoints
from genolect.pretraining.cost.trial import measure_step
from genolect.pretraining.kinds.kind import ExamResult, Held
from genolect.pretraining.loop import Observers, Progress, Training
from genolect.pretraining.plan import (
    DEFAULT_MINUTES,
    Plan,
    PretrainingOptions,
    draft_plan,
    resume_plan,
    write_plan,
)
from genolect.pretraining.recipe import Recipe
from genolect.report.folder import INTERVALS, new_results, read_results
from genolect.sequence.statistics import describe_bases

BITS = ("bits per hidden base", "bits per base")
"""Measures of which a learning curve is drawn."""


@dataclass(frozen=True)
class Bar:
    """What a model should clear: its value, what it measures, who it is, and what it is asked about."""

    value: float
    measure: str
    name: str
    asked: str = "validation windows"


@dataclass(frozen=True)
class PretrainingListener:
    """What the caller wants to hear while a model is trained.

    Attributes
    ----------
    say : callable
        Told a sentence.
    report : callable
        Told the plan, the progress and the bars of the validation exams, after every step.
    """

    say: Callable[[str], None] = lambda sentence: None
    report: Callable[[Plan, Progress, Mapping[str, Bar]], None] = lambda plan, progress, bars: None


def pretrain(
    prepared: Path,
    run: Path,
    options: PretrainingOptions,
    *,
    command: str,
    listener: PretrainingListener,
    recipe: Recipe | None = None,
) -> dict[str, Any]:
    """Train a model on a prepared genome, or go on with one whose training was interrupted.

    Parameters
    ----------
    prepared : Path
        Folder made by `genome.genome.prepare_genome`.
    run : Path
        The run folder: the model goes to ``run/model``, the figures to ``run/results.json``.
    options : PretrainingOptions
        Budget, seed, what to hold out.
    command : str
        The command as typed, for the record.
    listener : PretrainingListener
        Who listens.
    recipe : Recipe, optional
        Tokenizer, encoder and objectives; by default single bases that are hidden.

    Returns
    -------
    dict
        The content of ``results.json``.

    Raises
    ------
    Interrupted
        After a signal; the state is saved.
    GenolectError
        As the parts say.
    """
    machine = this_machine()
    files.make_folder(run)
    genome = PreparedGenome(prepared)
    ingredients = gather(genome, recipe or Recipe())
    plan = resume_plan(run, genome, options, ingredients.recipe, ingredients.tokens.tokenizer)
    if plan is None:
        listener.say("measuring this machine" if options.steps is None and options.bases is None else "planning")
        plan = make_plan(genome, options, machine, ingredients)
        write_plan(run, plan)
    files.clear_leftovers(run)
    if not (run / MODEL).exists():
        _train(genome, plan, ingredients, run, listener)
    clear_checkpoints(run / CHECKPOINTS)
    results = read_results(run)
    if results is None or "pretraining" not in results:
        results = new_results(command, _sections(genome, plan, training_record(run / MODEL)))
        files.write_json(run / RESULTS, results)
    return results


def make_plan(
    genome: PreparedGenome, options: PretrainingOptions, machine: Machine, ingredients: Ingredients | None = None
) -> Plan:
    """Decide everything.

    Parameters
    ----------
    genome : PreparedGenome
        What to learn from.
    options : PretrainingOptions
        What was asked for.
    machine : Machine
        Where it will run; measured if the budget is in minutes.
    ingredients : Ingredients, optional
        What the recipe names; by default those of the default recipe.

    Returns
    -------
    Plan
        The plan.

    Raises
    ------
    ConfigurationError, InputError
        If the genome cannot be split or drawn from as asked, or is shorter than a window.
    """
    ingredients = ingredients or gather(genome, Recipe())
    gpu = machine.device.type == "cuda"
    draft = draft_plan(genome, options, ingredients.recipe, ingredients.tokens.tokenizer, gpu=gpu)
    trial = new_training(
        ingredients, genome, draft.split(), draft.encoder, draft.training, machine, temperature=options.temperature
    )
    if options.steps is not None:
        return draft.with_steps(options.steps)
    if options.bases is not None:
        return draft.with_steps(max(1, round(options.bases / trial.bases_per_step)))
    seconds = (options.minutes or DEFAULT_MINUTES) * 60
    return draft.with_steps(max(1, round(seconds / measure_step(trial))))


def _train(
    genome: PreparedGenome, plan: Plan, ingredients: Ingredients, run: Path, listener: PretrainingListener
) -> None:
    split, machine = plan.split(), this_machine()
    listener.say("counting contexts of the training stretches")
    read: tuple[int, ...] = getattr(plan.encoder, "context_lengths", ())
    longest = max(read or context_lengths(sum(region.length for region in split.train)))
    counts = count_contexts(genome, split.train, longest)
    training = new_training(
        ingredients,
        genome,
        split,
        plan.encoder,
        plan.training,
        machine,
        counts={k: torch.from_numpy(counts[k]) for k in read},
        temperature=plan.options.temperature,
    )
    held = Held(genome, split, counts, plan.training.window, plan.training.seed)
    exams = held_out_evaluations(ingredients, training.parts, held)
    bars = {
        name: Bar(exam.bar, exam.measure, exam.bar_name, plan.recipe.objectives[name].evaluated_on)
        for name, exam in exams.validation.items()
    }
    observers = Observers(
        validate=lambda model: {name: exam.score(model, machine) for name, exam in exams.validation.items()},
        report=lambda progress: listener.report(plan, progress, bars),
        warn=listener.say,
    )
    training.run(run / CHECKPOINTS, observers)
    listener.say(f"comparing with {_listed(exams)} on the test stretches")
    record = _record(training, plan, exams, ingredients)
    save_model(run / MODEL, training.model, record | {"plan": plan.to_mapping()})


def _listed(exams: HeldOutEvaluations) -> str:
    return " and ".join(dict.fromkeys(f"the {exam.bar_name}" for exam in exams.test.values()))


def _record(training: Training, plan: Plan, exams: HeldOutEvaluations, ingredients: Ingredients) -> dict[str, Any]:
    """Say how the training went, and what the model reaches beside each bar on what was held out."""
    model, machine, progress = training.model, training.machine, training.progress
    started = time.perf_counter()
    results = {name: exam.result(model, machine, seed=plan.training.seed) for name, exam in exams.test.items()}
    bases = plan.training.steps * training.bases_per_step
    first = next((name for name, result in results.items() if result.measure in BITS), None)
    return {
        "parameters": model.parameter_count,
        "device": str(machine.device),
        "precision": "bfloat16 products, float32 weights" if machine.reduced else "float32",
        "steps": plan.training.steps,
        "bases_seen": bases,
        "seconds": progress.seconds,
        "bases_per_second": bases / progress.seconds,
        "scoring_seconds": time.perf_counter() - started,
        "curve": [asdict(point) for point in progress.curve],
        "split": "test",
        "how": _how(plan.recipe),
        **({} if first is None else _in_bits(results[first], exams.validation[first].bar)),
        "exams": {name: result.to_mapping() for name, result in results.items()},
        "classes": _rates(training, ingredients),
        "verdict": " ".join(_verdicts(results)),
        "verdicts": _verdicts(results),
    }


def _verdicts(results: Mapping[str, ExamResult]) -> list[str]:
    """Say who wins, exam by exam; with the name of the objective where there are several."""
    return [f"{name}: {one.verdict()}" if len(results) > 1 else one.verdict() for name, one in results.items()]


def _how(recipe: Recipe) -> str:
    """Say how a model learned."""
    ways = dict.fromkeys(part.learned_by for part in recipe.objectives.values())
    return f"by {' and '.join(ways)}"


def _in_bits(result: ExamResult, curve_bar: float) -> dict[str, Any]:
    """Give the figures in bits by the names that every result has."""
    return {
        "measure": result.measure,
        "bar_name": result.bar_name,
        "hidden_bases": result.unit_count,
        "bits_per_hidden_base": result.model.value,
        "bits_low": result.model.low,
        "bits_high": result.model.high,
        "count_model_bits_per_base": result.bar.value,
        "count_model_low": result.bar.low,
        "count_model_high": result.bar.high,
        "count_model_curve_bits": curve_bar,
        "difference": asdict(result.difference),
    }


def _rates(training: Training, ingredients: Ingredients) -> dict[str, dict[str, dict[str, float | int]]]:
    """Give the bases of each class that training showed, and how many of them were selected, by part and class."""
    objectives = ingredients.recipe.objectives
    found = {
        name: objectives[name].class_rates(metrics, ingredients.class_names)
        for name, metrics in training.progress.total.items()
    }
    return {name: rates for name, rates in found.items() if rates}


def _sections(genome: PreparedGenome, plan: Plan, record: dict[str, Any]) -> dict[str, Any]:
    split = plan.split()
    configuration = {
        "recipe": plan.recipe.to_mapping(),
        "encoder": {"kind": plan.encoder.kind, **plan.encoder.to_mapping()},
        "training": plan.training.to_mapping(),
    }
    return {
        "title": f"genolect: {_files(genome)}",
        "synthetic": all("made by genolect" in item.description for item in genome.records.values()),
        "seed": plan.training.seed,
        "intervals": INTERVALS,
        "inputs": [*genome.inputs, *({"path": path, "sha256": sha} for path, sha in plan.files.items())],
        "genome": _describe(genome, split),
        **_drawn_species(genome, plan),
        "split": {
            "rule": plan.rule,
            "regions": [
                {"role": role, "name": region.name, "start": region.start, "end": region.end}
                for role, regions in split.regions().items()
                for region in regions
            ],
        },
        "model": {
            "parameters": record["parameters"],
            "description": _described_encoder(plan),
            "configuration": configuration,
        },
        "pretraining": {key: value for key, value in record.items() if key not in {"plan", "parameters"}},
    }


def _described_encoder(plan: Plan) -> str:
    """Say in a sentence what the model is."""
    encoder, recipe = plan.encoder, plan.recipe
    text = f"{encoder.described}, {encoder.layers} layers of width {encoder.width}"
    text = text if encoder.sees_ahead else f"causal {text}"
    reach, lengths = getattr(encoder, "stem_reach", 1), getattr(encoder, "context_lengths", ())
    stem = [f"a local stem of {reach} tokens"] if reach > 1 else []
    contexts = [f"counts of contexts up to {max(lengths)} bases"] if lengths else []
    extras = " and ".join(stem + contexts)
    asked = ", ".join(f"{name} ({part.kind})" for name, part in recipe.objectives.items())
    return f"{text}{f', {extras}' if extras else ''}; tokens: {recipe.tokenizer}; objectives: {asked}"


def _files(genome: PreparedGenome) -> str:
    names = [Path(item["path"]).name for item in genome.inputs]
    return ", ".join(names) if len(names) <= MOST_FILES_NAMED else f"a corpus of {len(names):,} genomes"


def _drawn_species(genome: PreparedGenome, plan: Plan) -> dict[str, Any]:
    """Count the windows that each species had in training: they are drawn again, being a function of the plan."""
    windows_drawn = any(part.reads_genome for part in plan.recipe.objectives.values())
    if not windows_drawn or not has_species(genome):
        return {}
    split, training = plan.split(), plan.training
    windows = training_windows(genome, split, training, temperature=plan.options.temperature)
    rows = count_species(windows, split.train, repeat(training.windows, training.steps))
    ordered = sorted(rows, key=lambda row: row.expected, reverse=True)
    return {"species": [asdict(row) for row in ordered]}


def _describe(genome: PreparedGenome, split: GenomeSplit) -> list[dict[str, Any]]:
    roles: dict[str, list[str]] = {name: [] for name in genome.lengths}
    for role, regions in split.regions().items():
        for region in regions:
            if role not in roles[region.name]:
                roles[region.name].append(role)
    rows = []
    for name in genome.lengths:
        description = describe_bases(name, genome.bases(name))
        rows.append(
            {
                "name": name,
                "length": description.length,
                "gc": description.gc,
                "cpg_observed_expected": description.cpg_ratio,
                "n": description.unknown,
                "soft_masked": description.soft_masked,
                "entropy_bits": description.kmer_entropy,
                "role": "+".join(roles[name]) or "none",
            }
        )
    return rows
