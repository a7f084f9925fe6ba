"""What is written loads in transformers with equal logits, and comes back as it was."""

from __future__ import annotations

import json
from itertools import product

import pytest
import safetensors.torch
import torch

from genolect import files
from genolect.encoders.bert import BertConfig
from genolect.encoders.build import new_published
from genolect.encoders.esm import EsmConfig
from genolect.encoders.layers.blocks import draw_weights
from genolect.encoders.mosaic_bert import MosaicBertConfig
from genolect.errors import MachineError
from genolect.models.huggingface.layouts import ForeignModel
from genolect.models.huggingface.reading import read_checkpoint
from genolect.models.huggingface.writing import write_checkpoint
from genolect.sequence.alphabet import encode
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.published import DnabertTokenizer, NucleotideTransformerTokenizer
from genolect.tokenizers.reading import tokenizer_from
from tests.models.foreign import KINDS, batch, transformers_model

SHAPE = {"width": 12, "layers": 2, "heads": 3, "feed_forward": 5}
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *map("".join, product("ATCG", repeat=3))]
NT_WORDS = [*NucleotideTransformerTokenizer.special, *map("".join, product("ATCG", repeat=6)), *"ATCGN"]


def drawn(config, tokenizer=None, *, tied=True, head=True) -> ForeignModel:
    parts = new_published(config, tied=tied)
    for part in parts:
        draw_weights(part.eval(), torch.Generator().manual_seed(3))
    return ForeignModel(parts[0], parts[1] if head else None, tokenizer)


def assert_same_weights(one: ForeignModel, other: ForeignModel) -> None:
    for first, second in ((one.encoder, other.encoder), (one.head, other.head)):
        assert (first is None) == (second is None)
        if first is not None and second is not None:
            second_weights = second.state_dict()
            assert first.state_dict().keys() == second_weights.keys()
            assert all(torch.equal(weight, second_weights[name]) for name, weight in first.state_dict().items())


@pytest.mark.parametrize(
    ("config", "tied", "head"),
    [
        (BertConfig(vocabulary=69, **SHAPE, positions=9, dropout=0.25), True, True),
        (BertConfig(vocabulary=69, **SHAPE, positions=9), False, False),
        (MosaicBertConfig(vocabulary=69, **SHAPE), True, True),
        (EsmConfig(vocabulary=69, **SHAPE, positions=9, mask_id=4, padding_id=0), False, True),
        (EsmConfig(vocabulary=69, **SHAPE), True, True),
        (EsmConfig(vocabulary=69, **SHAPE, gated=True), False, True),
    ],
)
def test_a_model_comes_back_as_it_was(tmp_path, config, tied, head):
    model = drawn(config, tied=tied, head=head)
    write_checkpoint(tmp_path / "model", model)
    back = read_checkpoint(tmp_path / "model")
    assert back.config == config
    assert back.tied == model.tied
    assert_same_weights(model, back)
    files.read_manifest(tmp_path / "model")


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_transformers_loads_what_came_from_it_with_equal_logits_and_nothing_missing(kind, tmp_path):
    transformers = pytest.importorskip("transformers")
    theirs = transformers_model(kind)
    theirs.save_pretrained(tmp_path / "theirs")
    write_checkpoint(tmp_path / "ours", read_checkpoint(tmp_path / "theirs"))
    load = transformers.AutoModelForMaskedLM.from_pretrained
    back, report = load(tmp_path / "ours", output_loading_info=True, attn_implementation="eager")
    assert type(back) is type(theirs)
    assert not any(report.values())
    ids, real = batch(kind)
    expected = theirs(ids, attention_mask=real.long()).logits[real]
    assert torch.equal(back(ids, attention_mask=real.long()).logits[real], expected)
    encoder = transformers.AutoModel.from_pretrained(tmp_path / "ours", attn_implementation="eager")
    hidden = encoder(ids, attention_mask=real.long()).last_hidden_state[real]
    base = theirs.bert if kind == "bert" else theirs.esm
    assert torch.equal(hidden, base(ids, attention_mask=real.long()).last_hidden_state[real])


@torch.no_grad()
@pytest.mark.parametrize(
    ("config", "tied"),
    [
        (BertConfig(vocabulary=69, **SHAPE, positions=9), True),
        (EsmConfig(vocabulary=69, **SHAPE, positions=19, mask_id=4, padding_id=0), False),
        (EsmConfig(vocabulary=69, **SHAPE, padding_id=0), True),
    ],
)
def test_transformers_loads_what_is_ours_with_equal_logits(tmp_path, config, tied):
    transformers = pytest.importorskip("transformers")
    model = drawn(config, DnabertTokenizer(WORDS), tied=tied)
    write_checkpoint(tmp_path / "model", model)
    theirs = transformers.AutoModelForMaskedLM.from_pretrained(tmp_path / "model").eval()
    ids = torch.randint(5, 69, (2, 8), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(theirs(ids).logits, model.logits(ids), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("tokenizer", "text", "vocabulary"),
    [
        (DnabertTokenizer(WORDS), "ATG TGC GCT CTN", 69),
        (NucleotideTransformerTokenizer(NT_WORDS), "ATTCCGACNTT", 4107),
    ],
)
def test_the_tokenizer_travels_with_the_model(tmp_path, tokenizer, text, vocabulary):
    transformers = pytest.importorskip("transformers")
    config = BertConfig(vocabulary=vocabulary, **SHAPE, positions=9)
    write_checkpoint(tmp_path / "model", drawn(config, tokenizer))
    back = read_checkpoint(tmp_path / "model").tokenizer
    assert back is not None
    assert back.content_hash == tokenizer.content_hash
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    letters = text.split()[0] + "".join(word[-1] for word in text.split()[1:])
    assert theirs(text)["input_ids"] == tokenizer.encode(encode(letters)).tolist()
    assert (theirs.mask_token_id, theirs.pad_token_id) == (tokenizer.mask_id, tokenizer.padding_id)
    assert theirs.cls_token_id == next(
        tokenizer.vocabulary[word] for word in tokenizer.special if "cls" in word.lower()
    )


def test_byte_pairs_travel_with_the_model(tmp_path):
    """Laid out as GROVER's: special tokens, letters, merges."""
    transformers = pytest.importorskip("transformers")
    merges = [("T", "A"), ("TA", "TA"), ("G", "C")]
    words = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]", *"ACGT", *map("".join, merges)]
    vocabulary = {word: number for number, word in enumerate(words)}
    model = {"type": "BPE", "vocab": vocabulary, "merges": [list(pair) for pair in merges], "unk_token": "[UNK]"}
    tokenizer = tokenizer_from({"version": "1.0", "model": model, "added_tokens": []})
    write_checkpoint(tmp_path / "model", drawn(BertConfig(vocabulary=len(words), **SHAPE), tokenizer))
    back = read_checkpoint(tmp_path / "model").tokenizer
    assert back is not None
    assert back.content_hash == tokenizer.content_hash
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    text = "TATATAGCCNA"
    assert theirs(text, add_special_tokens=False)["input_ids"] == tokenizer.encode(encode(text)).tolist()
    assert (theirs.mask_token_id, theirs.pad_token_id, theirs.cls_token_id, theirs.sep_token_id) == (4, 3, 1, 2)


def test_what_a_tokenizer_file_cannot_tell_is_kept_beside_it(tmp_path):
    tokenizer = KmerTokenizer(4, 3)
    config = BertConfig(vocabulary=len(tokenizer.vocabulary), **SHAPE)
    write_checkpoint(tmp_path / "model", drawn(config, tokenizer))
    back = read_checkpoint(tmp_path / "model").tokenizer
    assert back is not None
    assert back.parameters == {"k": 4, "stride": 3}


def test_the_weights_of_other_heads_are_kept(tmp_path):
    model = drawn(BertConfig(vocabulary=69, **SHAPE))
    spare = {"bert.pooler.dense.weight": torch.rand(12, 12, generator=torch.Generator().manual_seed(2))}
    write_checkpoint(tmp_path / "model", ForeignModel(model.encoder, model.head, spare=spare))
    back = read_checkpoint(tmp_path / "model").spare
    assert back.keys() == spare.keys()
    assert torch.equal(back["bert.pooler.dense.weight"], spare["bert.pooler.dense.weight"])


def test_shared_vectors_are_written_once_and_no_code_is_named(tmp_path):
    write_checkpoint(tmp_path / "model", drawn(MosaicBertConfig(vocabulary=69, **SHAPE)))
    names = safetensors.torch.load_file(tmp_path / "model" / "model.safetensors")
    assert "cls.predictions.decoder.weight" not in names
    assert "auto_map" not in json.loads((tmp_path / "model" / "config.json").read_text())


def test_an_existing_folder_gives_way_only_when_asked(tmp_path):
    first, second = drawn(BertConfig(vocabulary=69, **SHAPE)), drawn(EsmConfig(vocabulary=69, **SHAPE))
    write_checkpoint(tmp_path / "model", first)
    with pytest.raises(MachineError, match="not empty"):
        write_checkpoint(tmp_path / "model", second)
    assert read_checkpoint(tmp_path / "model").config == first.config
    write_checkpoint(tmp_path / "model", second, replace=True)
    assert read_checkpoint(tmp_path / "model").config == second.config
