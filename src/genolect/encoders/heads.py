"""Heads: from hidden states to predictions.

Legend: B windows, L tokens, S selected tokens, D width, V predictable tokens, P entries of a vector per window.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from genolect.arrays import BASES
from genolect.encoders.layers.linear import LinearFromZero


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


class TrackHead(nn.Module):
    """Expected counts of some tracks in every bin, above zero; starts at the same for all bins.

    Parameters
    ----------
    width : int
        Channels per bin.
    tracks : int
        Number of tracks.

    Examples
    --------
    >>> TrackHead(6, 2)(torch.zeros(1, 1, 6)).exp().tolist()
    [[[2.0, 2.0]]]
    """

    def __init__(self, width: int, tracks: int) -> None:
        super().__init__()
        self.predict = LinearFromZero(width, tracks)

    def forward(self, wide: Tensor) -> Tensor:
        """Turn (B, K, width) into (B, K, tracks)."""
        return functional.softplus(self.predict(wide))

    def start_at(self, means: Tensor) -> None:
        """Predict these means until something is learnt, so that training need not find the level first.

        Parameters
        ----------
        means : Tensor, shape (tracks,)
            Mean of each track, above zero.
        """
        with torch.no_grad():
            self.predict.bias.copy_(means + torch.log(-torch.expm1(-means)))


class BinHead(TrackHead):
    """A `TrackHead` for any encoder: where it gives tokens, the tokens of each bin are averaged first.

    Parameters
    ----------
    width : int
        D.
    tracks : int
        Number of tracks.
    tokens_per_bin : int
        1 where the encoder gives bins itself.
    crop : int
        Bins that are cut off at either end; 0 where the encoder does that itself.

    Examples
    --------
    >>> head = BinHead(1, 1, tokens_per_bin=2, crop=1)
    >>> _ = nn.init.ones_(head.predict.weight)
    >>> head(torch.tensor([[[9.0], [9.0], [20.0], [40.0], [7.0], [7.0]]])).tolist()
    [[[30.0]]]
    """

    def __init__(self, width: int, tracks: int, *, tokens_per_bin: int, crop: int) -> None:
        super().__init__(width, tracks)
        self.tokens_per_bin = tokens_per_bin
        self.crop = crop

    def forward(self, hidden_BLD: Tensor, real_BL: Tensor | None = None) -> Tensor:
        """Turn hidden states into (B, K, tracks); windows of tracks have no padding, so `real_BL` is not used."""
        B, L, D = hidden_BLD.shape
        binned = hidden_BLD.reshape(B, L // self.tokens_per_bin, self.tokens_per_bin, D).mean(dim=2)
        # Counts that differ by a hundredth are one in bfloat16.
        with torch.autocast(hidden_BLD.device.type, enabled=False):
            return super().forward(binned[:, self.crop : binned.shape[1] - self.crop].float())


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
