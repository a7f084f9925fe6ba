"""Heads for tracks: expected counts in bins, from hidden states of bins or of single tokens.

Legend: B windows, L tokens or bins that the encoder gives, K predicted bins, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from genolect.encoders.layers import LinearFromZero


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
