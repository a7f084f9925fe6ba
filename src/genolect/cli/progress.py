"""What a person sees while waiting: a line per milestone, and a live bar where the output is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

if TYPE_CHECKING:
    from genolect.pretraining.loop import Progress as TrainingProgress
    from genolect.pretraining.plan import Plan
    from genolect.pretraining.pretraining import Bar, PretrainingListener


def message_console() -> Console:
    """Give the console for messages: standard error, each message on one line however long, nothing interpreted."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


class RateColumn(ProgressColumn):
    """Bases per second."""

    def render(self, task: Task) -> Text:
        """Show the recent rate."""
        speed = task.speed or 0.0
        return Text(f"{speed / 1e6:.1f} Mb/s" if speed >= 1e6 else f"{speed / 1e3:.1f} kb/s")


@contextmanager
def base_counter(what: str, console: Console | None = None) -> Iterator[Callable[[int], None]]:
    """Show how many bases went by."""
    console = console or message_console()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,} bases"), RateColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda bases: bar.advance(task, bases)


@contextmanager
def cycle_counter(what: str, cycles: int) -> Iterator[Callable[[int], None]]:
    """Show how many of so many cycles are done."""
    console = message_console()
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,} of {task.total:,}"))
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(what, total=cycles)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def training_display(console: Console | None = None) -> Iterator[PretrainingListener]:
    """Show training live: rate, time left, and bits per hidden base beside the count model's."""
    from genolect.pretraining.pretraining import PretrainingListener

    console = console or message_console()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[bits]}"),
        RateColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        display = _TrainingDisplay(console, bar)
        yield PretrainingListener(say=console.print, report=display.report)


class _TrainingDisplay:
    """Keeps the bar, and prints a line per point of the curve."""

    def __init__(self, console: Console, bar: Progress) -> None:
        self._console = console
        self._bar = bar
        self._task = bar.add_task("training", total=None, bits="", visible=False)
        self._begun = False

    def report(self, plan: Plan, progress: TrainingProgress, bars: Mapping[str, Bar]) -> None:
        """Move the bar; print a line where the curve has a new point."""
        bases, steps = plan.bases_per_step, plan.training.steps
        if not self._begun:
            self._begun = True
            self._console.print(f"training {steps:,} steps of {bases:,} bases")
            for name, bar in bars.items():
                self._console.print(f"{name}: {bar.measure} on the {bar.asked}, {bar.name} {bar.value:.4f}")
        point = progress.curve[-1] if progress.curve else None
        if point is not None and point.step == progress.step:
            rate = point.bases / point.seconds if point.seconds else 0.0
            held_out = point.heldout.items()
            scores = [f"{name} {score:.4f} ({bars[name].name} {bars[name].value:.4f})" for name, score in held_out]
            self._console.print(
                f"step {point.step:>6,}  {point.bases / 1e6:7.2f} Mb  {point.seconds:6.0f} s  {rate / 1e3:6.1f} kb/s  "
                f"{', '.join(scores)}"
            )
        first = next(iter(bars))
        shown = "" if point is None else f"{first} {point.heldout[first]:.4f} ({bars[first].value:.4f})"
        self._bar.update(
            self._task, total=steps * bases, completed=progress.step * bases, bits=shown, visible=progress.step < steps
        )
