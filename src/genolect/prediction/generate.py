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
from torch import Tensor

from genolect.errors import ConfigurationError, InputError
from genolect.inference import TOKENS_PER_BATCH, Machine, evaluating
from genolect.model import SequenceModel
from genolect.prediction.sampling import SamplingConfig, choose, continuing
from genolect.randomness import derived_generator
from genolect.tokenizers.overlap import stride_of_overlap


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
    >>> from genolect.inference import this_machine
    >>> from genolect.model import new_model
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=(), causal=True)
    >>> model = new_model(config, NucleotideTokenizer(), seed=3)
    >>> generate(model, np.array([[0, 3]]), SamplingConfig(tokens=3, temperature=0.0), this_machine()).ids
    array([[0, 3, 0, 0, 0]])
    """
    if not model.config.causal:
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
