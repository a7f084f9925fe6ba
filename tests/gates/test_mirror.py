"""The tests mirror the package: one test file per module, in the same place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gates.source import PACKAGE, REPOSITORY, expect_none, modules, plant

# Modules that another file's tests cover, each with its reason.
TESTED_ELSEWHERE: dict[str, str] = {}


def untested(package: Path, tests: Path, exceptions: dict[str, str]) -> list[str]:
    """Modules without a test file of their own, and exceptions that are none."""
    findings = []
    for module in modules(package):
        path = Path(module.name)
        expected = path.with_name(f"test_{path.name}")
        if path.name == "__init__.py" or module.name in exceptions or (tests / expected).is_file():
            continue
        findings.append(f"{module.name}: no {(tests.name / expected).as_posix()}")
    for name in exceptions:
        path = Path(name)
        if not (package / path).is_file() or (tests / path.with_name(f"test_{path.name}")).is_file():
            findings.append(f"{name}: the exception is out of date")
    return findings


def test_every_module_has_its_test_file():
    expect_none(untested(PACKAGE, REPOSITORY / "tests", TESTED_ELSEWHERE))


@pytest.mark.parametrize(
    ("tests", "exceptions", "found"),
    [
        (["test_model.py", "data/test_windows.py"], {}, []),
        (["data/test_windows.py"], {}, ["model.py: no tests/test_model.py"]),
        (["data/test_model.py", "data/test_windows.py"], {}, ["model.py: no tests/test_model.py"]),
        (["test_model.py"], {"data/windows.py": "why"}, []),
        (
            ["test_model.py", "data/test_windows.py"],
            {"model.py": "why"},
            ["model.py: the exception is out of date"],
        ),
        (
            ["test_model.py", "data/test_windows.py"],
            {"gone.py": "why"},
            ["gone.py: the exception is out of date"],
        ),
    ],
)
def test_a_module_without_tests_is_found(tmp_path, tests, exceptions, found):
    package = plant(tmp_path / "package", dict.fromkeys(["model.py", "data/__init__.py", "data/windows.py"], ""))
    mirror = plant(tmp_path / "tests", dict.fromkeys(tests, ""))
    assert untested(package, mirror, exceptions) == found
