"""Contrastive learning: two views of one window are nearer to each other than to any other window.

Oord et al. 2018 (doi:10.48550/arXiv.1807.03748); the symmetric form as in Radford et al. 2021
(doi:10.48550/arXiv.2103.00020). Negatives are the other windows of the batch, on all ranks.

Legend: B pairs of this rank, W bases per window, L tokens, P entries of a vector, C pairs of all ranks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from genolect.config import Configuration
from genolect.errors import ConfigurationError
from genolect.objectives.info_nce import compared, gathered, info_nce
from genolect.objectives.masking import MOST_TOKENS, RESOLUTION, counter_words
from genolect.objectives.objective import Batch, Inputs
from genolect.objectives.temperature import (
    HIGHEST,
    LOWEST,
    FixedTemperature,
    FormulaTemperature,
    HeldTemperature,
    LearnedTemperature,
)
from genolect.objectives.token_layout import UNKNOWN_BIT, reverse_complement_rows
from genolect.random import derived_key, key_words

View = Callable[[Tensor, int], Tensor]
"""Takes bases, a tensor of uint8 of shape (B, W), and a key; gives bases of shape (B, W or fewer)."""

_LETTER_BITS = 0b0011


def composed(*views: View) -> View:
    """Chain views, each with a key of its own; none at all changes nothing.

    Parameters
    ----------
    *views : callable
        The views, the first one first.

    Returns
    -------
    callable
        The view.

    Examples
    --------
    >>> view = composed(cropped(3), reverse_complemented(1.0))
    >>> view(torch.zeros((1, 5), dtype=torch.uint8), 7).tolist()
    [[3, 3, 3]]
    """

    def view(bases: Tensor, key: int) -> Tensor:
        for number, part in enumerate(views):
            bases = part(bases, derived_key(key, "view", number))
        return bases

    return view


def reverse_complemented(rate: float) -> View:
    """Read each window from the other strand with some probability.

    Parameters
    ----------
    rate : float
        The probability.

    Returns
    -------
    callable
        The view.

    Raises
    ------
    ValueError
        If the rate is no probability.

    Examples
    --------
    >>> reverse_complemented(1.0)(torch.tensor([[0, 0, 9]], dtype=torch.uint8), 7).tolist()
    [[10, 3, 3]]
    """
    limit = _limit(rate)
    return lambda bases, key: reverse_complement_rows(bases, _words(bases[:, 0], key)[0] < limit)


def cropped(length: int) -> View:
    """Keep a stretch of each window, at a place drawn evenly for each window.

    Parameters
    ----------
    length : int
        Bases to keep.

    Returns
    -------
    callable
        The view; it refuses windows that are shorter with a ValueError.

    Raises
    ------
    ValueError
        If nothing would be kept.

    Examples
    --------
    >>> cropped(2)(torch.tensor([[0, 1, 2, 3]], dtype=torch.uint8), 7).shape
    torch.Size([1, 2])
    """
    if length < 1:
        raise ValueError(f"a crop of {length} bases keeps nothing")

    def view(bases: Tensor, key: int) -> Tensor:
        places = bases.shape[1] - length + 1
        if places < 1:
            raise ValueError(f"{length} bases cannot be cropped out of windows of {bases.shape[1]}")
        starts = _words(bases[:, 0], key)[0] * places >> 32
        return bases.gather(1, starts[:, None] + torch.arange(length, device=bases.device))

    return view


def shifted(most: int) -> View:
    """Crop so that two views of one window are shifted against each other by at most so many bases.

    Parameters
    ----------
    most : int
        Bases; each view is shorter than the window by as many.

    Returns
    -------
    callable
        The view; it refuses windows that are not longer than the shift with a ValueError.

    Raises
    ------
    ValueError
        If the shift is negative.

    Examples
    --------
    >>> shifted(1)(torch.tensor([[0, 1, 2, 3]], dtype=torch.uint8), 7).shape
    torch.Size([1, 3])
    """
    if most < 0:
        raise ValueError(f"a shift of {most} bases is none")
    return lambda bases, key: cropped(bases.shape[1] - most)(bases, key)


def mutated(rate: float) -> View:
    """Replace each base by one of the other three with some probability; N stays N, and no base becomes N.

    Parameters
    ----------
    rate : float
        The probability, a multiple of 2^-32.

    Returns
    -------
    callable
        The view; it refuses 2^32 bases or more with a ValueError.

    Raises
    ------
    ValueError
        If the rate is no probability.

    Examples
    --------
    >>> mutated(0.0)(torch.tensor([[0, 12, 3]], dtype=torch.uint8), 7).tolist()
    [[0, 12, 3]]
    """
    limit = _limit(rate)

    def view(bases: Tensor, key: int) -> Tensor:
        left, right = _words(bases, key)
        other = (bases + (1 + (right * _LETTER_BITS >> 32)).to(torch.uint8)) & _LETTER_BITS
        struck = (left < limit) & ((bases & UNKNOWN_BIT) == 0)
        return torch.where(struck, (bases & ~_LETTER_BITS) | other, bases)

    return view


def _limit(rate: float) -> int:
    if not 0 <= rate <= 1:
        raise ValueError(f"the rate {rate} must lie between 0 and 1")
    return round(rate * RESOLUTION)


def _words(places: Tensor, key: int) -> tuple[Tensor, Tensor]:
    """Draw two random words of 32 bits for each entry of a tensor, whatever it holds."""
    if places.numel() >= MOST_TOKENS:
        raise ValueError(f"{places.numel()} draws at once need fewer than 2^32")
    return counter_words(torch.arange(places.numel(), device=places.device).view(places.shape), *key_words(key))


class ContrastiveConfig(Configuration):
    """How the views of a window differ, and what tells them from other windows.

    Attributes
    ----------
    reverse_complement : float
        Probability that the second view is read from the other strand.
    shift : int
        Most bases by which the two views are shifted against each other; both are shorter by as many.
    crop : int
        Bases that each view keeps, at a place of its own; 0 for all.
    mutation_rate : float
        Probability that a base is replaced by another, in each view.
    symmetric : bool
        Whether both views of a pair look for their partners, or the first only.
    rule : {'held', 'formula', 'learned', 'fixed'}
        Where the temperature comes from (see `objectives.temperature`).
    temperature : float
        The temperature, where it is fixed; its beginning, where it is learned.
    p_pos : float
        Mean probability of the partner that is aimed at, where the temperature is held or follows the formula.
    momentum : float
        Weight of the past in what the temperature remembers.
    spare_overlaps : bool
        Whether windows that overlap in the genome are no negatives of each other.
    """

    reverse_complement: float = Field(0.5, ge=0, le=1)
    shift: int = Field(0, ge=0)
    crop: int = Field(0, ge=0)
    mutation_rate: float = Field(0.05, ge=0, le=1)
    symmetric: bool = True
    rule: Literal["held", "formula", "learned", "fixed"] = "held"
    temperature: float = Field(0.1, ge=LOWEST, le=HIGHEST)
    p_pos: float = Field(0.5, gt=0, lt=1)
    momentum: float = Field(0.9, ge=0, lt=1)
    spare_overlaps: bool = False

    @model_validator(mode="after")
    def _views_differ(self) -> ContrastiveConfig:
        if not (self.reverse_complement or self.shift or self.crop or self.mutation_rate):
            raise ValueError("the two views are the same: give reverse_complement, shift, crop or mutation_rate")
        return self

    def views(self) -> tuple[View, View]:
        """Give the two views; only the second one ever changes the strand."""
        crop = (cropped(self.crop),) if self.crop else ()
        cut = (shifted(self.shift), *crop)
        mutation = mutated(self.mutation_rate)
        return composed(*cut, mutation), composed(*cut, reverse_complemented(self.reverse_complement), mutation)

    def new_temperature(self) -> nn.Module:
        """Give the temperature's module, at its beginning."""
        match self.rule:
            case "fixed":
                return FixedTemperature(self.temperature)
            case "learned":
                return LearnedTemperature(self.temperature)
            case "formula":
                return FormulaTemperature(self.p_pos, self.momentum)
            case "held":
                return HeldTemperature(self.p_pos, self.momentum)


@dataclass(frozen=True)
class ContrastiveMetrics:
    """Sums over anchors and their count, so that they add across batches and ranks.

    Attributes
    ----------
    nats : float
        Summed loss.
    count : int
        Number of anchors.
    p_pos : float
        Summed probability of the partner.
    correct : int
        Anchors to which no candidate is as near as their partner.
    temperature : float
        Summed temperature, once per anchor.
    """

    nats: float = 0.0
    count: int = 0
    p_pos: float = 0.0
    correct: int = 0
    temperature: float = 0.0

    def __add__(self, other: ContrastiveMetrics) -> ContrastiveMetrics:
        return ContrastiveMetrics(
            self.nats + other.nats,
            self.count + other.count,
            self.p_pos + other.p_pos,
            self.correct + other.correct,
            self.temperature + other.temperature,
        )

    def means(self) -> dict[str, float]:
        """Give the means over anchors: nats, p_pos, accuracy, temperature; NaN where there is no anchor."""
        sums = {"nats": self.nats, "p_pos": self.p_pos, "accuracy": self.correct, "temperature": self.temperature}
        return {name: value / self.count if self.count else math.nan for name, value in sums.items()}


@dataclass(frozen=True)
class Pairs:
    """What the loss has to know about the pairs.

    Attributes
    ----------
    places : Tensor of int64, shape (B, 2), or None
        First base and record of each window, where overlapping windows are spared.
    bases : int
        Bases per window in the genome.
    """

    places: Tensor | None
    bases: int


def overlaps(own: Tensor, others: Tensor, bases: int) -> Tensor:
    """Say which windows share a base.

    Parameters
    ----------
    own : Tensor of int64, shape (B, 2)
        First base and number of the record of each window.
    others : Tensor of int64, shape (C, 2)
        Of the windows to compare with.
    bases : int
        Bases per window.

    Returns
    -------
    Tensor of bool, shape (B, C)
        Whether they do.

    Examples
    --------
    >>> places = torch.tensor([[100, 1], [104, 1], [105, 2]])
    >>> overlaps(places, places, 5).int().tolist()
    [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    """
    distance = (own[:, None, 0] - others[None, :, 0]).abs()
    return (distance < bases) & (own[:, None, 1] == others[None, :, 1])


class ContrastiveObjective:
    """The contrastive objective for one tokenizer.

    Parameters
    ----------
    config : ContrastiveConfig
        Views and temperature.
    ids_of : callable
        Turns bases, (B, W), into tokens, (B, L).
    paired : bool
        Whether a batch already holds pairs, as 2 B windows, the partners of the first B after them (orthologous
        genes); otherwise each window is its own partner.

    Attributes
    ----------
    temperature : Module
        What it learns or remembers has to be trained and saved with the model.
    """

    reads: Literal["pooled"] = "pooled"
    causal: bool | None = None
    metrics = ContrastiveMetrics

    def __init__(self, config: ContrastiveConfig, ids_of: Callable[[Tensor], Tensor], *, paired: bool = False) -> None:
        self.config = config
        self.ids_of = ids_of
        self.paired = paired
        self.temperature = config.new_temperature()
        self._views = config.views()

    def corrupt(self, batch: Batch, key: int) -> tuple[Inputs, Pairs]:
        """Make two views of each window.

        Parameters
        ----------
        batch : Batch
            Windows; only their bases are read, and their places where overlaps are spared.
        key : int
            Every draw is a function of it.

        Returns
        -------
        inputs : Inputs
            2 B windows: the first views, then the second ones.
        targets : Pairs
            For `loss`.

        Raises
        ------
        ConfigurationError
            If overlaps are to be spared and places are not given, or a batch of pairs has an odd number of windows.
        """
        bases, places = batch.bases, batch.places
        if self.paired and len(bases) % 2:
            raise ConfigurationError(f"{len(bases)} windows are not pairs", fix="give partners after the first halves")
        firsts, seconds = bases.chunk(2) if self.paired else (bases, bases)
        if self.config.spare_overlaps and (places is None or places.shape != (len(firsts), 2)):
            given = "no places" if places is None else f"places of shape {[*places.shape]}"
            what = f"spare_overlaps needs the place of each of {len(firsts)} windows, given {given}"
            raise ConfigurationError(what, fix="set spare_overlaps = false, or sample windows with their places")
        view, other_view = self._views
        views = view(firsts, derived_key(key, "views", 0)), other_view(seconds, derived_key(key, "views", 1))
        kept = places if self.config.spare_overlaps else None
        return Inputs(self.ids_of(torch.cat(views)), None), Pairs(kept, bases.shape[1])

    def loss(self, outputs: Tensor, targets: Pairs) -> tuple[Tensor, ContrastiveMetrics]:
        """InfoNCE of the embeddings, with the pairs of all ranks as candidates.

        Parameters
        ----------
        outputs : Tensor, shape (2 B, P)
            Embeddings of the first views, then of the second ones.
        targets : Pairs
            From `corrupt`.

        Returns
        -------
        loss : Tensor, shape ()
            Mean over this rank's anchors, in nats.
        metrics : ContrastiveMetrics
            Of this rank's anchors.

        Raises
        ------
        ConfigurationError
            If there is nothing to tell a window from.
        """
        first, second = outputs.chunk(2)
        places = targets.places
        left_out = None if places is None else overlaps(places, gathered(places), targets.bases)
        similarities = compared(first, second, symmetric=self.config.symmetric, left_out=left_out)
        if similarities.cosines.shape[1] < 2:
            raise ConfigurationError("a single pair has no negatives", fix="give at least two windows per batch")
        temperature = self.temperature(similarities)
        nats = info_nce(similarities, temperature)
        with torch.no_grad():
            correct = similarities.positive > similarities.negative.amax(1)
            parts = (nats, nats.neg().exp(), correct, temperature.expand(len(nats)))
            sums = torch.stack([part.sum(dtype=torch.float64) for part in parts]).tolist()
        return nats.mean(), ContrastiveMetrics(sums[0], len(nats), sums[1], int(sums[2]), sums[3])
