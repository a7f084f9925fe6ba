"""The model directory: what is saved comes back bit by bit, and nothing else is ever loaded."""

from __future__ import annotations

import json
import math
import pickle
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import tokenizers
import torch

from genolect import __version__, files
from genolect.encoders.transformer import TransformerConfig
from genolect.errors import InputError, MachineError
from genolect.folders import MANIFEST
from genolect.models.inference import WindowTokens, words_of
from genolect.models.model import SequenceModel, load_model, new_model, random_twin, save_model, training_record
from genolect.objectives.masked import MaskedBases, MaskedBasesConfig
from genolect.sequence.alphabet import encode
from genolect.tokenizers.byte_pair import BytePairTokenizer
from genolect.tokenizers.codon import CodonTokenizer
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer

CONFIG = TransformerConfig(
    vocabulary=7, width=18, layers=2, heads=3, feed_forward=11, stem_reach=5, context_lengths=(1, 3)
)
TOKENIZER = NucleotideTokenizer()
COUNTS = {k: torch.arange(4**k * 4, dtype=torch.int32).view(-1, 4) % 23 for k in range(4)}
B, L = 5, 17


def model(seed: int = 3) -> SequenceModel:
    """A model whose every layer acts, the head included."""
    return random_twin(new_model(CONFIG, TOKENIZER, seed=seed, counts=COUNTS), seed=seed, keep_counts=True)


def ids() -> torch.Tensor:
    return torch.randint(7, (B, L), generator=torch.Generator().manual_seed(1))


def logits(of: SequenceModel) -> torch.Tensor:
    with torch.no_grad():
        return of(ids(), torch.ones(B, L, dtype=torch.bool))


@pytest.fixture
def saved(tmp_path) -> Path:
    save_model(tmp_path / "model", model(), {"steps": 7})
    return tmp_path / "model"


def republished(folder: Path, facts: dict[str, Any] | None = None, **changed: bytes) -> Path:
    """The same directory with other content and checksums that fit, as a forger would make it."""
    content = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != MANIFEST}
    content |= {name.replace("_", "."): text for name, text in changed.items()}
    with files.new_folder(folder.with_name("forged"), replace=True) as staging:
        for name, text in content.items():
            (staging / name).write_bytes(text)
        files.write_facts(staging, {"kind": "model", "genolect": "9.8.7"} | (facts or {}))
    return folder.with_name("forged")


def configuration(folder: Path, **changed: Any) -> bytes:
    return json.dumps(json.loads((folder / "config.json").read_text("utf-8")) | changed).encode()


def weights(folder: Path, **changed: torch.Tensor | None) -> bytes:
    tensors = safetensors.torch.load_file(folder / "model.safetensors")
    tensors |= {name.replace("__", "."): tensor for name, tensor in changed.items()}
    return safetensors.torch.save({name: tensor for name, tensor in tensors.items() if tensor is not None})


# ---------------------------------------------------------------- building


def test_an_untrained_model_guesses_uniformly():
    objective = MaskedBases(MaskedBasesConfig(rate=0.5), words_of(TOKENIZER))
    inputs, targets = objective.corrupt(WindowTokens(TOKENIZER).batch(ids().to(torch.uint8)), key=2)
    untrained = new_model(CONFIG, TOKENIZER, seed=3, counts=COUNTS)
    loss, metrics = objective.loss(untrained(inputs.ids, inputs.selected, ids()), targets)
    assert loss.item() == pytest.approx(math.log(4), abs=1e-6)
    assert metrics.bits_per_hidden_base == pytest.approx(2, abs=1e-6)


def test_weights_depend_on_the_seed_alone():
    one, again, other = (new_model(CONFIG, TOKENIZER, seed=seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(one[name], again[name]) for name in one)
    drawn = [name for name in one if not torch.equal(one[name], other[name])]
    assert len(drawn) == 3 + 2 + 2 * CONFIG.layers  # stem, context, and per block what projects


def test_no_global_generator_is_used(saved):
    state = torch.get_rng_state()
    random_twin(load_model(saved), seed=5, keep_counts=True)
    assert torch.equal(torch.get_rng_state(), state)


def test_parameters_are_counted_by_hand():
    width, vocabulary = CONFIG.width, CONFIG.vocabulary
    stem = vocabulary * width + vocabulary * CONFIG.stem_reach * width + width
    context = 2 * len(CONFIG.context_lengths) * 5 * width + width
    block = width + 4 * width**2 + width + 3 * width * CONFIG.feed_forward
    head = width * 4 + 4
    assert (
        new_model(CONFIG, TOKENIZER, seed=0).parameter_count
        == stem + context + CONFIG.layers * block + 2 * width + head
    )


def test_selected_tokens_are_answered_in_reading_order():
    everything = logits(model()).view(B, L, 4)
    selected = torch.zeros(B, L, dtype=torch.bool)
    for row, column in ((3, 0), (0, 16), (0, 2), (4, 9)):
        selected[row, column] = True
    with torch.no_grad():
        some = model()(ids(), selected)
    for answer, (row, column) in zip(some, ((0, 2), (0, 16), (3, 0), (4, 9)), strict=True):
        torch.testing.assert_close(answer, everything[row, column], atol=1e-6, rtol=1e-6)
    assert model()(ids(), torch.zeros(B, L, dtype=torch.bool)).shape == (0, 4)


# ---------------------------------------------------------------- the random twin


def test_the_twin_differs_in_weights_and_in_nothing_else():
    trained = model()
    before = {name: tensor.clone() for name, tensor in trained.state_dict().items()}
    twin = random_twin(trained, seed=11, keep_counts=True)
    assert not twin.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in trained.state_dict().items())
    assert all(torch.equal(tensor, dict(trained.named_buffers())[name]) for name, tensor in twin.named_buffers())
    assert twin.config == trained.config
    assert twin.parameter_count == trained.parameter_count
    originals = dict(trained.named_parameters())
    assert not any(torch.equal(p, originals[name]) for name, p in twin.named_parameters() if p.ndim > 1)
    assert torch.equal(logits(twin), logits(random_twin(trained, seed=11, keep_counts=True)))
    assert not torch.equal(logits(twin), logits(random_twin(trained, seed=12, keep_counts=True)))


def test_every_layer_of_the_twin_acts():
    untrained = new_model(CONFIG, TOKENIZER, seed=3, counts=COUNTS)
    twin = random_twin(untrained, seed=4, keep_counts=True)
    assert logits(twin).std() > 0.1
    for name, parameter in untrained.named_parameters():
        if parameter.ndim > 1:
            muted = random_twin(untrained, seed=4, keep_counts=True)
            with torch.no_grad():
                muted.get_parameter(name).zero_()
            assert (logits(muted) - logits(twin)).abs().max() > 1e-2, name


def test_matrices_of_the_twin_keep_the_scale_of_their_input():
    twin = random_twin(
        new_model(TransformerConfig(vocabulary=7, context_lengths=(1,)), TOKENIZER, seed=3), seed=4, keep_counts=False
    )
    matrix = twin.get_parameter("encoder.blocks.2.feed_forward.merge.weight").detach()
    assert matrix.std().item() == pytest.approx(matrix.shape[1] ** -0.5, rel=0.02)


# ---------------------------------------------------------------- saving and loading


def test_a_loaded_model_gives_the_same_bits(saved):
    loaded = load_model(saved)
    assert torch.equal(logits(loaded), logits(model()))
    assert loaded.config == CONFIG
    assert not loaded.training
    assert all(torch.equal(loaded.get_buffer(f"encoder.context.counts_{k}"), COUNTS[k]) for k in CONFIG.context_lengths)
    assert training_record(saved) == {"steps": 7}


def test_the_directory_holds_what_the_ecosystem_reads(saved):
    assert sorted(path.name for path in saved.iterdir()) == [
        *("config.json", "manifest.json"),
        *("model.safetensors", "tokenizer.json"),
    ]
    assert tokenizers.Tokenizer.from_file(str(saved / "tokenizer.json")).get_vocab() == TOKENIZER.vocabulary
    assert set(safetensors.torch.load_file(saved / "model.safetensors")) == set(model().state_dict())
    manifest = json.loads((saved / "manifest.json").read_text("utf-8"))
    assert (manifest["kind"], manifest["genolect"]) == ("model", __version__)


def test_saving_twice_gives_the_same_bytes(saved, tmp_path):
    save_model(tmp_path / "again", load_model(saved), training_record(saved))
    for path in saved.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_an_existing_model_gives_way_only_when_asked(saved):
    with pytest.raises(MachineError, match="not empty"):
        save_model(saved, model(seed=4), {})
    assert torch.equal(logits(load_model(saved)), logits(model()))
    save_model(saved, model(seed=4), {}, replace=True)
    assert torch.equal(logits(load_model(saved)), logits(model(seed=4)))


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", "manifest.json"])
def test_damaged_and_missing_files_are_named(saved, name):
    path = saved / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"manifest" if name == "manifest.json" else rf"{name}.*differs"):
        load_model(saved)
    path.unlink()
    with pytest.raises(InputError, match=name):
        load_model(saved)


def test_a_folder_that_is_no_model_is_refused(tmp_path, saved):
    with pytest.raises(InputError, match="manifest"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(InputError, match="this folder is no model"):
        load_model(republished(saved, {"kind": "genome"}))


def test_a_newer_format_is_refused_and_its_maker_named(saved):
    with pytest.raises(
        InputError, match=r"format 3, this version reads 2. Fix: use the genolect that made it \(9\.8\.7\)"
    ):
        load_model(republished(saved, config_json=configuration(saved, format=3)))


def test_a_configuration_that_this_version_does_not_know_is_refused(saved):
    strange = configuration(saved, configuration=CONFIG.to_mapping() | {"experts": 8})
    with pytest.raises(InputError, match=r"unknown key 'experts'. Fix: use the genolect that made it \(9\.8\.7\)"):
        load_model(republished(saved, config_json=strange))


@pytest.mark.parametrize(
    "tokenizer", [KmerTokenizer(3, 1), KmerTokenizer(2, 2), CodonTokenizer(11), BytePairTokenizer([("A", "C")])]
)
def test_every_tokenizer_travels_with_its_model(tmp_path, tokenizer):
    config = CONFIG.model_copy(update={"vocabulary": len(tokenizer.vocabulary), "context_lengths": ()})
    save_model(tmp_path / "model", new_model(config, tokenizer, seed=3), {})
    read = load_model(tmp_path / "model")
    assert read.tokenizer.content_hash == tokenizer.content_hash
    ids = torch.from_numpy(tokenizer.encode(encode("ACGTTGCAACGG")).astype("int64"))[None]
    assert read(ids, torch.ones_like(ids, dtype=torch.bool)).shape == (ids.shape[1], len(tokenizer.targets))


def test_a_tokenizer_that_took_another_s_place_is_refused(tmp_path):
    tokenizer = BytePairTokenizer([("A", "C"), ("G", "T")])
    config = CONFIG.model_copy(update={"vocabulary": len(tokenizer.vocabulary), "context_lengths": ()})
    save_model(tmp_path / "model", new_model(config, tokenizer, seed=3), {})
    other = json.dumps(BytePairTokenizer([("G", "T"), ("A", "C")]).to_ecosystem()).encode()
    with pytest.raises(InputError, match=r"tokenizer\.json: the model was trained with another vocabulary"):
        load_model(republished(tmp_path / "model", tokenizer_json=other))


def test_another_vocabulary_is_refused(saved):
    with pytest.raises(InputError, match="trained with another vocabulary"):
        load_model(republished(saved, config_json=configuration(saved, tokenizer_sha256="0" * 64)))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_weights_that_are_not_finite_are_refused(saved, value):
    spoiled = torch.zeros(4)
    spoiled[2] = value
    with pytest.raises(InputError, match=r"model\.safetensors: some weights are not finite"):
        load_model(republished(saved, model_safetensors=weights(saved, head__predict__bias=spoiled)))


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


def test_a_pickle_is_refused_and_not_run(saved, tmp_path):
    mark = tmp_path / "executed"
    trap = pickle.dumps(Trap(mark))
    with pytest.raises(InputError, match="the weights do not fit the configuration"):
        load_model(republished(saved, model_safetensors=trap))
    assert not mark.exists()
    pickle.loads(trap)
    assert mark.exists()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"head__predict__bias": None}, "Missing key.*head.predict.bias"),
        ({"head__memory": torch.ones(3)}, "Unexpected key.*head.memory"),
        ({"head__predict__bias": torch.ones(5)}, "size mismatch for head.predict.bias"),
        ({"encoder__context__counts_3": torch.ones(16, 4)}, "size mismatch for encoder.context.counts_3"),
        ({"head__\x1b[31m": torch.ones(3)}, r"Unexpected key.*\\x1b"),
    ],
)
def test_weights_of_another_shape_are_refused(saved, changed, message):
    with pytest.raises(InputError, match=rf"model\.safetensors: the weights do not fit the configuration: .*{message}"):
        load_model(republished(saved, model_safetensors=weights(saved, **changed)))


def test_a_failing_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(operation: str, path: Path) -> None:
        if path.name == "tokenizer.json":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "before_operation", fail)
    with pytest.raises(MachineError, match=r"No space left on device. Fix: free disk space"):
        save_model(tmp_path / "model", model(), {})
    assert [*tmp_path.iterdir()] == []
