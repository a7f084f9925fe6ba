"""The house can be walked through: short chains of imports, no circles, folders that one look takes in.

Imports inside functions and imports for types count like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.gates.source import PACKAGE, expect_none, modules, plant

CHAIN = 14
CHAIN_IN_A_ROOM = 6
FILES_IN_A_FOLDER = 20

Graph = Mapping[str, frozenset[str]]


def graph(tree: Path) -> Graph:
    """Which file imports which, by dotted names."""
    files = {".".join([tree.name, *module.name.removesuffix(".py").split("/")]): module for module in modules(tree)}
    names = {name.removesuffix(".__init__"): module for name, module in files.items()}
    return {
        name: frozenset(
            target
            for _, _, full in module.imports
            for target in (full, full.rpartition(".")[0])
            if target in names and target != name
        )
        for name, module in names.items()
    }


def circles(links: Graph) -> list[str]:
    """Files that import themselves by way of others."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = [*links[start]]
        while ahead:
            name = ahead.pop()
            if name not in seen:
                seen.add(name)
                ahead += links[name]
        return seen

    return [f"{name}: imports itself by way of others" for name in links if name in reached(name)]


def longest_chain(links: Graph) -> list[str]:
    """The longest way down from import to import."""

    @cache
    def below(name: str) -> tuple[str, ...]:
        return (name, *max((below(target) for target in links[name]), key=len, default=()))

    return list(max(map(below, links), key=len, default=()))


def long_chains(tree: Path) -> list[str]:
    """Chains of imports that are longer than allowed: of the whole package, and of each room by itself."""
    links = graph(tree)
    findings = []
    if len(whole := longest_chain(links)) > CHAIN:
        findings.append(f"{len(whole)} files in a chain of {CHAIN}: {' > '.join(whole)}")
    rooms = sorted({name.split(".")[1] for name in links if name.count(".") > 1})
    for room in rooms:
        inside = {name: links[name] for name in links if name.startswith(f"{tree.name}.{room}.")}
        own = {name: frozenset(targets & inside.keys()) for name, targets in inside.items()}
        if len(chain := longest_chain(own)) > CHAIN_IN_A_ROOM:
            findings.append(f"{room}: {len(chain)} files in a chain of {CHAIN_IN_A_ROOM}: {' > '.join(chain)}")
    return findings


def crowded_folders(tree: Path) -> list[str]:
    """Folders with more than 20 files of code."""
    folders = {path.parent for path in tree.rglob("*.py")}
    counts = {folder: len([*folder.glob("[!_]*.py")]) for folder in folders}
    return [
        f"{folder.relative_to(tree).as_posix()}/: {count} files, {FILES_IN_A_FOLDER} are allowed"
        for folder, count in sorted(counts.items())
        if count > FILES_IN_A_FOLDER
    ]


def test_nothing_imports_itself_by_way_of_others():
    expect_none(circles(graph(PACKAGE)))


def test_chains_of_imports_are_short():
    expect_none(long_chains(PACKAGE))


def test_a_folder_is_taken_in_at_one_look():
    expect_none(crowded_folders(PACKAGE))


def chain(tmp_path: Path, length: int, *, rooms: bool) -> Path:
    """A package whose longest chain has so many files, in one room or in one room each."""
    place = (lambda number: f"room{number}/file") if rooms else (lambda number: f"room/file{number}")
    files = {f"pkg/{place(number)}.py": "" for number in range(length)}
    for number in range(length - 1):
        target = place(number + 1).replace("/", ".")
        files[f"pkg/{place(number)}.py"] = f"def f():\n    from pkg.{target} import x\n"
    return plant(tmp_path, files) / "pkg"


@pytest.mark.parametrize(("rooms", "most"), [(False, CHAIN_IN_A_ROOM), (True, CHAIN)])
@pytest.mark.parametrize("extra", [0, 1])
def test_one_file_more_in_a_chain_is_found(tmp_path, rooms, most, extra):
    findings = long_chains(chain(tmp_path, most + extra, rooms=rooms))
    assert len(findings) == extra
    assert all(f"{most + 1} files in a chain of {most}" in finding for finding in findings)


def test_a_circle_is_found(tmp_path):
    files = {"pkg/a.py": "import pkg.b\n", "pkg/b.py": "from pkg import a\n", "pkg/c.py": "import pkg.a\n"}
    assert [finding.split(":")[0] for finding in circles(graph(plant(tmp_path, files) / "pkg"))] == ["pkg.a", "pkg.b"]


@pytest.mark.parametrize("extra", [0, 1])
def test_a_crowded_folder_is_found(tmp_path, extra):
    names = [f"room/file{number}.py" for number in range(FILES_IN_A_FOLDER + extra)]
    found = crowded_folders(plant(tmp_path, dict.fromkeys([*names, "room/__init__.py"], "")))
    assert found == [f"room/: {FILES_IN_A_FOLDER + 1} files, {FILES_IN_A_FOLDER} are allowed"] * extra
