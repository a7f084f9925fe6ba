"""How likely a model finds sequences, in nats per base.

Always in single precision and one sequence at a time: a likelihood does not depend on what it is asked beside.

Legend: L tokens, V predictable tokens.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from genolect.arrays import Floats
from genolect.encoders.build import require_tokens
from genolect.encoders.encoder import PublishedConfig
from genolect.errors import ConfigurationError, InputError
from genolect.models.inference import TOKENS_PER_BATCH, Machine, evaluating
from genolect.models.model import SequenceModel
from genolect.sequence.alphabet import Bases
from genolect.tokenizers.tokenizer import Frame, frame_of, stride_of_overlap


def log_likelihoods(model: SequenceModel, sequences: Iterable[Bases], machine: Machine) -> Floats:
    """Give the mean log-likelihood of the bases of each sequence.

    Of a causal model it is the likelihood of each token after those before it. Of any other it is the
    pseudo-log-likelihood (Salazar et al. 2020, doi:10.18653/v1/2020.acl-main.240): of each token, masked alone, given
    all others. A token that cannot be predicted (N) is not asked about.

    Parameters
    ----------
    model : SequenceModel
        The model; its tokens must not overlap, or a hidden base would be shown by its neighbours.
    sequences : iterable of ndarray of uint8, shape (bases,) each
        Base codes.
    machine : Machine
        Where to run; reduced precision is not used.

    Returns
    -------
    ndarray of float64, shape (n,)
        Nats per base, at most 0.

    Raises
    ------
    ConfigurationError
        If the tokens overlap, or the encoder gives bins.
    InputError
        If a sequence holds nothing that can be asked, or is too long.
    """
    require_tokens(model.config, "a likelihood")
    if stride_of_overlap(model.tokenizer) is not None:
        what = f"tokens of the kind {model.tokenizer.kind} overlap, so that neighbours show what is masked"
        raise ConfigurationError(what, fix="take a model of single bases, byte pairs, or k-mers that do not overlap")
    exact = Machine(machine.device, reduced=False)
    with evaluating(model, exact):
        answers = [_mean_of(model, bases, number, exact) for number, bases in enumerate(sequences)]
    return np.array(answers, dtype=np.float64)


def _mean_of(model: SequenceModel, bases: Bases, number: int, machine: Machine) -> float:
    """Ask about one sequence; the number is for messages."""
    frame = frame_of(model.tokenizer.vocabulary) if isinstance(model.config, PublishedConfig) else Frame()
    tokens = model.tokenizer.encode(bases)
    ids = torch.tensor([*frame.before, *tokens, *frame.after], dtype=torch.int64)
    targets = model.tokenizer.targets
    asked = (ids >= targets.start) & (ids < targets.stop)
    asked[: len(frame.before)] = False
    longest = model.config.longest_window
    if longest is not None and len(ids) > longest:
        what = f"sequence {number} (from 0) has {len(ids):,} tokens, the model reads {longest:,} at most"
        raise InputError(what, fix="cut it into windows, or take a model without learned positions")
    if not model.config.sees_ahead:
        asked[0] = False
    if not asked.any():
        raise InputError(f"sequence {number} (from 0) holds no token that can be predicted", fix="leave it out")
    spans = model.tokenizer.spans(bases)
    covered = np.zeros(len(ids))
    covered[len(frame.before) : len(frame.before) + len(tokens)] = spans[:, 1] - spans[:, 0]
    nats = _masked(model, ids, asked, machine) if model.config.sees_ahead else _causal(model, ids, asked, machine)
    return -float(nats.sum()) / float(covered[asked.numpy()].sum())


def _masked(model: SequenceModel, ids: Tensor, asked: Tensor, machine: Machine) -> Tensor:
    """Mask each token alone: one row for each."""
    places = asked.nonzero()[:, 0]
    size = max(1, TOKENS_PER_BATCH // len(ids))
    nats = []
    for some in torch.split(places, size):
        rows = ids.repeat(len(some), 1)
        selected = torch.zeros(rows.shape, dtype=torch.bool)
        selected[torch.arange(len(some)), some] = True
        rows[selected] = model.tokenizer.mask_id
        logits = model(rows.to(machine.device), selected.to(machine.device)).double().cpu()
        nats.append(functional.cross_entropy(logits, ids[some] - model.tokenizer.targets.start, reduction="none"))
    return torch.cat(nats)


def _causal(model: SequenceModel, ids: Tensor, asked: Tensor, machine: Machine) -> Tensor:
    """Ask at every token but the last for the one after it."""
    before = torch.zeros(1, len(ids), dtype=torch.bool)
    before[0, :-1] = asked[1:]
    logits = model(ids[None].to(machine.device), before.to(machine.device)).double().cpu()
    return functional.cross_entropy(logits, ids[asked] - model.tokenizer.targets.start, reduction="none")
