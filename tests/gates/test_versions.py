"""The pinned versions fit the declared bounds, and nothing that is installed with us is left unpinned."""

from __future__ import annotations

import importlib.metadata
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.gates.source import REPOSITORY, expect_none

TORCH = "2.13.0"


def pins(text: str) -> dict[str, str]:
    """Name to version for each ``name==version`` line; any other line is refused."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, exact, version = line.partition("==")
            if not exact or not version[:1].isdigit() or "*" in version:
                raise ValueError(f"not one exact version: {line!r}")
            found[canonicalize_name(name)] = version
    return found


def requirements(text: str) -> list[Requirement]:
    """Everything that pyproject.toml asks for, development extra included."""
    project = tomllib.loads(text)["project"]
    return [Requirement(line) for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]]


def misfits(wanted: list[Requirement], pinned: dict[str, str]) -> list[str]:
    """Requirements without a lower bound, without a pin, or with a pin outside their bounds."""
    findings = []
    for requirement in wanted:
        version = pinned.get(canonicalize_name(requirement.name))
        if not any(bound.operator == ">=" for bound in requirement.specifier):
            findings.append(f"{requirement}: no lower bound")
        if version is None:
            findings.append(f"{requirement}: no pin")
        elif not requirement.specifier.contains(version):
            findings.append(f"{requirement}: pinned to {version}")
    return findings


def unpinned(wanted: list[Requirement], pinned: dict[str, str]) -> set[str]:
    """Packages that an installation here brings along and that have no pin; a GPU build's own parts are left out."""
    seen: set[str] = set()
    todo = [canonicalize_name(requirement.name) for requirement in wanted]
    while todo:
        name = todo.pop()
        if name not in seen and not name.startswith(("nvidia-", "cuda-", "triton")):
            seen.add(name)
            needed = map(Requirement, importlib.metadata.requires(name) or [])
            todo += [canonicalize_name(r.name) for r in needed if not r.marker or r.marker.evaluate({"extra": ""})]
    return seen - set(pinned)


@pytest.fixture
def wanted():
    return requirements((REPOSITORY / "pyproject.toml").read_text("utf-8"))


@pytest.fixture
def pinned():
    return pins((REPOSITORY / "constraints.txt").read_text("utf-8"))


def test_every_pin_fits_its_bounds(wanted, pinned):
    expect_none(misfits(wanted, pinned))


def test_everything_that_comes_along_is_pinned(wanted, pinned):
    expect_none(unpinned(wanted, pinned))


def test_torch_is_the_version_that_was_measured(pinned):
    assert pinned["torch"] == TORCH


def test_a_missing_pin_is_found(wanted, pinned):
    without = {name: version for name, version in pinned.items() if name not in ("numpy", "pluggy")}
    assert misfits(wanted, without) == ["numpy>=2.0: no pin"]
    assert unpinned(wanted, without) == {"numpy", "pluggy"}


@pytest.mark.parametrize(
    ("line", "version", "finding"),
    [
        ("torch>=2.11", "2.10.1", "pinned to 2.10.1"),
        ("rich", "15.0.0", "no lower bound"),
        ("typer>=0.16", "0.29.2", ""),
    ],
)
def test_a_pin_out_of_bounds_is_found(line, version, finding):
    requirement = Requirement(line)
    assert misfits([requirement], {requirement.name: version}) == ([f"{line}: {finding}"] if finding else [])


@pytest.mark.parametrize("line", ["torch>=2.11", "torch==2.*", "torch"])
def test_a_line_that_pins_nothing_is_refused(line):
    with pytest.raises(ValueError, match="not one exact version: 'torch"):
        pins(f"# versions\nnumpy==2.4.6\n{line}\n")
