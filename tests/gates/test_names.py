"""Names: whole words of the field, no grab-bags, no private slang."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.gates.source import PACKAGE, TREES, Function, expect_none, modules, plant

GRAB_BAGS = {"util", "utils", "common", "misc", "helper", "helpers", "core", "stuff", "various"}
SLANG = {
    *("arr", "buf", "cb", "cfg", "cnt", "conf", "ctx", "dct", "feat", "feats", "fname", "fn", "hparams", "idx"),
    *("idxs", "img", "lst", "mgr", "msg", "obj", "ptr", "res", "ret", "seq", "seqs", "tmp", "tok", "toks", "wte"),
}


def grab_bags(tree: Path) -> list[str]:
    """Files and folders named after nothing in particular."""
    findings = []
    for path in sorted([*tree.rglob("*.py"), *(path for path in tree.rglob("*") if path.is_dir())]):
        words = path.stem.removeprefix("test_").lower().strip("_").split("_")
        if GRAB_BAGS.intersection(words) or (words[0] == "base" and len(words) > 1):
            findings.append(f"{path.relative_to(tree).as_posix()}: named after no one thing")
    return findings


def slang(tree: Path) -> list[str]:
    """Functions, classes and parameters with a word of slang in their name."""
    findings = []
    for module in modules(tree):
        for node in module.nodes:
            if isinstance(node, Function | ast.ClassDef):
                name = node.name
            elif isinstance(node, ast.arg):
                name = node.arg
            else:
                continue
            words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().split("_")
            for word in SLANG.intersection(word.rstrip("0123456789") for word in words):
                findings.append(module.at(node, f"{name}: write {word!r} out"))
    return findings


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.name)
def test_every_file_is_named_after_one_thing(tree):
    expect_none(grab_bags(tree))


def test_the_package_uses_whole_words():
    expect_none(slang(PACKAGE))


@pytest.mark.parametrize("name", ["utils", "sequence/fasta_utils", "common/fasta", "base_reader", "test_helpers"])
def test_a_grab_bag_is_found(tmp_path, name):
    tree = plant(tmp_path, dict.fromkeys([f"{name}.py", "tokenizers/base.py", "data/windows.py"], ""))
    assert len(grab_bags(tree)) == 1


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("def load_cfg(path): ...", "cfg"),
        ("def load(cfg): ...", "cfg"),
        ("def load(*, tmp2=1): ...", "tmp"),
        ("def load(*seqs): ...", "seq"),
        ("class SeqReader: ...", "seq"),
        ("show = lambda idx: idx", "idx"),
    ],
)
def test_slang_is_found(tmp_path, line, word):
    (finding,) = slang(plant(tmp_path, {"data/planted.py": f"\n{line}\n"}))
    assert finding.startswith("data/planted.py:2: ")
    assert word in finding


def test_whole_words_pass(tmp_path):
    text = "def index_sequences(configuration, result, sequence_count, message): ...\nclass Sequence: ...\n"
    assert slang(plant(tmp_path, {"data/planted.py": text})) == []
