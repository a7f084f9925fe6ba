"""Damage to a published folder is seen: every bit, every cut, every missing or foreign file, every hostile manifest."""

from __future__ import annotations

import errno
import hashlib
import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect import files
from genolect.errors import InputError
from tests.toys import OLD, holds, publish, refusal


def forge(folder: Path, manifest: object) -> None:
    """Write a manifest whose own checksum is right, whatever it claims."""
    text = json.dumps(manifest, indent=2) + "\n"
    if isinstance(manifest, dict):
        seal = hashlib.sha256(text.encode()).hexdigest()
        text = json.dumps({**manifest, "sha256": seal}, indent=2) + "\n"
    (folder / "manifest.json").write_text(text)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    publish(tmp_path / "folder", OLD)
    return tmp_path / "folder"


def test_every_flipped_bit_is_seen(published):
    for path in sorted(published.iterdir()):
        content = path.read_bytes()
        for bit in range(8 * len(content)):
            damaged = bytearray(content)
            damaged[bit // 8] ^= 1 << bit % 8
            path.write_bytes(damaged)
            with pytest.raises(InputError):
                files.read_manifest(published)
        path.write_bytes(content)
    assert holds(published) == OLD


def test_every_truncation_and_every_missing_file_is_seen(published):
    for path in sorted(published.iterdir()):
        content = path.read_bytes()
        for length in range(len(content)):
            path.write_bytes(content[:length])
            with pytest.raises(InputError, match=re.escape(str(published))):
                files.read_manifest(published, verify=False)
        path.unlink()
        with pytest.raises(InputError, match=rf"missing|no readable manifest.*Fix: {files.ANEW}"):
            files.read_manifest(published)
        path.write_bytes(content)
    assert holds(published) == OLD


def test_the_damaged_file_is_named_and_unverified_reading_is_not_fooled_by_sizes(published):
    (published / "one.txt").write_bytes(b"OLD")
    assert files.read_manifest(published, verify=False)["kind"] == "toy"
    with pytest.raises(InputError, match=r"folder/one\.txt: the content differs from its checksum"):
        files.read_manifest(published)


def test_swapped_files_are_seen(published):
    one, two = published / "one.txt", published / "two.bin"
    one.write_bytes(OLD["two.bin"])
    two.write_bytes(OLD["one.txt"])
    with pytest.raises(InputError, match=r"one\.txt: the content differs"):
        files.read_manifest(published)


def test_a_link_is_no_file_of_the_folder(published, tmp_path):
    (tmp_path / "elsewhere").write_bytes(OLD["one.txt"])
    (published / "one.txt").unlink()
    (published / "one.txt").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"one\.txt: this file of the folder is missing, or is only a link"):
        files.read_manifest(published)


def test_a_file_that_cannot_be_read_is_damage(published, monkeypatch):
    monkeypatch.setattr(files, "sha256_of", lambda path: refusal(errno.EIO)())
    with pytest.raises(InputError, match=r"one\.txt: this file cannot be read: Input/output error"):
        files.read_manifest(published)


@pytest.mark.parametrize("name", ["../x", "/etc/hostname", "a/b", "..", ".", ""])
def test_a_manifest_that_reaches_outside_is_refused(published, name):
    (published.parent / "x").write_bytes(b"")
    forge(published, {"files": {name: {"bytes": 0, "sha256": hashlib.sha256(b"").hexdigest()}}})
    with pytest.raises(InputError, match=r"outside its folder|is missing"):
        files.read_manifest(published)


@pytest.mark.parametrize(
    "manifest",
    [
        3,
        "text",
        None,
        [],
        ["sha256"],
        {},
        {"files": 3},
        {"files": ["one.txt"]},
        {"files": {"one.txt": 3}},
        {"files": {"one.txt": {"bytes": 3}}},
        {"files": {"one.txt": {"sha256": ""}}},
        {"files": {}, "figure": float("nan")},
    ],
)
def test_a_manifest_of_another_form_is_refused(published, manifest):
    forge(published, manifest)
    with pytest.raises(InputError, match=r"folder: this folder has no readable manifest\.json"):
        files.read_manifest(published)


@pytest.mark.parametrize("text", ["", "{", "\x00", "[" * 100_000, '{"files": {}}'])
def test_a_manifest_that_is_no_json_or_not_sealed_is_refused(published, text):
    (published / "manifest.json").write_text(text)
    with pytest.raises(InputError, match=r"no readable manifest\.json"):
        files.read_manifest(published)


def test_a_changed_fact_is_seen(published):
    path = published / "manifest.json"
    path.write_text(path.read_text().replace('"toy"', '"tom"'))
    with pytest.raises(InputError, match=r"manifest\.json: the manifest differs from its own checksum"):
        files.read_manifest(published)
    forge(published, {"kind": "forged", "files": {}})
    assert files.read_manifest(published) == {"kind": "forged", "files": {}}


@settings(deadline=None, max_examples=30)
@given(cuts=st.lists(st.integers(0, 3 << 20), max_size=6))
def test_the_checksum_is_the_same_however_the_content_is_cut(cuts):
    content = bytes(range(256)) * (3 << 12)
    edges = [0, *sorted(cuts), len(content)]
    checksum = files.Checksum()
    for start, end in pairwise(edges):
        checksum.update(memoryview(content)[start:end])
    assert checksum.hexdigest() == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("right", [True, False])
def test_a_checksum_computed_while_writing_is_that_of_the_manifest(tmp_path, right):
    content = b"ACGT" * 200_000
    checksum = files.Checksum()
    checksum.update(content if right else content[1:])
    with files.new_folder(tmp_path / "folder") as staging:
        with files.open_for_writing(staging / "bases") as file:
            file.write(content)
        files.write_facts(staging, {"kind": "toy"}, {"bases": checksum.hexdigest()})
    if right:
        digest = files.read_manifest(tmp_path / "folder")["files"]["bases"]["sha256"]
        assert digest == hashlib.sha256(content).hexdigest()
        return
    with pytest.raises(InputError, match=r"folder/bases: the content differs from its checksum"):
        files.read_manifest(tmp_path / "folder")
