"""The documents cannot drift: every verb is in them, every command in them exists, the README's commands run.

A ``console`` block shows commands after ``$``. With ``<!-- run -->`` on the line before it the block is executed,
one block after the other in one fresh folder; every other block is parsed and its verbs and options looked up.
"""

from __future__ import annotations

import importlib
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.gates.source import PACKAGE, REPOSITORY, expect_none

README = REPOSITORY / "README.md"
MANUAL = REPOSITORY / "docs" / "command_line.md"
BLOCK = re.compile(r"(?P<run><!-- run -->\n)?```console\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
OPERATORS = {"|", "||", "&&", ";", ">", ">>", "<", "&"}
SECONDS = 600


@dataclass(frozen=True)
class Command:
    """One command of a document, as the shell would split it."""

    line: int
    words: tuple[str, ...]
    runs: bool


def documents() -> list[Path]:
    """Every page that may show a command."""
    return [README, REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


def commands(text: str) -> list[Command]:
    """Every command in the console blocks of a Markdown page."""
    found = []
    for block in BLOCK.finditer(text):
        body = re.sub(r"\\\n>?", " ", block["body"])
        for line in body.splitlines():
            if line.startswith("$ "):
                number = text.count("\n", 0, text.index(line[2:12], block.start())) + 1
                found.append(Command(number, tuple(shlex.split(line[2:], comments=True)), bool(block["run"])))
    return found


def application() -> Any:
    """The command line as typer sees it."""
    main = importlib.import_module("genolect.cli.main")
    return typer.main.get_command(main.application(*main.verbs()))


def verbs(command: Any) -> list[str]:
    """The verbs of a command line, hidden ones left out."""
    return [name for name, verb in getattr(command, "commands", {}).items() if not verb.hidden]


def undocumented(names: list[str], text: str) -> list[str]:
    """Verbs that a page does not show as ``genolect VERB``."""
    return [name for name in names if not re.search(rf"\bgenolect {re.escape(name)}\b", text)]


def unknown(command: Command, top: Any) -> list[str]:
    """Verbs and options in a command that the command line does not have."""
    if command.words[0] != "genolect" or OPERATORS.intersection(command.words):
        refusal = f"line {command.line}: {shlex.join(command.words)}: only plain genolect commands run"
        return [refusal] * command.runs
    here, known, findings = top, {"--help"}, []
    for word in command.words[1:]:
        known |= {name for parameter in here.params for name in (*parameter.opts, *parameter.secondary_opts)}
        if re.match(r"--?[A-Za-z]", word):
            if word.split("=")[0] not in known:
                findings.append(f"line {command.line}: no option {word} for {here.name}")
        elif hasattr(here, "commands"):
            if word not in here.commands:
                return [*findings, f"line {command.line}: no verb {word!r}"]
            here = here.commands[word]
    return findings


def failing(text: str, folder: Path, program: list[str]) -> list[str]:
    """Commands marked to run that do not end well, run in order in `folder`; the first failure ends it."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    for command in commands(text):
        if command.runs:
            line = [*program, *command.words[1:]]
            done = subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS)
            if done.returncode:
                return [f"line {command.line}: {shlex.join(command.words)} ended with {done.returncode}\n{done.stderr}"]
    return []


def dead_links(page: Path) -> list[str]:
    """Relative links of a page that lead nowhere."""
    return [link for link in LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", [README, MANUAL], ids=lambda page: page.name)
def test_every_verb_is_documented(page):
    names = verbs(application())
    assert len(names) > 1
    expect_none(undocumented(names, page.read_text("utf-8")))


def test_every_command_in_the_documents_exists():
    top = application()
    found = ((page, unknown(command, top)) for page in documents() for command in commands(page.read_text("utf-8")))
    expect_none(f"{page.name}: {finding}" for page, findings in found for finding in findings)


def test_every_link_leads_somewhere():
    expect_none(f"{page.name}: {link}" for page in documents() for link in dead_links(page))


@pytest.mark.slow
def test_the_commands_of_the_readme_run(tmp_path):
    text = README.read_text("utf-8")
    assert any(command.runs for command in commands(text)), "the README marks no block with <!-- run -->"
    start = "import sys; from genolect.cli.main import main; sys.exit(main())"
    expect_none(failing(text, tmp_path, [sys.executable, "-c", start]))


@pytest.fixture
def toy():
    """A command line of two verbs."""
    app = typer.Typer(add_completion=False)

    @app.command()
    def learn(genome: str = "", minutes: int = 3, overwrite: bool = False) -> None: ...

    @app.command()
    def describe(genome: str) -> None: ...

    return typer.main.get_command(app)


PAGE = """# Title

```console
$ genolect describe a.fa  # look
output
```

<!-- run -->
```console
$ genolect learn --minutes=2 \\
    --no-overwrite
```
"""


def test_commands_are_read_from_a_page():
    assert commands(PAGE) == [
        Command(4, ("genolect", "describe", "a.fa"), False),
        Command(10, ("genolect", "learn", "--minutes=2", "--no-overwrite"), True),
    ]


def test_an_undocumented_verb_is_found(toy):
    assert undocumented(verbs(toy), "genolect learn, and genolect described") == ["describe"]
    assert undocumented(verbs(toy), PAGE) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("genolect learn --minutes 3 --genome x --overwrite", []),
        ("genolect learn --hours 3", ["line 5: no option --hours for learn"]),
        ("genolect describe a.fa --minutes 3", ["line 5: no option --minutes for describe"]),
        ("genolect lern", ["line 5: no verb 'lern'"]),
        ("ls | wc", ["line 5: ls '|' wc: only plain genolect commands run"]),
    ],
)
def test_a_command_that_does_not_exist_is_found(toy, line, found):
    assert unknown(Command(5, tuple(shlex.split(line)), True), toy) == found


@pytest.mark.parametrize(("code", "count"), [(0, 0), (3, 1)])
def test_a_command_that_fails_is_found(tmp_path, code, count):
    program = [sys.executable, "-c", f"import sys; open('seen', 'a').write(sys.argv[1]); sys.exit({code})"]
    assert len(failing(PAGE, tmp_path, program)) == count
    assert (tmp_path / "seen").read_text() == "learn"


def test_a_dead_link_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("[a](page.md) [b](gone.md#part) [c](https://example.org/gone) [d](#part)")
    assert dead_links(page) == ["gone.md"]
