"""Drawing one token from logits: temperature, nucleus, and words that overlap.

Legend: B sequences, V predictable tokens.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from genolect.config import Configuration


class SamplingConfig(Configuration):
    """How to draw.

    Attributes
    ----------
    tokens : int
        New tokens per sequence.
    temperature : float
        Below 1 likely tokens become likelier, above 1 all become more alike; 0 takes the likeliest.
    top_p : float
        Only the likeliest tokens, as few as together reach this probability, can be drawn (nucleus sampling, Holtzman
        et al. 2020, doi:10.48550/arXiv.1904.09751).
    seed : int
        Seed of the draws.
    """

    tokens: int = Field(ge=1)
    temperature: float = Field(1.0, ge=0)
    top_p: float = Field(1.0, gt=0, le=1)
    seed: int = 0


def choose(logits: Tensor, draws: Tensor, config: SamplingConfig) -> Tensor:
    """Choose one token per sequence.

    Parameters
    ----------
    logits : Tensor of float64, shape (B, V)
        What the model thinks; -inf for what cannot be.
    draws : Tensor of float64, shape (B,)
        One number from [0, 1) per sequence; the choice is a function of it.
    config : SamplingConfig
        Temperature and top-p.

    Returns
    -------
    Tensor of int64, shape (B,)
        The tokens, counted from the first that can be predicted.

    Examples
    --------
    >>> logits = torch.tensor([[0.1, 0.6, 0.3]], dtype=torch.float64).log()
    >>> draws = [torch.tensor([share], dtype=torch.float64) for share in (0.0, 0.59, 0.61, 0.95)]
    >>> [choose(logits, draw, SamplingConfig(tokens=1)).item() for draw in draws]  # the likeliest stand first
    [1, 1, 2, 0]
    >>> [choose(logits, draw, SamplingConfig(tokens=1, top_p=0.8)).item() for draw in draws]
    [1, 1, 1, 2]
    """
    ordered, tokens = logits.sort(dim=-1, descending=True, stable=True)
    if config.temperature == 0:
        return tokens[:, 0]
    # From the largest logit down: otherwise a very small temperature would divide beyond the largest number.
    shares = ((ordered - ordered[:, :1]) / config.temperature).softmax(-1)
    before = shares.cumsum(-1) - shares
    shares = torch.where(before < config.top_p, shares, 0.0)
    reached = shares.cumsum(-1)
    place = torch.searchsorted(reached, (draws * reached[:, -1])[:, None].contiguous(), right=True)
    possible = (shares > 0).sum(-1, keepdim=True)  # a sum of roundings may fall short of the draw
    return tokens.take_along_dim(place.minimum(possible - 1), dim=-1)[:, 0]


def continuing(logits: Tensor, last: Tensor, stride: int) -> Tensor:
    """Leave only the overlapping words that continue the word before.

    Parameters
    ----------
    logits : Tensor, shape (B, V)
        Of all words of k bases in alphabetical order, so that those which begin alike stand side by side.
    last : Tensor of int64, shape (B,)
        The word before, counted like the logits; a number outside of them for an unknown word, which anything follows.
    stride : int
        Bases from one word to the next.

    Returns
    -------
    Tensor, shape (B, V)
        Logits, -inf for words that do not continue.

    Examples
    --------
    >>> continuing(torch.zeros(1, 16), torch.tensor([6]), 1).exp().nonzero()[:, 1].tolist()  # after CG: GA GC GG GT
    [8, 9, 10, 11]
    """
    words, following = logits.shape[1], 4**stride
    beginning = last % (words // following)
    allowed = torch.arange(words, device=logits.device) // following == beginning[:, None]
    unknown = (last < 0) | (last >= words)
    return logits.masked_fill(~(allowed | unknown[:, None]), -torch.inf)
