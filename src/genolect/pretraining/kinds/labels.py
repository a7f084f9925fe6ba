"""Labels of held-out windows or tokens, beside the class that is most frequent in training.

Legend: n or B windows, L tokens, S labelled tokens.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor

from genolect.arrays import Floats, Integers
from genolect.encoders.encoder import HeadConfig
from genolect.errors import InputError
from genolect.genome.holdout import GenomeSplit
from genolect.genome.windows import tile_places, tile_windows
from genolect.models.inference import Machine, token_scores, window_answers
from genolect.models.model import SequenceModel
from genolect.objectives.objective import Batch
from genolect.objectives.supervised import NO_CLASS, LabelledBatch, SupervisedObjective
from genolect.pretraining.kinds.exam import MeanExam
from genolect.pretraining.kinds.kind import GenomeWindows, Held, ObjectiveKind, Setting, register
from genolect.pretraining.parts import Part
from genolect.random import derived_generator

LABELLED_STEPS = 50
"""Steps of training whose labels say which class is most frequent."""


@register
class LabelsPart(ObjectiveKind):
    """Predict classes of bases, where they are known.

    Attributes
    ----------
    kind : 'labels'
        Which objective.
    of : {'window', 'token'}
        What has a label: a window, that of its centre base, or every token, that of its middle base.
    share : float
        Share of the windows whose labels are shown, chosen by chance.
    records : tuple of str
        Records whose labels are known; empty for all.
    """

    kind: Literal["labels"] = "labels"
    learned_by: ClassVar[str] = "predicting labels"

    of: Literal["window", "token"] = "window"
    share: float = Field(1.0, gt=0, le=1)
    records: tuple[str, ...] = ()

    def check(self, name: str, classes: Collection[str]) -> None:
        """See `ObjectiveKind`."""
        if not classes:
            raise ValueError(f"{name} needs [classes] to predict")

    def head(self, setting: Setting) -> HeadConfig:
        """See `ObjectiveKind`: the same answer for both strands, where the encoder can give it."""
        symmetric = self.of == "window" and setting.encoder.both_strands
        return HeadConfig(kind="strand_window" if symmetric else self.of, outputs=len(setting.class_names))

    def part(self, setting: Setting, windows: GenomeWindows, split: GenomeSplit) -> Part:
        """See `ObjectiveKind`."""
        objective = SupervisedObjective("classes", reads="pooled" if self.of == "window" else "tokens")
        batches = LabelledBatches(windows, self.of, self.share, self.records)
        return Part(objective, batches, head=setting.name)

    def held_out_evaluations(self, setting: Setting, part: Part, held: Held) -> tuple[LabelExam, LabelExam]:
        """See `ObjectiveKind`; the baseline says what is most frequent in the first steps of training."""
        if setting.classes is None:
            raise ValueError("labels need classes")
        steps = (part.batches.draw(step, torch.device("cpu")) for step in range(LABELLED_STEPS))
        seen = torch.cat([batch.labels.flatten() for batch in steps if isinstance(batch, LabelledBatch)])
        exams = []
        for regions, most in held.roles():
            windows, blocks = tile_windows(held.genome, regions, length=held.window, most=most)
            places = tile_places(held.genome, regions, length=held.window, most=most)
            batch = setting.tokens.batch(torch.from_numpy(windows))
            classes = torch.from_numpy(setting.classes.windows(places))
            plain = Batch(batch.bases, batch.ids, batch.spans, classes)
            labelled = LabelledBatch(batch.bases, batch.ids, batch.spans, classes, labels=labels_of(plain, self.of))
            exams.append(set_label_exam(labelled, blocks, seen, head=setting.name))
        validation, test = exams
        return validation, test

    def sentence(self, classes: tuple[str, ...]) -> str:
        """See `ObjectiveKind`."""
        asked = "its centre base" if self.of == "window" else "every token"
        return f"The class of {asked} is predicted for {self.share:.0%} of the windows."


class LabelledBatches:
    """The windows of a genome with the classes of their bases as labels, for some of them.

    Parameters
    ----------
    windows : GenomeWindows
        With classes.
    of : {'window', 'token'}
        Whether a window has the class of its centre base, or every token that of its middle base.
    share : float
        Share of the windows whose labels are shown.
    records : tuple of str
        Records whose labels are known; empty for all.
    """

    def __init__(self, windows: GenomeWindows, of: str, share: float, records: tuple[str, ...]) -> None:
        self.windows = windows
        self.of = of
        self.share = share
        self.records = frozenset(records)

    def draw(self, step: int, device: torch.device) -> LabelledBatch:
        """Draw the windows of one step with their labels."""
        batch = self.windows.draw(step, device)
        labels = labels_of(batch, self.of)
        known = torch.from_numpy(self._known(step)).to(device)
        labels = torch.where(known if labels.dim() == 1 else known[:, None], labels, NO_CLASS)
        return LabelledBatch(batch.bases, batch.ids, batch.spans, batch.classes, batch.places, labels=labels)

    def _known(self, step: int) -> npt.NDArray[np.bool_]:
        """Tell which windows of a step show their labels."""
        source = self.windows
        chosen = derived_generator(source.windows.seed, "labels", step).random(source.count) < self.share
        if self.records:
            chosen &= [place.name in self.records for place in source.windows.places(step, source.count)]
        return chosen


def labels_of(batch: Batch, of: str) -> Tensor:
    """Give the classes of a batch as labels.

    Parameters
    ----------
    batch : Batch
        With classes.
    of : {'window', 'token'}
        Whether a window has the class of its centre base, or every token that of its middle base.

    Returns
    -------
    Tensor of int64, shape (B,) or (B, L)
        The labels.

    Raises
    ------
    ValueError
        If the batch has no classes.

    Examples
    --------
    >>> bases, spans = torch.zeros(1, 5, dtype=torch.uint8), torch.tensor([[0, 2], [2, 4]])
    >>> batch = Batch(bases, torch.tensor([[7, 8]]), spans, torch.tensor([[0, 1, 2, 3, 3]], dtype=torch.uint8))
    >>> labels_of(batch, "window").tolist(), labels_of(batch, "token").tolist()
    ([2], [[1, 3]])
    """
    if batch.classes is None:
        raise ValueError("labels need classes")
    classes = batch.classes.long()
    if of == "window":
        return classes[:, classes.shape[1] // 2]
    middles = (batch.spans.sum(-1) // 2).expand(batch.ids.shape)
    return classes.gather(1, middles)


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
