"""What a person sees while waiting: a line per milestone, and a live bar where the output is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text


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
