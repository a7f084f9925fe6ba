"""Heads: from hidden states to predictions.

Legend: B windows, L tokens, S selected tokens, D width, V predictable tokens, P entries of a vector per window.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from genolect.config import Configuration
from genolect.encoders.layers import LinearFromZero


class HeadConfig(Configuration):
    """A head beside the one that predicts tokens.

    Attributes
    ----------
    kind : {'token', 'window', 'strand_window', 'projection', 'track'}
        A `TokenHead`, a `WindowHead`, a `strand_heads.StrandWindowHead`, a `ProjectionHead` or a `track_heads.BinHead`.
    outputs : int
        Classes or values per token, P, or tracks.
    tokens_per_bin, crop : int
        As in `track_heads.BinHead`, for tracks.
    """

    kind: Literal["token", "window", "strand_window", "projection", "track"]
    outputs: int = Field(ge=1)
    tokens_per_bin: int = Field(1, ge=1)
    crop: int = Field(0, ge=0)

    @property
    def answers(self) -> Literal["tokens", "pooled", "bins"]:
        """What it answers for: tokens, whole windows or bins."""
        return "tokens" if self.kind == "token" else "bins" if self.kind == "track" else "pooled"


class TokenHead(nn.Module):
    """Logits of the predictable tokens; starts undecided, so an untrained model's loss is ln V.

    Parameters
    ----------
    width : int
        D.
    targets : int
        V.

    Examples
    --------
    >>> import torch
    >>> TokenHead(6, 4)(torch.randn(3, 6)).tolist()[0]
    [0.0, 0.0, 0.0, 0.0]
    """

    def __init__(self, width: int, targets: int) -> None:
        super().__init__()
        self.predict = LinearFromZero(width, targets)

    def forward(self, hidden: Tensor) -> Tensor:
        """Turn (S, D) into logits (S, V)."""
        logits: Tensor = self.predict(hidden)
        return logits


class WindowHead(nn.Module):
    """Classes or values of a window from the mean of its tokens; starts undecided.

    Parameters
    ----------
    width : int
        D.
    outputs : int
        P.
    """

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.predict = LinearFromZero(width, outputs)

    def forward(self, hidden_BLD: Tensor, real_BL: Tensor) -> Tensor:
        """Turn hidden states into (B, P); `real_BL` tells tokens from padding."""
        answers: Tensor = self.predict(mean_of_tokens(hidden_BLD, real_BL))
        return answers


class ProjectionHead(nn.Module):
    """The mean of a window's tokens through two layers, for objectives that compare windows.

    Unlike the other heads it does not start at zero: a vector of zeros has no direction that could be compared. Such
    objectives bend what they read; the projection takes the bending, and the encoder's own states stay general
    (Chen et al. 2020, doi:10.48550/arXiv.2002.05709).

    Parameters
    ----------
    width : int
        D.
    outputs : int
        P.
    """

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width, width)
        self.outer = nn.Linear(width, outputs)

    def forward(self, hidden_BLD: Tensor, real_BL: Tensor) -> Tensor:
        """Turn hidden states into (B, P); `real_BL` tells tokens from padding."""
        projected: Tensor = self.outer(functional.silu(self.inner(mean_of_tokens(hidden_BLD, real_BL))))
        return projected


def mean_of_tokens(hidden_BLD: Tensor, real_BL: Tensor) -> Tensor:
    """Average the hidden states of each window, padding left out.

    Parameters
    ----------
    hidden_BLD : Tensor, shape (B, L, D)
        Hidden states.
    real_BL : Tensor of bool, shape (B, L)
        Which tokens are no padding.

    Returns
    -------
    Tensor, shape (B, D)
        The means; zeros for a window of padding only.

    Examples
    --------
    >>> import torch
    >>> mean_of_tokens(torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([[True, True, False]])).tolist()
    [[2.0]]
    """
    kept = hidden_BLD.masked_fill(~real_BL[..., None], 0.0)
    return kept.sum(dim=1) / real_BL.sum(dim=1, keepdim=True).clamp(min=1)
