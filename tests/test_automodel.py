"""Our own encoders in transformers: equal to the last bit, saved and loaded, padded, trained, and generating."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from genolect.encoders.build import encoder_config, encoder_kinds
from genolect.encoders.encoder import HeadConfig
from genolect.errors import ConfigurationError
from genolect.models.conversion import convert_model
from genolect.models.model import SequenceModel, load_model, new_model, save_model
from genolect.tokenizers.codon import CodonTokenizer
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer

transformers = pytest.importorskip("transformers")
automodel = pytest.importorskip("genolect.automodel")

B, L, VOCABULARY = 5, 23, 7
COUNTED = {"stem_reach": 9, "context_lengths": [2, 4]}
SHAPES = {
    "transformer": {"width": 12, "layers": 2, "heads": 3, "feed_forward": 17, **COUNTED},
    "sparse": {"width": 20, "layers": 3, "heads": 2, "feed_forward": 13, "reach": 3, "periods": [10.5]},
    "hierarchical": {"width": 9, "patch": 2, "block": 8, "layers": 2, "heads": 3, "feed_forward": 15},
    "equivariant": {"width": 24, "layers": 2, "heads": 4, "feed_forward": 18, **COUNTED},
    "equivariant_convolution": {"width": 14, "layers": 4, "reach": 5, "dilations": [1, 3], "feed_forward": 18},
    "mosaic_bert": {"width": 12, "layers": 2, "heads": 3, "feed_forward": 17},
    "gated esm": {
        "width": 12,
        "layers": 2,
        "heads": 3,
        "feed_forward": 17,
        "gated": True,
        "mask_id": 5,
        "padding_id": 6,
    },
    "causal": {"width": 16, "layers": 3, "heads": 2, "feed_forward": 11, "causal": True, **COUNTED},
}
KIND = {"causal": "transformer", "gated esm": "esm"}
MASKED = [name for name in SHAPES if name != "causal"]


def awake(kind: str) -> SequenceModel:
    """A model every weight of which has moved away from where it starts, with counts and a head beside."""
    config = encoder_config(KIND.get(kind, kind), {"vocabulary": VOCABULARY, **SHAPES[kind]}, "here")
    generator = torch.Generator().manual_seed(8)
    lengths = getattr(config, "context_lengths", ())
    counts = {k: torch.randint(50, (4**k, 4), generator=generator) for k in lengths}
    heads = {"views": HeadConfig(kind="projection", outputs=5)}
    model = new_model(config, NucleotideTokenizer(), seed=3, counts=counts, heads=heads).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.2)
    return model


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Every kind, as a model directory and as a folder for transformers."""
    root = tmp_path_factory.mktemp("exported")
    for kind in SHAPES:
        save_model(root / f"{kind} ours", awake(kind), {"steps": 5})
        convert_model(root / f"{kind} ours", root / kind, to="hf")
    return root


def windows(seed: int = 1) -> torch.Tensor:
    return torch.randint(VOCABULARY, (B, L), generator=torch.Generator().manual_seed(seed))


def ours(model: SequenceModel, ids: torch.Tensor, counted: torch.Tensor | None = None) -> torch.Tensor:
    """Logits of all tokens, (B, L, predictable ids)."""
    return model(ids, torch.ones_like(ids, dtype=torch.bool), counted).view(*ids.shape, -1)


def loaded(folder, task="MaskedLM", **options):
    return getattr(transformers, f"AutoModelFor{task}").from_pretrained(folder, **options)


def test_every_kind_without_a_class_there_is_tested():
    assert {*SHAPES} - {"causal", "gated esm"} == {*encoder_kinds()} - {"bert", "esm", "enformer"}


def test_an_encoder_of_bins_is_refused(tmp_path):
    config = encoder_config("enformer", {"vocabulary": VOCABULARY, "width": 12, "stages": 3}, "here")
    save_model(tmp_path / "bins", new_model(config, NucleotideTokenizer(), seed=3), {})
    with pytest.raises(ConfigurationError, match="a model for transformers needs tokens"):
        convert_model(tmp_path / "bins", tmp_path / "there", to="hf")
    assert not (tmp_path / "there").exists()


@torch.no_grad()
@pytest.mark.parametrize("kind", SHAPES)
def test_logits_are_equal_and_nothing_is_missing(folders, kind):
    theirs, report = loaded(folders / kind, "CausalLM" if kind == "causal" else "MaskedLM", output_loading_info=True)
    assert not any(report.values())
    assert not theirs.training
    model, ids = awake(kind), windows()
    found = theirs(ids, output_hidden_states=True)
    assert found.logits.shape == (B, L, VOCABULARY)
    assert torch.equal(found.logits[..., :4], ours(model, ids))
    assert (found.logits[..., 4:] == torch.finfo(torch.float32).min).all()
    states = model.encoder.states(ids)
    assert len(found.hidden_states) == model.config.layers + 1
    assert all(torch.equal(one, other) for one, other in zip(found.hidden_states[:-1], states, strict=False))
    encoder = transformers.AutoModel.from_pretrained(folders / kind)
    assert torch.equal(encoder(ids).last_hidden_state, model.encoder(ids))
    assert torch.equal(found.hidden_states[-1], model.encoder(ids))


@torch.no_grad()
@pytest.mark.parametrize("kind", ["transformer", "equivariant"])
def test_the_counted_genome_is_passed_on(folders, kind):
    model, ids, true = awake(kind), windows(), windows(2)
    theirs = loaded(folders / kind)
    found = theirs(ids, counted=true).logits[..., :4]
    assert torch.equal(found, ours(model, ids, true))
    assert not torch.equal(found, ours(model, ids))


@torch.no_grad()
@pytest.mark.parametrize("kind", ["transformer", "mosaic_bert", "gated esm"])
def test_attention_weights_are_those_of_the_encoder(folders, kind):
    model, ids = awake(kind), windows()
    found = loaded(folders / kind)(ids, output_attentions=True).attentions
    expected = model.encoder.attention_weights(ids)
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))


@torch.no_grad()
def test_attention_weights_are_refused_where_there_are_none(folders):
    ids = windows()
    with pytest.raises(ValueError, match="kind sparse has no matrix of attention weights"):
        loaded(folders / "sparse")(ids, output_attentions=True)


@torch.no_grad()
@pytest.mark.parametrize("kind", MASKED)
def test_padding_at_either_end_changes_nothing(folders, kind):
    theirs, ids = loaded(folders / kind), windows()
    mask = torch.ones_like(ids)
    mask[0, 17:], mask[1, :6], mask[3, 17:] = 0, 0, 0
    found = theirs(ids, attention_mask=mask, output_hidden_states=True)
    for row in range(B):
        real = mask[row].bool()
        alone = theirs(ids[row, real][None])
        torch.testing.assert_close(found.logits[row, real], alone.logits[0], atol=1e-5, rtol=1e-5)
    assert not found.hidden_states[-1][~mask.bool()].any()
    mask[2, 9] = 0
    with pytest.raises(ValueError, match="padding stands inside a window"):
        theirs(ids, attention_mask=mask)


@torch.no_grad()
def test_padded_attention_weights_lie_where_the_tokens_are(folders):
    theirs, ids = loaded(folders / "transformer"), windows()
    mask = torch.ones_like(ids)
    mask[0, 17:], mask[1, :6] = 0, 0
    found = theirs(ids, attention_mask=mask, output_attentions=True).attentions
    for row, real in ((0, slice(0, 17)), (1, slice(6, L))):
        alone = theirs(ids[row, real][None], output_attentions=True).attentions
        for layer, expected in zip(found, alone, strict=True):
            torch.testing.assert_close(layer[row, :, real, real], expected[0])
            torch.testing.assert_close(layer[row].sum(), expected.sum())


@torch.no_grad()
@pytest.mark.parametrize("kind", MASKED)
def test_saved_there_it_comes_back_the_same_there_and_here(folders, kind, tmp_path):
    theirs, ids = loaded(folders / kind), windows()
    theirs.save_pretrained(tmp_path / "again")
    transformers.AutoTokenizer.from_pretrained(folders / kind).save_pretrained(tmp_path / "again")
    assert torch.equal(loaded(tmp_path / "again")(ids).logits, theirs(ids).logits)
    convert_model(tmp_path / "again", tmp_path / "back")
    back, model = load_model(tmp_path / "back").state_dict(), awake(kind).state_dict()
    assert back.keys() == model.keys()
    assert all(torch.equal(back[name], model[name]) for name in model)


@pytest.mark.parametrize("kind", MASKED)
def test_a_model_from_its_shape_alone_starts_as_ours_do(folders, kind):
    config = transformers.AutoConfig.from_pretrained(folders / kind)
    one, other = (transformers.AutoModelForMaskedLM.from_config(config) for _ in range(2))
    assert all(map(torch.equal, one.state_dict().values(), other.state_dict().values()))
    labels = windows()
    if kind not in ("mosaic_bert", "gated esm"):  # the heads of the published models do not start at zero
        loss = one(windows(3), labels=labels).loss
        torch.testing.assert_close(loss.exp(), torch.tensor(4.0))  # undecided between A, C, G, T
    if kind != "mosaic_bert":  # with a head its embedding starts as the head's vectors do: they are one
        encoder = transformers.AutoModel.from_config(config)
        assert all(map(torch.equal, encoder.parameters(), one.model.parameters()))


@torch.no_grad()
def test_an_encoder_without_head_is_given_an_undecided_one(folders, tmp_path):
    transformers.AutoModel.from_pretrained(folders / "equivariant").save_pretrained(tmp_path / "encoder")
    theirs = loaded(tmp_path / "encoder")
    assert torch.equal(theirs(windows()).logits[..., :4], torch.zeros(B, L, 4))
    hidden = theirs.model(windows()).last_hidden_state
    assert torch.equal(hidden, awake("equivariant").encoder(windows()))


def test_the_loss_asks_about_labels_that_can_be_predicted(folders):
    theirs, ids, labels = loaded(folders / "transformer"), windows(), windows(2)
    labels[:, ::3] = -100
    logits = theirs(ids).logits
    asked = (labels >= 0) & (labels < 4)
    expected = torch.nn.functional.cross_entropy(logits[asked], labels[asked])
    torch.testing.assert_close(theirs(ids, labels=labels).loss, expected)
    assert theirs(ids, labels=torch.full_like(ids, 4)).loss == 0  # N is never predicted


def test_the_causal_loss_is_that_of_the_next_token(folders):
    theirs, ids = loaded(folders / "causal", "CausalLM"), windows() % 4
    logits = theirs(ids).logits[:, :-1, :4]
    expected = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
    torch.testing.assert_close(theirs(ids, labels=ids).loss, expected)


@torch.no_grad()
def test_what_head_and_embedding_share_stays_shared(folders, tmp_path):
    theirs = loaded(folders / "mosaic_bert")
    assert theirs.head.masked.decode.weight is theirs.model.encoder.embedding.weight
    theirs.model.encoder.embedding.weight += 0.5
    theirs.save_pretrained(tmp_path / "moved")
    transformers.AutoTokenizer.from_pretrained(folders / "mosaic_bert").save_pretrained(tmp_path / "moved")
    for vectors in (
        loaded(tmp_path / "moved").head.masked.decode.weight,
        load_model(tmp_path / "moved").head.masked.decode.weight,
    ):
        assert torch.equal(vectors, theirs.model.encoder.embedding.weight)


def test_text_is_generated_as_here(folders):
    theirs, ids = loaded(folders / "causal", "CausalLM"), windows() % 4
    found = theirs.generate(ids, max_new_tokens=9, do_sample=False, use_cache=False, pad_token_id=6)
    model, expected = awake("causal"), ids
    with torch.no_grad():
        for _ in range(9):
            expected = torch.cat([expected, ours(model, expected)[:, -1:].argmax(-1)], dim=1)
    assert torch.equal(found, expected)


def test_a_model_that_sees_what_comes_is_no_causal_one(folders):
    with pytest.raises(ValueError, match="sees what comes"):
        loaded(folders / "transformer", "CausalLM")


def test_it_learns_by_labels_alone(folders):
    theirs = loaded(folders / "transformer").train()
    optimizer = torch.optim.AdamW(theirs.parameters(), lr=0.01)
    ids = torch.arange(L).repeat(B, 1) % 4
    shown = ids.clone()
    shown[:, ::5] = NucleotideTokenizer().mask_id
    labels = torch.where(shown == ids, -100, ids)
    losses = []
    for _ in range(30):
        loss = theirs(shown, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < 0.1 < 0.5 < losses[0]


def test_the_trainer_trains_it(folders, tmp_path):
    pytest.importorskip("accelerate", reason="transformers' Trainer needs accelerate")
    theirs, words = loaded(folders / "transformer"), transformers.AutoTokenizer.from_pretrained(folders / "transformer")
    rows = [words("ACGT" * length)["input_ids"] for length in (5, 8, 6, 8, 7, 5)]
    collator = transformers.DataCollatorForLanguageModeling(words, mlm_probability=0.3, seed=1)
    settings = transformers.TrainingArguments(
        tmp_path / "trained", max_steps=40, learning_rate=0.01, logging_steps=20, report_to=[], use_cpu=True, seed=1
    )
    trainer = transformers.Trainer(
        theirs, settings, train_dataset=[{"input_ids": ids} for ids in rows], data_collator=collator
    )
    trainer.train()
    first, last = (row["loss"] for row in trainer.state.log_history if "loss" in row)
    assert last < first / 2


@pytest.mark.parametrize(
    ("tokenizer", "text"),
    [
        (NucleotideTokenizer(), "ACGTNTTGCA"),
        (KmerTokenizer(3, 3), "ACGTTNGCAGGA"),
        (CodonTokenizer(), "ATGGCTTAA"),
    ],
    ids=lambda value: getattr(value, "kind", value),
)
def test_the_tokenizer_gives_the_same_ids(tmp_path, tokenizer, text):
    from genolect.sequence.alphabet import encode

    shape = {"vocabulary": len(tokenizer.vocabulary), "width": 8, "heads": 2, "layers": 1}
    save_model(tmp_path / "ours", new_model(encoder_config("sparse", shape, "here"), tokenizer, seed=3), {})
    convert_model(tmp_path / "ours", tmp_path / "there", to="hf")
    words = transformers.AutoTokenizer.from_pretrained(tmp_path / "there")
    assert words(text, add_special_tokens=False)["input_ids"] == tokenizer.encode(encode(text)).tolist()
    assert (words.pad_token_id, words.mask_token_id) == (tokenizer.padding_id, tokenizer.mask_id)


def python(program: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    return subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)


def test_without_the_import_transformers_says_so_and_the_folder_runs_nothing(folders):
    folder = str(folders / "sparse")
    load = f"from transformers import AutoModelForMaskedLM as A; print(type(A.from_pretrained({folder!r})).__name__)"
    failed = python(load)
    assert failed.returncode == 1
    assert "model type `genolect` but Transformers does not recognize this architecture" in failed.stderr
    done = python(f"import genolect.automodel; {load}")
    assert (done.returncode, done.stdout) == (0, "GenolectForMaskedLM\n")
    assert not any(path.suffix == ".py" for path in (folders / "sparse").iterdir())
    assert "import genolect.automodel" in (folders / "sparse" / "README.md").read_text()
