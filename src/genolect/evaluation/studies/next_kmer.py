"""Next-k-mer prediction as a user means it: models beside counts on the same held-out questions.

``docs/next_kmer.md`` says what the arms are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from genolect import files
from genolect.config import Configuration
from genolect.evaluation.panel import Row
from genolect.evaluation.studies.kmer_models import KmerProbe, TuningOptions, fit_kmer_probe, tune
from genolect.evaluation.studies.kmer_questions import (
    LONGEST_KMER,
    Floats32,
    KmerAnswers,
    KmerQuestions,
    TokenizedQuestions,
    choose_order,
    counted_windows,
    cut_prefixes,
    frequency_answers,
    held_out_questions,
    judge,
    log_frequencies,
    markov_answers,
    next_base_table,
    prefix_states,
    training_questions,
)
from genolect.folders import EVALUATION, RESULTS
from genolect.genome.context_counts import OFFERED_LENGTHS, MarkovModel, context_lengths, count_contexts
from genolect.genome.genome import PreparedGenome
from genolect.genome.holdout import GenomeSplit
from genolect.models.inference import Machine, this_machine
from genolect.models.model import SequenceModel, load_model, random_twin
from genolect.pretraining.held_out import HeldOut, held_out_for, model_names
from genolect.pretraining.kinds.exam import mean_estimates
from genolect.random import derived_key
from genolect.report.folder import INTERVALS, new_results
from genolect.statistics.bootstrap import Estimate

Answers = dict[str, dict[int, KmerAnswers]]
"""By arm, and by k."""

MARKOV = "markov"


class NextKmerOptions(Configuration):
    """What to ask, and how often.

    Attributes
    ----------
    prefix : int
        Bases that are shown; GROVER's task shows 50.
    lengths : tuple of int
        Each k.
    training, validation, test : int
        Questions to learn from, to choose by, and to be judged by, at most.
    tuning_steps : int
        Updates of the whole model; 0 for probes alone.
    seed : int
        Of everything random.
    """

    prefix: int = Field(50, ge=16)
    lengths: tuple[int, ...] = (2, 3, 4, 5, 6)
    training: int = Field(20_000, ge=1)
    validation: int = Field(2_000, ge=1)
    test: int = Field(5_000, ge=1)
    tuning_steps: int = Field(300, ge=0)
    seed: int = Field(0, ge=0, lt=2**63)

    @field_validator("lengths")
    @classmethod
    def _increasing(cls, lengths: tuple[int, ...]) -> tuple[int, ...]:
        if not lengths or list(lengths) != sorted(set(lengths)) or not 1 <= lengths[0] <= lengths[-1] <= LONGEST_KMER:
            given = ", ".join(map(str, lengths)) or "nothing"
            raise ValueError(f"lengths are {given}; give increasing numbers from 1 to {LONGEST_KMER}")
        return lengths


@dataclass(frozen=True, eq=False)
class KmerTask:
    """Questions, and what the training stretches say by counting.

    Attributes
    ----------
    training, validation, test : KmerQuestions
        The parts.
    lengths : tuple of int
        Each k.
    log_priors : dict of int to ndarray of float64, shape (4**k,)
        By k, logarithms of the frequencies of the words in the training stretches.
    counting : MarkovModel
        Tuned on the validation questions.
    """

    training: KmerQuestions
    validation: KmerQuestions
    test: KmerQuestions
    lengths: tuple[int, ...]
    log_priors: dict[int, npt.NDArray[np.float64]]
    counting: MarkovModel

    def truths(self, part: KmerQuestions) -> dict[int, npt.NDArray[np.int64]]:
        """Give the numbers of the words that come, by k."""
        return {k: part.truth(k) for k in self.lengths}


def set_kmer_task(genome: PreparedGenome, split: GenomeSplit, options: NextKmerOptions) -> KmerTask:
    """Draw the questions and count the training stretches.

    Parameters
    ----------
    genome : PreparedGenome
        Where the bases are.
    split : GenomeSplit
        What is held out.
    options : NextKmerOptions
        How many questions.

    Returns
    -------
    KmerTask
        Ready to be answered.

    Raises
    ------
    InputError
        If a stretch holds no window, or none without N.
    """
    shape = {"prefix": options.prefix, "following": options.lengths[-1]}
    seed = derived_key(options.seed, "next k-mer questions")
    validation = held_out_questions(genome, split.validation, **shape, most=options.validation)
    longest = max(*context_lengths(sum(region.length for region in split.train)), options.lengths[-1] - 1)
    counts = count_contexts(genome, split.train, longest)
    counting = MarkovModel(counts)
    windows = validation.windows()
    counting.tune(windows, windows.astype(np.int8))
    return KmerTask(
        training_questions(genome, split.train, **shape, count=options.training, seed=seed),
        validation,
        held_out_questions(genome, split.test, **shape, most=options.test),
        options.lengths,
        {k: log_frequencies(counts[k - 1]) for k in options.lengths},
        counting,
    )


def baseline_answers(task: KmerTask) -> tuple[Answers, dict[int, int]]:
    """Answer by counts alone.

    Parameters
    ----------
    task : KmerTask
        The questions.

    Returns
    -------
    answers : dict of str to dict of int to KmerAnswers
        ``kmer_frequency``; ``markov_1``, ``markov_3`` … by order; ``markov``, of the order that was chosen.
    orders : dict of int to int
        By k, the order that spends fewest bits on the validation questions.
    """
    truths = task.truths(task.test)
    answers: Answers = {"kmer_frequency": {k: frequency_answers(task.log_priors[k], truths[k]) for k in task.lengths}}
    chosen_by: dict[int, dict[int, KmerAnswers]] = {}
    orders = [m for m in (1, *OFFERED_LENGTHS) if m <= task.counting.longest]
    for order in orders:
        table = next_base_table(task.counting, order)
        chosen_by[order] = markov_answers(table, task.validation.prefixes, task.truths(task.validation))
        answers[f"{MARKOV}_{order}"] = markov_answers(table, task.test.prefixes, truths)
    chosen = {k: choose_order({order: chosen_by[order][k].bits for order in orders}) for k in task.lengths}
    answers[MARKOV] = {k: answers[f"{MARKOV}_{order}"][k] for k, order in chosen.items()}
    return answers, chosen


def kmer_rows(task: KmerTask, answers: Answers, *, seed: int) -> list[Row]:
    """Put figures and intervals to answers.

    Parameters
    ----------
    task : KmerTask
        The questions.
    answers : dict of str to dict of int to KmerAnswers
        By arm and k; ``markov`` among them.
    seed : int
        Of the resampling.

    Returns
    -------
    list of dict
        Rows as ``results.json`` has them. ``chance`` is exact and has no interval.
    """
    once, rows = np.ones(len(task.test)), []
    for k in task.lengths:
        row = {"task": f"next {k}-mer", "n": len(task.test), "split": "test"}
        exact = {"accuracy": 4.0**-k, "bits_per_kmer": 2.0 * k}
        rows += [_row(row, "chance", metric, Estimate(value, None, None)) for metric, value in exact.items()]
        bar = answers[MARKOV][k]
        for arm, by_length in answers.items():
            own = by_length[k]
            sums = {"accuracy": own.right, "bits_per_kmer": own.bits}
            if arm != MARKOV:
                sums |= {"accuracy_over_markov": own.right - bar.right, "bits_over_markov": own.bits - bar.bits}
            found = mean_estimates(list(sums.values()), once, task.test.blocks, seed=seed)
            rows += [_row(row, arm, metric, value) for metric, value in zip(sums, found, strict=True)]
    return rows


def _row(row: Mapping[str, Any], arm: str, metric: str, found: Estimate) -> Row:
    values = {"arm": arm, "metric": metric, "value": found.value, "low": found.low, "high": found.high}
    return {"task": row["task"], **values, "n": row["n"], "split": row["split"]}


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
    files.make_folder(out)
    files.write_json(out / RESULTS, results)
    return results


def _prefixed(say: Callable[[str], None], name: str) -> Callable[[str], None]:
    return lambda sentence: say(f"{name}: {sentence}")


def _section(
    task: KmerTask, names: Mapping[str, Path], facts: Mapping[str, Any], orders: Mapping[int, int]
) -> dict[str, Any]:
    parts = {"train": task.training, "validation": task.validation, "test": task.test}
    return {
        "questions": {part: len(asked) for part, asked in parts.items()},
        "markov_order": {str(k): order for k, order in orders.items()},
        "models": {name: {"folder": str(folder), **facts[name]} for name, folder in names.items()},
    }


def _notes(task: KmerTask, held: HeldOut) -> list[str]:
    parts = {"train": task.training, "validation": task.validation, "test": task.test}
    left = [f"{asked.with_n:,} {part} windows" for part, asked in parts.items() if asked.with_n]
    return [*held.notes, *([f"Left out because of an N: {', '.join(left)}."] if left else [])]
