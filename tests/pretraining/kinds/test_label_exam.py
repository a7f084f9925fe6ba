"""Labels of windows and tokens: what is unknown is not asked, and the bar always says the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from genolect.errors import InputError
from genolect.models import inference
from genolect.models.inference import WindowTokens
from genolect.objectives.supervised import NO_CLASS, LabelledBatch, SupervisedObjective
from genolect.pretraining.kinds.labels import LabelExam, set_label_exam
from tests.objectives.tokenized import some_bases
from tests.pretraining.exam_toys import CPU, TOKENIZERS, Told, opinionated, untrained

B, W = 23, 31
BLOCKS = np.arange(B) // 4
TRAINING = torch.tensor([1, 0, 1, NO_CLASS, 2, NO_CLASS, NO_CLASS])


def batch_of(name: str, *, of_tokens: bool) -> LabelledBatch:
    batch = WindowTokens(TOKENIZERS[name]).batch(some_bases(B, W, unknown=0.01))
    shape = batch.ids.shape if of_tokens else (B,)
    labels = np.random.default_rng(4).choice([0, 1, 2, NO_CLASS], size=shape, p=[0.2, 0.3, 0.1, 0.4])
    return LabelledBatch(batch.bases, batch.ids, batch.spans, labels=torch.from_numpy(labels))


def exam_of(name: str = "nucleotide", *, of_tokens: bool) -> LabelExam:
    head = "tokens" if of_tokens else "windows"
    return set_label_exam(batch_of(name, of_tokens=of_tokens), BLOCKS, TRAINING, head=head)


@pytest.mark.parametrize("of_tokens", [False, True])
@pytest.mark.parametrize("name", ["nucleotide", "overlapping 3-mers", "byte-pair"])
def test_the_model_is_scored_as_the_objective_scores_it(name, of_tokens):
    exam, model = exam_of(name, of_tokens=of_tokens), opinionated(TOKENIZERS[name])
    objective = SupervisedObjective("classes", reads="tokens" if of_tokens else "pooled")
    inputs, targets = objective.corrupt(exam.batch, 0)
    with torch.no_grad():
        metrics = objective.loss(model(inputs.ids, inputs.selected, head=exam.head), targets)[1]
    assert exam.unit_count == metrics.count == (exam.batch.labels != NO_CLASS).sum()
    assert exam.score(model, CPU) == pytest.approx(metrics.accuracy)
    assert 0 < metrics.accuracy < 1
    result = exam.result(model, CPU, seed=1)
    assert result.model.value == pytest.approx(metrics.accuracy)
    assert result.counted == ("tokens" if of_tokens else "windows")
    assert (result.measure, result.bar_name) == ("accuracy", "most frequent class")


@pytest.mark.parametrize("of_tokens", [False, True])
def test_the_bar_says_what_was_most_frequent_in_training(of_tokens):
    exam = exam_of(of_tokens=of_tokens)
    labels = exam.batch.labels.flatten()
    known = labels[labels != NO_CLASS]
    assert exam.most_frequent == 1
    assert exam.bar == pytest.approx((known == 1).double().mean())
    assert exam.score(untrained(), CPU) == pytest.approx((known == 0).double().mean())  # All classes tie: the first.
    assert exam.counts.tolist() == (exam.batch.labels.view(B, -1) != NO_CLASS).sum(1).tolist()


@pytest.mark.parametrize("of_tokens", [False, True])
def test_a_model_that_is_told_the_answers_is_always_right(of_tokens):
    exam = exam_of(of_tokens=of_tokens)
    labels = exam.batch.labels[exam.batch.labels != NO_CLASS] if of_tokens else exam.batch.labels.clamp(min=0)
    sure = torch.nn.functional.one_hot(labels, 3) * 5.0
    assert exam.score(Told(sure), CPU) == 1
    assert exam.score(Told(-sure), CPU) == 0
    assert exam.result(Told(sure), CPU, seed=1).verdict().startswith("The model beats the most frequent class: 1.0000 ")


@pytest.mark.parametrize("of_tokens", [False, True])
def test_each_window_alone_gives_the_same(of_tokens, monkeypatch):
    exam, model = exam_of(of_tokens=of_tokens), opinionated()
    before = exam.sums(model, CPU)
    monkeypatch.setattr(inference, "TOKENS_PER_BATCH", 1)
    assert (exam.sums(model, CPU) == before).all()
    assert before.std() > 0


def test_an_exam_without_labels_is_refused():
    batch = batch_of("nucleotide", of_tokens=False)
    with pytest.raises(InputError, match=r"the training windows have no label"):
        set_label_exam(batch, BLOCKS, torch.full((5,), NO_CLASS), head="windows")
    nothing = LabelledBatch(batch.bases, batch.ids, batch.spans, labels=torch.full((B,), NO_CLASS))
    with pytest.raises(InputError, match=r"the held-out windows have no label"):
        set_label_exam(nothing, BLOCKS, TRAINING, head="windows")
