"""Labels as an objective: known ones count, unknown ones do not, and slow references agree."""

from __future__ import annotations

import math

import pytest
import torch

from genolect.objectives.objective import Batch
from genolect.objectives.supervised import NO_CLASS, LabelledBatch, SupervisedMetrics, SupervisedObjective

B, L, C, P = 13, 7, 5, 3


def batch(labels: torch.Tensor) -> LabelledBatch:
    ids = torch.randint(7, (B, L), generator=torch.Generator().manual_seed(1))
    return LabelledBatch(ids.byte(), ids, torch.arange(L)[:, None] + torch.tensor([0, 1]), labels=labels)


def classes(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    labels = torch.randint(C, shape, generator=generator)
    return torch.where(torch.rand(shape, generator=generator) < 0.4, NO_CLASS, labels)


def values(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    labels = torch.randn(shape, generator=generator)
    return torch.where(torch.rand(shape, generator=generator) < 0.4, torch.nan, labels)


def answers(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64) * 2


def cross_entropy_by_hand(logits: list[list[float]], labels: list[int]) -> list[float]:
    pairs = [(row, label) for row, label in zip(logits, labels, strict=True) if label != NO_CLASS]
    return [math.log(math.fsum(map(math.exp, row))) - row[label] for row, label in pairs]


@pytest.mark.parametrize("reads", ["tokens", "pooled"])
def test_classes_equal_a_reference_in_double_precision(reads):
    objective = SupervisedObjective("classes", reads=reads)
    inputs, targets = objective.corrupt(batch(classes(B, L) if reads == "tokens" else classes(B)), key=5)
    logits = answers(len(targets), C)
    nats = cross_entropy_by_hand(logits.tolist(), targets.tolist())
    assert 0 < len(nats) < B * L
    right = [row.index(max(row)) == label for row, label in zip(logits.tolist(), targets.tolist(), strict=True)]
    for given, tolerance in ((logits, 1e-12), (logits.float(), 1e-6)):
        loss, metrics = objective.loss(given, targets)
        assert loss.item() == pytest.approx(math.fsum(nats) / len(nats), rel=tolerance)
        assert metrics.total == pytest.approx(math.fsum(nats), rel=tolerance)
        assert (metrics.count, metrics.correct) == (len(nats), sum(right))
        assert metrics.accuracy == sum(right) / len(nats)
        assert metrics.mean == pytest.approx(loss.item(), rel=tolerance)
    assert torch.equal(inputs.ids, batch(classes(B)).ids)


@pytest.mark.parametrize("reads", ["tokens", "pooled"])
def test_values_equal_a_reference_in_double_precision(reads):
    objective = SupervisedObjective("values", reads=reads)
    _, targets = objective.corrupt(batch(values(B, L) if reads == "tokens" else values(B, P)), key=5)
    found = answers(len(targets), 1 if reads == "tokens" else P)
    pairs = zip(found.flatten().tolist(), targets.flatten().tolist(), strict=True)
    errors = [(one - other) ** 2 for one, other in pairs if not math.isnan(other)]
    loss, metrics = objective.loss(found, targets)
    assert loss.item() == pytest.approx(math.fsum(errors) / len(errors), rel=1e-6)
    assert (metrics.count, metrics.correct) == (len(errors), 0)
    assert metrics.total == pytest.approx(math.fsum(errors), rel=1e-6)


def test_labelled_tokens_are_selected_in_reading_order():
    labels = classes(B, L)
    inputs, targets = SupervisedObjective("classes", reads="tokens").corrupt(batch(labels), key=5)
    assert torch.equal(inputs.selected, labels != NO_CLASS)
    assert targets.tolist() == [label for row in labels.tolist() for label in row if label != NO_CLASS]
    inputs, _ = SupervisedObjective("values", reads="tokens").corrupt(batch(values(B, L)), key=5)
    assert torch.equal(inputs.selected, ~values(B, L).isnan())


@pytest.mark.parametrize(
    ("kind", "labels", "outputs"), [("classes", classes(B), C), ("values", values(B, P), P)], ids=["classes", "values"]
)
def test_gradients_are_those_of_finite_differences_and_unknown_labels_give_none(kind, labels, outputs):
    objective = SupervisedObjective(kind, reads="pooled")
    found = answers(B, outputs).requires_grad_()
    assert torch.autograd.gradcheck(lambda given: objective.loss(given, labels)[0], found)
    objective.loss(found, labels)[0].backward()
    known = (labels != NO_CLASS)[:, None].expand(B, C) if kind == "classes" else ~labels.isnan()
    assert torch.equal(found.grad != 0, known)


@pytest.mark.parametrize(
    ("kind", "labels"), [("classes", torch.full((B,), NO_CLASS)), ("values", values(B, P) * torch.nan)]
)
def test_no_label_is_no_loss_and_no_figure(kind, labels):
    found = answers(B, P).requires_grad_()
    loss, metrics = SupervisedObjective(kind, reads="pooled").loss(found, labels)
    loss.backward()
    assert (loss.item(), metrics) == (0, SupervisedMetrics())
    assert not found.grad.any()
    assert math.isnan(metrics.mean)
    assert math.isnan(metrics.accuracy)


def test_undecided_answers_lose_ln_c():
    loss, _ = SupervisedObjective("classes", reads="pooled").loss(torch.zeros(B, C), classes(B))
    assert loss.item() == pytest.approx(math.log(C), rel=1e-6)


def test_metrics_of_parts_add_to_those_of_the_whole():
    objective, found, labels = SupervisedObjective("classes", reads="pooled"), answers(B, C), classes(B)
    parts = [objective.loss(found[part], labels[part])[1] for part in (slice(4), slice(4, B))]
    total, whole = sum(parts, SupervisedMetrics()), objective.loss(found, labels)[1]
    assert (total.count, total.correct) == (whole.count, whole.correct)
    assert total.total == pytest.approx(whole.total, rel=1e-12)


@pytest.mark.parametrize(
    ("kind", "reads", "labels", "message"),
    [
        ("classes", "pooled", values(B), r"labels of type torch\.float32 are no classes"),
        ("values", "pooled", classes(B), r"labels of type torch\.int64 are no values"),
        ("classes", "tokens", classes(B), r"labels of shape \(13,\) do not fit ids of shape \(13, 7\)"),
        ("classes", "pooled", classes(B, L), r"labels of shape \(13, 7\) do not fit"),
        ("values", "pooled", values(B), r"labels of shape \(13,\) do not fit"),
        ("values", "tokens", values(B, P), r"labels of shape \(13, 3\) do not fit"),
    ],
)
def test_labels_that_do_not_fit_are_refused(kind, reads, labels, message):
    with pytest.raises(ValueError, match=message):
        SupervisedObjective(kind, reads=reads).corrupt(batch(labels), key=5)


def test_a_batch_without_labels_is_refused():
    given = batch(classes(B))
    with pytest.raises(ValueError, match="needs a LabelledBatch"):
        SupervisedObjective("classes", reads="pooled").corrupt(Batch(given.bases, given.ids, given.spans), key=5)
