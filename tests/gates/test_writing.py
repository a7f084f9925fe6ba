"""One door to the disk: only ``files.py`` writes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.gates.source import PACKAGE, Module, expect_none, modules, plant

DOOR = "files.py"
WRITING_MODE = re.compile(r"[rbtU]*[wax+][rbtwaxU+]*")
READING_MODE = re.compile(r"[rbtU]+")
FUNCTIONS = {
    *("numpy.save", "numpy.savez", "numpy.savez_compressed", "numpy.savetxt", "torch.save", "json.dump"),
    *("os.rename", "os.renames", "os.replace", "os.link", "os.symlink", "os.mkfifo", "os.open", "os.write"),
    *("shutil.move", "shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree", "shutil.copyfileobj"),
    *("safetensors.torch.save_file", "safetensors.numpy.save_file", "os.fdopen"),
}
METHODS = {"write_text", "write_bytes", "to_csv", "to_parquet", "rename", "symlink_to", "hardlink_to", "touch"}
MAPPED = {"numpy.memmap", "numpy.lib.format.open_memmap"}
# Writers that may also fill memory or a file that files.py opened; with anything else as target they are refused.
STREAMS = {"tofile", "savefig"}
DOORS = {"open_for_writing", "BytesIO", "StringIO"}


def _literal(call: ast.Call, position: int, keyword: str) -> object:
    given = [word.value for word in call.keywords if word.arg == keyword]
    node = given[0] if given else call.args[position] if len(call.args) > position else None
    return node.value if isinstance(node, ast.Constant) else node


def _opens_to_write(module: Module, call: ast.Call) -> bool:
    name = module.called(call)
    if name in MAPPED:
        return _literal(call, 2 if name.endswith(".memmap") else 99, "mode") not in ("r", "c")
    if name != "open" and not name.endswith(".open"):
        return False
    modes = [_literal(call, position, "mode") for position in (0, 1)]
    if any(isinstance(mode, str) and WRITING_MODE.fullmatch(mode) for mode in modes):
        return True
    # A mode that is computed cannot be read here: it has to be a literal.
    return name == "open" and modes[1] is not None and not isinstance(modes[1], str)


def _streams(module: Module) -> set[str]:
    """Names bound to memory, or to a file that the door opened."""
    names: set[str] = set()
    for node in module.nodes:
        if isinstance(node, ast.withitem):
            value, target = node.context_expr, node.optional_vars
        elif isinstance(node, ast.Assign):
            value, target = node.value, node.targets[0]
        else:
            continue
        called = module.called(value).rsplit(".", 1)[-1] if isinstance(value, ast.Call) else ""
        if called in DOORS and isinstance(target, ast.Name):
            names.add(target.id)
    return names


def _writes(module: Module, call: ast.Call, streams: set[str]) -> bool:
    name = module.called(call)
    method = name.rsplit(".", 1)[-1] if isinstance(call.func, ast.Attribute) else ""
    if method in STREAMS:
        return not (call.args and isinstance(call.args[0], ast.Name) and call.args[0].id in streams)
    # str.replace takes two arguments; one alone is Path.replace, which moves a file.
    moves = method == "replace" and len(call.args) == 1 and not call.keywords
    return name in FUNCTIONS or method in METHODS or moves or _opens_to_write(module, call)


def writes(tree: Path) -> list[str]:
    """Calls that create, change or move a file outside ``files.py``."""
    return [
        module.at(call, f"{module.called(call)} writes to disk; go through genolect.files")
        for module in modules(tree)
        if module.name != DOOR
        for streams in [_streams(module)]
        for call in module.calls
        if _writes(module, call, streams)
    ]


def test_the_package_writes_through_one_door():
    expect_none(writes(PACKAGE))


def test_the_door_itself_is_seen_to_write(tmp_path):
    assert writes(plant(tmp_path, {"elsewhere.py": (PACKAGE / DOOR).read_text("utf-8")})) != []


@pytest.mark.parametrize(
    "line",
    [
        "open(path, 'w')",
        "open(path, mode='ab')",
        "open(path, 'r+')",
        "open(path, mode)",
        "path.open('x')",
        "path.open(mode='wb')",
        "import gzip; gzip.open(path, 'wt')",
        "path.write_text('')",
        "Path(path).write_bytes(b'')",
        "import numpy as np; np.save(path, 1)",
        "import numpy; numpy.savez(path, 1)",
        "from numpy import savez_compressed as keep; keep(path, 1)",
        "import numpy as np; np.memmap(path, dtype='u1', mode='w+')",
        "import numpy as np; np.lib.format.open_memmap(path, mode='w+')",
        "import torch; torch.save(1, path)",
        "import json; json.dump(1, path)",
        "import os; os.rename(path, path)",
        "from os import replace; replace(path, path)",
        "path.replace(other)",
        "path.rename(other)",
        "import shutil; shutil.move(path, path)",
        "import shutil as s; s.copy(path, path)",
        "table.to_csv(path)",
        "array.tofile(path)",
        "figure.savefig('plot.png')",
    ],
)
def test_a_write_elsewhere_is_found(tmp_path, line):
    (finding,) = writes(plant(tmp_path, {"report/planted.py": f"\n{line}\n"}))
    assert finding.startswith("report/planted.py:2: ")


@pytest.mark.parametrize(
    "line",
    [
        "open(path)",
        "open(path, 'rb')",
        "path.open(encoding='utf-8')",
        "import gzip; gzip.open(path, 'rt')",
        "'abc'.replace('a', 'w')",
        "import dataclasses; dataclasses.replace(thing, a=1)",
        "import numpy as np; np.memmap(path, dtype='u1', mode='r')",
        "import numpy as np; np.load(path, mmap_mode='r')",
        "import json; json.dumps(1)",
        "with open_for_writing(path) as file: array.tofile(file)",
        "from io import BytesIO; picture = BytesIO(); figure.savefig(picture, format='png')",
    ],
)
def test_reading_and_the_door_pass(tmp_path, line):
    assert writes(plant(tmp_path, {"report/planted.py": f"\n{line}\n"})) == []
