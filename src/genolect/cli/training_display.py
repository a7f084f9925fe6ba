"""Training as a person sees it: rate, time left, and the held-out measure beside its baseline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from genolect.cli.progress import RateColumn, message_console
from genolect.pretraining.loop import Progress as TrainingProgress
from genolect.pretraining.plan import Plan
from genolect.pretraining.pretraining import Bar, PretrainingListener


@contextmanager
def training_display(console: Console | None = None) -> Iterator[PretrainingListener]:
    """Show training live: rate, time left, and bits per hidden base beside the count model's."""
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
