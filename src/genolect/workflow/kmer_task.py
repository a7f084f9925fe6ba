"""The questions of next-k-mer prediction, what counts answer to them, and the figures that all answers get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from genolect.config import Configuration
from genolect.data.context_counts import OFFERED_LENGTHS, context_lengths, count_contexts
from genolect.data.genome import PreparedGenome
from genolect.data.split import Split
from genolect.evaluation.markov_model import MarkovModel
from genolect.evaluation.next_kmer import (
    LONGEST_KMER,
    KmerAnswers,
    choose_order,
    frequency_answers,
    log_frequencies,
    markov_answers,
    next_base_table,
)
from genolect.evaluation.panel import Row
from genolect.evaluation.statistics import Estimate
from genolect.randomness import derived_key
from genolect.workflow.exam import mean_estimates
from genolect.workflow.kmer_questions import KmerQuestions, held_out_questions, training_questions

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


def set_kmer_task(genome: PreparedGenome, split: Split, options: NextKmerOptions) -> KmerTask:
    """Draw the questions and count the training stretches.

    Parameters
    ----------
    genome : PreparedGenome
        Where the bases are.
    split : Split
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
    longest = max(*context_lengths(sum(region.length for region in split.training)), options.lengths[-1] - 1)
    counts = count_contexts(genome, split.training, longest)
    counting = MarkovModel(counts)
    windows = validation.windows()
    counting.tune(windows, windows.astype(np.int8))
    return KmerTask(
        training_questions(genome, split.training, **shape, count=options.training, seed=seed),
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
