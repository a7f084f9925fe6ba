"""Heads that keep the strand symmetry of an equivariant encoder, and descriptors that do not know the strand.

Legend: B windows, L tokens, S selected tokens, D width (halves are partners), P entries of a vector per window.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from genolect.encoders.context import BASES
from genolect.encoders.heads import TokenHead, mean_of_tokens
from genolect.encoders.layers import LinearFromZero


class StrandBases(LinearFromZero):
    """Logits of A C G T from paired channels: what speaks for A here speaks for T on the other strand.

    Parameters
    ----------
    width : int
        D, even.
    """

    def __init__(self, width: int) -> None:
        super().__init__(width, BASES // 2)

    def forward(self, hidden: Tensor) -> Tensor:
        """Turn (..., D) into logits (..., 4); the weights are those of A and C."""
        complement = self.weight.roll(self.in_features // 2, 1).flip(0)
        return functional.linear(
            hidden, torch.cat([self.weight, complement]), torch.cat([self.bias, self.bias.flip(0)])
        )


class StrandTokenHead(TokenHead):
    """A `TokenHead` for single bases: the logits of A C G T are those of T G C A on the other strand.

    Parameters
    ----------
    width : int
        D, even.
    targets : int
        Predictable tokens: 4.

    Raises
    ------
    ValueError
        If the predictable tokens are not the four bases.

    Examples
    --------
    >>> head = StrandTokenHead(6, 4)
    >>> _ = nn.init.normal_(head.predict.weight)
    >>> hidden = torch.randn(3, 6)
    >>> torch.allclose(head(hidden.roll(3, 1)), head(hidden).flip(1), atol=1e-6)
    True
    """

    def __init__(self, width: int, targets: int) -> None:
        if targets != BASES:
            raise ValueError(f"{targets} predictable tokens are not the four bases A C G T")
        super().__init__(width, targets)
        self.predict = StrandBases(width)


class StrandWindowHead(nn.Module):
    """Classes or values of a window that are the same for both strands; starts undecided.

    Not for what depends on the strand, such as splice donors or the direction of transcription.

    Parameters
    ----------
    width : int
        D, even.
    outputs : int
        P.
    """

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.predict = LinearFromZero(width, outputs)

    def forward(self, hidden_BLD: Tensor, real_BL: Tensor) -> Tensor:
        """Turn hidden states into (B, P); `real_BL` tells tokens from padding."""
        answers: Tensor = self.predict(invariant_descriptor(hidden_BLD, real_BL))
        return answers


def invariant_descriptor(hidden_BLD: Tensor, real_BL: Tensor) -> Tensor:
    """Describe windows by what an equivariant encoder says of them, whichever strand was given.

    Swapping two numbers leaves their mean and the size of their difference alone, and these two tell the numbers, but
    for which is which: of each feature nothing is lost but its strand.

    Parameters
    ----------
    hidden_BLD : Tensor, shape (B, L, D)
        Hidden states of an equivariant encoder.
    real_BL : Tensor of bool, shape (B, L)
        Which tokens are no padding.

    Returns
    -------
    Tensor, shape (B, D)
        Of the features averaged over the window: the mean of both strands, then half the size of their difference.

    Examples
    --------
    >>> hidden = torch.tensor([[[1.0, 5.0, 2.0, 4.0]]])
    >>> invariant_descriptor(hidden, torch.tensor([[True]])).tolist()
    [[1.5, 4.5, 0.5, 0.5]]
    """
    given, other = mean_of_tokens(hidden_BLD, real_BL).chunk(2, dim=-1)
    return torch.cat([(given + other) / 2, (given - other).abs() / 2], dim=-1)
