"""Exit codes, one-line errors, signals: what a script sees of the command line."""

from __future__ import annotations

import os
import re
import signal

import pytest
import typer

from genolect import __version__
from genolect.cli import main
from genolect.errors import DivergenceError, GenolectError, InputError, Interrupted, MachineError
from genolect.report import folder
from tests.tiny import command, finish, start, synthetic_folder

PLAIN = "from genolect.cli.main import main; main()"


@pytest.fixture
def run(monkeypatch, capsys):
    """Give a command in this process."""
    return lambda *words: command(monkeypatch, capsys, *words)


@pytest.fixture
def failing(monkeypatch):
    """Let ``genolect report`` meet an exception."""

    def plant(error: BaseException) -> None:
        def gather(_folder):
            raise error

        monkeypatch.setattr(folder, "gather_results", gather)

    return plant


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lern"], "No such command 'lern'"),
        (["learn", "--hours", "3"], "No such option: --hours"),
        (["learn", "--steps", "many"], "'--steps'"),
        (["learn", "--minutes"], "--minutes"),
        (["prepare"], "Missing"),
        (["report", "a", "b"], "b"),
    ],
)
def test_words_that_make_no_command_end_with_2(run, words, said):
    outcome = run(*words)
    assert (outcome.code, outcome.stdout) == (2, "")
    (line,) = outcome.stderr.splitlines()
    assert line.startswith("genolect: ")
    assert said in line
    assert re.search(r"[\w')]\. Fix: see genolect( \w+)? --help\.$", line)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--steps", 3, "--minutes", 2], "2 budgets: minutes 2.0, steps 3"),
        (["--steps", 3, "--bases", 4000, "--minutes", 2], "3 budgets"),
        (["--steps", 0], "steps: Input should be greater than or equal to 1"),
        (["--minutes", "inf"], "minutes: "),
        (["--seed", -1], "seed: "),
        (["--steps", 2, "--test", "synthetic_9"], "no record 'synthetic_9'. Fix: choose among: synthetic_1,"),
        (["--steps", 2, "--test", "synthetic_2", "--validation", "synthetic_2"], "synthetic_2 is named for validation"),
        (["--steps", 2, "--rename", "auto"], "Fix: add --annotation FILE"),
        (["--steps", 2, "--resume", "--overwrite"], "--resume keeps the folder, --overwrite deletes it"),
    ],
)
def test_options_that_make_no_sense_end_with_2_and_leave_nothing(run, tmp_path, options, said):
    outcome = run("learn", synthetic_folder() / "genome.fa", "--out", tmp_path / "out", *options)
    assert outcome.code == 2
    assert said in outcome.stderr
    assert outcome.stderr.splitlines()[-1].startswith("genolect: ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (InputError("no", fix="do", path="a", line=7), 3, "a:7: no. Fix: do."),
        (MachineError("no", fix="do"), 4, "no. Fix: do."),
        (DivergenceError("no", fix="do"), 5, "no. Fix: do."),
        (Interrupted("no", fix="do", signal_number=15), 143, "no. Fix: do."),
        (MemoryError(), 4, "out of memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 9 bytes"), 4, "out of memory"),
        (OSError(28, "No space left on device"), 4, "No space left on device"),
        (KeyError("sha256"), 1, "this is a fault of genolect: KeyError: 'sha256'. Fix: report it"),
        (ValueError("two\nlines"), 1, "ValueError: two lines."),
    ],
)
def test_every_error_is_one_line_and_a_code(run, failing, error, code, said):
    failing(error)
    outcome = run("report", "anywhere")
    assert (outcome.code, outcome.stdout) == (code, "")
    (line,) = outcome.stderr.splitlines()
    assert line.startswith("genolect: ")
    assert said in line


@pytest.mark.parametrize("words", [["--debug", "report", "x"], ["report", "--debug", "x"], ["report", "x", "--debug"]])
@pytest.mark.parametrize("error", [InputError("no", fix="do"), KeyError("sha256")])
def test_debug_adds_the_traceback(run, failing, error, words):
    failing(error)
    plain, shown = run("report", "x"), run(*words)
    assert "Traceback" not in plain.stderr
    assert shown.stderr.startswith("Traceback (most recent call last):\n")
    assert "in gather" in shown.stderr
    assert shown.stderr.endswith(plain.stderr)
    assert shown.code == plain.code


def test_every_refusal_of_the_tree_has_its_code():
    codes = {kind.__name__: kind.exit_code for kind in GenolectError.__subclasses__()}
    assert codes == {
        **{"ConfigurationError": 2, "InputError": 3, "MachineError": 4, "DivergenceError": 5, "LeakError": 6},
        "Interrupted": GenolectError.exit_code,  # set by the signal
    }


def test_without_words_there_is_help(run):
    assert run() == run("--help")
    assert run().code == 0
    for verb in main.application(*main.verbs()).registered_commands:
        assert verb.callback.__name__.replace("_", "-") in run().stdout


def test_the_version_is_told(run):
    assert run("--version") == (0, f"genolect {__version__}\n", "")


def test_the_handlers_of_signals_are_put_back(run):
    before = signal.getsignal(signal.SIGTERM)
    run("--version")
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["describe", "{genome}"]])
def test_a_reader_that_left_is_no_fault(words):
    reading, writing = os.pipe()
    os.close(reading)
    genome = synthetic_folder() / "genome.fa"
    process = start(*(word.format(genome=genome) for word in words), program=PLAIN, stdout=writing)
    os.close(writing)
    assert finish(process)[::2] == (1, "")


WAITING = """
import time
from tests.tiny import shrink
from genolect.evaluation import {module}
def wait(*_, **__):
    print("waiting", flush=True)
    time.sleep(60)
shrink(setattr)
{module}.{function} = wait
from genolect.cli.main import main
main()
"""


@pytest.mark.parametrize(
    ("number", "module", "function", "left"),
    [
        (signal.SIGTERM, "learning", "check_annotation", set()),
        (signal.SIGINT, "learning", "evaluate", {"model", "plan.json", "results.json", "prepared", "synthetic"}),
    ],
)
def test_a_signal_outside_of_training_unwinds(tmp_path, number, module, function, left):
    out = tmp_path / "out"
    program = WAITING.format(module=module, function=function)
    process = start("learn", "--steps", 2, "--out", out, program=program)
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(number)
    outcome = finish(process)
    assert outcome.code == 128 + number
    assert outcome.stderr.splitlines()[-1].startswith(f"genolect: stopped by {number.name}. Fix: ")
    assert "Traceback" not in outcome.stderr
    assert {path.name for path in out.glob("*")} - {".lock"} == left


def test_usage_errors_of_typer_are_recognised():
    assert issubclass(typer.BadParameter, main.USAGE_ERROR)
    assert not issubclass(typer.Exit, main.USAGE_ERROR)
    assert main.USAGE_ERROR.__name__ == "UsageError"


def test_a_signal_inside_compiled_code_is_a_signal(run, monkeypatch):
    def gather(_folder):
        try:
            signal.raise_signal(signal.SIGINT)
        except BaseException as stop:
            raise SystemError("CPUDispatcher returned a result with an exception set") from stop

    monkeypatch.setattr(folder, "gather_results", gather)
    outcome = run("report", "folder")
    assert (outcome.code, outcome.stdout) == (130, "")
    assert outcome.stderr.startswith("genolect: stopped by SIGINT. Fix: ")
