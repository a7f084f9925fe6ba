"""Temperatures of a contrastive objective: given, learned, by formula, or held where the partner has probability p0.

A temperature that makes a task of 32 candidates hard makes one of 2,048 hopeless. What should stay the same when the
batch grows is the mean probability p_pos that an anchor gives its partner.

With one cosine s_p for all partners and one, s_n, for all others, p_pos = p0 holds exactly at

    τ = (s_p - s_n) / ln(p0 (B - 1) / (1 - p0)).

Real cosines scatter: a few hard negatives take more of the probability than the mean one (Jensen), and p_pos falls
short of p0, the more so the larger B. `FormulaTemperature` is the formula as it stands. `HeldTemperature` starts
from it and then solves p_pos(τ) = p0 on the cosines themselves.

Every module here takes the cosines of a batch and gives τ. What they remember is in buffers or parameters, so that
`state_dict` saves it; in evaluation mode nothing is remembered.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from genolect.errors import ConfigurationError
from genolect.objectives.info_nce import Similarities, info_nce, summed

LOWEST, HIGHEST = 0.01, 10.0
"""Bounds of every temperature: below, only the nearest candidate counts; above, all candidates are alike."""

SEARCH_STEPS = torch.linspace(-math.log(2), math.log(2), 9, dtype=torch.float64)
"""Logarithmic distances of the temperatures tried from the one in use."""
FIRST_SEARCHES = 12


def formula_temperature(positive: float, negative: float, p_pos: float, candidates: float) -> float:
    """Give the temperature at which the partner has probability p0, if all partners and all others are alike.

    Parameters
    ----------
    positive, negative : float
        s_p and s_n: mean cosine of partners, and of others.
    p_pos : float
        p0, above chance and below 1.
    candidates : float
        B, the partner included.

    Returns
    -------
    float
        τ within `LOWEST` and `HIGHEST`; `LOWEST` also where partners are no nearer than others.

    Raises
    ------
    ConfigurationError
        If p0 is not above chance.

    Examples
    --------
    >>> round(formula_temperature(0.8, 0.1, 0.5, 32), 4)
    0.2038
    """
    if not 1 / candidates < p_pos < 1:
        chance = f"{1 / candidates:.4g}"
        what = f"p_pos {p_pos} among {candidates:g} candidates must lie above chance, {chance}, and below 1"
        raise ConfigurationError(what, fix="give a larger p_pos or more windows")
    return min(max((positive - negative) / math.log(p_pos * (candidates - 1) / (1 - p_pos)), LOWEST), HIGHEST)


class FixedTemperature(nn.Module):
    """A given number.

    Parameters
    ----------
    temperature : float
        τ.

    Examples
    --------
    >>> float(FixedTemperature(0.5)(Similarities(torch.zeros(1, 2), torch.tensor([0]))))
    0.5
    """

    value: Tensor

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.register_buffer("value", torch.tensor(_within_bounds(temperature)))

    def forward(self, similarities: Similarities) -> Tensor:
        """Give τ, shape ()."""
        return self.value.to(similarities.cosines)


class LearnedTemperature(nn.Module):
    """A parameter, ln τ, that is trained with the others and kept within bounds.

    Parameters
    ----------
    temperature : float
        τ at the beginning.

    Examples
    --------
    >>> LearnedTemperature(0.5)(Similarities(torch.zeros(1, 2), torch.tensor([0])))
    tensor(0.5000, grad_fn=...)
    """

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.logarithm = nn.Parameter(torch.tensor(math.log(_within_bounds(temperature))))

    def forward(self, similarities: Similarities) -> Tensor:
        """Give τ, shape (), with its gradient."""
        with torch.no_grad():  # The parameter itself is clamped: beyond a clamp in the graph it would have no gradient.
            self.logarithm.clamp_(math.log(LOWEST), math.log(HIGHEST))
        return self.logarithm.exp().to(similarities.cosines)


class FormulaTemperature(nn.Module):
    """The formula with running means of s_p and s_n.

    Parameters
    ----------
    p_pos : float
        p0.
    momentum : float
        Weight of the past in the running means.

    Examples
    --------
    >>> cosines = torch.full((32, 32), 0.1).fill_diagonal_(0.8)
    >>> round(float(FormulaTemperature(0.5)(Similarities(cosines, torch.arange(32)))), 4)
    0.2038
    """

    positive: Tensor
    negative: Tensor
    seen: Tensor

    def __init__(self, p_pos: float, momentum: float = 0.9) -> None:
        super().__init__()
        self.p_pos, self.momentum = _probability(p_pos), _momentum(momentum)
        for name in ("positive", "negative", "seen"):
            self.register_buffer(name, torch.zeros((), dtype=torch.float64))

    @torch.no_grad()
    def forward(self, similarities: Similarities) -> Tensor:
        """Give τ, shape (); the batch counts among the running means."""
        positive, negative, candidates = mean_cosines(similarities)
        if self.seen:
            past = self.momentum if self.training else 1.0
            positive = past * float(self.positive) + (1 - past) * positive
            negative = past * float(self.negative) + (1 - past) * negative
        if self.training:
            self.positive.fill_(positive)
            self.negative.fill_(negative)
            self.seen.fill_(1)
        return similarities.cosines.new_tensor(formula_temperature(positive, negative, self.p_pos, candidates))


class HeldTemperature(nn.Module):
    """The temperature at which the mean probability of the partner really is p0.

    Each batch says at which of nine temperatures around the one in use, from half of it to twice, p_pos crosses p0 (the
    highest such crossing, interpolated); τ is the running geometric mean of these answers. Where p0 is out of reach,
    because too many partners are not the nearest candidate, τ goes to where p_pos is largest.

    Parameters
    ----------
    p_pos : float
        p0.
    momentum : float
        Weight of the past.

    Examples
    --------
    >>> cosines = torch.full((32, 32), 0.1).fill_diagonal_(0.8)
    >>> round(float(HeldTemperature(0.5)(Similarities(cosines, torch.arange(32)))), 3)
    0.204
    """

    logarithm: Tensor
    seen: Tensor

    def __init__(self, p_pos: float, momentum: float = 0.9) -> None:
        super().__init__()
        self.p_pos, self.momentum = _probability(p_pos), _momentum(momentum)
        for name in ("logarithm", "seen"):
            self.register_buffer(name, torch.zeros((), dtype=torch.float64))

    @torch.no_grad()
    def forward(self, similarities: Similarities) -> Tensor:
        """Give τ, shape (); the batch counts in it."""
        logarithm = float(self.logarithm)
        if not self.seen:
            positive, negative, candidates = mean_cosines(similarities)
            logarithm = math.log(formula_temperature(positive, negative, self.p_pos, candidates))
            for _ in range(FIRST_SEARCHES):
                logarithm = self._crossing(similarities, logarithm)
        elif self.training:
            crossing = self._crossing(similarities, logarithm)
            logarithm = self.momentum * logarithm + (1 - self.momentum) * crossing
        if self.training:
            self.logarithm.fill_(logarithm)
            self.seen.fill_(1)
        return similarities.cosines.new_tensor(math.exp(logarithm))

    def _crossing(self, similarities: Similarities, centre: float) -> float:
        """Find ln τ at which p_pos crosses p0, near the one in use; the same on every rank."""
        tried = (centre + SEARCH_STEPS).clamp(math.log(LOWEST), math.log(HIGHEST)).tolist()
        sums = [info_nce(similarities, math.exp(value)).neg().exp().sum(dtype=torch.float64) for value in tried]
        count = sums[0].new_tensor(len(similarities.partner))
        total = summed(torch.stack((*sums, count)))
        p_pos = (total[:-1] / total[-1]).tolist()
        if p_pos[-1] >= self.p_pos:
            return float(tried[-1])
        for lower in reversed(range(len(tried) - 1)):
            above, below = p_pos[lower] - self.p_pos, self.p_pos - p_pos[lower + 1]
            if above >= 0:
                return float(tried[lower] + (tried[lower + 1] - tried[lower]) * above / (above + below))
        return float(tried[p_pos.index(max(p_pos))])


def mean_cosines(similarities: Similarities) -> tuple[float, float, float]:
    """Give s_p, s_n, and how many candidates an anchor has on average; over all ranks.

    Parameters
    ----------
    similarities : Similarities
        The cosines of a batch.

    Returns
    -------
    tuple of float
        Mean cosine of partners, mean cosine of the others, and their number with the partner.

    Raises
    ------
    ConfigurationError
        If no anchor has a candidate beside its partner.

    Examples
    --------
    >>> mean_cosines(Similarities(torch.tensor([[0.5, 0.25], [0.0, 1.0]]), torch.arange(2)))
    (0.75, 0.125, 2.0)
    """
    negative = similarities.negative
    counted = negative > -math.inf
    sums = (similarities.positive, torch.where(counted, negative, 0.0), counted)
    anchors = torch.tensor(len(negative), dtype=torch.float64, device=negative.device)
    total = summed(torch.stack([*(part.sum(dtype=torch.float64) for part in sums), anchors]))
    positives, negatives, pairs, count = total.tolist()
    if not pairs:
        what = "no window has another one to be told from"
        raise ConfigurationError(what, fix="give more windows per batch, from places further apart")
    return positives / count, negatives / pairs, 1 + pairs / count


def _within_bounds(temperature: float) -> float:
    if not LOWEST <= temperature <= HIGHEST:
        what = f"the temperature {temperature} must lie between {LOWEST} and {HIGHEST}"
        raise ConfigurationError(what, fix="0.05 to 0.5 are usual")
    return temperature


def _probability(p_pos: float) -> float:
    if not 0 < p_pos < 1:
        raise ConfigurationError(f"p_pos {p_pos} must lie between 0 and 1", fix="0.5 is a beginning")
    return p_pos


def _momentum(momentum: float) -> float:
    if not 0 <= momentum < 1:
        raise ConfigurationError(f"momentum {momentum} must be at least 0 and below 1", fix="0.9 is a beginning")
    return momentum
