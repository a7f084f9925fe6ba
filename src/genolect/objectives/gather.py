"""Embeddings of all ranks on each rank, with gradients that find their way home.

Each rank takes the mean loss over its own windows; their mean over ranks is the loss of the joined batch. A gathered
embedding takes part in the loss of every rank, so its gradient is summed over ranks and goes back to its owner. Where
the gradients of the parameters are then averaged over ranks, as in data-parallel training, the result is the gradient
of the joined batch. Without a process group everything here is the identity.

Legend: R windows of one rank, P entries of a vector.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed

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
