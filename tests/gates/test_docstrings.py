"""Docstrings: everything at the front door shows itself at work, and no paragraph is pasted around."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

from tests.gates.source import PACKAGE, Documented, expect_none, modules, plant

PARAGRAPH_WORDS = 20
REPEATS = 3


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


def test_no_paragraph_is_pasted_around():
    expect_none(repeated_paragraphs(PACKAGE))


@pytest.mark.parametrize(("words", "times", "found"), [(20, 3, 1), (19, 3, 0), (20, 2, 0)])
def test_a_pasted_paragraph_is_found(tmp_path, words, times, found):
    paragraph = " ".join(f"word{number}" for number in range(words))
    functions = [f'def f{number}():\n    """Say {number}.\n\n    {paragraph}\n    """\n' for number in range(times)]
    assert len(repeated_paragraphs(plant(tmp_path, {"room/planted.py": "\n".join(functions)}))) == found
