"""The next base of held-out windows, for every tokenizer, beside a Markov model that is asked about the same bases.

What a token costs is what the bases cost that it adds to those before it (`objectives.causal`), so both contestants
know, for each base, everything to its left within the window, and the window's first token is scored by neither.

Legend: B windows, W bases, L tokens, S predicted tokens.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genolect.arrays import Floats, Integers
from genolect.errors import InputError
from genolect.genome.context_counts import MarkovModel
from genolect.genome.genome import PreparedGenome
from genolect.genome.holdout import GenomeSplit
from genolect.genome.windows import tile_windows
from genolect.models.inference import Machine, WindowTokens, token_scores
from genolect.models.model import SequenceModel
from genolect.objectives.causal import CausalObjective, CausalTargets
from genolect.objectives.objective import Batch
from genolect.pretraining.kinds.exam import BASES_AT_ONCE, MeanExam, cut_windows
from genolect.pretraining.kinds.kind import GenomeWindows, Setting, register
from genolect.pretraining.kinds.likelihood import PredictedBases
from genolect.pretraining.parts import Part
from genolect.sequence.alphabet import BASE_BITS, Bases, N
from genolect.sequence.interval import Interval
from genolect.tokenizers.tokenizer import Tokenizer, stride_of_overlap

Truth = npt.NDArray[np.int8]


def next_token_objective(tokenizer: Tokenizer) -> CausalObjective:
    """Give the objective of a tokenizer's tokens."""
    return CausalObjective(tokenizer.targets, stride=stride_of_overlap(tokenizer))


@dataclass(frozen=True, eq=False)
class CausalSheet:
    """Some windows as the model sees them.

    Attributes
    ----------
    ids : Tensor of int64, shape (B, L)
        Their tokens.
    selected : Tensor of bool, shape (B, L)
        Tokens of which the next one is asked.
    targets : CausalTargets
        These next tokens.
    window : ndarray of int64, shape (S,)
        Window of each, counted through all sheets.
    """

    ids: Tensor
    selected: Tensor
    targets: CausalTargets
    window: Integers


@dataclass(frozen=True, eq=False)
class CausalExam(MeanExam):
    """Windows whose bases are to be foretold; `set_causal_exam` makes it.

    Attributes
    ----------
    sheets : tuple of CausalSheet
        For the model.
    shown : ndarray of uint8, shape (B, W)
        The windows' base codes, for the Markov model.
    truth : ndarray of int8, shape (B, W)
        The base at each scored position; -1 elsewhere.
    objective : CausalObjective
        Says what a token's new bases cost.
    counting : MarkovModel
        The bar; has to be tuned (`tune_markov_model`) on another exam.
    counts, blocks : ndarray
        See `MeanExam`.
    """

    measure = "bits per base"
    counted = "bases"
    lower_is_better = True

    sheets: tuple[CausalSheet, ...]
    shown: Bases
    truth: Truth
    objective: CausalObjective
    counting: MarkovModel
    counts: Floats
    blocks: Integers

    @property
    def bar_name(self) -> str:
        """See `MeanExam`."""
        return f"Markov model of order {self.counting.longest}"

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
        size = max(1, BASES_AT_ONCE // (self.counting.longest + 1) // self.shown.shape[1])
        for start in range(0, len(self.shown), size):
            shown, truth = self.shown[start : start + size], self.truth[start : start + size]
            window = np.nonzero(truth >= 0)[0] + start
            total += np.bincount(window, weights=self.counting.bits(shown, truth), minlength=len(total))
        return total

    def _nats(self, sheet: CausalSheet, model: SequenceModel, machine: Machine) -> Floats:
        def judge(logits: Tensor, tokens: slice) -> Tensor:
            return self.objective.base_nats(logits, _part(sheet.targets, tokens, logits.device))

        return token_scores(model, sheet.ids, sheet.selected, judge, machine)


def set_causal_exam(
    genome: PreparedGenome,
    regions: Sequence[Interval],
    tokens: WindowTokens,
    counting: MarkovModel,
    *,
    window: int,
    most: int,
    seed: int = 0,
) -> CausalExam:
    """Ask for the next token of every token of held-out windows.

    Parameters
    ----------
    genome : PreparedGenome
        Where the bases are.
    regions : sequence of Interval
        The held-out stretches.
    tokens : WindowTokens
        Cuts windows into tokens.
    counting : MarkovModel
        The bar.
    window : int
        Bases per window.
    most : int
        Largest number of windows.
    seed : int
        Decides nothing: every base is asked for.

    Returns
    -------
    CausalExam
        The exam.

    Raises
    ------
    InputError
        If no stretch holds a window, or no base can be asked for.
    """
    windows, blocks = tile_windows(genome, regions, length=window, most=most)
    objective = next_token_objective(tokens.tokenizer)
    shown = windows & np.uint8(BASE_BITS)
    truth: Truth = np.full(shown.shape, -1, dtype=np.int8)
    sheets = []
    for part, batch in cut_windows(tokens, windows):
        sheet, scored = _set_sheet(objective, batch, shown[part], first=part.start)
        truth[part][scored] = shown[part][scored]
        sheets.append(sheet)
    counts = (truth >= 0).sum(axis=1).astype(np.float64)
    if not counts.any():
        raise InputError(
            f"{len(blocks):,} held-out windows of {window:,} bases hold no base that could be asked for",
            fix="hold out records with fewer N, or take longer windows",
            path=genome.inputs[0]["path"],
        )
    return CausalExam(tuple(sheets), shown, truth, objective, counting, counts, blocks)


def tune_markov_model(counting: MarkovModel, exam: CausalExam) -> None:
    """Choose the strengths of a Markov model on the bases of a validation exam.

    Parameters
    ----------
    counting : MarkovModel
        Changed in place.
    exam : CausalExam
        Of windows that are neither counted nor tested.

    Examples
    --------
    >>> counting = MarkovModel({0: np.full((1, 4), 25), 1: np.full((4, 4), 6) + 9 * np.eye(4, dtype=int)})
    >>> shown = np.zeros((1, 9), dtype=np.uint8)
    >>> objective, counts, blocks = CausalObjective(range(4)), np.array([9.0]), np.array([0])
    >>> exam = CausalExam((), shown, shown.astype(np.int8), objective, counting, counts, blocks)
    >>> tune_markov_model(counting, exam)
    >>> counting.strengths  # A after A: the counts are worth more than the base frequencies
    {1: 2.0}
    """
    counting.tune(exam.shown, exam.truth)


def _set_sheet(
    objective: CausalObjective, batch: Batch, codes: Bases, *, first: int
) -> tuple[CausalSheet, npt.NDArray[np.bool_]]:
    """Say what follows in some windows, the number of the first of which is given, and which bases are scored."""
    inputs, targets = objective.corrupt(batch, 0)
    if inputs.selected is None:
        raise ValueError("a causal objective selects tokens")
    row, column = inputs.selected.nonzero().numpy().T
    end = batch.spans.expand(*batch.ids.shape, 2)[row, column + 1, 1].numpy()
    before = np.arange(int(targets.bases.max()) if len(row) else 0)  # A token's new bases are its last ones.
    new = before < targets.bases.numpy()[:, None]
    places = np.where(new, end[:, None] - 1 - before, 0)
    kept = ~(new & (codes[row[:, None], places] >= N)).any(axis=1)  # In layouts from elsewhere N can be a target.
    scored = np.zeros(codes.shape, dtype=np.bool_)
    of_kept = new & kept[:, None]
    scored[np.broadcast_to(row[:, None], places.shape)[of_kept], places[of_kept]] = True
    selected = inputs.selected.clone()
    selected[inputs.selected] = torch.from_numpy(kept)
    targets = CausalTargets(*(values[torch.from_numpy(kept)] for values in _columns(targets)))
    return CausalSheet(batch.ids, selected, targets, row[kept] + first), scored


def _part(targets: CausalTargets, tokens: slice, device: torch.device) -> CausalTargets:
    return CausalTargets(*(values[tokens].to(device) for values in _columns(targets)))


def _columns(targets: CausalTargets) -> tuple[Tensor, Tensor, Tensor]:
    return targets.tokens, targets.bases, targets.continues


@register
class CausalPart(PredictedBases):
    """Predict every token from those before it."""

    kind: Literal["causal"] = "causal"
    causal: ClassVar[bool] = True
    learned_by: ClassVar[str] = "predicting the next base"
    counting: ClassVar = MarkovModel
    likelihood: ClassVar = set_causal_exam
    tune: ClassVar = tune_markov_model

    def part(self, setting: Setting, windows: GenomeWindows, split: GenomeSplit) -> Part:
        """See `ObjectiveKind`."""
        return Part(next_token_objective(setting.tokens.tokenizer), windows)

    def sentence(self, classes: tuple[str, ...]) -> str:
        """See `ObjectiveKind`."""
        return "Every token but the first is predicted from those before it: nothing is hidden, the future is."
