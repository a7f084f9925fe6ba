"""Parts of encoders that treat both strands alike, because paired channels share their weights.

Hidden states of width D are D / 2 features, each looked for on both strands: channel c on the strand that was given,
channel c + D / 2 on the other. Reading the other strand turns the order of the tokens round and swaps the halves. A
part is equivariant if its output does the same; parts in a row then are too. So half of the weights of a plain part say
everything; the matrix products are as large as the plain part's.

Sharing weights between a motif and its reverse complement: Shrikumar et al. 2017, doi:10.1101/103663; as convolution
over a group: Cohen & Welling 2016, doi:10.48550/arXiv.1602.07576.

Legend: B windows, L tokens, D width, V vocabulary, H heads, K width per head, E evidence channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from genolect.arrays import BASES
from genolect.encoders.layers.context import CHANNELS
from genolect.encoders.layers.linear import LinearFromZero
from genolect.encoders.layers.positions import rotate


def channel_partners(width: int) -> Tensor:
    """Give each channel's partner on the other strand.

    Parameters
    ----------
    width : int
        D, even.

    Returns
    -------
    Tensor of int64, shape (D,)
        The partners.

    Examples
    --------
    >>> channel_partners(6).tolist()
    [3, 4, 5, 0, 1, 2]
    """
    return torch.arange(width).roll(width // 2)


def letter_partners(vocabulary: int) -> Tensor:
    """Give each letter's complement: A C G T = 0 … 3 turn round, all that follow (N, hidden, padding) stay.

    Parameters
    ----------
    vocabulary : int
        V.

    Returns
    -------
    Tensor of int64, shape (V,)
        The complements.

    Examples
    --------
    >>> letter_partners(7).tolist()
    [3, 2, 1, 0, 4, 5, 6]
    """
    letters = torch.arange(vocabulary)
    return torch.cat([letters[:BASES].flip(0), letters[BASES:]])


def evidence_partners(lengths: tuple[int, ...]) -> Tensor:
    """Give the partner of each channel of `encoders.layers.context.ContextEvidence`: the other side, the complement.

    Parameters
    ----------
    lengths : tuple of int
        Context lengths.

    Returns
    -------
    Tensor of int64, shape (E,)
        The partners.

    Examples
    --------
    >>> evidence_partners((5,)).tolist()  # A C G T n of the left side, then of the right
    [8, 7, 6, 5, 9, 3, 2, 1, 0, 4]
    """
    sides = torch.arange(2 * len(lengths) * CHANNELS).view(2, len(lengths), CHANNELS).flip(0)
    return sides[..., letter_partners(CHANNELS)].flatten()


class StrandLinear(nn.Linear):
    """A linear map: what it asks of the inputs for one strand, it asks of their partners for the other.

    Parameters
    ----------
    partners : Tensor of int64, shape (number of inputs,)
        Each input's partner on the other strand.
    outputs : int
        Number of outputs, even; their halves are each other's partners.
    bias : bool
        Whether each pair of outputs has an offset.

    Examples
    --------
    >>> layer = StrandLinear(channel_partners(4), 6, bias=False)
    >>> given = torch.randn(1, 3, 4)
    >>> torch.allclose(layer(given.roll(2, -1)), layer(given).roll(3, -1), atol=1e-6)  # halves change places
    True
    """

    partners: Tensor

    def __init__(self, partners: Tensor, outputs: int, *, bias: bool = True) -> None:
        super().__init__(len(partners), outputs // 2, bias=bias)
        self.register_buffer("partners", partners, persistent=False)

    def forward(self, given: Tensor) -> Tensor:
        """Map (..., inputs) to (..., outputs)."""
        weight = torch.cat([self.weight, self.weight.index_select(1, self.partners)])
        return functional.linear(given, weight, _for_both(self.bias))


class StrandLinearFromZero(StrandLinear, LinearFromZero):
    """A `StrandLinear` that starts at zero, as `LinearFromZero` does.

    Examples
    --------
    >>> StrandLinearFromZero(channel_partners(4), 2)(torch.ones(4)).tolist()
    [0.0, 0.0]
    """


class StrandNorm(nn.LayerNorm):
    """Layer norm over all channels; partners share their scale and offset.

    Parameters
    ----------
    width : int
        D, even.
    bias : bool
        Whether there is an offset.
    """

    def __init__(self, width: int, *, bias: bool = True) -> None:
        super().__init__(width // 2, bias=bias)
        self.width = width

    def forward(self, hidden_BLD: Tensor) -> Tensor:
        """Normalise each token; shape (B, L, D) in and out."""
        weight, bias = _for_both(self.weight), _for_both(self.bias)
        return functional.layer_norm(hidden_BLD, (self.width,), weight, bias, self.eps)


class StrandConvolution(nn.Conv1d):
    """A convolution whose motifs are looked for on both strands, the window continued by zeros.

    Parameters
    ----------
    partners, outputs
        As in `StrandLinear`.
    reach : int
        Tokens that a motif covers, odd.
    dilation : int
        Distance between them.
    """

    partners: Tensor

    def __init__(self, partners: Tensor, outputs: int, reach: int, *, dilation: int = 1) -> None:
        padding = dilation * (reach // 2)
        super().__init__(len(partners), outputs // 2, reach, padding=padding, dilation=dilation)
        self.register_buffer("partners", partners, persistent=False)

    def forward(self, given: Tensor) -> Tensor:
        """Map (B, L, inputs) to (B, L, outputs)."""
        weight = torch.cat([self.weight, self.weight.index_select(1, self.partners).flip(2)])
        turned = given.transpose(1, 2)
        found = functional.conv1d(turned, weight, _for_both(self.bias), padding=self.padding, dilation=self.dilation)
        return found.transpose(1, 2)


class StrandStem(nn.Module):
    """Each letter's embedding beside its complement's, plus motifs of up to `reach` letters on both strands.

    Parameters
    ----------
    vocabulary : int
        V.
    width : int
        D, even.
    reach : int
        Letters that the convolution sees, odd. With 1 there is none: the embedding says it all.
    """

    partners: Tensor

    def __init__(self, vocabulary: int, width: int, reach: int) -> None:
        super().__init__()
        partners = letter_partners(vocabulary)
        self.register_buffer("partners", partners, persistent=False)
        self.embedding = nn.Embedding(vocabulary, width // 2)
        self.convolution = StrandConvolution(partners, width, reach) if reach > 1 else None

    def forward(self, ids: Tensor) -> Tensor:
        """Turn ids (B, L) into vectors (B, L, D)."""
        embedded = torch.cat([self.embedding(ids), self.embedding(self.partners[ids])], dim=-1)
        if self.convolution is None:
            return embedded
        one_hot_BLV = functional.one_hot(ids, len(self.partners)).to(torch.float32)
        local: Tensor = self.convolution(one_hot_BLV)
        return embedded + local


class StrandAttention(nn.Module):
    """Attention with rotary positions; half of the heads read the given strand, half the other, in its own direction.

    A head for the other strand has the queries, keys and values of its partner, asked of the partner channels, and
    counts positions from the other end: what its partner finds upstream, it finds upstream of its own strand.

    Parameters
    ----------
    width : int
        D; a multiple of 2 H.
    heads : int
        H, even.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.project = StrandLinear(channel_partners(width), 3 * width, bias=False)
        self.merge = StrandLinearFromZero(channel_partners(width), width, bias=False)

    def forward(self, hidden_BLD: Tensor, angles: Tensor) -> Tensor:
        """Mix the tokens of each window; shape (B, L, D) in and out; `angles` (L, K / 2)."""
        B, L, D = hidden_BLD.shape
        each_BLSTHK = self.project(hidden_BLD).view(B, L, 2, 3, self.heads // 2, D // self.heads)  # S strands, T q k v
        queries, keys, values = each_BLSTHK.permute(3, 0, 2, 4, 1, 5)
        both = torch.stack([angles, angles.flip(0)])[:, None]
        mixed_BHLK = functional.scaled_dot_product_attention(
            rotate(queries, both).flatten(1, 2), rotate(keys, both).flatten(1, 2), values.flatten(1, 2)
        )
        merged: Tensor = self.merge(mixed_BHLK.transpose(1, 2).reshape(B, L, D))
        return merged


class StrandFeedForward(nn.Module):
    """SwiGLU as in `encoders.layers.blocks.GatedFeedForward`, with paired channels.

    Parameters
    ----------
    width : int
        D, even.
    inner_width : int
        Width of values and gates each, even.
    """

    def __init__(self, width: int, inner_width: int) -> None:
        super().__init__()
        self.project = StrandLinear(channel_partners(width), 2 * inner_width, bias=False)
        self.merge = StrandLinearFromZero(channel_partners(inner_width), width, bias=False)

    def forward(self, hidden_BLD: Tensor) -> Tensor:
        """Transform each token by itself; shape (B, L, D) in and out."""
        values, gates = self.project(hidden_BLD).unflatten(-1, (2, 2, -1)).unbind(-2)
        merged: Tensor = self.merge((values * functional.silu(gates)).flatten(-2))
        return merged


def _for_both(parameter: Tensor | None) -> Tensor | None:
    """Give both strands the same scales or offsets."""
    return None if parameter is None else parameter.repeat(2)
