"""What a docstring or a page names in backticks, room and file, is there: a move leaves no old name behind."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.gates.source import PACKAGE, Module, expect_none, modules, plant
from tests.gates.test_documents import documents

NAMED = re.compile(r"`(?:genolect\.)?([a-z_]+(?:\.[A-Za-z_]+)+)`")
# Rooms that are gone: whoever names one of these means a place that is not there any more.
GONE = {"data", "workflow", "training", "foreign_checkpoint", "durable", "philox", "randomness"}
ENDINGS = {"py", "pyi", "json", "html", "fa", "toml", "tsv"}
KEYS = {"pretraining.classes"}  # of results.json


def bound(module: Module) -> set[str]:
    """Names at the top of a module."""
    found = {name for _, name, _ in module.imports}
    for statement in ast.parse(module.text).body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            found.add(statement.name)
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            found |= {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    return found


def dead_references(package: Path, pages: Iterable[Path]) -> list[str]:
    """Names in backticks that begin like a room, present or past, and lead nowhere."""
    files = {module.name.removesuffix(".py").replace("/", "."): module for module in modules(package)}
    folders = {name.rpartition(".")[0] for name in files} - {""}
    rooms = {name.partition(".")[0] for name in files if "." in name} | GONE
    names = {name: bound(module) for name, module in files.items()}

    def leads(full: str) -> bool:
        parts = full.split(".")
        for length in range(len(parts), 0, -1):
            place = ".".join(parts[:length])
            if place in names:
                return length == len(parts) or parts[length] in names[place]
            if place in folders:
                return length == len(parts)
        return False

    texts = [(module.name, module.text) for module in files.values()]
    texts += [(page.name, page.read_text("utf-8")) for page in pages]
    return [
        f"{name}:{number}: nothing is called {full}"
        for name, text in texts
        for number, line in enumerate(text.splitlines(), 1)
        for full in NAMED.findall(line)
        if full.partition(".")[0] in rooms and full.rpartition(".")[2] not in ENDINGS
        if full not in KEYS and not leads(full)
    ]


def test_every_place_that_is_named_is_there():
    expect_none(dead_references(PACKAGE, documents()))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See `room.file.here`, `room.file` and `room`.", 0),
        ("See `room.file.gone`.", 1),
        ("See `room.lost`, `data.genome` and `genolect.workflow.plan.Plan`.", 3),
        ("See `room.file.Class.method`, `room.json` and `other.thing`.", 0),
    ],
)
def test_a_planted_name_of_an_old_place_is_found(tmp_path, text, found):
    package = plant(tmp_path, {"room/file.py": f'"""{text}"""\n\nhere = 1\n\n\nclass Class:\n    pass\n'})
    page = tmp_path / "page.md"
    page.write_text(text)
    assert len(dead_references(package, [])) == found
    assert len(dead_references(package, [page])) == 2 * found
