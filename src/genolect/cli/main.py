"""The ``genolect`` command: one verb per file, errors in one line, exit codes that scripts can rely on."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from genolect import __version__
from genolect.errors import GenolectError
from genolect.pretraining.signals import WATCHED

DEBUG = "--debug"
EXIT_CODES = (
    "Exit codes: 0 done, 2 usage, 3 input, 4 disk or memory, 5 training diverged, 6 a leak, "
    "130/143 interrupted and saved."
)
# What typer raises for words that it does not understand; it has no public name there.
USAGE_ERROR: Any = typer.BadParameter.__mro__[1]

# The folders of this room: what a verb is for, and how the help calls it.
GROUPS = {"begin": "Begin", "train": "Train", "judge": "Judge", "use": "Use", "understand": "Understand"}


def verbs() -> dict[str, tuple[str, Path]]:
    """Find every verb: its name, its group and the file that holds it.

    Examples
    --------
    >>> verbs()["label-curve"][0]
    'judge'
    """
    here = Path(__file__).parent
    files = ((group, file) for group in GROUPS for file in sorted((here / group).glob("[!_]*.py")))
    return {file.stem.replace("_", "-"): (group, file) for group, file in files}


def application(*loaded: str) -> typer.Typer:
    """Make the command line; only the verbs named are imported, of the others the help knows the first line.

    A verb's file holds a function of its own name, or, where it has verbs of its own, an ``app``.
    """
    app = typer.Typer(
        name="genolect",
        help="From a genome to a sequence model that its user can trust.",
        epilog=EXIT_CODES,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # Markup swallows what stands in brackets: [tasks.NAME].
    )
    app.callback()(_options)
    for verb, (group, file) in verbs().items():
        panel = GROUPS[group]
        if verb not in loaded:
            app.command(verb, help=_purpose(file), rich_help_panel=panel)(_not_loaded)
            continue
        module = importlib.import_module(f"genolect.cli.{group}.{file.stem}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=verb, rich_help_panel=panel)
        else:
            app.command(verb, rich_help_panel=panel)(getattr(module, file.stem))
    return app


def _purpose(file: Path) -> str:
    """Read what a verb is for from the first line of its file: ``genolect verb``: what for."""
    with file.open(encoding="utf-8") as text:
        purpose = text.readline().strip().strip('"').partition(": ")[2]
    return purpose[:1].upper() + purpose[1:]


def _not_loaded() -> None:
    """Stand for a verb that is not asked for."""


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"genolect {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
    debug: Annotated[bool, typer.Option(DEBUG, help="Show the traceback of an error; may stand anywhere.")] = False,
) -> None:
    """From a genome to a sequence model that its user can trust."""


def main() -> None:
    """Run the command line; every refusal becomes one line and an exit code."""
    # Idle threads sleep instead of spinning: beside other work on two cores a training step took 0.9 s, spinning 14 s.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    words = [word for word in sys.argv[1:] if word != DEBUG]
    try:
        with _stopping_on_signals():
            asked = next((word for word in words if not word.startswith("-")), "")
            exit_code = application(asked)(words or ["--help"], prog_name="genolect", standalone_mode=False)
    except _Stopped as stop:
        _leave(stop)
    except Exception as error:
        if isinstance(error, SystemError) and isinstance(error.__cause__, _Stopped):
            _leave(error.__cause__)  # A signal that came while compiled code ran: the interpreter wraps it.
        message, exit_code = _explained(error)
        if DEBUG in sys.argv:
            traceback.print_exception(error)
        typer.echo(f"genolect: {message}", err=True)
        raise SystemExit(exit_code) from error
    sys.exit(exit_code)


class _Stopped(BaseException):
    """A signal outside of training, where there is nothing to finish first."""

    def __init__(self, number: int) -> None:
        fix = "give the same command again; learn and pretrain go on with --resume"
        super().__init__(f"stopped by {signal.Signals(number).name}. Fix: {fix}.")
        self.exit_code = 128 + number


def _leave(stop: _Stopped) -> NoReturn:
    typer.echo(f"genolect: {stop}", err=True)
    raise SystemExit(stop.exit_code) from None


@contextmanager
def _stopping_on_signals() -> Iterator[None]:
    """Let a signal unwind the stack, so that nothing half-written stays; training takes over while it runs."""

    def stop(number: int, _: FrameType | None) -> None:
        raise _Stopped(number)

    before = {number: signal.signal(number, stop) for number in WATCHED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _explained(error: Exception) -> tuple[str, int]:
    """Give the line to print and the exit code."""
    said = " ".join(str(error).split())
    if isinstance(error, GenolectError):
        return str(error), error.exit_code
    if isinstance(error, USAGE_ERROR):
        what, context = error.format_message().replace("Value error, ", ""), error.ctx
        return f"{what.rstrip('.?')}. Fix: see {context.command_path if context else 'genolect'} --help.", 2
    if isinstance(error, MemoryError) or "out of memory" in said or "can't allocate memory" in said:
        return "out of memory. Fix: use a smaller window, or a machine with more memory.", 4
    if isinstance(error, OSError):
        return f"{said}. Fix: check the disk and the permissions.", 4
    return f"this is a fault of genolect: {type(error).__name__}: {said}. Fix: report it, with what --debug prints.", 1
