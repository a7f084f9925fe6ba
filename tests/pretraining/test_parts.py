"""Parts of a training: each as it would be alone, one pass of the encoder for all that show the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genolect.encoders.encoder import HeadConfig
from genolect.encoders.transformer import TransformerConfig
from genolect.errors import ConfigurationError
from genolect.models.inference import WindowTokens, words_of
from genolect.models.model import SequenceModel, new_model
from genolect.objectives.causal import CausalObjective
from genolect.objectives.contrastive import ContrastiveConfig, ContrastiveObjective
from genolect.objectives.masked import MaskedBases, MaskedBasesConfig
from genolect.objectives.objective import Batch, WeightConfig
from genolect.objectives.supervised import NO_CLASS, LabelledBatch, SupervisedObjective
from genolect.pretraining.loop import Observers, Training, TrainingConfig, check_part, weighted_loss
from genolect.pretraining.parts import Part, check_weights, state_of
from genolect.random import derived_key
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from tests.toys import CONTEXT_LENGTHS, CPU

B, L, C, P = 8, 25, 4, 5
TOKENIZER = NucleotideTokenizer()
HEADS = {
    "label": HeadConfig(kind="window", outputs=C),
    "views": HeadConfig(kind="projection", outputs=P),
    "tokens": HeadConfig(kind="token", outputs=C),
}


def model(*, causal: bool = False, contexts: tuple[int, ...] = ()) -> SequenceModel:
    config = TransformerConfig(
        vocabulary=7,
        width=16,
        heads=2,
        layers=1,
        feed_forward=16,
        stem_reach=3,
        context_lengths=contexts,
        causal=causal,
    )
    counts = {k: torch.arange(4 ** (k + 1), dtype=torch.int32).view(-1, 4) % 9 for k in contexts}
    return new_model(config, TOKENIZER, seed=3, heads=HEADS, counts=counts)


class Windows:
    """The class of a window is its most frequent base; every second one has no label."""

    def __init__(self, windows: int = B) -> None:
        self.windows = windows
        self.tokens = WindowTokens(TOKENIZER)
        self.drawn: list[int] = []

    def draw(self, step: int, device: torch.device) -> LabelledBatch:
        self.drawn.append(step)
        generator = torch.Generator().manual_seed(step)
        truth = torch.randint(4, (self.windows,), generator=generator)
        frequent = torch.rand(self.windows, L, generator=generator) < 0.5
        bases = torch.where(frequent, truth[:, None], torch.randint(4, (self.windows, L), generator=generator))
        batch = self.tokens.batch(bases.to(torch.uint8))
        labels = torch.where(torch.arange(self.windows) % 2 == 0, truth, NO_CLASS)
        return LabelledBatch(batch.bases, batch.ids, batch.spans, labels=labels)


def masked() -> MaskedBases:
    return MaskedBases(MaskedBasesConfig(), words_of(TOKENIZER))


def contrastive(**settings) -> ContrastiveObjective:
    return ContrastiveObjective(ContrastiveConfig(**settings), WindowTokens(TOKENIZER).ids)


def labels(reads="pooled") -> SupervisedObjective:
    return SupervisedObjective("classes", reads=reads)


def weight(value: float, **moving) -> WeightConfig:
    return WeightConfig(value=value, **moving)


def test_the_loss_is_the_weighted_sum_of_what_the_parts_lose_alone():
    windows, trained = Windows(), model()
    parts = {
        "masked": Part(masked(), windows, weight=weight(0.75)),
        "views": Part(contrastive(rule="fixed"), windows, head="views", weight=weight(2.5)),
        "label": Part(labels(), windows, head="label", weight=weight(0.0, final=0.5, first=1, last=3)),
    }
    for step in (0, 2, 9):
        together, metrics = weighted_loss(trained, parts, CPU, step=step, seed=4)
        shares = {"masked": 0.75, "views": 2.5, "label": {0: 0.0, 2: 0.25, 9: 0.5}[step]}
        alone = {
            name: weighted_loss(trained, {name: replace(part, weight=weight(1.0))}, CPU, step=step, seed=4)
            for name, part in parts.items()
        }
        assert together.item() == pytest.approx(
            sum(share * alone[name][0].item() for name, share in shares.items()), rel=1e-6
        )
        assert metrics == {name: alone[name][1][name] for name, share in shares.items() if share}
    assert windows.drawn[:1] == [0]
    assert windows.drawn.count(9) == 1 + len(parts)  # Once for all together, once for each alone.


def test_parts_that_show_the_same_share_one_pass_and_others_do_not(monkeypatch):
    trained, windows, passes = model(causal=True), Windows(), []
    monkeypatch.setattr(trained.encoder, "forward", _counting(trained.encoder.forward, passes))
    parts = {
        "next": Part(CausalObjective(range(4)), windows),
        "label": Part(labels(), windows, head="label"),
        "views": Part(contrastive(), windows, head="views"),
    }
    weighted_loss(trained, parts, CPU, step=1, seed=4)
    assert passes == [B, 2 * B]
    passes.clear()
    parts["label"] = replace(parts["label"], counted=False)
    weighted_loss(trained, parts, CPU, step=1, seed=4)
    assert passes == [B, B, 2 * B]


def _counting(forward, passes):
    def counted(ids, known=None):
        passes.append(len(ids))
        return forward(ids, known)

    return counted


def test_two_views_leave_out_their_own_window_from_the_counts():
    """A view read without its own words in the counts differs from one read with them."""
    trained = model(contexts=CONTEXT_LENGTHS)
    with torch.no_grad():
        trained.encoder.weigh_context.weight.normal_(generator=torch.Generator().manual_seed(1))
    windows = Windows()
    batch, objective = windows.draw(0, CPU.device), contrastive(rule="fixed")
    inputs, targets = objective.corrupt(batch, derived_key(4, "corruption", "views", 0))
    by_hand = trained.read(
        trained.encoder(inputs.ids, torch.cat([batch.ids, batch.ids])), inputs.ids, None, head="views"
    )
    expected = objective.loss(by_hand, targets)[0].item()
    losses = {
        counted: weighted_loss(
            trained, {"views": Part(objective, windows, head="views", counted=counted)}, CPU, step=0, seed=4
        )[0].item()
        for counted in (True, False)
    }
    assert losses[True] == pytest.approx(expected, rel=1e-6)
    assert losses[False] != pytest.approx(expected, rel=1e-6)


def test_every_part_draws_for_itself():
    windows, keys = Windows(), []

    class Keyed:
        reads, causal, metrics = "tokens", None, None

        def corrupt(self, batch: Batch, key: int):
            keys.append(key)
            return masked().corrupt(batch, key)

        loss = staticmethod(masked().loss)

    parts = {"one": Part(Keyed(), windows), "two": Part(Keyed(), windows)}
    for step, seed in ((5, 1), (5, 1), (6, 1), (5, 2)):
        weighted_loss(model(), parts, CPU, step=step, seed=seed)
    assert keys[:2] == keys[2:4]
    assert len(set(keys)) == 6
    weighted_loss(model(), {"two": parts["two"]}, CPU, step=5, seed=1)
    assert keys[-1] == keys[1]


@pytest.mark.parametrize(
    ("part", "causal", "message"),
    [
        (
            Part(CausalObjective(range(4)), Windows()),
            False,
            "ask predicts the next token, but the encoder sees what",
        ),
        (Part(masked(), Windows()), True, "ask fills in hidden tokens from both sides, but the encoder"),
        (
            Part(contrastive(), Windows(), head="projection"),
            False,
            "asks the head 'projection'.*it has label, views",
        ),
        (Part(contrastive(), Windows()), False, "ask reads pooled, its head answers for tokens"),
        (Part(masked(), Windows(), head="views"), False, "ask reads tokens, its head answers for windows"),
        (Part(labels(), Windows(), head="tokens"), False, "ask reads pooled, its head answers for tokens"),
    ],
)
def test_pairs_that_make_no_sense_are_refused_with_the_reason(part, causal, message):
    with pytest.raises(ConfigurationError, match=message):
        check_part("ask", part, model(causal=causal))
    with pytest.raises(ConfigurationError, match=message):
        Training(model(causal=causal), {"ask": part}, TrainingConfig(steps=1), CPU)


@pytest.mark.parametrize("causal", [False, True])
def test_pairs_that_make_sense_are_not(causal):
    either = {"views": contrastive(), "label": labels(), "tokens": labels("tokens")}
    for head, objective in either.items():
        check_part("ask", Part(objective, Windows(), head=head), model(causal=causal))
    check_part("ask", Part(CausalObjective(range(4)) if causal else masked(), Windows()), model(causal=causal))


@pytest.mark.parametrize(
    ("weights", "step"),
    [
        ([weight(0.0)], 0),
        ([weight(0.0, final=1.0, first=3, last=9)], 0),
        ([weight(1.0, final=0.0, first=3, last=9)], 9),
        ([weight(1.0, final=0.0, last=5), weight(0.0, final=1.0, first=7, last=8)], 5),
    ],
)
def test_a_step_without_any_weight_is_refused_before_the_first(weights, step):
    parts = {f"part{number}": Part(masked(), Windows(), weight=one) for number, one in enumerate(weights)}
    with pytest.raises(ConfigurationError, match=f"all weights are 0 at step {step}"):
        Training(model(), parts, TrainingConfig(steps=12), CPU)


@given(
    schedules=st.lists(
        st.tuples(*[st.sampled_from([0.0, 1.0])] * 2, st.integers(0, 8), st.integers(1, 8)), min_size=1, max_size=3
    ),
    steps=st.integers(1, 14),
)
def test_weights_are_refused_just_where_a_step_has_none(schedules, steps):
    weights = [weight(value, final=final, first=first, last=first + more) for value, final, first, more in schedules]
    parts = {str(number): Part(masked(), None, weight=one) for number, one in enumerate(weights)}
    if all(any(one.at(step) for one in weights) for step in range(steps)):
        check_weights(parts, steps)
    else:
        with pytest.raises(ConfigurationError, match="all weights are 0 at step"):
            check_weights(parts, steps)


@pytest.mark.parametrize("rule", ["learned", "formula", "held", "fixed"])
def test_what_a_temperature_learns_or_remembers_is_trained_and_resumed(tmp_path, rule):
    def training(**changes) -> Training:
        objective = contrastive(rule=rule, p_pos=0.6)
        parts = {"views": Part(objective, Windows(), head="views", state=objective.temperature)}
        config = TrainingConfig(steps=6, windows=B, window=L, checkpoint_every=3, **changes)
        return Training(model(), parts, config, CPU)

    def state(one: Training) -> dict[str, float]:
        return {name: float(tensor) for name, tensor in state_of(one.parts).state_dict().items()}

    straight = training()
    before = state(straight)
    straight.run(tmp_path / "straight", Observers())
    assert (state(straight) == before) == (rule == "fixed")

    class Stop(Exception):  # noqa: N818 - a plug that is pulled
        pass

    def pull(progress) -> None:
        if progress.step == 5:
            raise Stop

    with pytest.raises(Stop):
        training().run(tmp_path / "stopped", Observers(report=pull))
    resumed = training()
    resumed.run(tmp_path / "stopped", Observers())
    assert state(resumed) == state(straight)
    pairs = zip(resumed.model.parameters(), straight.model.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    measures = straight.progress.curve[-1].measures["views"]
    assert measures.keys() == {"nats", "p_pos", "accuracy", "temperature"}
    assert resumed.progress.total == straight.progress.total


def test_labels_are_learned_beside_the_sequence_and_reach_the_unlabelled(tmp_path):
    trained = model(causal=True)
    parts = {
        "next": Part(CausalObjective(range(4)), windows := Windows(32), weight=weight(0.5)),
        "label": Part(labels(), windows, head="label"),
    }
    config = TrainingConfig(steps=60, windows=32, window=L, learning_rate=0.02)
    training = Training(trained, parts, config, CPU)
    training.run(tmp_path, Observers())
    exam = Windows(301).draw(10**6, CPU.device)
    frequent = torch.nn.functional.one_hot(exam.ids, 4).sum(1).argmax(1)
    with torch.no_grad():
        answers = trained(exam.ids, None, head="label").argmax(-1)
    assert (answers == frequent)[exam.labels == NO_CLASS].double().mean() > 0.9
    (point,) = training.progress.curve
    assert point.training_bits == point.measures["next"]["bits_per_base"] < 2
    assert point.measures["label"]["accuracy"] > 0.5
