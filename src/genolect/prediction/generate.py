"""Sequences drawn from a causal model, token by token.

Every step reads the whole sequence anew, nothing is kept between steps: T tokens after a prompt of L cost what reading
T windows of L + T/2 tokens costs, which grows with the square of T (attention with the cube).

Legend: B sequences, L tokens of the prompt, T new tokens, V predictable tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor

from genolect.config import Configuration
from genolect.errors import ConfigurationError, InputError
from genolect.models.inference import TOKENS_PER_BATCH, Machine, evaluating
from genolect.models.model import SequenceModel
from genolect.random import derived_generator
from genolect.tokenizers.tokenizer import stride_of_overlap


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


@dataclass(frozen=True)
class Generated:
    """Sequences drawn from a model.

    Attributes
    ----------
    ids : ndarray of int64, shape (B, L + T)
        Prompt and new tokens.
    log_likelihoods : ndarray of float64, shape (B, T)
        Natural logarithm of the probability that the model gives each new token among those that can follow, whatever
        the temperature and top-p it was drawn with.
    """

    ids: npt.NDArray[np.int64]
    log_likelihoods: npt.NDArray[np.float64]


def generate(
    model: SequenceModel, prompts: npt.NDArray[np.integer], config: SamplingConfig, machine: Machine
) -> Generated:
    """Continue prompts.

    The draws of a sequence are a function of the seed and its place among the prompts. Where words overlap, only those
    that continue the word before can be drawn. A model whose likelihoods differ by a rounding on another machine may
    draw another token there.

    Parameters
    ----------
    model : SequenceModel
        A causal one.
    prompts : ndarray of int, shape (B, L)
        Token ids, at least one each.
    config : SamplingConfig
        How to draw.
    machine : Machine
        Where to run.

    Returns
    -------
    Generated
        The sequences.

    Raises
    ------
    ConfigurationError
        If the model is not causal.
    InputError
        If there is no prompt, or an empty one.

    Examples
    --------
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.models.inference import this_machine
    >>> from genolect.models.model import new_model
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=(), causal=True)
    >>> model = new_model(config, NucleotideTokenizer(), seed=3)
    >>> generate(model, np.array([[0, 3]]), SamplingConfig(tokens=3, temperature=0.0), this_machine()).ids
    array([[0, 3, 0, 0, 0]])
    """
    if model.config.sees_ahead:
        what = f"the {type(model.encoder).__name__} of this model reads both sides of a token (causal = false)"
        raise ConfigurationError(what, fix="generate with a model that was trained with causal = true")
    if prompts.ndim != 2 or not prompts.size:
        what = f"prompts of shape {prompts.shape}"
        raise InputError(what, fix="give one row per sequence and at least one token in each")
    count, length = prompts.shape
    rows = max(1, TOKENS_PER_BATCH // (length + config.tokens))
    draws = torch.from_numpy(
        np.stack([derived_generator(config.seed, "generation", row).random(config.tokens) for row in range(count)])
    )
    with evaluating(model, machine):
        parts = [
            _continued(model, torch.from_numpy(prompts[part].astype(np.int64)).to(machine.device), draws[part], config)
            for part in (slice(start, start + rows) for start in range(0, count, rows))
        ]
    ids, scores = (torch.cat(column).numpy() for column in zip(*parts, strict=True))
    return Generated(ids, scores)


def _continued(model: SequenceModel, ids: Tensor, draws: Tensor, config: SamplingConfig) -> tuple[Tensor, Tensor]:
    """Continue a batch of prompts; draws and scores are of shape (B, T)."""
    first, stride = model.tokenizer.targets.start, stride_of_overlap(model.tokenizer)
    scores = []
    for step in range(config.tokens):
        last = torch.arange(ids.shape[1], device=ids.device).eq(ids.shape[1] - 1).expand(ids.shape)
        logits = model(ids, last).double().cpu()
        if stride is not None:
            logits = continuing(logits, ids[:, -1].cpu() - first, stride)
        chosen = choose(logits, draws[:, step], config)[:, None]
        scores.append(logits.log_softmax(-1).take_along_dim(chosen, dim=-1))
        ids = torch.cat([ids, (chosen + first).to(ids.device)], dim=1)
    return ids.cpu(), torch.cat(scores, dim=1)
