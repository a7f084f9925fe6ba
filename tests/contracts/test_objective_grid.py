"""Every objective with every tokenizer and every encoder that can serve it; the others are refused with the reason."""

from __future__ import annotations

import math

import pytest
import torch

from genolect.encoders.build import encoder_config
from genolect.encoders.encoder import HeadConfig
from genolect.encoders.transformer import TransformerConfig
from genolect.errors import ConfigurationError
from genolect.models.inference import WindowTokens, words_of
from genolect.models.model import SequenceModel, load_model, new_model, save_model
from genolect.objectives.causal import CausalObjective
from genolect.objectives.contrastive import ContrastiveConfig, ContrastiveObjective
from genolect.objectives.masked import MaskedBases, MaskedBasesConfig
from genolect.objectives.objective import Batch, Objective
from genolect.objectives.supervised import NO_CLASS, LabelledBatch, SupervisedObjective
from genolect.pretraining.kinds.labels import labels_of
from genolect.pretraining.loop import Observers, Training, TrainingConfig, check_part, weighted_loss
from genolect.pretraining.parts import Part
from genolect.tokenizers.tokenizer import Tokenizer, stride_of_overlap
from tests.objectives.tokenized import some_bases, tokenizers
from tests.toys import CPU

TOKENIZERS = tokenizers()
B, W, C, P = 6, 131, 3, 5
OBJECTIVES = ("masked", "mask only", "spans", "grover", "causal", "views", "window labels", "token labels")
HEADS = {
    "views": HeadConfig(kind="projection", outputs=P),
    "window labels": HeadConfig(kind="window", outputs=C),
    "token labels": HeadConfig(kind="token", outputs=C),
}
SEES = {"masked": False, "mask only": False, "spans": False, "grover": False, "causal": True}


class Windows:
    """Random windows with classes as labels; every third window has none."""

    def __init__(self, tokens: WindowTokens, of: str) -> None:
        self.tokens = tokens
        self.of = of

    def draw(self, step: int, device: torch.device) -> LabelledBatch:
        batch = self.tokens.batch(some_bases(B, W, seed=step + 1))
        classes = (torch.arange(W, dtype=torch.uint8) // 40 % C).expand(B, W)
        labels = labels_of(Batch(batch.bases, batch.ids, batch.spans, classes), self.of)
        labels[::3] = NO_CLASS
        return LabelledBatch(batch.bases, batch.ids, batch.spans, classes, labels=labels)


def objective_of(name: str, tokenizer: Tokenizer) -> Objective:
    settings = {
        "masked": {},
        "mask only": {"hidden_share": 1.0, "random_share": 0.0},
        "spans": {"span": 4.0, "rate_multipliers": (1.0, 0.5, 2.0)},
        "grover": {"scheme": "grover"},
    }
    if name in settings:
        return MaskedBases(MaskedBasesConfig(**settings[name]), words_of(tokenizer))
    if name == "causal":
        return CausalObjective(tokenizer.targets, stride=stride_of_overlap(tokenizer))
    if name == "views":
        return ContrastiveObjective(ContrastiveConfig(rule="fixed"), WindowTokens(tokenizer).ids)
    return SupervisedObjective("classes", reads="pooled" if name == "window labels" else "tokens")


def part_of(name: str, tokenizer: Tokenizer) -> Part:
    windows = Windows(WindowTokens(tokenizer), "token" if name == "token labels" else "window")
    return Part(objective_of(name, tokenizer), windows, head=name if name in HEADS else None)


def model_of(tokenizer: Tokenizer, *, causal: bool) -> SequenceModel:
    config = TransformerConfig(
        vocabulary=len(tokenizer.vocabulary),
        width=12,
        heads=3,
        layers=2,
        feed_forward=14,
        stem_reach=1,
        context_lengths=(),
        causal=causal,
    )
    return new_model(config, tokenizer, seed=3, heads=HEADS)


ENCODERS = {
    "sparse": {"heads": 2, "feed_forward": 10, "reach": 7, "anchors": 3},
    "hierarchical": {"heads": 2, "feed_forward": 10, "patch": 3, "block": 12},
    "bert": {"heads": 3, "feed_forward": 10, "positions": W},
    "esm": {"heads": 3, "feed_forward": 10},
    "mosaic_bert": {"heads": 3, "feed_forward": 10},
}

grid = pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS.keys())


@grid
@pytest.mark.parametrize("causal", [False, True], ids=["both sides", "causal"])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_pair_runs_or_is_refused_with_the_reason(tokenizer, name, causal, tmp_path):
    part, model = part_of(name, tokenizer), model_of(tokenizer, causal=causal)
    if SEES.get(name, causal) != causal:
        with pytest.raises(ConfigurationError, match=r"ask (predicts the next token|fills in hidden tokens)"):
            check_part("ask", part, model)
        return
    loss, metrics = weighted_loss(model, {"ask": part}, CPU, step=0, seed=5)
    untrained = {"views": None, "window labels": math.log(C), "token labels": math.log(C)}
    expected = untrained.get(name, math.log(len(tokenizer.targets)))
    if expected is not None:
        assert loss.item() == pytest.approx(expected, rel=1e-5)
    # GROVER's rate asks for so few overlapping words that no base may be hidden in all of them.
    countable = name != "grover" or stride_of_overlap(tokenizer) is None
    if countable:
        assert all(math.isfinite(value) for value in metrics["ask"].means().values())
    before = [parameter.detach().clone() for parameter in model.parameters()]
    training = Training(model, {"ask": part}, TrainingConfig(steps=2, windows=B, window=W, seed=5), CPU)
    training.run(tmp_path / "run", Observers())
    moved = [not torch.equal(one, other) for one, other in zip(before, model.parameters(), strict=True)]
    assert any(moved)
    (point,) = training.progress.curve
    if countable:
        assert (point.training_bits is None) == (name not in SEES)
    save_model(tmp_path / "model", model, {})
    read = load_model(tmp_path / "model").train()
    again, _ = weighted_loss(read, {"ask": part}, CPU, step=7, seed=5)
    assert again.item() == weighted_loss(model, {"ask": part}, CPU, step=7, seed=5)[0].item()


@grid
def test_all_that_an_encoder_can_serve_is_served_at_once(tokenizer, tmp_path):
    for causal in (False, True):
        names = [name for name in OBJECTIVES if SEES.get(name, causal) == causal]
        parts = {name.replace(" ", "_"): part_of(name, tokenizer) for name in names}
        training = Training(
            model_of(tokenizer, causal=causal), parts, TrainingConfig(steps=1, windows=B, window=W), CPU
        )
        training.step()
        assert training.progress.total.keys() == parts.keys()


@pytest.mark.parametrize("name", ["nucleotide", "5-mers side by side", "byte-pair"])
def test_dnabert_s_scheme_is_refused_where_words_do_not_overlap(name):
    tokenizer = TOKENIZERS[name]
    objective = MaskedBases(MaskedBasesConfig(scheme="dnabert"), words_of(tokenizer))
    with pytest.raises(ConfigurationError, match="words of 3 to 6 bases, one beginning at each base"):
        objective.corrupt(WindowTokens(tokenizer).batch(some_bases(B, W)), 1)


@grid
@pytest.mark.parametrize("kind", ENCODERS)
def test_every_encoder_serves_every_objective_that_sees_both_sides(tokenizer, kind, tmp_path):
    special = {"mask_id": tokenizer.mask_id, "padding_id": tokenizer.padding_id} if kind == "esm" else {}
    shape = {"vocabulary": len(tokenizer.vocabulary), "width": 12, "layers": 2, **ENCODERS[kind], **special}
    model = new_model(encoder_config(kind, shape, "grid"), tokenizer, seed=3, heads=HEADS)
    names = [name for name in OBJECTIVES if not SEES.get(name, False)]
    parts = {name.replace(" ", "_"): part_of(name, tokenizer) for name in names}
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    training = Training(model, parts, TrainingConfig(steps=3, windows=B, window=W), CPU)
    training.run(tmp_path / "run", Observers())
    assert all(math.isfinite(metrics.count) for metrics in training.progress.total.values())
    moved = {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}
    assert any(name.startswith("encoder.") for name in moved)
    assert any(name.startswith("head.") for name in moved)
    save_model(tmp_path / "model", model, {})
    read = load_model(tmp_path / "model")
    ids = WindowTokens(tokenizer).ids(some_bases(B, W))
    with torch.no_grad():
        assert torch.equal(read.encoder(ids), model.eval().encoder(ids))
        every = torch.ones_like(ids, dtype=torch.bool)
        assert read(ids, every).shape == (ids.numel(), len(tokenizer.targets))
    with pytest.raises(ConfigurationError, match="predicts the next token, but the encoder sees what comes"):
        check_part("ask", part_of("causal", tokenizer), model)


@pytest.mark.parametrize("kind", ["equivariant", "equivariant_convolution"])
def test_strand_symmetric_encoders_serve_single_bases_and_refuse_words(kind, tmp_path):
    shape = {"vocabulary": 7, "width": 12, "layers": 2, "feed_forward": 10, "context_lengths": []}
    tokenizer = TOKENIZERS["nucleotide"]
    model = new_model(encoder_config(kind, shape, "grid"), tokenizer, seed=3, heads=HEADS)
    parts = {name.replace(" ", "_"): part_of(name, tokenizer) for name in OBJECTIVES if not SEES.get(name, False)}
    Training(model, parts, TrainingConfig(steps=2, windows=B, window=W), CPU).run(tmp_path / "run", Observers())
    ids = WindowTokens(tokenizer).ids(some_bases(B, W))
    other = torch.where(ids < 4, 3 - ids, ids).flip(1)
    every = torch.ones_like(ids, dtype=torch.bool)
    model.eval()
    with torch.no_grad():
        given, turned = (model(strand, every).view(B, W, 4) for strand in (ids, other))
    torch.testing.assert_close(turned.flip(1, 2), given, atol=1e-5, rtol=1e-5)
    save_model(tmp_path / "model", model, {})
    with torch.no_grad():
        assert torch.equal(load_model(tmp_path / "model")(ids, every).view(B, W, 4), given)
    words = TOKENIZERS["5-mers side by side"]
    config = encoder_config(kind, {**shape, "vocabulary": len(words.vocabulary)}, "grid")
    with pytest.raises(ConfigurationError, match="reads single bases, not kmer tokens"):
        new_model(config, words, seed=3)
