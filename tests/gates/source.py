"""How the gates read a source tree: each module parsed once, each name traced to the import it came from.

A gate is a function from a source tree to a list of findings, ``path:line: what``. Its tests ask two things:
the real tree gives none, and a tree with one planted fault gives exactly that one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "src" / "genolect"
TREES = [PACKAGE, *(REPOSITORY / name for name in ("tests", "benchmarks", "examples"))]

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = Function | ast.ClassDef | ast.Module


@dataclass(frozen=True)
class Module:
    """One file of a tree.

    Attributes
    ----------
    path : Path
        The file.
    name : str
        Its place in the tree, with forward slashes.
    """

    path: Path
    name: str

    @cached_property
    def text(self) -> str:
        """The source text."""
        return self.path.read_text("utf-8")

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the syntax tree, outer before inner."""
        return list(ast.walk(ast.parse(self.text, self.path)))

    @property
    def functions(self) -> list[Function]:
        """Every function and method, nested ones too."""
        return [node for node in self.nodes if isinstance(node, Function)]

    @property
    def calls(self) -> list[ast.Call]:
        """Every call."""
        return [node for node in self.nodes if isinstance(node, ast.Call)]

    @cached_property
    def imports(self) -> list[tuple[ast.AST, str, str]]:
        """Every import as its node, the name it binds here and what that stands for."""
        found: list[tuple[ast.AST, str, str]] = []
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found += [(node, a.asname or a.name.split(".")[0], a.name) for a in node.names]
            elif isinstance(node, ast.ImportFrom):
                found += [(node, a.asname or a.name, f"{node.module}.{a.name}") for a in node.names]
        return found

    @cached_property
    def aliases(self) -> dict[str, str]:
        """What each imported name stands for; ``import a.b`` binds ``a`` to itself."""
        return {bound: target for _, bound, target in self.imports if not target.startswith(f"{bound}.")}

    def called(self, call: ast.Call) -> str:
        """Full dotted name of what is called, aliases resolved; ``.name`` for a method of some object."""
        parts: list[str] = []
        node: ast.expr = call.func
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return f".{parts[0]}" if parts else ""
        return ".".join([self.aliases.get(node.id, node.id), *reversed(parts)])

    def at(self, node: ast.AST, what: str) -> str:
        """Put a finding in its form, ``path:line: what``."""
        return f"{self.name}:{getattr(node, 'lineno', 1)}: {what}"


def modules(tree: Path) -> Iterator[Module]:
    """Every Python file below `tree`, in a fixed order."""
    for path in sorted(tree.rglob("*.py")):
        yield Module(path, path.relative_to(tree).as_posix())


def plant(folder: Path, files: dict[str, str]) -> Path:
    """Write a small tree from its files' places and texts."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def expect_none(findings: Iterable[str]) -> None:
    """Fail with every finding on its own line."""
    if lines := sorted(findings):
        pytest.fail(f"{len(lines)} found:\n" + "\n".join(lines), pytrace=False)
