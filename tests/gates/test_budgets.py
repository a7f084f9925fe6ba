"""Budgets in lines of code: small files, small functions, few parameters, next to nothing said twice.

Docstrings, comments and blank lines are free: no budget may make them shorter.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections import defaultdict
from pathlib import Path

import pytest

from tests.gates.source import PACKAGE, TREES, Documented, Module, expect_none, modules, plant

FILE_LINES = 300
FUNCTION_LINES = 60
POSITIONAL = 6
PARAMETERS = 8
WINDOW = 8
DUPLICATED_SHARE = 0.01


def code_lines(module: Module, *, imports: bool = False) -> dict[int, str]:
    """Lines that do something, by line number: no blanks, comments, docstrings or, unless asked for, imports."""
    dropped: set[int] = set()
    for node in module.nodes:
        if isinstance(node, ast.Import | ast.ImportFrom) and not imports:
            dropped.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        elif isinstance(node, Documented) and ast.get_docstring(node, clean=False) is not None:
            text = node.body[0]
            dropped.update(range(text.lineno, (text.end_lineno or text.lineno) + 1))
    lines = module.text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type == tokenize.COMMENT:
            line, column = token.start
            lines[line - 1] = lines[line - 1][:column]
    return {number: line.strip() for number, line in enumerate(lines, 1) if line.strip() and number not in dropped}


def long_files(tree: Path) -> list[str]:
    """Files with more than 300 lines of code, imports among them."""
    return [
        f"{module.name}:1: {count} lines of code, {FILE_LINES} are allowed; split it by noun"
        for module in modules(tree)
        if (count := len(code_lines(module, imports=True))) > FILE_LINES
    ]


def long_functions(tree: Path) -> list[str]:
    """Functions with more than 60 lines of code."""
    findings = []
    for module in modules(tree):
        lines = code_lines(module)
        for function in module.functions:
            count = sum(function.lineno <= line <= (function.end_lineno or 0) for line in lines)
            if count > FUNCTION_LINES:
                findings.append(module.at(function, f"{function.name} has {count} code lines of {FUNCTION_LINES}"))
    return findings


def crowded_signatures(tree: Path) -> list[str]:
    """Functions that take more than 6 parameters by position, or more than 8 in all; self and cls are free."""
    findings = []
    for module in modules(tree):
        for function in module.functions:
            given = function.args
            names = [argument.arg for argument in [*given.posonlyargs, *given.args]]
            positional = len(names) - (names[:1] in (["self"], ["cls"]))
            total = positional + len(given.kwonlyargs)
            if positional > POSITIONAL:
                findings.append(module.at(function, f"{function.name} takes {positional} by position of {POSITIONAL}"))
            elif total > PARAMETERS:
                findings.append(module.at(function, f"{function.name} takes {total} parameters of {PARAMETERS}"))
    return findings


def duplicated(tree: Path) -> list[str]:
    """Stretches of 8 code lines that occur more than once, if they make up more than 1 % of all such stretches."""
    places: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for module in modules(tree):
        lines = list(code_lines(module).items())
        for start in range(len(lines) - WINDOW + 1):
            window = tuple(text for _, text in lines[start : start + WINDOW])
            places[window].append(f"{module.name}:{lines[start][0]}")
    repeated = [found for found in places.values() if len(found) > 1]
    share = sum(map(len, repeated)) / max(1, sum(map(len, places.values())))
    if share <= DUPLICATED_SHARE:
        return []
    return [f"{share:.1%} of the package's {WINDOW}-line stretches are repeated", *(" = ".join(p) for p in repeated)]


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.name)
@pytest.mark.parametrize("gate", [long_files, long_functions, crowded_signatures])
def test_the_tree_keeps_its_budgets(gate, tree):
    expect_none(gate(tree))


def test_the_package_says_things_once():
    expect_none(duplicated(PACKAGE))


@pytest.mark.parametrize(("extra", "findings"), [(0, []), (1, ["long.py:1: 301 lines of code"])])
def test_a_file_of_300_code_lines_is_the_longest(tmp_path, extra, findings):
    tree = plant(
        tmp_path,
        {"long.py": '"""Say.\n\nMore.\n"""\n\n# why\n' + "x = 1\n" * (FILE_LINES + extra), "short.py": "y = 2\n" * 7},
    )
    assert [finding.split(",")[0] for finding in long_files(tree)] == findings


@pytest.mark.parametrize(("extra", "findings"), [(0, []), (1, ["long.py:3: outer has 61 code lines of 60"])])
def test_a_function_of_60_code_lines_is_the_longest(tmp_path, extra, findings):
    head = '\n\ndef outer():\n    """Say.\n\n    More.\n    """\n    # a comment\n\n'
    tree = plant(tmp_path, {"long.py": head + "    x = 1  # why\n" * (FUNCTION_LINES - 1 + extra)})
    assert long_functions(tree) == findings


@pytest.mark.parametrize(
    ("signature", "found"),
    [
        ("a, b, c, d, e, f", ""),
        ("self, a, b, c, d, e, f", ""),
        ("a, b, c, d, e, f, *, g, h", ""),
        ("a, b, c, d, e, f, g", "f takes 7 by position of 6"),
        ("a, /, b, c, d, e, f, g", "f takes 7 by position of 6"),
        ("cls, a, *, b, c, d, e, f, g, h, i", "f takes 9 parameters of 8"),
    ],
)
def test_too_many_parameters_are_found(tmp_path, signature, found):
    tree = plant(tmp_path, {"room/planted.py": f"def f({signature}):\n    pass\n"})
    assert crowded_signatures(tree) == ([f"room/planted.py:1: {found}"] if found else [])


@pytest.mark.parametrize(("lines", "found"), [(WINDOW - 1, False), (WINDOW, True)])
def test_a_copied_stretch_is_found(tmp_path, lines, found):
    body = "".join(f"x{number} = {number}\n" for number in range(lines))
    copy = f'"""Says."""\n\nimport os\n\n{body}second = os.sep\n'
    tree = plant(tmp_path, {"one.py": f"first = 1\n{body}", "two.py": copy})
    findings = duplicated(tree)
    assert bool(findings) == found
    if found:
        assert findings[1] == "one.py:2 = two.py:5"


def test_copied_imports_comments_and_docstrings_do_not_count(tmp_path):
    text = '"""One.\n\nTwo.\n"""\n' + "import os\n" * 9 + "# why\n" * 9
    assert duplicated(plant(tmp_path, {"one.py": text, "two.py": text})) == []
