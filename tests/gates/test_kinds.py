"""An objective kind is known to its own file alone: no other one names it, its class, or its file."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from genolect.pretraining.kinds.kind import objective_kinds
from tests.gates.source import PACKAGE, expect_none, modules, plant

ROOM = "pretraining"
FOLDER = f"{ROOM}/kinds"
OTHER_MEANINGS = {"pretraining/pretraining.py": {"species"}}
"""What a kind's name stands for elsewhere in the room: the species of a corpus, a key of the results."""


def owners() -> dict[str, tuple[str, str]]:
    """The package's kinds by name, each with its class and the module that it stands in."""
    prefix = f"{PACKAGE.name}.{FOLDER.replace('/', '.')}."
    found = {name: (kind.__name__, kind.__module__) for name, kind in objective_kinds().items()}
    return {name: (made, place.removeprefix(prefix)) for name, (made, place) in found.items() if prefix in place}


def named_elsewhere(tree: Path, kinds: dict[str, tuple[str, str]]) -> list[str]:
    """Places outside a kind's own file that import it, or its file, or (in this room) say its name."""
    classes = dict(kinds.values())
    files = {f"{tree.name}.{FOLDER.replace('/', '.')}.{place}" for _, place in kinds.values()}
    findings = []
    for module in modules(tree):
        own = module.name.removeprefix(f"{FOLDER}/").removesuffix(".py")
        if own in classes.values() and module.name.startswith(FOLDER):
            others = {made for made, place in classes.items() if place != own}
        else:
            others = set(classes)
        for node, _, target in module.imports:
            if any(target == file or target.startswith(f"{file}.") for file in files):
                findings.append(module.at(node, f"imports {target}"))
        for node in module.nodes:
            if isinstance(node, ast.Name | ast.Attribute):
                name = node.id if isinstance(node, ast.Name) else node.attr
                if name in others:
                    findings.append(module.at(node, f"names {name}"))
            elif isinstance(node, ast.Constant) and module.name.startswith(f"{ROOM}/"):
                said = {name for name, (made, _) in kinds.items() if made in others}
                if node.value in said - OTHER_MEANINGS.get(module.name, set()):
                    findings.append(module.at(node, f"says {node.value!r}"))
    return findings


def test_every_kind_stands_in_a_file_of_its_own():
    kinds = owners()
    assert len({place for _, place in kinds.values()}) == len(kinds) >= 6


def test_no_file_names_a_kind_but_its_own():
    expect_none(named_elsewhere(PACKAGE, owners()))


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"pretraining/plan.py": "if part.kind == 'causal': ..."}, ["pretraining/plan.py:1: says 'causal'"]),
        ({"pretraining/kinds/kind.py": "DEFAULT = 'causal'"}, ["pretraining/kinds/kind.py:1: says 'causal'"]),
        ({"pretraining/kinds/labels.py": "x: 'causal'"}, ["pretraining/kinds/labels.py:1: says 'causal'"]),
        (
            {"pretraining/plan.py": "match part:\n    case CausalPart(): ..."},
            ["pretraining/plan.py:2: names CausalPart"],
        ),
        ({"report/page.py": "x = kinds.CausalPart"}, ["report/page.py:1: names CausalPart"]),
        (
            {"report/page.py": "from genolect.pretraining.kinds.causal import ask"},
            ["report/page.py:1: imports genolect.pretraining.kinds.causal.ask"],
        ),
        (
            {"report/page.py": "from genolect.pretraining.kinds import causal"},
            ["report/page.py:1: imports genolect.pretraining.kinds.causal"],
        ),
        ({"pretraining/kinds/causal.py": "class CausalPart: kind: Literal['causal'] = 'causal'"}, []),
        ({"encoders/build.py": "FIELDS = ('causal',)", "pretraining/plan.py": "x = recipe.causal"}, []),
        ({"pretraining/plan.py": "from genolect.pretraining.kinds.kind import register"}, []),
    ],
)
def test_a_kind_that_is_named_elsewhere_is_found(tmp_path, files, found):
    kinds = {"causal": ("CausalPart", "causal"), "labels": ("LabelsPart", "labels")}
    assert named_elsewhere(plant(tmp_path / "genolect", files), kinds) == found
