"""Weights are read from every form they come in; what is damaged, or could run, is refused."""

from __future__ import annotations

import json
import os
import pickle

import pytest
import safetensors.torch
import torch

from genolect.errors import InputError
from genolect.models.huggingface.tensors import read_json, read_tensors

TENSORS = {"first": torch.arange(6.0).reshape(2, 3), "second": torch.ones(5)}


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_one_file_is_read(tmp_path):
    torch.save(TENSORS, tmp_path / "pytorch_model.bin")
    assert_same(read_tensors(tmp_path), TENSORS)
    other = {"first": torch.zeros(7)}
    safetensors.torch.save_file(other, tmp_path / "model.safetensors")
    assert_same(read_tensors(tmp_path), other)


def test_parameters_are_read_as_tensors(tmp_path):
    torch.save({"first": torch.nn.Parameter(torch.ones(3))}, tmp_path / "pytorch_model.bin")
    assert not read_tensors(tmp_path)["first"].requires_grad


def test_the_old_form_of_bin_is_read(tmp_path):
    torch.save(TENSORS, tmp_path / "pytorch_model.bin", _use_new_zipfile_serialization=False)
    assert_same(read_tensors(tmp_path), TENSORS)


class Runs:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("plain", [False, True])
def test_a_pickle_with_code_is_refused_and_not_run(tmp_path, plain):
    trap = tmp_path / "sprung"
    content = {**TENSORS, "trap": Runs(trap)}
    if plain:
        (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(content))
    else:
        torch.save(content, tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match=r"pytorch_model\.bin: this file is damaged, or holds more than tensors"):
        read_tensors(tmp_path)
    assert not trap.exists()


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize("kept", [0, 3, 60, -1])
def test_a_cut_file_is_refused(tmp_path, name, kept):
    path = tmp_path / name
    if name.endswith("bin"):
        torch.save(TENSORS, path)
    else:
        safetensors.torch.save_file(TENSORS, path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match=f"{name}: this") as refusal:
        read_tensors(tmp_path)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "content", [[torch.ones(2)], {"first": "text"}, torch.ones(3), {"first": torch.ones(3).to_sparse()}]
)
def test_a_file_of_something_else_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match="something else than tensors by name"):
        read_tensors(tmp_path)


def shards(folder, places, **files):
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    for name, content in files.items():
        safetensors.torch.save_file(content, folder / f"{name}.safetensors")


ONE, TWO = {"first": TENSORS["first"]}, {"second": TENSORS["second"]}


def test_shards_are_one_set_of_tensors(tmp_path):
    shards(tmp_path, {"first": "one.safetensors", "second": "two.safetensors"}, one=ONE, two=TWO)
    assert_same(read_tensors(tmp_path), TENSORS)


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ({"first": "one.safetensors", "second": "three.safetensors"}, r"three\.safetensors: this file cannot be read"),
        ({"first": "one.safetensors", "second": "one.safetensors"}, "1 tensors are in no shard, 'second' first"),
        ({"second": "two.safetensors", "first": "two.safetensors"}, "1 tensors are in no shard, 'first' first"),
        ({"other": "one.safetensors"}, r"the tensor 'first' is in 'one\.safetensors', which the index does not say"),
        ({"first": "../one.safetensors"}, r"names a file outside its folder: '\.\./one\.safetensors'"),
        ({"first": 5}, "names no tensors"),
        ({}, "names no tensors"),
        (None, "names no tensors"),
    ],
)
def test_an_index_that_is_not_true_is_refused(tmp_path, places, message):
    shards(tmp_path, places, one=ONE, two=TWO)
    with pytest.raises(InputError, match=message):
        read_tensors(tmp_path)


def test_a_folder_without_weights_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"holds no weights\. Fix: name a folder with one of model\.safetensors, "):
        read_tensors(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"), [(b"{", "no JSON: "), (b"[1]", "no JSON object"), (b"\xff\xfe", "no JSON: ")]
)
def test_json_that_is_none_is_refused(tmp_path, content, message):
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_json(tmp_path / "config.json")
