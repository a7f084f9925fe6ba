"""Hidden bases of held-out windows, for every tokenizer, beside a count model that is shown the same bases.

15 % of the bases are hidden, and with them every token that touches one (`objectives.masked`). A model that
predicts a word of several bases at once spends its bits by the chain rule: for the second base of a word it may use the
first. So the count model gets, for each hidden base, the bases before it in its own word, and no other hidden base.

Legend: B windows, W bases, L tokens, S words that are scored, n hidden bases, F bases of the longest context.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from genolect.arrays import Floats, Integers
from genolect.errors import InputError
from genolect.genome.context_counts import ContextModel
from genolect.genome.genome import PreparedGenome
from genolect.genome.holdout import GenomeSplit
from genolect.genome.windows import tile_windows
from genolect.models.inference import Machine, WindowTokens, token_scores, words_of
from genolect.models.model import SequenceModel
from genolect.objectives.leak import Leak, measure_leak
from genolect.objectives.masked import MaskedBases, MaskedBasesConfig, MaskedMetrics
from genolect.objectives.masking import hidden_word_nats
from genolect.objectives.objective import Batch, Metrics
from genolect.objectives.token_layout import Layout, token_layout
from genolect.pretraining.kinds.exam import MeanExam, cut_windows
from genolect.pretraining.kinds.kind import GenomeWindows, Setting, register
from genolect.pretraining.kinds.likelihood import PredictedBases
from genolect.pretraining.parts import Part
from genolect.random import derived_key
from genolect.sequence.alphabet import BASE_BITS, Bases, N
from genolect.sequence.interval import Interval

QUESTIONS_AT_ONCE = 1 << 16


def base_frequencies(genome: PreparedGenome, split: GenomeSplit) -> list[float]:
    """Give the shares of A C G T in the training stretches, both strands together."""
    counts = np.zeros(N + 1, dtype=np.int64)
    for region in split.train:
        codes = genome.bases(region.name, region.start, region.end) & BASE_BITS
        counts += np.bincount(np.minimum(codes, N), minlength=N + 1)
    both = counts[:N] + counts[:N][::-1]
    shares: list[float] = (both / both.sum()).tolist()
    return shares


@dataclass(frozen=True, eq=False)
class MaskedSheet:
    """Some windows as the model sees them.

    Attributes
    ----------
    ids : Tensor of int64, shape (B, L)
        Token ids as shown.
    asked : Tensor of bool, shape (B, L)
        The words that are scored; where words overlap, not all that are hidden.
    truth : Tensor of int64, shape (S,)
        The true words, from 0.
    given : Tensor of int64, shape (S,), or None
        Which of their bases are known (`objectives.masking`).
    window : ndarray of int64, shape (S,)
        Window of each word, counted through all sheets.
    """

    ids: Tensor
    asked: Tensor
    truth: Tensor
    given: Tensor | None
    window: Integers


@dataclass(frozen=True, eq=False)
class HiddenBases:
    """The hidden bases one by one, as the count model sees them.

    Attributes
    ----------
    shown : ndarray of uint8, shape (n, 2 F + 1)
        What stands around each; what is not visible is N.
    bases : ndarray of uint8, shape (n,)
        The bases.
    window : ndarray of int64, shape (n,)
        Window of each.
    """

    shown: Bases
    bases: Bases
    window: Integers

    @property
    def truth(self) -> npt.NDArray[np.int8]:
        """The hidden base in the middle of `shown`; -1 elsewhere."""
        truth = np.full(self.shown.shape, -1, dtype=np.int8)
        truth[:, self.shown.shape[1] // 2] = self.bases
        return truth

    @staticmethod
    def joined(parts: Sequence[HiddenBases]) -> HiddenBases:
        """Put some after others."""
        return HiddenBases(
            np.concatenate([part.shown for part in parts]),
            np.concatenate([part.bases for part in parts]),
            np.concatenate([part.window for part in parts]),
        )

    def part(self, rows: slice) -> HiddenBases:
        """Give some of them."""
        return HiddenBases(self.shown[rows], self.bases[rows], self.window[rows])


@dataclass(frozen=True, eq=False)
class MaskedExam(MeanExam):
    """Windows with hidden bases; `set_masked_exam` makes it.

    Attributes
    ----------
    sheets : tuple of MaskedSheet
        For the model.
    hidden : HiddenBases
        For the count model.
    counting : ContextModel
        The count model; has to be tuned (`tune_count_model`) on another exam.
    codes : Tensor of int64, or None
        `objectives.masking.word_codes`, where words overlap.
    counts, blocks : ndarray
        See `MeanExam`.
    """

    measure = "bits per hidden base"
    counted = "hidden bases"
    lower_is_better = True

    sheets: tuple[MaskedSheet, ...]
    hidden: HiddenBases
    counting: ContextModel
    codes: Tensor | None
    counts: Floats
    blocks: Integers

    @property
    def bar_name(self) -> str:
        """See `MeanExam`."""
        return "count model"

    def sums(self, model: SequenceModel, machine: Machine) -> Floats:
        """See `MeanExam`: bits."""
        total = np.zeros(len(self.counts))
        for sheet in self.sheets:
            nats = self._nats(sheet, model, machine)
            total += np.bincount(sheet.window, weights=nats, minlength=len(total))
        return total / math.log(2)

    def bar_sums(self) -> Floats:
        """See `MeanExam`: bits."""
        total = np.zeros(len(self.counts))
        for start in range(0, len(self.hidden.bases), QUESTIONS_AT_ONCE):
            part = self.hidden.part(slice(start, start + QUESTIONS_AT_ONCE))
            bits = self.counting.bits(part.shown, part.truth)
            total += np.bincount(part.window, weights=bits, minlength=len(total))
        return total

    def _nats(self, sheet: MaskedSheet, model: SequenceModel, machine: Machine) -> Floats:
        given, codes = sheet.given, self.codes

        def judge(logits: Tensor, words: slice) -> Tensor:
            truth = sheet.truth[words].to(logits.device)
            if given is None or codes is None:
                return functional.cross_entropy(logits, truth, reduction="none")
            return hidden_word_nats(logits, truth, given[words].to(logits.device), codes.to(logits.device))

        return token_scores(model, sheet.ids, sheet.asked, judge, machine)


def set_masked_exam(
    genome: PreparedGenome,
    regions: Sequence[Interval],
    tokens: WindowTokens,
    counting: ContextModel,
    *,
    window: int,
    most: int,
    seed: int,
) -> MaskedExam:
    """Hide 15 % of the bases of held-out windows.

    Parameters
    ----------
    genome : PreparedGenome
        Where the bases are.
    regions : sequence of Interval
        The held-out stretches.
    tokens : WindowTokens
        Cuts windows into tokens.
    counting : ContextModel
        The bar.
    window : int
        Bases per window.
    most : int
        Largest number of windows.
    seed : int
        Which bases are hidden.

    Returns
    -------
    MaskedExam
        The exam.

    Raises
    ------
    InputError
        If no stretch holds a window, or there is no base to hide.
    """
    windows, blocks = tile_windows(genome, regions, length=window, most=most)
    words = words_of(tokens.tokenizer)
    objective = MaskedBases(MaskedBasesConfig(hidden_share=1.0, random_share=0.0), words)
    key = derived_key(seed, "exam", *(region.name for region in regions))
    sheets, hidden = [], []
    for part, batch in cut_windows(tokens, windows):
        part_key = derived_key(key, "part", part.start) if part.start else key
        sheet, bases = _set_sheet(objective, batch, part_key, first=part.start, flank=counting.longest)
        sheets.append(sheet)
        hidden.append(bases)
    together = HiddenBases.joined(hidden)
    if not len(together.bases):
        raise InputError(
            f"{len(blocks):,} held-out windows of {window:,} bases hold no base that could be hidden",
            fix="hold out records with fewer N, or give a longer genome",
            path=genome.inputs[0]["path"],
        )
    counts = np.bincount(together.window, minlength=len(blocks)).astype(np.float64)
    return MaskedExam(tuple(sheets), together, counting, words.codes, counts, blocks)


def tune_count_model(counting: ContextModel, exam: MaskedExam) -> None:
    """Choose the strengths and the temper of a count model on the hidden bases of a validation exam.

    Parameters
    ----------
    counting : ContextModel
        Changed in place.
    exam : MaskedExam
        Of windows that are neither counted nor tested.

    Examples
    --------
    >>> counting = ContextModel({0: np.full((1, 4), 25), 1: np.full((4, 4), 6) + 9 * np.eye(4, dtype=int)})
    >>> shown, bases = np.array([[0, 4, 0]] * 9, dtype=np.uint8), np.zeros(9, dtype=np.uint8)
    >>> hidden = HiddenBases(shown, bases, np.zeros(9, dtype=np.int64))
    >>> tune_count_model(counting, MaskedExam((), hidden, counting, None, np.array([9.0]), np.array([0])))
    >>> counting.strengths  # A between A and A: the counts are worth more than the base frequencies
    {1: 2.0}
    """
    counting.tune(exam.hidden.shown, exam.hidden.truth)


def _set_sheet(
    objective: MaskedBases, batch: Batch, key: int, *, first: int, flank: int
) -> tuple[MaskedSheet, HiddenBases]:
    """Hide bases of some windows, the number of the first of which is given."""
    inputs, targets = objective.corrupt(batch, key)
    if inputs.selected is None:
        raise ValueError("a masked objective selects tokens")
    counts = targets.counted > 0
    asked = inputs.selected.clone()
    asked[inputs.selected] = counts
    given = None if targets.given is None else targets.given[counts]
    layout = token_layout(batch.spans, batch.bases.shape[1])
    visible = layout.covered(~inputs.selected & objective.predictable(batch.ids))
    window = asked.nonzero()[:, 0].numpy() + first
    sheet = MaskedSheet(inputs.ids, asked, targets.truth[counts], given, window)
    return sheet, _hidden_bases(batch, layout, asked, visible.numpy(), first=first, flank=flank)


def _hidden_bases(
    batch: Batch, layout: Layout, asked: Tensor, visible: npt.NDArray[np.bool_], *, first: int, flank: int
) -> HiddenBases:
    """List the bases that the asked words count, with what may be known of each."""
    unshared = torch.zeros_like(layout.starts)
    if layout.tiles is not None:  # What a tile shares with the one before it is counted there.
        unshared[layout.tiles.tokens[1:]] = layout.tiles.places[:-1, -1] + 1
    starts, ends, fresh = (places.expand_as(asked)[asked].numpy() for places in (layout.starts, layout.ends, unshared))
    rows = asked.nonzero()[:, 0].numpy()
    codes = np.pad(batch.bases.numpy() & BASE_BITS, ((0, 0), (flank, flank)), constant_values=N)
    padded = np.pad(visible, ((0, 0), (flank, flank)))
    offsets = np.arange(int((ends - starts).max(initial=0)))
    width = 2 * flank + 1
    parts = [HiddenBases(np.zeros((0, width), np.uint8), np.zeros(0, np.uint8), np.zeros(0, np.int64))]
    for start in range(0, len(rows), QUESTIONS_AT_ONCE):
        some = slice(start, start + QUESTIONS_AT_ONCE)
        places = starts[some, None] + offsets
        counted = (places < ends[some, None]) & (places >= fresh[some, None])
        counted &= ~visible[rows[some, None], np.minimum(places, visible.shape[1] - 1)]
        word = np.nonzero(counted)[0]
        row, place, begin = rows[some][word, None], places[counted][:, None], starts[some][word, None]
        around = place + np.arange(-flank, flank + 1)
        known = padded[row, around + flank] | ((begin <= around) & (around < place))
        shown = np.where(known, codes[row, around + flank], np.uint8(N))
        parts.append(HiddenBases(shown, codes[row, place + flank][:, 0], row[:, 0] + first))
    return HiddenBases.joined(parts)


@register
class MaskedPart(PredictedBases):
    """Hide bases and predict them.

    Attributes
    ----------
    kind : 'masked'
        Which objective.
    scheme, rate, hidden_share, random_share, span, span_shape
        As in `objectives.masked.MaskedBasesConfig`, by whose defaults they stand where not given.
    replacements : {'even', 'genome'}
        Whether random bases are drawn evenly, or as frequent as in the training stretches.
    rate_multipliers, loss_weights : dict of str to float
        Of the classes of bases, by name; 1 for those that are not named.
    """

    kind: Literal["masked"] = "masked"
    is_default: ClassVar[bool] = True
    learned_by: ClassVar[str] = "predicting hidden bases"
    counting: ClassVar = ContextModel
    likelihood: ClassVar = set_masked_exam
    tune: ClassVar = tune_count_model

    scheme: Literal["bases", "dnabert", "grover"] = "bases"
    rate: float | None = None
    hidden_share: float | None = None
    random_share: float | None = None
    span: float | None = None
    span_shape: Literal["geometric", "fixed"] = "geometric"
    replacements: Literal["even", "genome"] = "even"
    rate_multipliers: dict[str, float] = Field(default_factory=dict)
    loss_weights: dict[str, float] = Field(default_factory=dict)

    def masking(self, classes: tuple[str, ...] = ()) -> MaskedBasesConfig:
        """Give it as the objective wants it.

        Parameters
        ----------
        classes : tuple of str
            Names of the classes of bases, in the order of their codes.

        Returns
        -------
        MaskedBasesConfig
            Rates and weights in that order.

        Raises
        ------
        ConfigurationError
            If a value is out of range.
        """
        names = ("scheme", "rate", "hidden_share", "random_share", "span", "span_shape")
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        for name in ("rate_multipliers", "loss_weights"):
            if by_class := getattr(self, name):
                given[name] = [by_class.get(one, 1.0) for one in classes]
        return MaskedBasesConfig.from_mapping(given, "the masked objective")

    def check(self, name: str, classes: Collection[str]) -> None:
        """See `ObjectiveKind`."""
        there = ("background", *classes)
        if unknown := sorted({*self.rate_multipliers, *self.loss_weights}.difference(there)):
            raise ValueError(f"{name} names the class {unknown[0]!r}; there are {', '.join(there)}")

    def part(self, setting: Setting, windows: GenomeWindows, split: GenomeSplit) -> Part:
        """See `ObjectiveKind`."""
        frequencies = base_frequencies(windows.windows.genome, split) if self.replacements == "genome" else None
        words = words_of(setting.tokens.tokenizer, frequencies)
        return Part(MaskedBases(self.masking(setting.class_names), words), windows)

    def sentence(self, classes: tuple[str, ...]) -> str:
        """See `ObjectiveKind`."""
        rates = self.masking(classes)
        hidden, random = rates.hidden_share, rates.random_share
        kept = max(0.0, 1 - hidden - random)
        what = "bases" if rates.scheme == "bases" else "tokens"
        fates = f"{hidden:.0%} hidden, {random:.0%} replaced, {kept:.0%} shown as they are"
        return f"{rates.rate:.4g} of the {what} are selected: {fates}."

    def leak(self, part: Part, steps: range, *, seed: int) -> Leak | None:
        """See `ObjectiveKind`."""
        if not isinstance(part.objective, MaskedBases):
            raise TypeError(f"{type(part.objective).__name__} masks no bases")
        return measure_leak(part.objective, [part.batches.draw(step, torch.device("cpu")) for step in steps], seed=seed)

    def class_rates(self, metrics: Metrics, classes: tuple[str, ...]) -> dict[str, dict[str, float | int]]:
        """See `ObjectiveKind`."""
        if not isinstance(metrics, MaskedMetrics) or not metrics.class_bases:
            return {}
        return {
            name: {"bases": bases, "selected": selected, "rate": selected / bases if bases else 0.0}
            for name, bases, selected in zip(classes, metrics.class_bases, metrics.class_selected, strict=True)
        }
