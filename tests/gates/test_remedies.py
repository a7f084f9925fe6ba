"""A remedy can be followed: an option that a refusal names is one of every verb that can print the refusal.

Which verb prints what is read off the source: from the function of a verb on to every function and class that it names,
and so forth. A text may also name the option of another verb by its whole name: ``genolect split --roles``.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from genolect.cli import main
from tests.gates.source import PACKAGE, Module, expect_none, modules, plant
from tests.gates.test_documents import application

OPTION = re.compile(r"--[a-z][a-z-]+")
OTHER_VERB = re.compile(r"genolect [a-z-]+[^,;.]*")
ALWAYS = {"--help", "--debug"}
OUTPUT = {"--out", "--overwrite", "--resume"}
NAMES = {"--rename", "--allow-missing"}
DIVISION = {"--by", "--group", "--drop-relatives"}
# What the walk through the source cannot see, each with its reason.
NEVER = {
    "genolect audit": OUTPUT,  # it prepares its genome in a folder of its own
    "genolect plan": OUTPUT,  # it trains in a folder of its own, to take the time
    "genolect task expression": NAMES,  # it reads a table, no annotation
    "genolect task variants": NAMES,
    "genolect task junctions": NAMES,
    "genolect tokenizer train": NAMES | {"--alphabet"},  # it reads dna alone
    "genolect information": DIVISION,  # it reads a table that is divided
    "genolect label-curve": DIVISION,
    "genolect pretrain": NAMES,  # the classes of a recipe: assembly gives another remedy
    "genolect describe-objective": NAMES,
}
NOT_A_REMEDY = {"--resume keeps the folder, --overwrite deletes it"}  # said to who gave both


class Source:
    """Every function and class of a package, and what each names."""

    def __init__(self, package: Path) -> None:
        self.modules: dict[str, Module] = {}
        for module in modules(package):
            parts = (package.name, *Path(module.name).with_suffix("").parts)
            self.modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = module
        self.known: dict[str, frozenset[str]] = {}
        self.parts = {
            f"{name}.{defined}": (name, node) for name, module in self.modules.items() for defined, node in _top(module)
        }

    def resolve(self, name: str) -> str | None:
        """Follow a dotted name through what is imported from elsewhere to where it is defined."""
        for _ in range(5):
            if name in self.parts:
                return name
            module, _, last = name.rpartition(".")
            if module not in self.modules or last not in self.modules[module].aliases:
                return None
            name = self.modules[module].aliases[last]
        return None

    def named(self, part: str) -> frozenset[str]:
        """What a function or class names, wherever it is defined; its annotations aside."""
        if part not in self.known:
            module, node = self.parts[part]
            self.known[part] = frozenset(self._found(module, _without_annotations(node)))
        return self.known[part]

    def _found(self, module: str, nodes: Iterable[ast.AST]) -> Iterator[str]:
        aliases = self.modules[module].aliases
        for words in filter(None, map(_dotted, nodes)):
            first = aliases.get(words[0], f"{module}.{words[0]}")
            whole = (self.resolve(".".join([first, *words[1:length]])) for length in range(len(words), 0, -1))
            yield from filter(None, (next(filter(None, whole), None),))

    def reached(self, start: str) -> set[str]:
        """What a verb leads to; the groups of options that it takes stand in its annotations."""
        module, node = self.parts[start]
        seen: set[str] = set()
        left = [start, *self._found(module, ast.walk(node.args))] if isinstance(node, ast.FunctionDef) else [start]
        while left:
            part = left.pop()
            if part in self.parts and part not in seen:
                seen.add(part)
                left += self.named(part)
        return seen

    def options(self, part: str) -> frozenset[tuple[int, str]]:
        """Options that the texts of a function or class name, docstrings aside, with their lines."""
        _, node = self.parts[part]
        texts = (inner for inner in _without_annotations(node) if isinstance(inner, ast.Constant))
        messages = ((text.lineno, text.value) for text in texts if isinstance(text.value, str))
        said = [(line, text) for line, text in messages if "\n" not in text and text not in NOT_A_REMEDY]
        return frozenset((line, option) for line, text in said for option in OPTION.findall(OTHER_VERB.sub("", text)))


def _top(module: Module) -> Iterator[tuple[str, ast.AST]]:
    for node in ast.iter_child_nodes(ast.parse(module.text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from ((target.id, node) for target in targets if isinstance(target, ast.Name))


def _without_annotations(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for field, value in ast.iter_fields(node):
        if field not in ("annotation", "returns", "decorator_list"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _without_annotations(child)


def _dotted(node: ast.AST) -> list[str]:
    words: list[str] = []
    while isinstance(node, ast.Attribute):
        words.insert(0, node.attr)
        node = node.value
    return [node.id, *words] if isinstance(node, ast.Name) else []


def commands(top: Any, name: str = "genolect") -> Iterator[tuple[str, Any]]:
    """Every verb by its whole name."""
    if hasattr(top, "commands"):
        for word, command in top.commands.items():
            yield from commands(command, f"{name} {word}")
    else:
        yield name, top


def impossible(package: Path, top: Any) -> list[str]:
    """Remedies that a verb prints and does not know."""
    source, findings = Source(package), set()
    for name, command in commands(top):
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        function = inspect.unwrap(command.callback)
        for part in source.reached(f"{function.__module__}.{function.__name__}"):
            if ".mmseqs." in part:  # the options of another program
                continue
            findings |= {
                f"{source.modules[source.parts[part][0]].name}:{line}: {name} has no {option}"
                for line, option in source.options(part)
                if option not in known | ALWAYS | NEVER.get(name, set())
            }
    return sorted(findings)


def test_every_remedy_is_an_option_of_the_verb_that_prints_it():
    expect_none(impossible(PACKAGE, application()))


TREE = {
    "house/cli.py": "from house.inner import work, Group\n\n\ndef verb(group: Group) -> None:\n    work()\n",
    "house/inner.py": """
class Group:
    pass

def work():
    helper(fix="add --deep")

def helper(fix):
    from house.other import never
    return never

def unused():
    raise ValueError("give --nothing")
""",
    "house/other.py": """
def never():
    '''Docstring with
    --none.'''
    raise ValueError("see genolect split --roles, or say --flat")
""",
}


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--deep", "--flat"], []),
        (["--deep"], ["other.py:5: genolect verb has no --flat"]),
        ([], ["inner.py:6: genolect verb has no --deep", "other.py:5: genolect verb has no --flat"]),
    ],
)
def test_a_planted_remedy_is_found_wherever_it_is_said(tmp_path, options, found):
    def verb() -> None: ...

    verb.__module__, verb.__qualname__ = "house.cli", "verb"
    parameters = [SimpleNamespace(opts=[option], secondary_opts=[]) for option in options]
    top = SimpleNamespace(commands={"verb": SimpleNamespace(callback=verb, params=parameters)})
    assert impossible(plant(tmp_path, TREE) / "house", top) == found


def test_every_help_shows_the_words_in_brackets():
    """Markup took [tasks.NAME] for a style and left it out."""
    for name, command in commands(application()):
        words = name.split()[1:]
        shown = "".join(CliRunner().invoke(main.application(*main.verbs()), [*words, "--help"]).stdout.split())
        texts = [command.help or "", *(getattr(parameter, "help", "") or "" for parameter in command.params)]
        for word in re.findall(r"\[[^\]]+\]", " ".join(texts)):
            assert "".join(word.split()) in shown, f"{name}: {word}"


def test_no_help_shows_an_object_of_python():
    for name, _ in commands(application()):
        shown = CliRunner().invoke(main.application(*main.verbs()), [*name.split()[1:], "--help"]).stdout
        assert not re.search(r"<[a-z_.]+(\.| object|class)|0x[0-9a-f]{6}", shown), name


def test_the_table_of_a_suite_is_named():
    assert "[tasks.NAME]" in CliRunner().invoke(main.application(*main.verbs()), ["evaluate", "--help"]).stdout
