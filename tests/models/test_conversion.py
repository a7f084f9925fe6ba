"""Models carried over and back: equal logits in transformers and here, for every kind."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer, BertConfig, BertForMaskedLM

from genolect.encoders.build import encoder_config
from genolect.errors import InputError
from genolect.models.conversion import convert_model, describe_model
from genolect.models.model import load_model, new_model, save_model
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
