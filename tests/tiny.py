"""A genome and settings so small that a verb takes seconds, and the command line in this process or in its own."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from genolect.cli.main import main
from genolect.evaluation import annotation, learning
from genolect.evaluation.methods import kmers
from genolect.files import sha256_of
from genolect.genome.labelled_windows import drop_rare_classes
from genolect.genome.synthetic import SyntheticConfig, write_synthetic
from genolect.pretraining import plan
from genolect.pretraining.kinds import kind
from genolect.pretraining.plan import Size

REPOSITORY = Path(__file__).resolve().parent.parent
GENOME = SyntheticConfig(chromosomes=6, bases_per_chromosome=40_000)
SIZE = Size(float("inf"), width=8, layers=1, heads=2, feed_forward=12, windows=3)
PROGRAM = "from tests.tiny import shrink; shrink(setattr); from genolect.cli.main import main; main()"


class Outcome(NamedTuple):
    """How a command ended and what it said."""

    code: int
    stdout: str
    stderr: str


def shrink(set_attribute: Callable[[Any, str, Any], None]) -> None:
    """Replace the default model, the numbers of windows and the embedded genome by tiny ones."""
    set_attribute(plan, "size_for", lambda **_: SIZE)
    set_attribute(plan, "FEWEST_STEPS_PER_POINT", 3)
    set_attribute(kind, "CURVE_WINDOWS", 7)
    set_attribute(kind, "TEST_WINDOWS", 60)
    set_attribute(annotation, "WINDOWS", {"train": 240, "validation": 60, "test": 70})
    set_attribute(annotation, "drop_rare_classes", partial(drop_rare_classes, fewest=4))
    set_attribute(kmers, "WORD_LENGTHS", (2, 3))
    set_attribute(learning, "SyntheticConfig", lambda: GENOME)


def temporary_folder() -> Path:
    """Make a folder that goes when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="genolect-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def synthetic_folder() -> Path:
    """Make the small genome once: ``genome.fa`` and ``genes.gff3``."""
    folder = temporary_folder() / "synthetic"
    write_synthetic(GENOME, folder)
    return folder


@cache
def finished_run() -> Path:
    """Learn the small embedded genome once, 5 steps; tests must not change it."""
    run = temporary_folder() / "run"
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch.setattr)
        patch.setattr(sys, "argv", ["genolect", "learn", "--steps", "5", "--seed", "3", "--out", str(run)])
        with pytest.raises(SystemExit) as end:
            main()
    assert not end.value.code
    return run


def command(patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str], *words: object) -> Outcome:
    """Give a command in this process, with everything small."""
    with patch.context() as inner:
        shrink(inner.setattr)
        inner.setattr(sys, "argv", ["genolect", *map(str, words)])
        capture.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
    said = capture.readouterr()
    assert end.value.code is None or isinstance(end.value.code, int)
    return Outcome(end.value.code or 0, said.out, said.err)


def start(*words: object, program: str = PROGRAM, **options: Any) -> subprocess.Popen[str]:
    """Start a command in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": f"{REPOSITORY / 'src'}{os.pathsep}{REPOSITORY}"}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    return subprocess.Popen([sys.executable, "-c", program, *map(str, words)], env=environment, **pipes)


def finish(process: subprocess.Popen[str]) -> Outcome:
    """Wait for a process."""
    stdout, stderr = process.communicate(timeout=120)
    return Outcome(process.returncode, stdout, stderr)


def weights(run: Path) -> str:
    """SHA-256 of a run's weights."""
    return sha256_of(run / "model" / "model.safetensors")


def everything_in(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, by its place."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}
