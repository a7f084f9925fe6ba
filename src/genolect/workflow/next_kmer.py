"""Next-k-mer prediction as a user means it: models beside counts on the same held-out questions.

``docs/next_kmer.md`` says what the arms are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from genolect import durable
from genolect.data.genome import PreparedGenome
from genolect.evaluation.kmer_probe import KmerProbe, fit_kmer_probe
from genolect.evaluation.next_kmer import judge
from genolect.inference import Machine, this_machine
from genolect.model import SequenceModel, load_model, random_twin
from genolect.randomness import derived_key
from genolect.report.page import RESULTS
from genolect.workflow.held_out import HeldOut, held_out_for, model_names
from genolect.workflow.kmer_questions import (
    Floats32,
    TokenizedQuestions,
    counted_windows,
    cut_prefixes,
    prefix_states,
)
from genolect.workflow.kmer_task import Answers, KmerTask, NextKmerOptions, baseline_answers, kmer_rows, set_kmer_task
from genolect.workflow.kmer_tuning import TuningOptions, tune
from genolect.workflow.results import EVALUATION, INTERVALS, new_results

QUESTIONS_PER_STEP = 128
NOTES = (
    "Every arm answers the same held-out questions and is shown the bases before each of them, nothing else.",
    "accuracy_over_markov and bits_over_markov: the arm minus the Markov model of the chosen order, paired.",
    "The order of the Markov model, the pooling of a model's states, the passes of each probe and the steps of tuning "
    "are chosen on validation questions.",
)


def model_answers(
    task: KmerTask,
    model: SequenceModel,
    options: NextKmerOptions,
    machine: Machine,
    *,
    counted: bool,
    say: Callable[[str], None] = lambda sentence: None,
) -> tuple[Answers, dict[str, Any]]:
    """Answer by a model: frozen, tuned, with random weights, and by how frequent its tokens are in the prefix.

    Parameters
    ----------
    task : KmerTask
        The questions.
    model : SequenceModel
        The model; not changed.
    options : NextKmerOptions
        Seed and steps.
    machine : Machine
        Where.
    counted : bool
        Whether the model counted contexts of this genome's training stretches.
    say : callable
        Told what is being done.

    Returns
    -------
    answers : dict of str to dict of int to KmerAnswers
        ``token_frequency``, ``random_probe``, ``pretrained_probe`` and, where steps are given, ``tuned``.
    facts : dict
        What was chosen on the validation questions: ``pooling``, the ``epochs`` of each probe and ``tuned_steps``.

    Raises
    ------
    InputError
        If the tokens of a prefix do not reach its end.
    DivergenceError
        If the model gives what is no number.
    """
    say("cutting prefixes into tokens")
    left_out = counted_windows(model, task.training) if counted else None
    parts = [
        TokenizedQuestions(
            part, cut_prefixes(model.tokenizer, part.prefixes), left_out if part is task.training else None
        )
        for part in (task.training, task.validation, task.test)
    ]
    twin = random_twin(model, seed=derived_key(options.seed, "random twin"), keep_counts=False)
    answers: Answers = {}
    facts: dict[str, Any] = {"epochs": {}}
    arms: dict[str, SequenceModel | None] = {"token_frequency": None, "random_probe": twin, "pretrained_probe": model}
    for arm, encoder in arms.items():
        say(f"probing: {arm}")
        features = _features(encoder, model, parts, machine)
        pooling = _best_pooling(task, features, seed=options.seed)
        if arm == "pretrained_probe":
            facts["pooling"] = pooling
        probes = {k: _probe(task, features[pooling], k, seed=options.seed) for k in task.lengths}
        facts["epochs"][arm] = {k: probe.epochs for k, probe in probes.items()}
        states = features[pooling][2]
        answers[arm] = {k: judge(probe.log_probabilities(states), task.test.truth(k)) for k, probe in probes.items()}
    if options.tuning_steps:
        say("tuning the whole model")
        training, validation, test = parts
        tuning = TuningOptions(options.tuning_steps, QUESTIONS_PER_STEP, options.seed)
        tuned = tune(model, (training, validation, test), task.log_priors, tuning, machine)
        answers["tuned"], facts["tuned_steps"] = tuned.answers, tuned.steps
    return answers, facts


def _features(
    encoder: SequenceModel | None, model: SequenceModel, parts: list[TokenizedQuestions], machine: Machine
) -> dict[str, list[Floats32]]:
    """Give the features of the three parts by what they are: pooled states, or without an encoder shares of tokens."""
    if encoder is None:
        return {"shares": [part.tokens.frequencies(len(model.tokenizer.vocabulary)) for part in parts]}
    states = [prefix_states(encoder, part.tokens, machine, counted=part.counted) for part in parts]
    return {pooling: [part[pooling] for part in states] for pooling in states[0]}


def _best_pooling(task: KmerTask, features: Mapping[str, list[Floats32]], *, seed: int) -> str:
    """Choose, on the validation questions about a middling k, what the probe reads."""
    k = task.lengths[len(task.lengths) // 2]
    if len(features) == 1:
        return next(iter(features))
    return min(features, key=lambda pooling: _probe(task, features[pooling], k, seed=seed).validation_bits)


def _probe(task: KmerTask, features: list[Floats32], k: int, *, seed: int) -> KmerProbe:
    return fit_kmer_probe(
        features[0],
        task.training.truth(k),
        features[1],
        task.validation.truth(k),
        log_prior=task.log_priors[k],
        seed=derived_key(seed, "next k-mer probe", k),
    )


def next_kmer(
    folders: Sequence[Path],
    genome: PreparedGenome,
    out: Path,
    options: NextKmerOptions,
    *,
    command: str,
    say: Callable[[str], None] = lambda sentence: None,
) -> dict[str, Any]:
    """Ask models, and what needs no model, which bases come next.

    Parameters
    ----------
    folders : sequence of Path
        Model directories, ours or Hugging Face's.
    genome : PreparedGenome
        What they are asked about.
    out : Path
        Folder for ``results.json``.
    options : NextKmerOptions
        What to ask.
    command : str
        The command as typed, for the record.
    say : callable
        Told what is being done.

    Returns
    -------
    dict
        The content of ``results.json``.

    Raises
    ------
    GenolectError
        As the parts say.
    """
    names, machine = model_names(list(folders)), this_machine()
    models = {name: load_model(folder) for name, folder in names.items()}
    held = held_out_for(names, genome, window=options.prefix + options.lengths[-1])
    say("drawing questions and counting contexts")
    task = set_kmer_task(genome, held.split, options)
    answers, orders = baseline_answers(task)
    facts = {}
    for name, model in models.items():
        told = say if len(models) == 1 else _prefixed(say, name)
        found, facts[name] = model_answers(task, model, options, machine, counted=held.own[name], say=told)
        answers |= found if len(models) == 1 else {f"{arm}[{name}]": by_length for arm, by_length in found.items()}
    results = new_results(
        command,
        {
            "title": f"genolect: next k-mer, {', '.join(names)}",
            "seed": options.seed,
            "intervals": INTERVALS,
            "inputs": genome.inputs,
            "options": options.to_mapping(),
            EVALUATION: kmer_rows(task, answers, seed=options.seed),
            "next_kmer": _section(task, names, facts, orders),
            "notes": [*NOTES, *_notes(task, held)],
        },
    )
    durable.make_folder(out)
    durable.write_json(out / RESULTS, results)
    return results


def _prefixed(say: Callable[[str], None], name: str) -> Callable[[str], None]:
    return lambda sentence: say(f"{name}: {sentence}")


def _section(
    task: KmerTask, names: Mapping[str, Path], facts: Mapping[str, Any], orders: Mapping[int, int]
) -> dict[str, Any]:
    parts = {"training": task.training, "validation": task.validation, "test": task.test}
    return {
        "questions": {part: len(asked) for part, asked in parts.items()},
        "markov_order": {str(k): order for k, order in orders.items()},
        "models": {name: {"folder": str(folder), **facts[name]} for name, folder in names.items()},
    }


def _notes(task: KmerTask, held: HeldOut) -> list[str]:
    parts = {"training": task.training, "validation": task.validation, "test": task.test}
    left = [f"{asked.with_n:,} {part} windows" for part, asked in parts.items() if asked.with_n]
    return [*held.notes, *([f"Left out because of an N: {', '.join(left)}."] if left else [])]
