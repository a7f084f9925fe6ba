"""Suites: a win must hold after looking many times, and a data set has one vote."""

from __future__ import annotations

from genolect.statistics.sentences import suite_section


def task(name: str, p_value: float, verdict: str = "better") -> dict:
    one = {"arm": "cnn", "value": 0.1, "low": 0.01, "high": 0.2, "p_value": p_value, "verdict": verdict, "margin": 0.01}
    return {"task": name, "reference": "pretrained_probe", "comparisons": [one]}


def test_weak_wins_fall_and_strong_ones_stay():
    tasks = [task("a", 0.001), task("b", 0.03), task("c", 0.04)]
    [one] = suite_section(tasks, {name: name for name in "abc"})["suite"]
    assert one["verdicts"] == {"a": "better", "b": "undecided", "c": "undecided"}
    assert (one["wins"], one["datasets"]) == (1 / 3, 3)


def test_tasks_of_one_data_set_share_a_vote():
    tasks = [task("a", 0.001), task("b", 0.001), task("c", 0.001, "worse")]
    [one] = suite_section(tasks, {"a": "yeast", "b": "yeast", "c": "human"})["suite"]
    assert (one["rate"], one["datasets"]) == (0.5, 2)


def test_a_single_task_has_no_suite():
    assert suite_section([task("a", 0.001)], {"a": "a"}) == {"suite": [], "sentences": []}
