"""Heads by name beside the token head: they travel with the model, and a model without them is what it always was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import safetensors.torch
import torch

from genolect import files
from genolect.encoders.encoder import HeadConfig
from genolect.encoders.transformer import TransformerConfig
from genolect.errors import InputError
from genolect.folders import MANIFEST
from genolect.models.model import load_model, new_model, random_twin, save_model
from genolect.tokenizers.nucleotide import NucleotideTokenizer

CONFIG = TransformerConfig(vocabulary=7, width=12, layers=2, heads=3, feed_forward=11, stem_reach=5, context_lengths=())
TOKENIZER = NucleotideTokenizer()
HEADS = {
    "contrast": HeadConfig(kind="projection", outputs=5),
    "tissue": HeadConfig(kind="window", outputs=8),
    "exon": HeadConfig(kind="token", outputs=2),
}
B, L = 3, 17


def ids() -> torch.Tensor:
    return torch.randint(5, (B, L), generator=torch.Generator().manual_seed(1))


def everything() -> torch.Tensor:
    return torch.ones(B, L, dtype=torch.bool)


def woken():
    return random_twin(new_model(CONFIG, TOKENIZER, seed=3, heads=HEADS), seed=4, keep_counts=False)


def test_a_model_without_other_heads_has_the_names_it_always_had():
    plain, more = new_model(CONFIG, TOKENIZER, seed=3), new_model(CONFIG, TOKENIZER, seed=3, heads=HEADS)
    assert {name.split(".")[0] for name in plain.state_dict()} == {"encoder", "head"}
    added = {name: tensor for name, tensor in more.state_dict().items() if name not in plain.state_dict()}
    assert {tuple(name.split(".")[:2]) for name in added} == {("heads", name) for name in HEADS}
    assert all(torch.equal(tensor, more.state_dict()[name]) for name, tensor in plain.state_dict().items())
    assert more.parameter_count - plain.parameter_count == sum(tensor.numel() for tensor in added.values())


@torch.no_grad()
def test_every_head_answers_in_its_shape():
    model = woken()
    assert model(ids(), everything()).shape == (B * L, 4)
    assert model(ids(), everything(), head="exon").shape == (B * L, 2)
    assert model(ids(), None, head="contrast").shape == (B, 5)
    assert model(ids(), None, head="tissue").shape == (B, 8)


@torch.no_grad()
def test_one_pass_of_the_encoder_serves_every_head():
    model, hidden = woken(), woken().encoder(ids())
    for head, selected in ((None, everything()), ("exon", ids() == 2), ("contrast", None), ("tissue", None)):
        assert torch.equal(model.read(hidden, ids(), selected, head=head), model(ids(), selected, head=head))


@torch.no_grad()
def test_padding_is_left_out_of_the_mean():
    model, given = woken(), ids()
    given[1, 9:] = TOKENIZER.padding_id
    hidden = model.encoder(given)
    expected = model.heads["tissue"].predict(hidden[1, :9].mean(0))
    torch.testing.assert_close(model.read(hidden, given, None, head="tissue")[1], expected, atol=1e-6, rtol=1e-6)


def test_what_a_head_does_not_read_is_refused():
    model = woken()
    with pytest.raises(ValueError, match="a ProjectionHead reads windows"):
        model(ids(), everything(), head="contrast")
    for head in (None, "exon"):
        with pytest.raises(ValueError, match="a TokenHead reads tokens"):
            model(ids(), None, head=head)
    with pytest.raises(KeyError, match="promoter"):
        model(ids(), None, head="promoter")


@torch.no_grad()
def test_heads_travel_with_the_model(tmp_path):
    model = woken()
    save_model(tmp_path / "model", model, {})
    loaded = load_model(tmp_path / "model")
    assert loaded.head_configs == HEADS
    for head, selected in ((None, everything()), ("exon", everything()), ("contrast", None)):
        assert torch.equal(loaded(ids(), selected, head=head), model(ids(), selected, head=head))


def test_a_model_without_them_says_nothing_of_heads(tmp_path):
    save_model(tmp_path / "model", new_model(CONFIG, TOKENIZER, seed=3), {})
    assert "heads" not in json.loads((tmp_path / "model" / "config.json").read_text("utf-8"))
    assert load_model(tmp_path / "model").head_configs == {}


def test_a_model_from_before_there_was_a_choice_is_read(tmp_path):
    """Neither heads nor ``causal`` were in its configuration."""
    save_model(tmp_path / "model", new_model(CONFIG, TOKENIZER, seed=3), {})
    values = json.loads((tmp_path / "model" / "config.json").read_text("utf-8"))
    del values["configuration"]["causal"]
    loaded = load_model(rewritten(tmp_path / "model", values))
    assert loaded.config == CONFIG
    expected = new_model(CONFIG, TOKENIZER, seed=3).state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in loaded.state_dict().items())


def rewritten(folder: Path, values: dict) -> Path:
    """The same directory with another configuration and checksums that fit."""
    content = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != MANIFEST}
    content["config.json"] = json.dumps(values).encode()
    with files.new_folder(folder.with_name("other"), replace=True) as staging:
        for name, text in content.items():
            (staging / name).write_bytes(text)
        files.write_facts(staging, {"kind": "model", "genolect": "9.8.7"})
    return folder.with_name("other")


@pytest.mark.parametrize(
    ("heads", "message"),
    [
        (
            {"tissue": {"kind": "attention", "outputs": 8}},
            "kind: .*'token', 'window', .* or 'track'",
        ),
        ({"tissue": {"kind": "window", "outputs": 8, "depth": 2}}, "unknown key 'depth'"),
        ({}, "the weights do not fit the configuration: .*Unexpected key"),
    ],
)
def test_heads_that_this_version_does_not_know_are_refused(tmp_path, heads, message):
    save_model(tmp_path / "model", new_model(CONFIG, TOKENIZER, seed=3, heads={"tissue": HEADS["tissue"]}), {})
    values = json.loads((tmp_path / "model" / "config.json").read_text("utf-8")) | {"heads": heads}
    with pytest.raises(InputError, match=message):
        load_model(rewritten(tmp_path / "model", values))


def test_the_twin_has_the_same_heads_with_other_weights():
    model, twin = new_model(CONFIG, TOKENIZER, seed=3, heads=HEADS), woken()
    assert [*twin.state_dict()] == [*model.state_dict()]
    assert twin.get_parameter("heads.tissue.predict.weight").any()


def test_saved_weights_are_those_of_the_heads_too(tmp_path):
    save_model(tmp_path / "model", woken(), {})
    saved = safetensors.torch.load_file(tmp_path / "model" / "model.safetensors")
    assert set(saved) == set(woken().state_dict())
