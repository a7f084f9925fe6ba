"""Docstrings: every public function shows itself at work, and no paragraph is pasted around."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

from tests.gates.source import PACKAGE, Documented, Function, expect_none, modules, plant

# The ground floor acts on disks and processes, a verb on a whole genome: their tests and the manual show them at work.
# Methods are shown by their class. Every other public function carries an example.
WITHOUT_EXAMPLES = ("errors.py", "config.py", "durable.py", "workflow/", "cli/")
PARAGRAPH_WORDS = 20
REPEATS = 3


def without_example(tree: Path) -> list[str]:
    """Public functions of the library rooms without an ``Examples`` section that runs."""
    findings = []
    for module in modules(tree):
        if module.name.startswith(WITHOUT_EXAMPLES):
            continue
        for node in ast.iter_child_nodes(module.nodes[0]):
            if isinstance(node, Function) and not node.name.startswith("_"):
                text = ast.get_docstring(node) or ""
                if ">>> " not in text.partition("Examples\n--------\n")[2]:
                    findings.append(module.at(node, f"{node.name} has no example that runs"))
    return findings


def repeated_paragraphs(tree: Path) -> list[str]:
    """Paragraphs of at least 20 words that stand in three docstrings or more."""
    places: dict[str, list[str]] = defaultdict(list)
    for module in modules(tree):
        for node in module.nodes:
            if isinstance(node, Documented):
                for paragraph in (ast.get_docstring(node) or "").split("\n\n"):
                    words = paragraph.split()
                    if len(words) >= PARAGRAPH_WORDS:
                        places[" ".join(words)].append(module.at(node, getattr(node, "name", "module")))
    return [f"{text[:60]}…: {', '.join(found)}" for text, found in places.items() if len(found) >= REPEATS]


def test_every_public_function_shows_itself_at_work():
    expect_none(without_example(PACKAGE))


def test_no_paragraph_is_pasted_around():
    expect_none(repeated_paragraphs(PACKAGE))


EXAMPLE = 'def f():\n    """Say.\n\n    Examples\n    --------\n    {}\n    """\n'


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (EXAMPLE.format(">>> f()"), 0),
        (EXAMPLE.format("Call it."), 1),
        ('def f():\n    """Say: >>> f()"""\n', 1),
        ("def f():\n    pass\n", 1),
        ("def _f():\n    pass\n", 0),
        ("class A:\n    def f(self):\n        pass\n", 0),
    ],
)
def test_a_missing_example_is_found(tmp_path, text, count):
    bare = "def f():\n    pass\n"
    tree = plant(tmp_path, {"data/planted.py": text, "cli/learn.py": bare, "durable.py": bare})
    assert len(without_example(tree)) == count


@pytest.mark.parametrize(("words", "times", "found"), [(20, 3, 1), (19, 3, 0), (20, 2, 0)])
def test_a_pasted_paragraph_is_found(tmp_path, words, times, found):
    paragraph = " ".join(f"word{number}" for number in range(words))
    functions = [f'def f{number}():\n    """Say {number}.\n\n    {paragraph}\n    """\n' for number in range(times)]
    assert len(repeated_paragraphs(plant(tmp_path, {"room/planted.py": "\n".join(functions)}))) == found
