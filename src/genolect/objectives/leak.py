r"""What a masked objective asks for, and how much of it it gives away: measured from the corruption alone.

Two leaks are told apart, both in bits with an interval.

*At the place.* What is shown for a selected base: I(Y; X̃ | selected), with Y the base and X̃ what the selected tokens
that hold it show of it: how many of them say A, C, G, T; one that is hidden says nothing. It is 0 where bases are
hidden or replaced, and as `leak_formulas.kept_information` says where some are kept (less for overlapping tokens,
which may all be hidden with a neighbour); under DNABERT's scheme, as `leak_formulas.copies_information` says (but near
a window's ends, where fewer tokens hold a base). Where words have different lengths (byte-pair), Y and X̃ are tokens:
with fewer draws than pairs of tokens the value is too small, though still 0 where nothing is told. What the ends of
hidden byte-pair words tell is not counted.

*By the neighbours.* Overlapping tokens outside the selection show bases of the selected ones. These bases are in the
loss, but nobody has to learn anything for them.

Legend: B windows, W bases per window, L tokens, k bases per word.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genolect.arrays import Floats
from genolect.objectives.masked import UNKNOWN, MaskedBases
from genolect.objectives.objective import Batch, Inputs
from genolect.objectives.token_layout import BASE_BITS, Layout, token_layout
from genolect.random import derived_generator, derived_key

PERMUTATIONS = 40
_NORMAL = 1.96

PairCounts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LeakEstimate:
    """A figure with its interval.

    Attributes
    ----------
    value : float
        The estimate.
    low, high : float
        95 % interval.
    """

    value: float
    low: float
    high: float


def mutual_information(first: PairCounts, second: PairCounts, groups: PairCounts, *, seed: int = 0) -> LeakEstimate:
    """Estimate how many bits one variable tells of another.

    The plug-in estimate is too large, most of all where both take many values; the mean over 40 random permutations of
    the second variable, which tell nothing, is subtracted. The interval joins the spread over the groups and that of
    the permutations, and may reach below 0.

    Parameters
    ----------
    first, second : ndarray of int64, shape (n,)
        The variables; any codes, not negative.
    groups : ndarray of int64, shape (n,)
        What each draw belongs to (its window); draws of a group may depend on each other.
    seed : int
        Of the permutations.

    Returns
    -------
    LeakEstimate
        In bits; NaN where there is no draw.

    Examples
    --------
    >>> one, groups = np.arange(4000) % 4, np.arange(4000) // 100
    >>> round(mutual_information(one, one, groups).value, 2), mutual_information(one, one // 4, groups).value
    (2.0, 0.0)
    """
    if not len(first):
        return LeakEstimate(np.nan, np.nan, np.nan)
    first, second = (np.unique(codes, return_inverse=True)[1].astype(np.int64) for codes in (first, second))
    shape = int(first.max()) + 1, int(second.max()) + 1
    pointwise = _pointwise(first, second, shape)
    value = float(pointwise.mean())
    generator = derived_generator(seed, "permutations")
    chance = [float(_pointwise(first, generator.permutation(second), shape).mean()) for _ in range(PERMUTATIONS)]
    spread = np.bincount(np.unique(groups, return_inverse=True)[1], weights=pointwise - value)
    deviation = np.hypot(np.sqrt((spread**2).sum()) / len(first), np.std(chance, ddof=1))
    return _estimate(value - float(np.mean(chance)), float(deviation))


def ratio(sums: npt.ArrayLike, counts: npt.ArrayLike) -> LeakEstimate:
    """Estimate a mean from the sums and counts of groups.

    Parameters
    ----------
    sums, counts : array_like, shape (G,)
        What was summed up in each group, and over how many.

    Returns
    -------
    LeakEstimate
        All sums by all counts; NaN where nothing was counted.

    Examples
    --------
    >>> ratio([1, 1, 1], [4, 4, 4])
    LeakEstimate(value=0.25, low=0.25, high=0.25)
    """
    tops, bottoms = np.asarray(sums, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    if not bottoms.sum():
        return LeakEstimate(np.nan, np.nan, np.nan)
    value = tops.sum() / bottoms.sum()
    return _estimate(float(value), float(np.sqrt(((tops - value * bottoms) ** 2).sum()) / bottoms.sum()))


def _estimate(value: float, deviation: float) -> LeakEstimate:
    return LeakEstimate(value, value - _NORMAL * deviation, value + _NORMAL * deviation)


def _pointwise(first: PairCounts, second: PairCounts, shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Give log2 of how much more often than by chance each draw's pair occurs."""
    pairs = first * shape[1] + second
    together = np.bincount(pairs, minlength=shape[0] * shape[1])
    alone = np.bincount(first, minlength=shape[0]).astype(np.float64), np.bincount(second, minlength=shape[1])
    found: npt.NDArray[np.float64] = np.log2(together[pairs] * len(pairs) / (alone[0][first] * alone[1][second]))
    return found


_COUNTED = ("predictable", "selected", "bases", "hidden", "unprinted", "shown", "readable")

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Leak:
    """How much is asked for, and how much of it is given away.

    Attributes
    ----------
    tokens_in_loss : LeakEstimate
        Share of the predictable tokens that are selected.
    bases_hidden : LeakEstimate
        Share of the bases (N apart) that no token outside the selection shows, and that a selected one holds.
    bases_unprinted : LeakEstimate
        Share of the bases that no kept token shows either.
    told_at_place : LeakEstimate
        Bits that what is shown at a selected place tells of it, per `unit`.
    unit : {'base', 'token'}
        What that is counted for.
    told_by_neighbours : LeakEstimate
        Bits of a selected token that tokens outside the selection show, bases taken as independent.
    readable_tokens : LeakEstimate
        Share of the selected tokens that are guessed by reading off those bases, and taking the most frequent base for
        all others.
    """

    tokens_in_loss: LeakEstimate
    bases_hidden: LeakEstimate
    bases_unprinted: LeakEstimate
    told_at_place: LeakEstimate
    unit: Literal["base", "token"]
    told_by_neighbours: LeakEstimate
    readable_tokens: LeakEstimate


def measure_leak(objective: MaskedBases, batches: Iterable[Batch], *, seed: int = 0) -> Leak:
    """Corrupt windows, and measure what is given away.

    Parameters
    ----------
    objective : MaskedBases
        The objective.
    batches : iterable of Batch
        Windows; a thousand or more in all give useful intervals.
    seed : int
        Of the corruptions.

    Returns
    -------
    Leak
        Shares and bits, the windows being the groups of the intervals.

    Examples
    --------
    >>> from genolect.objectives.masking import word_codes
    >>> from genolect.objectives.masked import Vocabulary
    >>> from genolect.objectives.masked import MaskedBasesConfig
    >>> bases = torch.arange(6000, dtype=torch.uint8).view(20, 300) % 4
    >>> spans = torch.arange(300)[:, None] + torch.tensor([0, 1])
    >>> words = Vocabulary(mask_id=5, targets=range(4), codes=word_codes("ACGT"))
    >>> objective = MaskedBases(MaskedBasesConfig(hidden_share=1.0, random_share=0.0), words)
    >>> measure_leak(objective, [Batch(bases, bases.long(), spans)]).told_at_place.value
    0.0
    """
    batches = list(batches)
    codes = torch.cat([(batch.bases & BASE_BITS).flatten() for batch in batches])
    seen = torch.bincount(codes, minlength=UNKNOWN)[:UNKNOWN].double()
    frequencies = (seen / seen.sum()).tolist()
    counts, draws = [], []
    for step, batch in enumerate(batches):
        inputs, targets = objective.corrupt(batch, derived_key(seed, "leak", step))
        layout = token_layout(batch.spans, batch.bases.shape[1])
        counts.append(_counts(objective, batch, inputs, layout, max(frequencies)))
        draws.append(_draws(objective, batch, inputs, layout, targets.bases))
        draws[-1][2] += sum(map(len, counts[:-1]))
    sums = dict(zip(_COUNTED, np.concatenate(counts).T, strict=True))
    entropy = -sum(share * math.log2(share) for share in frequencies if share)
    return Leak(
        tokens_in_loss=ratio(sums["selected"], sums["predictable"]),
        bases_hidden=ratio(sums["hidden"], sums["bases"]),
        bases_unprinted=ratio(sums["unprinted"], sums["bases"]),
        told_at_place=mutual_information(*np.concatenate(draws, axis=1), seed=seed),
        unit="token" if objective.words.codes is None else "base",
        told_by_neighbours=ratio(entropy * sums["shown"], sums["selected"]),
        readable_tokens=ratio(sums["readable"], sums["selected"]),
    )


def _counts(objective: MaskedBases, batch: Batch, inputs: Inputs, layout: Layout, best: float) -> Floats:
    """Count tokens and bases of each window: shape (B, 7), as `_COUNTED` names them."""
    selected = _chosen(inputs)
    predictable = objective.predictable(batch.ids)
    known = (batch.bases & BASE_BITS) < UNKNOWN
    visible = layout.covered(predictable & ~selected)
    hidden = known & layout.covered(selected) & ~visible
    unprinted = hidden & ~layout.covered(selected & (inputs.ids == batch.ids))
    shown = layout.count(visible)
    readable = best ** (layout.ends - layout.starts - shown).double()
    each = (predictable, selected, known, hidden, unprinted, selected * shown, selected * readable)
    return torch.stack([flags.double().sum(1) for flags in each], dim=1).cpu().numpy()


def _draws(objective: MaskedBases, batch: Batch, inputs: Inputs, layout: Layout, asked: Tensor) -> Counts:
    """Give, for every base asked for (every token, where words differ in length), truth, what is shown, and window."""
    codes, selected = objective.words.codes, _chosen(inputs)
    if codes is None:
        found = [batch.ids[selected], inputs.ids[selected], selected.nonzero()[:, 0]]
        return torch.stack(found).cpu().numpy()
    B, W = batch.bases.shape
    rows, tokens = (selected & objective.predictable(inputs.ids)).nonzero().T
    starts = layout.starts.expand_as(selected)
    k = int((layout.ends - layout.starts).max())
    said = torch.zeros(B * W * UNKNOWN, dtype=torch.int64, device=selected.device)
    words = codes.to(selected.device)[inputs.ids[rows, tokens] - objective.words.targets.start]
    for place in range(k):
        base = words >> 2 * (k - 1 - place) & 3
        where = (rows * W + starts[rows, tokens] + place) * UNKNOWN + base
        said.scatter_add_(0, where, torch.ones_like(where))
    # How many tokens say A, C, G, T, written as one number.
    numerals = (k + 1) ** torch.arange(UNKNOWN, device=selected.device)
    shown = (said.view(B, W, UNKNOWN) * numerals).sum(-1)
    truth = (batch.bases & BASE_BITS).long()
    return torch.stack([truth[asked], shown[asked], asked.nonzero()[:, 0]]).cpu().numpy()


def _chosen(inputs: Inputs) -> Tensor:
    if inputs.selected is None:
        raise ValueError("these inputs have no selected tokens")
    return inputs.selected
