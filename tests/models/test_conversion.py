"""Models carried over and back: equal logits in transformers and here, for every kind."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer, BertConfig, BertForMaskedLM

from genolect.encoders.build import _presets, encoder_config, encoder_kinds
from genolect.encoders.encoder import EncoderConfig, HeadConfig
from genolect.errors import InputError
from genolect.models.conversion import convert_model, describe_model
from genolect.models.huggingface.own import is_own
from genolect.models.model import SequenceModel, load_model, new_model, save_model
from genolect.sequence.alphabet import encode
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.published import DnabertTokenizer

WORDS = [*DnabertTokenizer.special, *KmerTokenizer(3, 1).words[:64]]
LETTERS = "ACGTTGCAACGGATTACA"


@pytest.fixture
def dnabert(tmp_path):
    """A folder as DNABERT's is, with random weights."""
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=12,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=20,
        max_position_embeddings=40,
    )
    torch.manual_seed(5)
    BertForMaskedLM(config).save_pretrained(tmp_path / "dnabert")
    (tmp_path / "dnabert" / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    return tmp_path / "dnabert"


def ours(folder, ids):
    model = load_model(folder)
    with torch.no_grad():
        return model(ids, torch.ones_like(ids, dtype=torch.bool)).view(*ids.shape, -1)


@torch.no_grad()
def test_a_published_model_is_loaded_carried_over_and_back(dnabert, tmp_path):
    ids = torch.from_numpy(DnabertTokenizer(WORDS).encode(encode(LETTERS)).astype(np.int64))[None]
    theirs = BertForMaskedLM.from_pretrained(dnabert).eval()(ids).logits
    targets = DnabertTokenizer(WORDS).targets
    convert_model(dnabert, tmp_path / "ours")
    convert_model(tmp_path / "ours", tmp_path / "back", to="hf")
    for folder in (dnabert, tmp_path / "ours", tmp_path / "back"):
        torch.testing.assert_close(ours(folder, ids), theirs[..., targets.start : targets.stop], atol=1e-5, rtol=1e-5)
    again = AutoModelForMaskedLM.from_pretrained(tmp_path / "back").eval()(ids).logits
    torch.testing.assert_close(again, theirs, atol=1e-5, rtol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("kind", ["bert", "esm"])
def test_a_model_of_our_own_training_is_loaded_there(tmp_path, kind):
    tokenizer = KmerTokenizer(4, 1)
    special = {"mask_id": tokenizer.mask_id, "padding_id": tokenizer.padding_id} if kind == "esm" else {}
    shape = {
        "vocabulary": len(tokenizer.vocabulary),
        "width": 12,
        "layers": 2,
        "heads": 2,
        "feed_forward": 9,
        **special,
    }
    model = new_model(encoder_config(kind, shape, "here"), tokenizer, seed=3).eval()
    for parameter in model.parameters():
        parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)), alpha=0.1)
    save_model(tmp_path / "model", model, {"steps": 5})
    convert_model(tmp_path / "model", tmp_path / "hf", to="hf")
    words = AutoTokenizer.from_pretrained(tmp_path / "hf")
    text = " ".join(LETTERS[place : place + 4] for place in range(len(LETTERS) - 3))
    ids = torch.tensor([words(text, add_special_tokens=False)["input_ids"]])
    assert ids[0].tolist() == tokenizer.encode(encode(LETTERS)).tolist()
    mine, theirs = model.encoder(ids), AutoModel.from_pretrained(tmp_path / "hf").eval()(ids).last_hidden_state
    torch.testing.assert_close(theirs, mine, atol=1e-5, rtol=1e-5)


def small(config: EncoderConfig) -> EncoderConfig:
    """The same shape with two layers of four channels a head: what is rotary, gated, tied or masked stays."""
    values = {**config.to_mapping(), "layers": min(2, config.layers), "width": 4 * config.heads, "feed_forward": 24}
    if config.kind == "esm":  # a run takes the padding id of its tokenizer
        values["padding_id"] = DnabertTokenizer(WORDS).padding_id
    return encoder_config(config.kind, values, "here")


SMALL = {"vocabulary": 7, "width": 12, "layers": 2, "heads": 3, "feed_forward": 10}
SPECIAL = {"mask_id": NucleotideTokenizer().mask_id, "padding_id": NucleotideTokenizer().padding_id}
SHAPES = {
    **{
        kind: encoder_config(kind, SMALL, "here")
        for kind in encoder_kinds()
        if not kind.startswith(("equi", "enf", "hier"))
    },
    "hierarchical": encoder_config("hierarchical", {**SMALL, "patch": 2, "block": 8}, "here"),
    "equivariant": encoder_config("equivariant", {**SMALL, "width": 24, "heads": 4}, "here"),
    "equivariant_convolution": encoder_config(
        "equivariant_convolution", {"vocabulary": 7, "width": 12, "layers": 2, "feed_forward": 10}, "here"
    ),
    "esm": encoder_config("esm", {**SMALL, **SPECIAL}, "here"),
    "gated esm": encoder_config("esm", {**SMALL, **SPECIAL, "gated": True}, "here"),
    "esm with positions": encoder_config("esm", {**SMALL, **SPECIAL, "positions": 40}, "here"),
    "esm with another padding id": encoder_config("esm", {**SMALL, "positions": 40, "padding_id": 1}, "here"),
    **{f"preset {name}": small(config) for name, config in _presets().items()},
}


def awake(config: EncoderConfig, **options) -> SequenceModel:
    """A model every weight of which has moved away from where it starts."""
    tokenizer = DnabertTokenizer(WORDS) if config.vocabulary > 7 else NucleotideTokenizer()
    model = new_model(config, tokenizer, seed=3, **options).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.2)
    return model


def test_every_kind_that_gives_tokens_goes_there_and_back():
    assert {config.kind for config in SHAPES.values()} == {*encoder_kinds()} - {"enformer"}


@torch.no_grad()
@pytest.mark.parametrize("name", SHAPES)
def test_every_kind_and_preset_has_the_same_logits_there_and_back(tmp_path, name):
    model = awake(SHAPES[name])
    save_model(tmp_path / "model", model, {"steps": 5})
    convert_model(tmp_path / "model", tmp_path / "there", to="hf")
    if is_own(tmp_path / "there"):
        pytest.importorskip("genolect.automodel")
    first, stop = model.tokenizer.targets.start, model.tokenizer.targets.stop
    ids = torch.randint(first, stop, (2, 24), generator=torch.Generator().manual_seed(2))
    ids[:, ::5] = model.tokenizer.mask_id
    expected = model(ids, torch.ones_like(ids, dtype=torch.bool)).view(*ids.shape, -1)
    assert expected.std() > 0.1
    theirs, report = AutoModelForMaskedLM.from_pretrained(tmp_path / "there", output_loading_info=True)
    missing = {key for key in report["missing_keys"] if "contact_head" not in key}  # of proteins; not in the logits
    assert not missing
    assert not any(found for key, found in report.items() if key != "missing_keys")
    torch.testing.assert_close(theirs.eval()(ids).logits[..., first:stop], expected, atol=2e-5, rtol=1e-5)
    assert torch.equal(ours(tmp_path / "there", ids), expected)
    convert_model(tmp_path / "there", tmp_path / "back")
    assert torch.equal(ours(tmp_path / "back", ids), expected)
    assert load_model(tmp_path / "back").config == model.config


@pytest.mark.parametrize(("name", "own"), [("bert", False), ("esm", False), ("gated esm", True), ("mosaic_bert", True)])
def test_what_transformers_computes_needs_no_import(tmp_path, name, own):
    save_model(tmp_path / "model", awake(SHAPES[name]), {})
    convert_model(tmp_path / "model", tmp_path / "there", to="hf")
    assert is_own(tmp_path / "there") == own


def test_other_heads_are_never_dropped(tmp_path):
    """BERT of transformers has no room for them, so such a model goes as our own type."""
    heads = {"genes": HeadConfig(kind="window", outputs=3)}
    save_model(tmp_path / "model", awake(SHAPES["bert"], heads=heads), {})
    convert_model(tmp_path / "model", tmp_path / "there", to="hf")
    back, model = load_model(tmp_path / "there"), load_model(tmp_path / "model")
    assert back.head_configs == heads
    assert all(map(torch.equal, back.state_dict().values(), model.state_dict().values()))


def test_what_has_no_class_there_goes_with_a_class_of_ours_and_comes_back(tmp_path):
    config = encoder_config("transformer", {"vocabulary": 7, "width": 8, "layers": 1, "context_lengths": []}, "here")
    model = new_model(config, NucleotideTokenizer(), seed=3)
    save_model(tmp_path / "model", model, {"steps": 5})
    convert_model(tmp_path / "model", tmp_path / "hf", to="hf")
    convert_model(tmp_path / "hf", tmp_path / "back")
    back = load_model(tmp_path / "back")
    assert back.config == config
    assert all(map(torch.equal, back.state_dict().values(), model.state_dict().values()))
    assert describe_model(tmp_path / "hf")["kind"] == "transformer"
    with pytest.raises(InputError):
        convert_model(tmp_path / "nothing", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_checkpoint_without_its_words_is_no_model(dnabert):
    (dnabert / "vocab.txt").unlink()
    with pytest.raises(InputError, match="the checkpoint has no vocabulary"):
        load_model(dnabert)


def test_a_model_is_described(dnabert, tmp_path):
    facts = describe_model(dnabert)
    assert (facts["kind"], facts["predictable_tokens"], facts["rotary_periods"], facts["steps"]) == (
        "bert",
        64,
        [],
        None,
    )
    config = encoder_config("sparse", {"vocabulary": 7, "width": 8, "heads": 2, "layers": 1, "periods": [10.5]}, "here")
    save_model(tmp_path / "model", new_model(config, NucleotideTokenizer(), seed=3), {"steps": 5})
    facts = describe_model(tmp_path / "model")
    assert facts["steps"] == 5
    assert any(abs(period - 10.5) < 1e-6 for period in facts["rotary_periods"])
