"""What a person sees while waiting: plain lines in a log, a moving bar in a terminal."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from genolect.cli.progress import base_counter, message_console
from genolect.cli.training_display import training_display
from genolect.pretraining.loop import Progress, TrainingConfig, TrainingPoint
from genolect.pretraining.pretraining import Bar

BARS = {
    "bases": Bar(1.8765, "bits per hidden base", "count model"),
    "views": Bar(0.75, "recall at 1", "k-mer cosine (k = 5)"),
}
PLAN = SimpleNamespace(training=TrainingConfig(windows=5, window=40, steps=300), bases_per_step=200)


def progress(step: int, *points: int) -> Progress:
    curve = [
        TrainingPoint(point, point * 200, point / 10, 1.95, None, {"bases": 1.9 - point / 1000, "views": point / 10})
        for point in points
    ]
    return Progress(step=step, seconds=step / 10, curve=curve)


def show(console: Console, *states: Progress) -> None:
    with training_display(console) as listener:
        listener.say("counting [red] words :smile:")
        for state in states:
            listener.report(PLAN, state, BARS)


@pytest.fixture
def terminal():
    return Console(file=io.StringIO(), force_terminal=True, width=80, soft_wrap=True, markup=False, highlight=False)


def test_a_log_gets_a_line_per_point_of_the_curve(capsys):
    show(message_console(), progress(1), progress(2, 2), progress(3, 2), progress(4, 2, 4))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "counting [red] words :smile:",
        "training 300 steps of 200 bases",
        "bases: bits per hidden base on the validation windows, count model 1.8765",
        "views: recall at 1 on the validation windows, k-mer cosine (k = 5) 0.7500",
        "step      2     0.00 Mb       0 s     2.0 kb/s  bases 1.8980 (count model 1.8765), "
        "views 0.2000 (k-mer cosine (k = 5) 0.7500)",
        "step      4     0.00 Mb       0 s     2.0 kb/s  bases 1.8960 (count model 1.8765), "
        "views 0.4000 (k-mer cosine (k = 5) 0.7500)",
    ]


def test_a_run_that_goes_on_repeats_no_point(capsys):
    show(message_console(), progress(7, 2, 4, 6), progress(8, 2, 4, 6, 8))
    steps = [line.split()[1] for line in capsys.readouterr().err.splitlines() if line.startswith("step ")]
    assert steps == ["8"]


@pytest.mark.parametrize("columns", ["20", "400"])
def test_a_log_is_not_wrapped(monkeypatch, capsys, columns):
    monkeypatch.setenv("COLUMNS", columns)
    message_console().print("long " * 90)
    assert capsys.readouterr().err == "long " * 90 + "\n"


def test_a_terminal_shows_rate_time_left_and_bits(terminal):
    with training_display(terminal) as listener:
        for step in range(1, 31):
            listener.report(PLAN, progress(step, *range(10, step + 1, 10)), BARS)
        terminal.file.truncate(0)
        listener.report(PLAN, progress(31, 10, 20, 30), BARS)
        (bar,) = listener.report.__self__._bar.tasks
        assert (bar.completed, bar.total) == (31 * 200, 300 * 200)
        assert bar.time_remaining is not None
    drawn = terminal.file.getvalue()
    assert "\x1b[" in drawn
    assert "bases 1.8700 (1.8765)" in drawn
    assert "b/s" in drawn
    assert "0:00:0" in drawn


def test_a_terminal_counts_bases(terminal):
    with base_counter("describing", terminal) as count:
        for bases in (1_000_000, 234_567):
            count(bases)
    assert "describing 1,234,567 bases" in terminal.file.getvalue()


def test_a_log_counts_nothing(capsys):
    with base_counter("describing") as count:
        count(1_234_567)
    assert capsys.readouterr() == ("", "")
