"""The ``genolect`` command: one verb per file, errors in one line, exit codes that scripts can rely on."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from genolect import __version__
from genolect.cli.begin.describe import describe
from genolect.cli.begin.describe_objective import describe_objective
from genolect.cli.begin.learn import learn
from genolect.cli.begin.plan import plan
from genolect.cli.begin.prepare import prepare
from genolect.cli.begin.report import report
from genolect.cli.judge.audit import audit
from genolect.cli.judge.compare import compare
from genolect.cli.judge.direction import direction
from genolect.cli.judge.evaluate import evaluate
from genolect.cli.judge.information import information
from genolect.cli.judge.label_curve import label_curve
from genolect.cli.judge.next_kmer import next_kmer
from genolect.cli.judge.split import split
from genolect.cli.judge.strand import strand
from genolect.cli.judge.task import app as task
from genolect.cli.train.convert import convert
from genolect.cli.train.pretrain import pretrain
from genolect.cli.train.tokenizer import app as tokenizer
from genolect.errors import GenolectError
from genolect.pretraining.loop import WATCHED

DEBUG = "--debug"
EXIT_CODES = (
    "Exit codes: 0 done, 2 usage, 3 input, 4 disk or memory, 5 training diverged, 6 a leak, "
    "130/143 interrupted and saved."
)
# What typer raises for words that it does not understand; it has no public name there.
USAGE_ERROR: Any = typer.BadParameter.__mro__[1]

app = typer.Typer(
    name="genolect",
    help="From a genome to a sequence model that its user can trust.",
    epilog=EXIT_CODES,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Markup swallows what stands in brackets: [tasks.NAME].
)
for verb in (
    learn,
    describe,
    prepare,
    describe_objective,
    plan,
    pretrain,
    audit,
    split,
    evaluate,
    compare,
    label_curve,
    information,
    next_kmer,
    direction,
    report,
    convert,
    strand,
):
    app.command()(verb)
app.add_typer(task, name="task")
app.add_typer(tokenizer, name="tokenizer")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"genolect {__version__}")
        raise typer.Exit


@app.callback()
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
            exit_code = app(words or ["--help"], prog_name="genolect", standalone_mode=False)
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
