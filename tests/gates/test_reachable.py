"""Everything is there for somebody: the front door, the verbs or ``AutoModel`` lead to every name of the package.

Nothing is run: what the text of a function, a class or a constant mentions is needed as soon as the thing itself is.
What only its own tests need is dead: delete it, or move it to the tests.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.gates.source import PACKAGE, Function, Module, expect_none, modules, plant

# Where users come in: all that these files hold is needed.
DOORS = ("__init__.py", "__init__.pyi", "automodel.py", "cli/")
# Folders that are searched: what registers itself in them is needed, although nothing names it.
SEARCHED = ("encoders/", "tables/audit/", "evaluation/methods/", "pretraining/kinds/", "tasks/")
# A class that binds one of these makes itself known.
MARKS = {"kind", "verb"}
# Names that no door leads to, each with who needs it all the same; what these lead to needs no line of its own.
PROMISED: dict[str, str] = {
    "evaluation.tables.run_table_panel": "docs/evaluation.md: one's own function of sequences beside all baselines",
    # docs/encoders.md: the published Enformer with heads of its own and a second input, in Python alone;
    # benchmarks/tracks.py trains it on two kinds of tracks at once.
    "encoders.enformer.PUBLISHED_WINDOW": "window of the published Enformer",
    "encoders.enformer.WITH_ACCESSIBILITY": "published Enformer that also reads a track",
    "encoders.enformer.WITH_ACCESSIBILITY_WINDOW": "its window",
    "encoders.enformer.SMALL": "its form for a processor",
    "encoders.enformer.SMALL_WINDOW": "its window",
    "encoders.enformer.expected_start": "how its heads begin",
    "genome.tracks.SiteValues": "its signal of starts of transcription",
    "genome.tracks.TrackSampler": "its windows",
    "objectives.tracks.joint_loss": "its loss",
    # Until composition and k-mers are counted in one place.
    "evaluation.methods.features.composition_features": "composition counted once",
    "evaluation.methods.features.choose_word_length": "k-mers counted once",
    "evaluation.methods.features.Features": "k-mers counted once",
}


@dataclass(frozen=True)
class Symbol:
    """A statement at the top of a module, and the name that it binds; an empty name where it only does something."""

    module: Module
    home: str
    name: str
    node: ast.stmt

    @property
    def full(self) -> str:
        """The name as an import gives it."""
        return f"{self.home}.{self.name}"

    @property
    def needed_anyway(self) -> bool:
        """Whether it stands at a door, or makes itself known in a folder that is searched."""
        if self.module.name.startswith(DOORS):
            return True
        if not self.module.name.startswith(SEARCHED):
            return False
        package = self.home.partition(".")[0]
        return (
            self.name == "PRESETS"
            or any(
                self.module.called(decorator).startswith(f"{package}.") if isinstance(decorator, ast.Call) else False
                for decorator in getattr(self.node, "decorator_list", [])
            )
            or (
                isinstance(self.node, ast.ClassDef)
                and any({"kind", "verb"} & {*_bound(part)} for part in self.node.body)
            )
        )


def _bound(statement: ast.stmt) -> list[str]:
    """Names that a statement defines."""
    if isinstance(statement, Function | ast.ClassDef):
        return [statement.name]
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return [node.id for target in targets if target for node in ast.walk(target) if isinstance(node, ast.Name)]


def symbols(tree: Path) -> Iterator[Symbol]:
    """Every statement at the top of every module, once for each name."""
    stub = tree / "__init__.pyi"
    for module in [*modules(tree), *([Module(stub, stub.name)] if stub.exists() else [])]:
        home = ".".join([tree.name, *module.name.rpartition(".")[0].split("/")]).removesuffix(".__init__")
        for node in ast.iter_child_nodes(module.nodes[0]):
            described = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            imports = isinstance(node, ast.Import | ast.ImportFrom) and not module.name.startswith(DOORS)
            if isinstance(node, ast.stmt) and not described and not imports:
                yield from (Symbol(module, home, name, node) for name in _bound(node) or [""])


def mentioned(symbol: Symbol) -> set[str]:
    """Full names of what a statement mentions, as far as its module's imports tell, and of what its module does."""
    aliases = symbol.module.aliases
    found = {f"{symbol.home}."}
    for node in ast.walk(symbol.node):
        if isinstance(node, ast.Name):
            found |= {aliases.get(node.id, node.id), f"{symbol.home}.{node.id}"}
        elif isinstance(node, ast.Attribute):
            parts = ast.unparse(node).split(".")
            found.add(".".join([aliases.get(parts[0], parts[0]), *parts[1:]]))
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def unreachable(tree: Path, promised: dict[str, str]) -> list[str]:
    """Names that no door leads to, and promises that are none."""
    known: dict[str, list[Symbol]] = {}
    for symbol in symbols(tree):
        known.setdefault(symbol.full, []).append(symbol)
    kept = {f"{tree.name}.{name}" for name in promised}
    asked = [full for full, group in known.items() if any(symbol.needed_anyway for symbol in group)]
    needed = _followed(known, asked)
    wanted = _followed(known, [*asked, *kept])
    findings = [
        group[0].module.at(group[0].node, f"nothing leads to {group[0].name}")
        for full, group in known.items()
        if group[0].name and full not in wanted
    ]
    for full in sorted(kept):
        if full not in known or full in needed:
            findings.append(f"{full}: the promise is out of date")
    return findings


def _followed(known: dict[str, list[Symbol]], asked: list[str]) -> set[str]:
    """Names that are asked for, and all that they lead to."""
    reached: set[str] = set()
    open_ends = [full for full in asked if full in known]
    while open_ends:
        full = open_ends.pop()
        if full not in reached:
            reached.add(full)
            open_ends += [name for symbol in known[full] for name in mentioned(symbol) if name in known]
    return reached


def test_a_door_leads_to_every_name():
    expect_none(unreachable(PACKAGE, PROMISED))


CONTRASTS = {
    "asked": ("def f(): pass", "import pkg.room.file as file\n\nfile.f()", ""),
    "asked by name": ("def f(): pass", "from pkg.room.file import f as g\n\ndef verb():\n    g()", ""),
    "asked inside a function": ("def f(): pass", "def verb():\n    from pkg.room.file import f\n    f()", ""),
    "asked by an attribute": ("class A: pass", "from pkg.room import file\n\nb: file.A", ""),
    "asked by a neighbour": ("X = 1\n\ndef f(): return X", "from pkg.room.file import f\n\nf()", ""),
    "asked by what its module does": ("import sys\nX = 1\ndef f(): pass\nsys.x(X)", "from pkg.room.file import f", ""),
    "not asked": ("def f(): pass", "", "nothing leads to f"),
    "a constant": ("A: int = 1", "", "nothing leads to A"),
    "only imported": ("def f(): pass", "import pkg.room.file", "nothing leads to f"),
    "asked by itself": ("def f(): f()", "", "nothing leads to f"),
    "asked in its docstring": ('def f():\n    """>>> f()"""', "", "nothing leads to f"),
    "another of that name": ("def f(): pass", "def f(): pass\n\nf()", "nothing leads to f"),
}


@pytest.mark.parametrize(("text", "verb", "found"), CONTRASTS.values(), ids=CONTRASTS)
def test_a_name_that_nobody_asks_for_is_found(tmp_path, text, verb, found):
    tree = plant(tmp_path / "pkg", {"room/file.py": text, "cli/verb.py": verb})
    findings = [finding.partition(": ")[2] for finding in unreachable(tree, {})]
    assert findings == ([found] if found else [])


def test_the_front_door_asks_by_its_stub(tmp_path):
    files = {"room/file.py": "class A: pass\n\nclass B: pass", "__init__.pyi": "from pkg.room.file import A as A"}
    assert unreachable(plant(tmp_path / "pkg", files), {}) == ["room/file.py:3: nothing leads to B"]


KIND = """
from pkg.room.registry import look

PRESETS = {}

class Shape:
    kind = "new"

@look(3)
def find(): pass
"""


@pytest.mark.parametrize(("folder", "count"), [("encoders", 0), ("tables/audit", 0), ("tokenizers", 3)])
def test_what_registers_itself_in_a_folder_that_is_searched_is_needed(tmp_path, folder, count):
    files = {
        f"{folder}/new.py": KIND,
        "room/registry.py": "def look(n): pass",
        "cli/v.py": "from pkg.room.registry import look",
    }
    assert len(unreachable(plant(tmp_path / "pkg", files), {})) == count


def test_a_promise_is_kept_with_all_that_it_leads_to_until_a_door_does(tmp_path):
    files = {"room/file.py": "X = 1\n\ndef f(): return X", "cli/verb.py": ""}
    promise = {"room.file.f": "someone"}
    assert unreachable(plant(tmp_path / "pkg", files), promise) == []
    plant(tmp_path / "pkg", {"cli/verb.py": "from pkg.room.file import f"})
    assert unreachable(tmp_path / "pkg", promise) == ["pkg.room.file.f: the promise is out of date"]
    assert unreachable(tmp_path / "pkg", {"room.file.g": "nobody"}) == ["pkg.room.file.g: the promise is out of date"]
