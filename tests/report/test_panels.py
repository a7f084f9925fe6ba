"""Panels: arms in a fixed order, rows that add up, nothing left out silently."""

from __future__ import annotations

import re

from genolect.report.panels import MOST_ROWS, tasks_of
from genolect.report.results import Score, read_results
from tests.report.example import ARMS, CLASSES, example_results


def score(arm, metric="auroc", value=0.7, *, task="genes", split="test", n=53):
    return Score(task=task, arm=arm, metric=metric, value=value, low=value - 0.02, high=value + 0.03, n=n, split=split)


def test_the_example_gives_one_task_with_all_its_rows():
    scores = read_results(example_results()).evaluation
    (task,), left_out = tasks_of(scores)
    assert [panel.metric for panel in task.main] == ["auroc", "auroc_difference"]
    assert [panel.metric for panel in task.others] == ["auprc", "mcc", "brier", "ece"]
    assert [panel.title for panel in task.by_class] == list(CLASSES)
    drawn = sum(len(panel.rows) for panel in (*task.main, *task.others, *task.by_class))
    assert drawn + left_out == len(scores)
    assert left_out == len(ARMS) * len(CLASSES)


def test_arms_go_from_the_simplest_to_ours_and_then_the_unknown():
    (task,), _ = tasks_of([score(arm) for arm in ("svm", "pretrained_probe", "majority", "random_probe")])
    rows = task.main[0].rows
    assert [row.title for row in rows] == ["Majority guess", "Random twin", "Pretrained probe", "svm"]
    assert [row.ours for row in rows] == [False, False, True, False]


def test_n_is_shared_only_where_it_is_the_same():
    (task,), _ = tasks_of(
        [score("svm", n=53), score("cnn", n=53), score("svm", "mcc", n=53), score("cnn", "mcc", n=31)]
    )
    assert task.main[0].n == "53"
    assert task.others[0].n is None
    assert [row.n for row in task.others[0].rows] == ["31", "53"]


def test_panels_by_class_share_one_axis():
    (task,), _ = tasks_of([score("cnn", "auroc[a]", 0.55), score("cnn", "auroc[b]", 0.95)])
    left, right = task.by_class
    assert left.ticks == right.ticks
    places = [float(re.search(r'cx="([\d.]+)%"', str(panel.rows[0].drawing)).group(1)) for panel in (left, right)]
    assert places[0] < places[1]


def test_differences_carry_their_sign_and_a_loss_lies_left_of_zero():
    (task,), _ = tasks_of([score("cnn", "auroc_difference", -0.08), score("majority", "auroc_difference", 0.2)])
    rows = {row.title: row for row in task.main[0].rows}
    assert rows["Majority guess"].value == "+0.200"
    assert rows["CNN"].value == "−0.080"
    drawing = str(rows["CNN"].drawing)
    dot = float(re.search(r'cx="([\d.]+)%"', drawing).group(1))
    zero = float(re.search(r'x1="([\d.]+)%"[^>]*class="reference"', drawing).group(1))
    assert dot < zero


def test_tasks_and_splits_are_kept_apart():
    scores = [score("cnn"), score("cnn", task="promoters"), score("cnn", split="validation")]
    tasks, _ = tasks_of(scores)
    assert [(task.title, task.split) for task in tasks] == [
        ("genes", "test"),
        ("promoters", "test"),
        ("genes", "validation"),
    ]


def test_a_row_without_value_or_interval_says_so():
    (task,), _ = tasks_of([Score(task="genes", arm="cnn", metric="auroc")])
    (row,) = task.main[0].rows
    assert (row.value, row.interval, row.n) == ("–", "no interval", "–")


def test_too_many_rows_are_counted_and_those_of_all_classes_come_first():
    by_class = [score("cnn", f"auroc[{k}]") for k in range(MOST_ROWS)]
    tasks, left_out = tasks_of([*by_class, score("cnn", "mcc"), score("cnn")])
    assert left_out == 2
    assert tasks[0].main
    assert tasks[0].others
    assert len(tasks[0].by_class) == MOST_ROWS - 2
