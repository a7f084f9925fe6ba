"""Pretraining as a user means it: from a prepared genome to a model directory and an honest figure."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import torch

from genolect import durable
from genolect.data.context_counts import count_contexts
from genolect.data.genome import PreparedGenome
from genolect.data.split import Split
from genolect.evaluation.context_model import ContextModel
from genolect.evaluation.statistics import Estimate
from genolect.inference import Machine, masked_bits, this_machine
from genolect.model import SequenceModel, new_model, save_model, training_record
from genolect.objectives.masked import MaskedObjective
from genolect.report.page import RESULTS
from genolect.sequence.statistics import describe_bases
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.training.checkpoint import clear_checkpoints
from genolect.training.loop import Observers, Progress, Training
from genolect.workflow.corpora import count_species, has_species
from genolect.workflow.heldout import Exam, set_exam
from genolect.workflow.plan import (
    MOST_FILES_NAMED,
    Plan,
    PretrainingOptions,
    make_plan,
    resume_plan,
    training_windows,
    write_plan,
)
from genolect.workflow.results import INTERVALS, new_results, read_results

MODEL = "model"
CHECKPOINTS = "checkpoints"
CURVE_WINDOWS = 400
EXAM_WINDOWS = 4_000


@dataclass(frozen=True)
class PretrainingListener:
    """What the caller wants to hear while a model is trained.

    Attributes
    ----------
    say : callable
        Told a sentence.
    report : callable
        Told the plan, the progress and the count model's bits per hidden base, after every step.
    """

    say: Callable[[str], None] = lambda sentence: None
    report: Callable[[Plan, Progress, float], None] = lambda plan, progress, count_bits: None


def pretrain(
    prepared: Path, run: Path, options: PretrainingOptions, *, command: str, listener: PretrainingListener
) -> dict[str, Any]:
    """Train a model on a prepared genome, or go on with one whose training was interrupted.

    Parameters
    ----------
    prepared : Path
        Folder made by `data.genome.prepare_genome`.
    run : Path
        The run folder: the model goes to ``run/model``, the figures to ``run/results.json``.
    options : PretrainingOptions
        Budget, seed, what to hold out.
    command : str
        The command as typed, for the record.
    listener : PretrainingListener
        Who listens.

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
    durable.make_folder(run)
    genome = PreparedGenome(prepared)
    plan = resume_plan(run, genome, options)
    if plan is None:
        listener.say("measuring this machine" if options.steps is None and options.bases is None else "planning")
        plan = make_plan(genome, options, machine)
        write_plan(run, plan)
    durable.clear_leftovers(run)
    if not (run / MODEL).exists():
        _train(genome, plan, run, machine, listener)
    clear_checkpoints(run / CHECKPOINTS)
    results = read_results(run)
    if results is None or "pretraining" not in results:
        results = new_results(command, _sections(genome, plan, training_record(run / MODEL)))
        durable.write_json(run / RESULTS, results)
    return results


def _train(genome: PreparedGenome, plan: Plan, run: Path, machine: Machine, listener: PretrainingListener) -> None:
    split, seed, window = plan.split(), plan.training.seed, plan.training.window
    longest = max(plan.encoder.context_lengths)
    listener.say("counting contexts of the training stretches")
    counts = count_contexts(genome, split.training, longest)
    validation = set_exam(genome, split.validation, window=window, most=CURVE_WINDOWS, seed=seed)
    exam = set_exam(genome, split.test, window=window, most=EXAM_WINDOWS, seed=seed)
    counting = ContextModel(counts)
    counting.tune(validation.shown, validation.truth)
    count_bits = float(counting.bits(validation.shown, validation.truth).mean())

    tokenizer = NucleotideTokenizer()
    tables = {k: torch.from_numpy(counts[k]) for k in plan.encoder.context_lengths}
    model = new_model(plan.encoder, tokenizer, seed=seed, counts=tables)
    windows = training_windows(genome, split, plan.training, temperature=plan.options.temperature)
    objective = MaskedObjective(plan.objective, mask_id=tokenizer.mask_id, targets=tokenizer.targets)
    training = Training(model, windows, objective, plan.training, machine)
    observers = Observers(
        validate=lambda model: float(masked_bits(model, validation.shown, validation.truth, machine).mean()),
        report=lambda progress: listener.report(plan, progress, count_bits),
        warn=listener.say,
    )
    training.run(run / CHECKPOINTS, observers)
    listener.say("comparing with the count model on the test stretches")
    record = _record(model, plan, training.progress, exam, counting, machine) | {"count_model_curve_bits": count_bits}
    save_model(run / MODEL, model, record | {"plan": plan.to_mapping()})


def _record(
    model: SequenceModel, plan: Plan, progress: Progress, exam: Exam, counting: ContextModel, machine: Machine
) -> dict[str, Any]:
    """Say how the training went and what the model reaches beside the count model on the test stretches."""
    started = time.perf_counter()
    own = masked_bits(model, exam.shown, exam.truth, machine)
    scoring_seconds = time.perf_counter() - started
    others = counting.bits(exam.shown, exam.truth)
    score = exam.mean_bits(own, seed=plan.training.seed)
    bar = exam.mean_bits(others, seed=plan.training.seed)
    difference = exam.mean_bits(own - others, seed=plan.training.seed)
    bases = plan.training.steps * plan.training.windows * plan.training.window
    return {
        "parameters": model.parameter_count,
        "device": str(machine.device),
        "precision": "bfloat16 products, float32 weights" if machine.reduced else "float32",
        "steps": plan.training.steps,
        "bases_seen": bases,
        "seconds": progress.seconds,
        "bases_per_second": bases / progress.seconds,
        "scored_bases_per_second": exam.shown.size / scoring_seconds,
        "curve": [asdict(point) for point in progress.curve],
        "split": "test",
        "hidden_bases": exam.hidden,
        "bits_per_hidden_base": score.value,
        "bits_low": score.low,
        "bits_high": score.high,
        "count_model_bits_per_base": bar.value,
        "count_model_low": bar.low,
        "count_model_high": bar.high,
        "difference": asdict(difference),
        "verdict": _verdict(score, bar, difference),
    }


def _verdict(score: Estimate, bar: Estimate, difference: Estimate) -> str:
    """Say in a sentence who wins, also when the model loses."""
    figures = f"{score.value:.4f} bits per hidden base on the test stretches, the count model {bar.value:.4f}"
    if difference.low is None or difference.high is None:
        return f"The model reaches {figures}; too few blocks for an interval."
    ends = f"{difference.low:+.4f} to {difference.high:+.4f}"
    interval = f"difference {difference.value:+.4f}, 95 % interval {ends}"
    if difference.high < 0:
        return f"The model beats the count model: {figures} ({interval})."
    if difference.low > 0:
        return f"The model LOSES to the count model: {figures} ({interval}). Train it longer."
    return f"The model and the count model are level: {figures} ({interval})."


def _sections(genome: PreparedGenome, plan: Plan, record: dict[str, Any]) -> dict[str, Any]:
    split = plan.split()
    configuration = {
        "encoder": plan.encoder.to_mapping(),
        "objective": plan.objective.to_mapping(),
        "training": plan.training.to_mapping(),
    }
    description = (
        f"pre-norm transformer with rotary positions, {plan.encoder.layers} layers of width {plan.encoder.width}, "
        f"a local stem of {plan.encoder.stem_reach} bases and counts of contexts up to "
        f"{max(plan.encoder.context_lengths)} bases"
    )
    return {
        "title": f"genolect: {_files(genome)}",
        "synthetic": all("made by genolect" in item.description for item in genome.records.values()),
        "seed": plan.training.seed,
        "intervals": INTERVALS,
        "inputs": genome.inputs,
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
        "model": {"parameters": record["parameters"], "description": description, "configuration": configuration},
        "pretraining": {key: value for key, value in record.items() if key not in {"plan", "parameters"}},
    }


def _files(genome: PreparedGenome) -> str:
    names = [Path(item["path"]).name for item in genome.inputs]
    return ", ".join(names) if len(names) <= MOST_FILES_NAMED else f"a corpus of {len(names):,} genomes"


def _drawn_species(genome: PreparedGenome, plan: Plan) -> dict[str, Any]:
    """Count the windows that each species had in training: they are drawn again, being a function of the plan."""
    if not has_species(genome):
        return {}
    split, training = plan.split(), plan.training
    windows = training_windows(genome, split, training, temperature=plan.options.temperature)
    rows = count_species(windows, split.training, repeat(training.windows, training.steps))
    ordered = sorted(rows, key=lambda row: row.expected, reverse=True)
    return {"species": [asdict(row) for row in ordered]}


def _describe(genome: PreparedGenome, split: Split) -> list[dict[str, Any]]:
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
