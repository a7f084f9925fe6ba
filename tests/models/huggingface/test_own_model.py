"""Our own models as Hugging Face folders: what is written comes back, and what does not belong together is refused."""

from __future__ import annotations

import json

import pytest
import safetensors.torch
import torch

from genolect import files
from genolect.encoders.build import encoder_config, new_encoder
from genolect.encoders.encoder import HeadConfig
from genolect.errors import InputError, MachineError
from genolect.models.huggingface.own import OwnModel, is_own, own_configuration_values, read_own_model, write_own_model
from genolect.models.model import load_model
from genolect.tokenizers.kmer import KmerTokenizer

TOKENIZER = KmerTokenizer(2, 2)
HEADS = {"genes": HeadConfig(kind="window", outputs=3)}


def model(kind: str = "hierarchical", **shape: object) -> OwnModel:
    given = {"vocabulary": len(TOKENIZER.vocabulary), "width": 12, "layers": 1, "heads": 2, **shape}
    config = encoder_config(kind, given, "here")
    encoder = new_encoder(config)
    head = config.token_head(TOKENIZER.targets, encoder)
    parts = {"encoder": encoder, "head": head, "heads.genes": torch.nn.ModuleDict({"predict": torch.nn.Linear(12, 3)})}
    tensors = {f"{name}.{key}": value for name, part in parts.items() for key, value in part.state_dict().items()}
    return OwnModel(config, TOKENIZER, HEADS, tensors)


@pytest.fixture
def written(tmp_path):
    write_own_model(tmp_path / "model", model())
    return tmp_path / "model"


def changed(folder, **values):
    path = folder / "config.json"
    content = json.loads(path.read_text()) | values
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


def test_what_is_written_comes_back(written):
    given, back = model(), read_own_model(written)
    assert is_own(written)
    assert (back.config, back.heads) == (given.config, given.heads)
    assert back.tokenizer.content_hash == TOKENIZER.content_hash
    assert back.tensors.keys() == given.tensors.keys()
    loaded = load_model(written)
    assert all(torch.equal(loaded.state_dict()[name], tensor) for name, tensor in back.tensors.items())
    files.read_manifest(written)
    assert files.read_manifest(written)["kind"] == "foreign model"


def test_the_configuration_says_what_others_look_for():
    values = own_configuration_values(model())
    assert (values["model_type"], values["architectures"]) == ("genolect", ["GenolectForMaskedLM"])
    assert (values["hidden_size"], values["num_hidden_layers"], values["vocab_size"]) == (12, 1, 19)
    assert (values["pad_token_id"], values["mask_token_id"]) == (TOKENIZER.padding_id, TOKENIZER.mask_id)
    causal = own_configuration_values(model("transformer", context_lengths=[], causal=True))
    assert causal["architectures"] == ["GenolectForCausalLM"]


def test_a_folder_that_is_there_gives_way_only_if_asked(written):
    with pytest.raises(MachineError):
        write_own_model(written, model())
    write_own_model(written, model(), replace=True)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"encoder_kind": "sprase"}, "no encoder of the kind 'sprase'"),
        ({"shape": {"widht": 3}}, "unknown key 'widht'"),
        ({"shape": None}, r"a key is missing or no table \('shape'\)"),
        ({"extra_heads": []}, "a key is missing or no table"),
        ({"tokenizer_sha256": "0" * 64}, "not the one that the model was trained with"),
    ],
)
def test_a_configuration_that_does_not_belong_is_refused(written, values, message):
    changed(written, **values)
    with pytest.raises(InputError, match=message):
        load_model(written)


def test_missing_parts_are_refused(written):
    tensors = safetensors.torch.load_file(written / "model.safetensors")
    assert all(name.startswith(("model.encoder.", "head.", "heads.")) for name in tensors)
    without = {name: tensor for name, tensor in tensors.items() if not name.startswith("head.")}
    safetensors.torch.save_file(without, written / "model.safetensors")
    with pytest.raises(InputError, match="without the head that predicts tokens"):
        load_model(written)
    few = {name: tensor for name, tensor in tensors.items() if "norm" not in name}
    safetensors.torch.save_file(few, written / "model.safetensors")
    with pytest.raises(InputError, match="weights do not fit the configuration"):
        load_model(written)
    (written / "tokenizer.json").unlink()
    with pytest.raises(InputError, match="no vocabulary"):
        load_model(written)


@pytest.mark.parametrize("content", ["{", "[]", '{"model_type": "bert"}'])
def test_other_folders_are_not_ours(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    assert not is_own(tmp_path)
