"""How words on the command line become values."""

from __future__ import annotations

import inspect
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field
from typer.testing import CliRunner

from genolect.cli.options import Budget, Names, command_line, grouped, listed, options_from, renaming
from genolect.config import Configuration
from genolect.errors import ConfigurationError

NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=5)


@dataclass(frozen=True)
class Size:
    """A group of two options."""

    width: Annotated[int, typer.Option(help="Across.")] = 7
    tall: Annotated[bool, typer.Option("--tall", help="Upwards.")] = False


@given(st.dictionaries(NAMES, NAMES, min_size=1))
def test_pairs_are_read_as_they_are_written(pairs):
    text = ",".join(f"{theirs}={ours}" for theirs, ours in pairs.items())
    assert renaming(text) == Names(text).renaming() == pairs


@pytest.mark.parametrize(
    ("text", "value"), [(None, None), ("auto", "auto"), ("chr1=1,chrM=MT", {"chr1": "1", "chrM": "MT"})]
)
def test_renaming(text, value):
    assert renaming(text) == value


@pytest.mark.parametrize(
    ("text", "at"), [("", "''"), ("a", "'a'"), ("a=", "'a='"), ("=b", "'=b'"), ("a=b,a=c", "'a=c'"), ("a=b,", "''")]
)
def test_what_is_no_list_of_pairs_is_refused(text, at):
    with pytest.raises(ConfigurationError, match=f"at {at}. Fix: write --rename auto"):
        renaming(text)


@given(st.lists(NAMES))
def test_a_list_is_read_as_it_is_written(names):
    assert listed(", ".join(names)) == tuple(names)
    assert listed(",".join(names) + ",") == tuple(names)


def test_the_command_is_recorded_so_that_a_shell_can_run_it(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/genolect", "learn", "my genome.fa", "--test", "a;b"])
    assert command_line() == "genolect learn 'my genome.fa' --test 'a;b'"
    echoed = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {command_line()}"], capture_output=True, text=True, check=True
    )
    assert echoed.stdout.splitlines() == ["genolect", *sys.argv[1:]]


def test_groups_are_one_option_per_field():
    seen = []

    @grouped
    def verb(
        place: Annotated[Path, typer.Argument()], *, size: Size, count: Annotated[int, typer.Option()] = 3
    ) -> None:
        """Do it."""
        seen.append((place, size, count))

    app = typer.Typer()
    app.command()(verb)
    assert list(inspect.signature(verb).parameters) == ["place", "width", "tall", "count"]
    for words, expected in (
        (["here"], (Path("here"), Size(), 3)),
        (["here", "--tall", "--count", "5"], (Path("here"), Size(tall=True), 5)),
        (["--width", "11", "here"], (Path("here"), Size(width=11), 3)),
    ):
        assert CliRunner().invoke(app, words).exit_code == 0
        assert seen.pop() == expected
    assert CliRunner().invoke(app, ["here", "--size", "3"]).exit_code == 2
    assert "Across." in CliRunner().invoke(app, ["--help"]).stdout


class Shape(Configuration):
    """A configuration with a field of every sort."""

    width: int = Field(7, ge=1, le=9, description="Across.")
    names: tuple[str, ...] = Field((), description="Of several.")
    place: Path | None = Field(None, description="Where [here].")
    how: Literal["a", "b"] = Field("a", description="Which.")
    tall_enough: bool = Field(False, description="Upwards.")
    needed: float = Field(description="Must be given.")


def test_a_configuration_is_one_option_per_field_and_its_defaults_stand_there_alone():
    seen = []

    @grouped
    def verb(shape: Shape) -> None:
        """Do it."""
        seen.append(shape)

    app = typer.Typer(rich_markup_mode=None)
    app.command()(verb)
    run = CliRunner().invoke
    assert next(option.name for option in options_from(Shape)) == "needed"
    assert run(app, ["--needed", "0.5"]).exit_code == 0
    assert seen.pop() == Shape(needed=0.5)
    words = [
        "--needed",
        "2",
        "--names",
        "x",
        "--names",
        "y",
        "--place",
        "/p",
        "--how",
        "b",
        "--tall-enough",
        "--width",
        "3",
    ]
    assert run(app, words).exit_code == 0
    assert seen.pop() == Shape(needed=2, names=("x", "y"), place=Path("/p"), how="b", tall_enough=True, width=3)
    told = " ".join(run(app, ["--help"]).stdout.split())
    for text in (
        "Across. [default: 7; 1<=x<=9]",
        "Where [here].",
        "<a|b> Which. [default: a]",
        "Must be given. [required]",
    ):
        assert text in told
    assert "--no-tall-enough" not in told
    for wrong in ([], ["--needed", "1", "--width", "10"], ["--needed", "1", "--how", "c"]):
        assert run(app, wrong).exit_code == 2
    assert not seen


def test_a_budget_becomes_options():
    options = Budget(steps=9, validation="a, b", test="c").to_options(window=31)
    assert (options.steps, options.minutes, options.validation, options.test) == (9, None, ("a", "b"), ("c",))
    assert (options.seed, options.window, options.checkpoint_every) == (0, 31, None)
    with pytest.raises(ConfigurationError, match=r"2 budgets: steps 9, bases 88\. Fix: give one of them"):
        Budget(steps=9, bases=88).to_options()
