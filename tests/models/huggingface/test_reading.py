"""Checkpoints give the logits, hidden states and attention of the reference, and what is none is refused."""

from __future__ import annotations

import contextlib
import json
from itertools import product
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.encoders.bert import BertConfig
from genolect.encoders.esm import EsmConfig
from genolect.encoders.mosaic_bert import MosaicBertConfig
from genolect.errors import InputError
from genolect.models.huggingface.layouts import ForeignModel
from genolect.models.huggingface.reading import read_checkpoint
from genolect.sequence.alphabet import encode
from tests.models.foreign import (
    DNABERT_2,
    HEADS,
    KINDS,
    LAYERS,
    SECOND_TRANSFORMER,
    SIZES,
    batch,
    dnabert_2_tensors,
    second_transformer_tensors,
    transformers_model,
    write,
)
from tests.models.plain_models import Reading, dnabert_2, second_transformer

CLOSE = {"atol": 1e-5, "rtol": 1e-5}


@pytest.fixture
def bert(tmp_path) -> Path:
    transformers_model("bert").save_pretrained(tmp_path / "bert")
    return tmp_path / "bert"


def changed(folder: Path, *, config: dict | None = None, tensors: dict | None = None, without: str = "") -> Path:
    """The same directory with other values, other tensors, or without one."""
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **(config or {})}))
    content = safetensors.torch.load_file(folder / "model.safetensors")
    content = {name: tensor for name, tensor in content.items() if name != without} | (tensors or {})
    safetensors.torch.save_file(content, folder / "model.safetensors", {"format": "pt"})
    return folder


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_everything_is_equal_to_transformers(kind, tmp_path):
    theirs = transformers_model(kind)
    theirs.save_pretrained(tmp_path / "model")
    model = read_checkpoint(tmp_path / "model")
    ids, real = batch(kind)
    expected = theirs(ids, attention_mask=real.long(), output_hidden_states=True, output_attentions=True)
    torch.testing.assert_close(model.logits(ids, real_BL=real)[real], expected.logits[real], **CLOSE)
    states = model.encoder.states(ids, real_BL=real)
    if kind != "bert":  # transformers shows the last state after the norm only
        del states[-2]
    assert len(states) == len(expected.hidden_states) == LAYERS + 1
    for ours, one in zip(states, expected.hidden_states, strict=True):
        torch.testing.assert_close(ours[real], one[real], **CLOSE)
    weights = model.encoder.attention_weights(ids, real_BL=real)
    for ours, one in zip(weights, expected.attentions, strict=True):
        torch.testing.assert_close(ours, one, **CLOSE)


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", [1, 7, 29])
def test_windows_without_padding_are_equal_to_transformers(kind, length, tmp_path):
    theirs = transformers_model(kind)
    theirs.save_pretrained(tmp_path / "model")
    ids = torch.randint(3, SIZES["vocab_size"], (2, length), generator=torch.Generator().manual_seed(1))
    logits = read_checkpoint(tmp_path / "model").logits(ids)
    torch.testing.assert_close(logits, theirs(ids).logits, **CLOSE)


def assert_equal_to_plain(model: ForeignModel, ids: torch.Tensor, real: torch.Tensor, plain: list[Reading]) -> None:
    logits, states = model.logits(ids, real_BL=real), model.encoder.states(ids, real_BL=real)
    weights = model.encoder.attention_weights(ids, real_BL=real)
    for row, expected in enumerate(plain):
        length = int(real[row].sum())
        torch.testing.assert_close(logits[row, :length].double(), expected.logits, **CLOSE)
        for ours, one in zip(states, expected.states, strict=True):
            torch.testing.assert_close(ours[row, :length].double(), one, **CLOSE)
        for ours, one in zip(weights, expected.weights, strict=True):
            torch.testing.assert_close(ours[row, :, :length, :length].double(), one, **CLOSE)
            assert not ours[row, :, :, length:].any()


@torch.no_grad()
def test_dnabert_2_is_what_its_layout_says(tmp_path):
    tensors, (ids, real) = dnabert_2_tensors(), batch("bert")
    model = read_checkpoint(write(tmp_path / "model", DNABERT_2, tensors))
    assert isinstance(model.config, MosaicBertConfig)
    assert model.tied
    slopes = [2.0**-4, 2.0**-8, 2.0**-2]
    rows = [ids[row][real[row]].tolist() for row in range(len(ids))]
    assert_equal_to_plain(model, ids, real, [dnabert_2(tensors, row, slopes, 1e-12) for row in rows])
    assert list(model.spare) == ["bert.pooler.dense.bias", "bert.pooler.dense.weight"]


@torch.no_grad()
def test_the_second_nucleotide_transformer_is_what_its_layout_says(tmp_path):
    tensors, (ids, real) = second_transformer_tensors(), batch("esm")
    model = read_checkpoint(write(tmp_path / "model", SECOND_TRANSFORMER, tensors))
    assert isinstance(model.config, EsmConfig)
    assert model.config.gated
    assert model.config.positions is None
    assert not model.tied
    rows = [ids[row][real[row]].tolist() for row in range(len(ids))]
    assert_equal_to_plain(model, ids, real, [second_transformer(tensors, row, HEADS, 1e-12) for row in rows])


def test_the_shape_is_that_of_the_configuration(bert):
    model = read_checkpoint(bert)
    expected = BertConfig(vocabulary=29, width=24, layers=3, heads=2, feed_forward=17, positions=31)
    assert model.config == expected
    assert not model.encoder.training
    assert model.tokenizer is None
    assert model.encoder.embedding.weight.requires_grad


@torch.no_grad()
def test_half_precision_is_read_as_float32(bert):
    tensors = safetensors.torch.load_file(bert / "model.safetensors")
    halved = {name: tensor.to(torch.bfloat16) for name, tensor in tensors.items()}
    weight = read_checkpoint(changed(bert, tensors=halved)).encoder.embedding.weight
    assert weight.dtype == torch.float32
    assert torch.equal(weight, halved["bert.embeddings.word_embeddings.weight"].float())


@torch.no_grad()
def test_old_files_write_some_tensors_twice_and_others_under_old_names(bert):
    ids, _ = batch("bert")
    before = read_checkpoint(bert).logits(ids)
    tensors = safetensors.torch.load_file(bert / "model.safetensors")
    twins = {
        "cls.predictions.decoder.weight": tensors["bert.embeddings.word_embeddings.weight"].clone(),
        "cls.predictions.decoder.bias": tensors["cls.predictions.bias"].clone(),
        "bert.embeddings.position_ids": torch.arange(31)[None],
        "bert.embeddings.LayerNorm.gamma": tensors["bert.embeddings.LayerNorm.weight"],
        "bert.pooler.dense.weight": torch.ones(24, 24),
        "cls.seq_relationship.bias": torch.ones(2),
    }
    model = read_checkpoint(changed(bert, tensors=twins, without="bert.embeddings.LayerNorm.weight"))
    assert torch.equal(model.logits(ids), before)
    assert sorted(model.spare) == ["bert.pooler.dense.weight", "cls.seq_relationship.bias"]


@torch.no_grad()
def test_an_encoder_that_was_saved_alone_has_no_head(tmp_path, bert):
    transformers_model("bert").bert.save_pretrained(tmp_path / "alone")
    alone, whole, (ids, real) = read_checkpoint(tmp_path / "alone"), read_checkpoint(bert), batch("bert")
    assert torch.equal(alone.encoder(ids, real_BL=real), whole.encoder(ids, real_BL=real))
    with pytest.raises(ValueError, match="without a masked head"):
        alone.logits(ids)


def test_a_head_that_the_configuration_promises_must_be_there(bert):
    tensors = safetensors.torch.load_file(bert / "model.safetensors")
    encoder = {name: tensor for name, tensor in tensors.items() if name.startswith("bert.")}
    safetensors.torch.save_file(encoder, bert / "model.safetensors")
    with pytest.raises(InputError, match=r"the tensor cls\.predictions\.transform\.dense\.weight .* is missing"):
        read_checkpoint(bert)
    assert read_checkpoint(changed(bert, config={"architectures": ["BertModel"]})).head is None


@torch.no_grad()
@pytest.mark.parametrize("ending", ["safetensors", "bin"])
def test_shards_are_read_as_one(bert, ending):
    before = read_checkpoint(bert).logits(batch("bert")[0])
    tensors = safetensors.torch.load_file(bert / "model.safetensors")
    (bert / "model.safetensors").unlink()
    stem = "model" if ending == "safetensors" else "pytorch_model"
    places = {}
    for number in (1, 2, 3):
        part = {name: tensor for place, (name, tensor) in enumerate(tensors.items()) if place % 3 == number - 1}
        shard = f"{stem}-0000{number}-of-00003.{ending}"
        if ending == "bin":
            torch.save(part, bert / shard)
        else:
            safetensors.torch.save_file(part, bert / shard)
        places |= dict.fromkeys(part, shard)
    (bert / f"{stem}.{ending}.index.json").write_text(json.dumps({"weight_map": places}))
    assert torch.equal(read_checkpoint(bert).logits(batch("bert")[0]), before)


def test_the_vocabulary_beside_the_weights_is_read(tmp_path):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *map("".join, product("ATCG", repeat=2))]
    transformers_model("bert").save_pretrained(tmp_path / "model")
    (tmp_path / "model" / "vocab.txt").write_text("\n".join(words))
    model = read_checkpoint(tmp_path / "model")
    assert model.tokenizer is not None
    assert [words[token] for token in model.tokenizer.encode(encode("ATGN"))] == ["AT", "TG", "[UNK]"]
    assert read_checkpoint(tmp_path / "model", with_tokenizer=False).tokenizer is None


def test_a_vocabulary_larger_than_the_embedding_is_refused(bert):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *map("".join, product("ATCG", repeat=3))]
    (bert / "vocab.txt").write_text("\n".join(words))
    with pytest.raises(InputError, match=r"vocab\.txt: the vocabulary has 69 tokens, the model vectors for 29"):
        read_checkpoint(bert)
    (bert / "vocab.txt").write_text("\n".join(words[:-1]))
    with pytest.raises(InputError, match=r"vocab\.txt:68: the vocabulary is incomplete"):
        read_checkpoint(bert)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"without": "bert.encoder.layer.1.attention.self.key.bias"},
            r"the tensor bert\.encoder\.layer\.1\.attention\.self\.key\.bias of shape \(24,\) is missing",
        ),
        (
            {"without": "cls.predictions.transform.dense.weight"},
            r"transform\.dense\.weight of shape \(24, 24\) is miss",
        ),
        (
            {"tensors": {"bert.encoder.layer.9.output.dense.bias": torch.ones(24)}},
            r"'bert.encoder.layer.9.output.dense",
        ),
        ({"tensors": {"classifier.weight": torch.ones(2, 24)}}, r"'classifier.weight' of shape \(2, 24\) is none of"),
        (
            {"tensors": {"bert.embeddings.LayerNorm.bias": torch.ones(23)}},
            r"LayerNorm\.bias is float32 of shape \(23,\), not numbers of shape \(24,\)",
        ),
        (
            {"tensors": {"bert.embeddings.LayerNorm.bias": torch.ones(24, dtype=torch.int64)}},
            r"LayerNorm\.bias is int64 of shape \(24,\)",
        ),
        ({"tensors": {"bert.embeddings.LayerNorm.bias": torch.full((24,), torch.nan)}}, "values that are not finite"),
        ({"tensors": {"cls.predictions.decoder.weight": torch.ones(29, 24)}}, "differ, although they are one"),
        ({"config": {"model_type": "roberta"}}, "model_type 'roberta' is none that genolect reads"),
        ({"config": {"model_type": None}}, "model_type 'None' is none that genolect reads"),
        ({"config": {"hidden_act": "relu"}}, "hidden_act is 'relu', which genolect does not do"),
        ({"config": {"position_embedding_type": "relative_key"}}, "position_embedding_type is 'relative_key'"),
        ({"config": {"is_decoder": True}}, "is_decoder is 'True'"),
        ({"config": {"num_hidden_layers": 4}}, r"layer\.3\.attention.* is missing"),
        ({"config": {"num_hidden_layers": 2}}, r"'bert\.encoder\.layer\.2\..* is none of this architecture"),
        ({"config": {"num_hidden_layers": 10**9}}, r"asks for 1,000,000,000 layers and 29 tokens, far more than"),
        ({"config": {"vocab_size": 10**18}}, r"asks for 3 layers and 1,000,000,000,000,000,000 tokens, far more than"),
        ({"config": {"num_attention_heads": 5}}, "width 24 must be a multiple of heads 5"),
        ({"config": {"vocab_size": "many"}}, "vocabulary: Input should be a valid integer, given 'many'"),
        (
            {"config": {"intermediate_size": 18}},
            r"intermediate\.dense\.weight is float32 of shape \(17, 24\), not .*18",
        ),
    ],
)
def test_what_is_not_of_the_architecture_is_refused_in_one_line(bert, changes, message):
    with pytest.raises(InputError, match=message) as refusal:
        read_checkpoint(changed(bert, **changes))
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).startswith(str(bert / "config.json"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"config": {"emb_layer_norm_before": True}}, "emb_layer_norm_before is 'True'"),
        ({"config": {"hidden_dropout_prob": 0.1}}, "hidden_dropout_prob is '0.1'"),
        ({"config": {"position_embedding_type": "alibi"}}, "position_embedding_type is 'alibi'"),
        ({"config": {"token_dropout": True, "mask_token_id": None}}, "token_dropout needs a mask_token_id"),
        ({"config": {"rope_theta": 500.0}}, "rope_theta is '500.0'"),
        (
            {"tensors": {"esm.encoder.layer.1.attention.self.rotary_embeddings.inv_freq": torch.ones(6)}},
            "rotary frequencies .* are not those of base 10,000",
        ),
        ({"tensors": {"esm.encoder.layer.0.output.dense.bias": torch.ones(24)}}, r"layer\.0\.output\.dense\.bias"),
        ({"without": "lm_head.decoder.weight"}, r"lm_head\.decoder\.weight of shape \(29, 24\) is missing"),
    ],
)
def test_what_is_not_of_the_esm_layout_is_refused(tmp_path, changes, message):
    folder = write(tmp_path / "model", SECOND_TRANSFORMER, second_transformer_tensors())
    read_checkpoint(folder)
    with pytest.raises(InputError, match=message):
        read_checkpoint(changed(folder, **changes))


JSON = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just([]) | st.just({})


@settings(max_examples=60, deadline=None)
@given(st.data())
@pytest.mark.parametrize("values", [DNABERT_2, SECOND_TRANSFORMER], ids=["dnabert 2", "second transformer"])
def test_any_value_of_the_configuration_is_read_or_refused(values, tmp_path_factory, data):
    tensors = dnabert_2_tensors() if values is DNABERT_2 else second_transformer_tensors()
    key = data.draw(st.sampled_from([*values, "is_decoder", "rope_theta", "genolect_tokenizer"]))
    folder = tmp_path_factory.mktemp("any") / "model"
    write(folder, {**values, key: data.draw(JSON)}, tensors)
    with contextlib.suppress(InputError):
        assert read_checkpoint(folder).head is not None


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_byte_of_the_weights_may_be_another(tmp_path_factory, data):
    folder = write(tmp_path_factory.mktemp("any") / "model", DNABERT_2, dnabert_2_tensors())
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, 4_000))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with contextlib.suppress(InputError):
        assert read_checkpoint(folder).head is not None


def test_nothing_of_the_folder_is_run(tmp_path):
    folder = write(tmp_path / "model", DNABERT_2, dnabert_2_tensors())
    (folder / "bert_layers.py").write_text("raise SystemExit('run')")
    assert isinstance(read_checkpoint(folder).config, MosaicBertConfig)


def test_a_folder_without_a_configuration_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"config\.json: this file cannot be read: No such file"):
        read_checkpoint(tmp_path)
