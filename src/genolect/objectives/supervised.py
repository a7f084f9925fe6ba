"""Labels as an objective: classes or values of windows or tokens, known for some and unknown for the rest.

Beside an objective that needs no labels (`pretraining.parts`) this is semi-supervised training.

Legend: B windows, L tokens, S labelled tokens, C classes, P values per window.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from genolect.objectives.objective import Batch, Inputs

NO_CLASS = -100
"""Label of what has no class; a value that is not known is NaN."""


@dataclass(frozen=True, kw_only=True)
class LabelledBatch(Batch):
    """Windows with labels for some of them.

    Attributes
    ----------
    labels : Tensor
        Classes (int64, `NO_CLASS` where unknown): shape (B,), or (B, L) for tokens. Values (floating, NaN where
        unknown): shape (B, P), or (B, L) for tokens.
    """

    labels: Tensor


@dataclass(frozen=True)
class SupervisedMetrics:
    """Sums and counts, so that they add across batches and ranks.

    Attributes
    ----------
    total : float
        Summed loss: nats for classes, squared errors for values.
    count : int
        Number of known labels.
    correct : int
        Number of them that were the most likely class; 0 for values.
    """

    total: float = 0.0
    count: int = 0
    correct: int = 0

    def __add__(self, other: SupervisedMetrics) -> SupervisedMetrics:
        return SupervisedMetrics(self.total + other.total, self.count + other.count, self.correct + other.correct)

    @property
    def mean(self) -> float:
        """Mean loss of a label: nats, or the mean squared error."""
        return self.total / self.count if self.count else math.nan

    @property
    def accuracy(self) -> float:
        """Share of the labels that were the most likely class."""
        return self.correct / self.count if self.count else math.nan

    def means(self) -> dict[str, float]:
        """Give the mean loss of a label and the accuracy."""
        return {"loss_per_label": self.mean, "accuracy": self.accuracy}


class SupervisedObjective:
    """Cross-entropy of classes, or the squared error of values, over the labels that are known.

    Parameters
    ----------
    labels : {'classes', 'values'}
        What is known.
    reads : {'tokens', 'pooled'}
        Of what: tokens, or windows.

    Examples
    --------
    >>> labels = torch.tensor([2, NO_CLASS, 0])
    >>> ids = torch.zeros(3, 5, dtype=torch.int64)
    >>> objective = SupervisedObjective("classes", reads="pooled")
    >>> batch = LabelledBatch(ids.byte(), ids, torch.zeros(5, 2, dtype=torch.int64), labels=labels)
    >>> inputs, targets = objective.corrupt(batch, key=7)
    >>> loss, metrics = objective.loss(torch.zeros(3, 4), targets)
    >>> round(loss.exp().item(), 3), metrics.count
    (4.0, 2)
    """

    causal: bool | None = None
    metrics = SupervisedMetrics

    def __init__(self, labels: Literal["classes", "values"], *, reads: Literal["tokens", "pooled"]) -> None:
        self.labels = labels
        self.reads: Literal["tokens", "pooled"] = reads

    def corrupt(self, batch: Batch, key: int) -> tuple[Inputs, Tensor]:
        """Show the windows as they are.

        Parameters
        ----------
        batch : LabelledBatch
            Windows and labels.
        key : int
            Not used: there is no chance in it.

        Returns
        -------
        inputs : Inputs
            The true tokens; selected are the labelled ones, or None where windows are read.
        targets : Tensor
            Labels: those of the selected tokens in reading order, or those of every window.

        Raises
        ------
        ValueError
            If the batch has no labels, or labels of another kind or shape.
        """
        if not isinstance(batch, LabelledBatch):
            raise ValueError("a supervised objective needs a LabelledBatch")
        labels, ids = batch.labels, batch.ids
        if labels.is_floating_point() != (self.labels == "values"):
            raise ValueError(f"labels of type {labels.dtype} are no {self.labels}")
        one_label = ids.shape if self.reads == "tokens" else ids.shape[:1]
        expected = labels.shape if self.labels == "classes" or self.reads == "tokens" else labels.shape[:-1]
        if expected != one_label:
            raise ValueError(f"labels of shape {tuple(labels.shape)} do not fit ids of shape {tuple(ids.shape)}")
        if self.reads == "pooled":
            return Inputs(ids, None), labels
        known = self._known(labels)
        return Inputs(ids, known), labels[known]

    def loss(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, SupervisedMetrics]:
        """Compare answers with labels.

        Parameters
        ----------
        outputs : Tensor
            Logits (S, C) or (B, C) for classes; values (S, 1) or (B, P).
        targets : Tensor
            Labels, as `corrupt` gives them.

        Returns
        -------
        loss : Tensor, shape ()
            Mean over the known labels; 0 where there is none.
        metrics : SupervisedMetrics
            Sums and counts.
        """
        answers = outputs.to(torch.promote_types(outputs.dtype, torch.float32))
        known = self._known(targets)
        if self.labels == "classes":
            total = functional.cross_entropy(answers, targets, ignore_index=NO_CLASS, reduction="sum")
            correct = (answers.argmax(-1) == targets).sum()  # no class is NO_CLASS
        else:
            truth = targets.view(answers.shape).nan_to_num().to(answers.dtype)
            total = ((answers - truth).square() * known.view(answers.shape)).sum()
            correct = known.new_zeros((), dtype=torch.int64)
        total_value, count, right = torch.stack([total.detach().double(), known.sum(), correct]).tolist()
        return total / max(count, 1), SupervisedMetrics(total_value, int(count), int(right))

    def _known(self, labels: Tensor) -> Tensor:
        return labels != NO_CLASS if self.labels == "classes" else ~labels.isnan()
