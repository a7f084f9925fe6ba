"""Masked modelling: hide some bases, predict them from the rest (Devlin et al. 2019, doi:10.18653/v1/N19-1423).

Legend: B windows, L tokens, S selected tokens, V predictable tokens.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn import functional

from genolect.config import Configuration

UNSELECTED = -100


class MaskedConfig(Configuration):
    """How many bases are selected, and what is shown in their place.

    Attributes
    ----------
    rate : float
        Probability that a base is selected.
    hidden_share : float
        Share of the selected bases that are shown as ``[MASK]``.
    random_share : float
        Share that is shown as a random base; the rest is shown as it is.
    """

    rate: float = Field(0.15, gt=0, lt=1)
    hidden_share: float = Field(0.8, ge=0, le=1)
    random_share: float = Field(0.1, ge=0, le=1)

    @model_validator(mode="after")
    def _shares_fit(self) -> MaskedConfig:
        if self.hidden_share + self.random_share > 1:
            raise ValueError(f"hidden_share {self.hidden_share} + random_share {self.random_share} must be at most 1")
        return self


@dataclass(frozen=True)
class Metrics:
    """Sums and counts, so that they add across batches and ranks.

    Attributes
    ----------
    nats : float
        Summed negative log-likelihood of the true bases.
    count : int
        Number of predicted bases.
    """

    nats: float = 0.0
    count: int = 0

    def __add__(self, other: Metrics) -> Metrics:
        return Metrics(self.nats + other.nats, self.count + other.count)

    @property
    def bits_per_base(self) -> float:
        """Mean negative log2-likelihood; 2 is a uniform guess among four bases."""
        return self.nats / self.count / math.log(2) if self.count else math.nan


class MaskedObjective:
    """The masked objective for one vocabulary.

    Parameters
    ----------
    config : MaskedConfig
        Rates.
    mask_id : int
        Id of the mask token.
    targets : range
        Ids that can be selected and predicted; the first of them is the first of the logits.
    """

    def __init__(self, config: MaskedConfig, *, mask_id: int, targets: range) -> None:
        self.config = config
        self.mask_id = mask_id
        self.targets = targets

    def corrupt(self, ids: Tensor, key: int) -> tuple[Tensor, Tensor]:
        """Hide some tokens: the fixed transformation of the general form.

        Parameters
        ----------
        ids : Tensor of int64, shape (B, L)
            True tokens.
        key : int
            Every draw is a function of it.

        Returns
        -------
        inputs : Tensor of int64, shape (B, L)
            What the encoder sees.
        targets : Tensor of int64, shape (B, L)
            The true token where one was selected, `UNSELECTED` elsewhere.
        """
        generator = torch.Generator().manual_seed(key)
        chosen = torch.rand(ids.shape, generator=generator) < self.config.rate
        fate = torch.rand(ids.shape, generator=generator)
        strangers = torch.randint(self.targets.start, self.targets.stop, ids.shape, generator=generator)
        chosen &= (ids >= self.targets.start) & (ids < self.targets.stop)
        hidden = chosen & (fate < self.config.hidden_share)
        replaced = chosen & ~hidden & (fate < self.config.hidden_share + self.config.random_share)
        inputs = torch.where(hidden, self.mask_id, torch.where(replaced, strangers, ids))
        return inputs, torch.where(chosen, ids, UNSELECTED)

    def loss(self, logits: Tensor, targets: Tensor) -> tuple[Tensor, Metrics]:
        """Cross-entropy at the selected tokens.

        Parameters
        ----------
        logits : Tensor, shape (S, V)
            Predictions at the selected tokens, in the order of ``targets``.
        targets : Tensor of int64, shape (S,)
            The true tokens there.

        Returns
        -------
        loss : Tensor, shape ()
            Mean over the selected tokens, in nats.
        metrics : Metrics
            Its sum and count.
        """
        nats = functional.cross_entropy(logits.float(), targets - self.targets.start, reduction="sum")
        return nats / max(len(targets), 1), Metrics(float(nats.detach()), len(targets))
