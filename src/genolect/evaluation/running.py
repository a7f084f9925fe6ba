"""Arms at work: one after the other, or side by side in processes of their own, with the same answers.

Legend: S runs of an arm.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed, parallel_config

from genolect.errors import ConfigurationError, shown
from genolect.evaluation.methods.method import Answers, Arm, blind, loss_of
from genolect.random import derived_key
from genolect.tables.table import Parts


@dataclass(frozen=True)
class ArmResult:
    """What an arm did.

    Attributes
    ----------
    runs : list of Answers
        Its runs.
    cpu_seconds : float
        Processor time of all of them, choice of settings included.
    validation_loss : float
        Mean over runs.
    """

    runs: list[Answers]
    cpu_seconds: float
    validation_loss: float


@dataclass(frozen=True)
class Effort:
    """How arms are run.

    Attributes
    ----------
    seed : int
        From which those of all runs derive.
    seeds : int
        S, of an arm that draws.
    processes : int
        Arms at work at a time; with 1 they work here, with more each in a process whose libraries use its share of the
        cores. Every process holds the task once more in memory.
    """

    seed: int = 0
    seeds: int = 3
    processes: int = 1


def run_arms(
    arms: Mapping[str, Arm], parts: Parts, effort: Effort, say: Callable[[str], None] = lambda sentence: None
) -> dict[str, ArmResult]:
    """Let every arm answer the task.

    Parameters
    ----------
    arms : mapping of str to Arm
        By name. None of them is given a test label.
    parts : Parts
        The task.
    effort : Effort
        How.
    say : callable
        Told when an arm begins, or, of those side by side, when it is done.

    Returns
    -------
    dict of str to ArmResult
        In the order of `arms`, the same whatever the number of processes.

    Raises
    ------
    ConfigurationError
        If an arm answers something else than was asked.
    GenolectError
        As the arms refuse.
    """
    processes = min(effort.processes, len(arms))
    if processes <= 1:
        return {name: _announced(name, arm, parts, effort, say) for name, arm in arms.items()}
    say(f"{parts.train.name}: {len(arms)} arms, {processes} at a time")
    # Networks stand last in a panel and take longest: begun first, they leave the short arms to fill the end.
    jobs = (delayed(_run)(name, arm, parts, effort) for name, arm in reversed([*arms.items()]))
    share = max(1, available_cores() // processes)
    done = {}
    with parallel_config("loky", n_jobs=processes, inner_max_num_threads=share, max_nbytes=None):
        found: Iterator[tuple[str, ArmResult]] = Parallel(return_as="generator_unordered")(jobs)
        for name, result in found:
            say(f"{parts.train.name}: {name} done, {result.cpu_seconds:.0f} s")
            done[name] = result
    return {name: done[name] for name in arms}


def available_cores() -> int:
    """Give the cores that this process may use.

    Examples
    --------
    >>> available_cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _announced(name: str, arm: Arm, parts: Parts, effort: Effort, say: Callable[[str], None]) -> ArmResult:
    say(f"{parts.train.name}: {name}")
    return _run(name, arm, parts, effort)[1]


def _run(name: str, arm: Arm, parts: Parts, effort: Effort) -> tuple[str, ArmResult]:
    seeds = [derived_key(effort.seed, "panel", name, run) for run in range(effort.seeds)]
    before = time.process_time()
    runs = arm(blind(parts), seeds)
    seconds = time.process_time() - before
    for run in runs:
        _check_answers(name, run, parts)
    target = parts.train.target
    losses = [loss_of(parts.validation.target, run.validation, scale=target.loss_scale) for run in runs]
    return name, ArmResult(runs, seconds, float(np.mean(losses)))


def _check_answers(name: str, run: Answers, parts: Parts) -> None:
    outputs = () if parts.train.target.kind == "number" else (len(parts.train.target.names),)
    for answers, part in ((run.validation, parts.validation), (run.test, parts.test)):
        if answers.shape != (len(part), *outputs):
            what = f"the arm {shown(name)} gives answers of shape {answers.shape}, not {(len(part), *outputs)}"
            raise ConfigurationError(what, fix="give one row per example, in their order")
        if not np.isfinite(answers).all():
            raise ConfigurationError(
                f"the arm {shown(name)} gives answers that are no numbers", fix="check what made them"
            )
