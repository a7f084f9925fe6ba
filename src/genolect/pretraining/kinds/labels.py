"""Labels of held-out windows or tokens, beside the class that is most frequent in training.

Legend: n windows, L tokens, S labelled tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genolect.arrays import Floats, Integers
from genolect.errors import InputError
from genolect.models.inference import Machine, token_scores, window_answers
from genolect.models.model import SequenceModel
from genolect.objectives.supervised import NO_CLASS, LabelledBatch, SupervisedObjective
from genolect.pretraining.kinds.exam import MeanExam


@dataclass(frozen=True, eq=False)
class LabelExam(MeanExam):
    """Windows with labels; `set_label_exam` makes it.

    Attributes
    ----------
    batch : LabelledBatch
        Windows, tokens, and classes of the windows or of the tokens.
    head : str
        The head that classifies.
    most_frequent : int
        The class that the bar always says.
    counted : str
        ``windows`` or ``tokens``.
    counts, blocks : ndarray
        See `MeanExam`.
    """

    measure = "accuracy"
    lower_is_better = False

    counted: str
    batch: LabelledBatch
    head: str
    most_frequent: int
    counts: Floats
    blocks: Integers

    @property
    def bar_name(self) -> str:
        """See `MeanExam`."""
        return "most frequent class"

    def sums(self, model: SequenceModel, machine: Machine) -> Floats:
        """See `MeanExam`: right answers."""
        objective = SupervisedObjective("classes", reads="pooled" if self.counted == "windows" else "tokens")
        inputs, _ = objective.corrupt(self.batch, 0)
        known = self.batch.labels != NO_CLASS
        truth = self.batch.labels[known]
        if inputs.selected is None:
            answers = window_answers(model, inputs.ids, machine, head=self.head).argmax(axis=1)
            right = answers[known.numpy()] == truth.numpy()
        else:

            def judge(logits: Tensor, tokens: slice) -> Tensor:
                return logits.argmax(1) == truth[tokens].to(logits.device)

            right = token_scores(model, inputs.ids, inputs.selected, judge, machine, head=self.head)
        return _by_window(known, right, len(self.counts))

    def bar_sums(self) -> Floats:
        """See `MeanExam`: right answers."""
        known = self.batch.labels != NO_CLASS
        right = (self.batch.labels[known] == self.most_frequent).numpy()
        return _by_window(known, right, len(self.counts))


def set_label_exam(batch: LabelledBatch, blocks: Integers, training_labels: Tensor, *, head: str) -> LabelExam:
    """Ask for the classes of held-out windows, or of their tokens.

    Parameters
    ----------
    batch : LabelledBatch
        The windows with classes, `NO_CLASS` where unknown: shape (n,), or (n, L) for tokens.
    blocks : ndarray of int64, shape (n,)
        Contiguous groups of windows.
    training_labels : Tensor of int64
        Classes seen in training, any shape; decide what the bar says.
    head : str
        The head that classifies.

    Returns
    -------
    LabelExam
        The exam.

    Raises
    ------
    InputError
        If no label is known, here or in training.

    Examples
    --------
    >>> ids = torch.zeros(3, 5, dtype=torch.int64)
    >>> spans = torch.zeros(5, 2, dtype=torch.int64)
    >>> batch = LabelledBatch(ids.byte(), ids, spans, labels=torch.tensor([2, NO_CLASS, 0]))
    >>> set_label_exam(batch, np.arange(3), torch.tensor([2, 0, 2]), head="genes").bar
    0.5
    """
    known = batch.labels != NO_CLASS
    seen = training_labels[training_labels != NO_CLASS]
    if not known.any() or not len(seen):
        where = "the held-out windows" if len(seen) else "the training windows"
        raise InputError(f"{where} have no label", fix="hold out other records, or label more of the genome")
    counts = _by_window(known, np.ones(int(known.sum())), len(batch.labels))
    counted = "windows" if batch.labels.ndim == 1 else "tokens"
    return LabelExam(counted, batch, head, int(torch.bincount(seen).argmax()), counts, blocks)


def _by_window(known: Tensor, values: npt.NDArray[np.generic], windows: int) -> Floats:
    """Sum values, one per known label in reading order, within windows."""
    window = known.nonzero()[:, 0].numpy()
    return np.bincount(window, weights=values.astype(np.float64), minlength=windows).astype(np.float64)
