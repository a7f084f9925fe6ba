"""Heads: from hidden states to predictions.

Legend: S selected tokens, D width, V predictable tokens.
"""

from __future__ import annotations

from torch import Tensor, nn

from genolect.encoders.layers import LinearFromZero


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
