"""Arms at work: the same answers in one process and in several, each told only what it may know, errors as they were.

Processes take seconds to begin, so that two tests begin them and ask everything there is to ask.
"""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from genolect.errors import ConfigurationError, InputError
from genolect.evaluation.methods.baselines import baseline_arms
from genolect.evaluation.methods.method import Answers, base_rate
from genolect.evaluation.running import Effort, available_cores, run_arms
from genolect.tables.table import Parts
from tests.tables.planted_signal import planted_signal

PARTS = planted_signal("motif", n=150, length=30).table.parts()
BASELINES = baseline_arms(["majority", "composition", "kmer_forest"])


def answers_of(parts: Parts, told: object = "") -> Answers:
    rates = [base_rate(parts.train.target, len(part)) for part in parts[1:]]
    return Answers(*rates, setting=str(told))


def test_processes_change_no_answer_and_no_order_and_no_arm_is_told_a_test_label():
    def told(parts, seeds):
        threads = max(pool["num_threads"] for pool in threadpool_info())
        return [answers_of(parts, f"{os.getpid()} {threads} {parts.test.target.values.max()}")]

    said: list[str] = []
    arms = BASELINES | {"told": told}
    here = run_arms(arms, PARTS, Effort(seed=5, seeds=2), said.append)
    assert said == [f"motif: {name}" for name in arms]
    said.clear()
    beside = run_arms(arms, PARTS, Effort(seed=5, seeds=2, processes=2), said.append)
    assert said[0] == "motif: 4 arms, 2 at a time"
    assert sorted(line.split(" done, ")[0] for line in said[1:]) == sorted(f"motif: {name}" for name in arms)
    assert list(here) == list(beside) == list(arms)
    for name in BASELINES:
        assert beside[name].validation_loss == here[name].validation_loss
        for one, other in zip(here[name].runs, beside[name].runs, strict=True):
            np.testing.assert_array_equal(one.test, other.test)
            np.testing.assert_array_equal(one.validation, other.validation)
            assert one.setting == other.setting
    assert len(here["kmer_forest"].runs) == 2
    own, _, label = here["told"].runs[0].setting.split()
    assert (own, label) == (str(os.getpid()), "-1")
    process, threads, label = beside["told"].runs[0].setting.split()
    assert (process != own, label) == (True, "-1")
    assert int(threads) <= max(1, available_cores() // 2)


@pytest.mark.parametrize("processes", [1, 2])
def test_what_an_arm_refuses_arrives_as_it_was(processes):
    def refuse(parts, seeds):
        raise InputError("the vectors are odd", fix="write them anew", path="vectors.npz", line=7)

    with pytest.raises(InputError, match=r"^vectors\.npz:7: the vectors are odd\. Fix: write them anew\.$") as said:
        run_arms({"fine": BASELINES["majority"], "odd": refuse}, PARTS, Effort(processes=processes))
    assert (said.value.line, said.value.exit_code) == (7, 3)


def test_another_seed_gives_other_answers():
    forest = {"kmer_forest": BASELINES["kmer_forest"]}
    runs = [run_arms(forest, PARTS, Effort(seed=seed, seeds=1))["kmer_forest"].runs[0].test for seed in (5, 5, 6)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[1], runs[2])


def test_answers_of_another_shape_or_without_numbers_are_refused():
    def short(parts, seeds):
        return [replace(answers_of(parts), test=answers_of(parts).test[:-1])]

    def empty(parts, seeds):
        return [replace(answers_of(parts), test=answers_of(parts).test * np.nan)]

    for arm, what in ((short, "gives answers of shape"), (empty, "gives answers that are no numbers")):
        with pytest.raises(ConfigurationError, match=f"the arm 'mine' {what}"):
            run_arms({"mine": arm}, PARTS, Effort())
