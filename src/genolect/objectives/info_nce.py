"""InfoNCE: which of the candidates is an anchor's partner (van den Oord et al. 2018, doi:10.48550/arXiv.1807.03748).

Legend: R pairs of this rank, A anchors (R, or 2 R where both members of a pair ask), C candidates (pairs of all ranks),
P entries of a vector.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed
from torch.nn import functional

from genolect.errors import ConfigurationError


def rank_and_ranks() -> tuple[int, int]:
    """Give the number of this rank, and how many there are.

    Returns
    -------
    tuple of int
        (0, 1) without a process group.

    Examples
    --------
    >>> rank_and_ranks()
    (0, 1)
    """
    if not (distributed.is_available() and distributed.is_initialized()):
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()


def gathered(values: Tensor) -> Tensor:
    """Join the rows of all ranks, in the order of the ranks.

    Parameters
    ----------
    values : Tensor, shape (R, ...)
        This rank's rows; on every rank of the same shape.

    Returns
    -------
    Tensor, shape (ranks x R, ...)
        The rows; gradients go back to their owners, summed over ranks.

    Raises
    ------
    ConfigurationError
        If the ranks do not have equally many rows.

    Examples
    --------
    >>> gathered(torch.tensor([[1.0], [2.0]])).tolist()
    [[1.0], [2.0]]
    """
    _, ranks = rank_and_ranks()
    if ranks == 1:
        return values
    count = torch.tensor([len(values)], device=values.device)
    counts = [torch.empty_like(count) for _ in range(ranks)]
    distributed.all_gather(counts, count)
    if len({int(other) for other in counts}) > 1:
        given = ", ".join(str(int(other)) for other in counts)
        raise ConfigurationError(f"the ranks bring {given} windows", fix="give each rank as many as the others")
    joined: Tensor = _Gathered.apply(values)  # type: ignore[no-untyped-call]
    return joined


def summed(values: Tensor) -> Tensor:
    """Add up what all ranks have; no gradient passes.

    Parameters
    ----------
    values : Tensor
        Of the same shape on every rank.

    Returns
    -------
    Tensor
        The sum, the same on every rank.

    Examples
    --------
    >>> summed(torch.tensor([1.0, 2.0])).tolist()
    [1.0, 2.0]
    """
    total = values.detach().clone()
    if rank_and_ranks()[1] > 1:
        distributed.all_reduce(total)
    return total


class _Gathered(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        context.rows = len(values)
        parts = [torch.empty_like(values, memory_format=torch.contiguous_format) for _ in range(rank_and_ranks()[1])]
        distributed.all_gather(parts, values.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        total = summed(gradients[0].contiguous())
        first = rank_and_ranks()[0] * context.rows
        return total[first : first + context.rows]


@dataclass(frozen=True)
class Similarities:
    """Cosines between anchors and candidates.

    Attributes
    ----------
    cosines : Tensor, shape (A, C)
        The cosines; -inf for a pair that is left out.
    partner : Tensor of int64, shape (A,)
        Which candidate is the anchor's partner.
    """

    cosines: Tensor
    partner: Tensor

    @property
    def positive(self) -> Tensor:
        """Cosine of each anchor and its partner, shape (A,)."""
        return self.cosines.gather(1, self.partner[:, None])[:, 0]

    @property
    def negative(self) -> Tensor:
        """The cosines without those of the partners: -inf in their places, shape (A, C)."""
        return self.cosines.scatter(1, self.partner[:, None], -math.inf)


def compared(first: Tensor, second: Tensor, *, symmetric: bool = True, left_out: Tensor | None = None) -> Similarities:
    """Compare the first members of all pairs with the second ones, across ranks where there are several.

    Parameters
    ----------
    first, second : Tensor, shape (R, P)
        Embeddings of the two members of each of this rank's pairs; a vector of zeros has cosine 0 with everything.
    symmetric : bool
        Whether the second members ask as well, among the first ones.
    left_out : Tensor of bool, shape (R, C), optional
        Pairs that are no negatives of each other, though not partners; an anchor's partner is never left out.

    Returns
    -------
    Similarities
        In the anchors' order: all first members, then all second ones. At least float32.

    Raises
    ------
    ValueError
        If the shapes do not match.

    Examples
    --------
    >>> first, second = torch.eye(2), torch.tensor([[3.0, 4.0], [0.0, 2.0]])
    >>> compared(first, second, symmetric=False).cosines
    tensor([[0.6000, 0.0000],
            [0.8000, 1.0000]])
    """
    if first.shape != second.shape or first.dim() != 2:
        raise ValueError(f"pairs need two tensors of one shape (R, P), not {[*first.shape]} and {[*second.shape]}")
    precision = torch.promote_types(first.dtype, torch.float32)
    units = functional.normalize(torch.stack((first, second), 1).to(precision), dim=-1)
    everyone = gathered(units)
    asking = ((0, 1), (1, 0)) if symmetric else ((0, 1),)
    cosines = torch.cat([units[:, anchor] @ everyone[:, candidate].T for anchor, candidate in asking])
    own = torch.arange(len(first), device=first.device) + rank_and_ranks()[0] * len(first)
    if left_out is not None:
        if left_out.shape != (len(first), len(everyone)):
            raise ValueError(f"left_out is {[*left_out.shape]}, the pairs are {[len(first), len(everyone)]}")
        others = left_out.scatter(1, own[:, None], False)
        cosines = cosines.masked_fill(others.repeat(len(asking), 1), -math.inf)
    return Similarities(cosines, own.repeat(len(asking)))


def info_nce(similarities: Similarities, temperature: Tensor | float) -> Tensor:
    """Give the negative log-probability of each anchor's partner among the candidates.

    Parameters
    ----------
    similarities : Similarities
        The cosines.
    temperature : Tensor of shape () or float
        What they are divided by.

    Returns
    -------
    Tensor, shape (A,)
        In nats; ln C where all cosines are equal, 0 where there is no other candidate.

    Raises
    ------
    ValueError
        If the temperature is a number that is not positive.

    Examples
    --------
    >>> info_nce(Similarities(torch.zeros(1, 4), torch.tensor([2])), 0.1).exp()
    tensor([4.])
    """
    if isinstance(temperature, float | int) and not 0 < temperature < math.inf:
        raise ValueError(f"the temperature {temperature} must be positive and finite")
    # -inf / τ has no gradient in τ (0 × inf): what is left out is set aside, divided as 0, and put back.
    absent = similarities.cosines == -math.inf
    logits = similarities.cosines.masked_fill(absent, 0.0) / temperature
    return functional.cross_entropy(logits.masked_fill(absent, -math.inf), similarities.partner, reduction="none")
