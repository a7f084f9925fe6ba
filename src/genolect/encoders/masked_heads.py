"""The head of the published masked language models: logits of every token id.

Legend: B windows, L tokens, S selected tokens, D width, V token ids.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class MaskedHead(nn.Module):
    """A dense layer, a GELU, a norm, and one vector per token id.

    Unlike `heads.TokenHead` it tells the logits of all ids, special tokens included, as the checkpoints have them.

    Parameters
    ----------
    width : int
        D.
    vocabulary : int
        V.
    norm_epsilon : float
        Added to the variance in the norm.

    Examples
    --------
    >>> import torch
    >>> MaskedHead(6, 4)(torch.ones(3, 6)).shape
    torch.Size([3, 4])
    """

    def __init__(self, width: int, vocabulary: int, *, norm_epsilon: float = 1e-12) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width, eps=norm_epsilon)
        self.decode = nn.Linear(width, vocabulary)

    def tie(self, embedding: nn.Embedding) -> None:
        """Take the vectors of the token ids from the encoder's embedding; from now on they are trained as one."""
        self.decode.weight = embedding.weight

    def forward(self, hidden: Tensor) -> Tensor:
        """Turn (S, D) into logits (S, V), or (B, L, D) into (B, L, V)."""
        logits: Tensor = self.decode(self.norm(functional.gelu(self.dense(hidden))))
        return logits


class PredictableHead(nn.Module):
    """A masked head that tells the logits of the predictable ids alone, as every objective reads them.

    Parameters
    ----------
    head : MaskedHead
        Tells those of all ids.
    targets : range
        The predictable ids.

    Examples
    --------
    >>> import torch
    >>> PredictableHead(MaskedHead(6, 9), range(5, 9))(torch.ones(3, 6)).shape
    torch.Size([3, 4])
    """

    def __init__(self, head: MaskedHead, targets: range) -> None:
        super().__init__()
        self.masked = head
        self.targets = targets

    def forward(self, hidden: Tensor) -> Tensor:
        """Turn (S, D) into logits (S, V) of the predictable ids."""
        logits: Tensor = self.masked(hidden)[..., self.targets.start : self.targets.stop]
        return logits
