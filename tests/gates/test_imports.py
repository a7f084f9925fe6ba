"""What an import costs: no torch below the encoders, a quick command line, nothing undeclared."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.gates.source import PACKAGE, REPOSITORY, expect_none, modules, plant

SETTINGS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
CONTRACTS = {contract["id"]: contract for contract in SETTINGS["tool"]["importlinter"]["contracts"]}
FLOORS_WITHOUT_TORCH = {name.removeprefix("genolect.") for name in CONTRACTS["torch"]["source_modules"]}
START_SECONDS = 2.0
IMPORT_NAMES = {"scikit-learn": "sklearn"}
EXTRAS = {"automodel.py": "hf"}
"""Modules that need an extra, which no other module may import: the layers leave nothing above them."""

HELP = """
import sys, time
from genolect.cli.main import main
sys.argv = ["genolect", "--help"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("torch" in sys.modules, time.process_time())
"""


def python(program: str, *, source: Path) -> str:
    """What `program` prints in a fresh interpreter that finds its packages in `source` first."""
    environment = {**os.environ, "PYTHONPATH": str(source)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def importing_torch(package: Path) -> list[str]:
    """Modules of the floors without torch whose import loads it after all, and the package itself."""
    names = [package.name]
    for module in modules(package):
        parts = module.name.removesuffix(".py").removesuffix("/__init__").split("/")
        if parts[0] in FLOORS_WITHOUT_TORCH:
            names.append(".".join([package.name, *parts]))
    program = "\n".join(["import sys", *(f"import {n}; print({n!r}, 'torch' in sys.modules)" for n in names)])
    printed = [line.split() for line in python(program, source=package.parent).splitlines()]
    guilty = [name for name, loaded in printed if loaded == "True"]
    return guilty[:1]  # once torch is there, every later module looks guilty


def import_names(lines: list[str]) -> set[str]:
    """Import names of requirements."""
    names = [re.split(r"[^\w.-]", line)[0] for line in lines]
    return {IMPORT_NAMES.get(name, name) for name in names}


def declared() -> set[str]:
    """Import names of the run-time dependencies in pyproject.toml."""
    return import_names(SETTINGS["project"]["dependencies"])


def extra(module: str) -> set[str]:
    """Import names of the extra that a module needs; none for most."""
    return import_names(SETTINGS["project"]["optional-dependencies"][EXTRAS[module]]) if module in EXTRAS else set()


def undeclared(tree: Path, allowed: set[str]) -> list[str]:
    """Imports of packages that an installation without the development extra does not bring."""
    known = {*sys.stdlib_module_names, *allowed, "genolect"}
    return [
        module.at(node, f"{target} is not a run-time dependency")
        for module in modules(tree)
        for node, _, target in module.imports
        if target.split(".")[0] not in known | extra(module.name)
    ]


def test_the_lower_floors_load_no_torch():
    expect_none(importing_torch(PACKAGE))


def test_the_command_line_starts_quickly_and_without_torch():
    last = [python(HELP, source=PACKAGE.parent).splitlines()[-1].split() for _ in range(2)]
    assert [loaded for loaded, _ in last] == ["False", "False"]
    assert min(float(seconds) for _, seconds in last) < START_SECONDS


def test_the_package_imports_only_its_dependencies():
    expect_none(undeclared(PACKAGE, declared()))


def test_every_dependency_is_imported():
    imported = {target.split(".")[0] for module in modules(PACKAGE) for _, _, target in module.imports}
    expect_none(declared() - imported)


@pytest.mark.parametrize(
    ("files", "guilty"),
    [
        ({"pkg/genome/planted.py": "import torch"}, ["pkg.genome.planted"]),
        (
            {"pkg/genome/planted.py": "from pkg.model import x", "pkg/model.py": "import torch as x"},
            ["pkg.genome.planted"],
        ),
        ({"pkg/sequence/planted.py": "", "pkg/__init__.py": "import torch"}, ["pkg"]),
        ({"pkg/encoders/planted.py": "import torch", "pkg/genome/planted.py": ""}, []),
    ],
)
def test_a_planted_torch_is_found(tmp_path, files, guilty):
    plant(tmp_path, {"torch.py": "", **files})
    assert importing_torch(tmp_path / "pkg") == guilty


@pytest.mark.parametrize("line", ["import pysam", "def f():\n    from tokenizers import Tokenizer"])
def test_an_undeclared_import_is_found(tmp_path, line):
    tree = plant(tmp_path, {"data/planted.py": f"import json, torch.nn\n{line}\n"})
    (finding,) = undeclared(tree, {"torch"})
    assert "not a run-time dependency" in finding


def test_an_extra_is_imported_by_the_module_that_needs_it_and_by_no_other():
    assert EXTRAS.keys() <= {module.name for module in modules(PACKAGE)}
    assert "transformers" in extra("automodel.py")


def test_an_extra_elsewhere_is_found(tmp_path):
    tree = plant(tmp_path, dict.fromkeys(["automodel.py", "model.py", "data/automodel.py"], "import transformers\n"))
    assert [finding.split(":")[0] for finding in undeclared(tree, set())] == ["data/automodel.py", "model.py"]
