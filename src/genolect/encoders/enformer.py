"""Enformer: bases through a convolution tower into bins, a transformer over the bins, a crop, one head per assay.

The architecture is that of Avsec et al. 2021, doi:10.1038/s41592-021-01252-x, with the parts of this package: rotary
positions, gated feed-forwards and no dropout. An accessibility track can be a second input.

Legend: B windows, L bases, T input tracks, K bins, D width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import ClassVar

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from genolect.encoders.encoder import BinConfig
from genolect.encoders.heads import TrackHead
from genolect.encoders.layers.blocks import GatedFeedForward, SelfAttention
from genolect.encoders.layers.linear import LinearFromZero
from genolect.encoders.layers.positions import ROTARY_BASE, rotary_angles

POOLED = 2
"""P: every stage halves the length."""

START_SHARPNESS = 2.0
"""Pooling starts between the mean and the maximum: as a softmax over twice the values themselves."""

TOWER_REACH = 5
"""Positions that a convolution of the tower sees."""


class ChannelNorm(nn.Module):
    """Batch norm of each channel over windows and positions, then a scale and a shift that start at one and zero.

    Parameters
    ----------
    channels : int
        C.

    Examples
    --------
    >>> ChannelNorm(1)(torch.tensor([[[3.0, 7.0]]])).round(decimals=3).tolist()
    [[[-1.0, 1.0]]]
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.standardise = nn.BatchNorm1d(channels, affine=False)
        self.adjust = LinearFromZero(1, channels)

    def forward(self, signal_BCL: Tensor) -> Tensor:
        """Normalise; shape (B, C, L) in and out."""
        normal: Tensor = self.standardise(signal_BCL)
        return normal * (1 + self.adjust.weight) + self.adjust.bias[:, None]


class ConvolutionBlock(nn.Module):
    """Norm of the channels, GELU, convolution; the length stays.

    Parameters
    ----------
    inputs, outputs : int
        Channels before and after.
    reach : int
        Positions that the convolution sees; odd.
    """

    def __init__(self, inputs: int, outputs: int, reach: int) -> None:
        super().__init__()
        self.norm = ChannelNorm(inputs)
        self.convolution = nn.Conv1d(inputs, outputs, reach, padding=reach // 2)

    def forward(self, signal_BCL: Tensor) -> Tensor:
        """Turn (B, inputs, L) into (B, outputs, L)."""
        seen: Tensor = self.convolution(functional.gelu(self.norm(signal_BCL), approximate="tanh"))
        return seen


class AttentionPooling(nn.Module):
    """Weigh neighbouring positions by a softmax of each channel, and add them up.

    The scores are ``2 x + W x`` with W zero at the start: a channel that is high at one position passes it on.

    Parameters
    ----------
    channels : int
        C.

    Examples
    --------
    >>> AttentionPooling(1)(torch.tensor([[[0.0, 9.0, 5.0, 5.0]]])).round(decimals=3).tolist()
    [[[9.0, 5.0]]]
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.score = LinearFromZero(channels, channels, bias=False)

    def forward(self, signal_BCL: Tensor) -> Tensor:
        """Turn (B, C, L) into (B, C, L / P)."""
        B, C, L = signal_BCL.shape
        groups_BLPC = signal_BCL.transpose(1, 2).reshape(B, L // POOLED, POOLED, C)
        scores_BLPC = START_SHARPNESS * groups_BLPC + self.score(groups_BLPC)
        pooled_BLC: Tensor = (groups_BLPC * scores_BLPC.softmax(dim=2)).sum(dim=2)
        return pooled_BLC.transpose(1, 2)


class TowerStage(nn.Module):
    """One stage: a convolution with neighbours, a residual one without, attention pooling.

    Parameters
    ----------
    first : Module
        The convolution with neighbours, from what comes in to `channels`.
    channels : int
        C, channels that leave the stage.
    """

    def __init__(self, first: nn.Module, channels: int) -> None:
        super().__init__()
        self.first = first
        self.second = ConvolutionBlock(channels, channels, 1)
        self.pool = AttentionPooling(channels)

    def forward(self, signal_BCL: Tensor) -> Tensor:
        """Turn (B, inputs, L) into (B, C, L / P)."""
        wide_BCL = self.first(signal_BCL)
        pooled: Tensor = self.pool(wide_BCL + self.second(wide_BCL))
        return pooled


class PoolingTower(nn.Module):
    """Stages one above the other; each halves the length.

    Parameters
    ----------
    inputs : int
        Channels per base.
    widths : sequence of int
        Channels that leave each stage.
    stem_reach : int
        Bases that the first convolution sees; odd.

    Examples
    --------
    >>> PoolingTower(4, [6, 10, 12], stem_reach=7)(torch.zeros(2, 4, 40)).shape
    torch.Size([2, 12, 5])
    """

    def __init__(self, inputs: int, widths: Sequence[int], *, stem_reach: int) -> None:
        super().__init__()
        stem = nn.Conv1d(inputs, widths[0], stem_reach, padding=stem_reach // 2)
        above = (TowerStage(ConvolutionBlock(before, after, TOWER_REACH), after) for before, after in pairwise(widths))
        self.stages = nn.ModuleList([TowerStage(stem, widths[0]), *above])

    def forward(self, signal_BCL: Tensor) -> Tensor:
        """Turn (B, inputs, L) into (B, last width, L / P ** stages)."""
        for stage in self.stages:
            signal_BCL = stage(signal_BCL)
        return signal_BCL


def tower_widths(width: int, stages: int) -> list[int]:
    """Give the channels of each stage: half the width in the stem, then by equal factors from half to the whole.

    Parameters
    ----------
    width : int
        Channels that leave the tower; even.
    stages : int
        Number of stages, the stem with them; at least 3.

    Returns
    -------
    list of int
        Multiples of a twelfth of the width, where that is a whole number.

    Examples
    --------
    >>> tower_widths(1536, 7)
    [768, 768, 896, 1024, 1152, 1280, 1536]
    """
    unit = max(1, width // 12)
    factors = [2 ** (step / (stages - 2)) for step in range(stages - 1)]
    between = [round(width / 2 * factor / unit) * unit for factor in factors[1:-1]]
    return [width // 2, width // 2, *between, width]


def one_hot_signal(ids: Tensor, vocabulary: int, tracks_BTL: Tensor | None = None) -> Tensor:
    """Give each base its channels: one per token id, then the tracks, drawn together by asinh.

    Coverage has a long tail; asinh keeps small values as they are and grows like a logarithm, for either sign.

    Parameters
    ----------
    ids : Tensor of int64, shape (B, L)
        Token ids, one per base.
    vocabulary : int
        Number of token ids.
    tracks_BTL : Tensor of float, shape (B, T, L), optional
        Signals along the bases.

    Returns
    -------
    Tensor of float32, shape (B, vocabulary + T, L)
        The channels.

    Examples
    --------
    >>> one_hot_signal(torch.tensor([[2, 0]]), 3, torch.zeros(1, 1, 2)).tolist()
    [[[0.0, 1.0], [0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]]
    """
    one_hot = functional.one_hot(ids, vocabulary).transpose(1, 2).to(torch.float32)
    return one_hot if tracks_BTL is None else torch.cat([one_hot, tracks_BTL.to(torch.float32).asinh()], dim=1)


class EnformerTrunkConfig(BinConfig):
    """Shape of an Enformer without its heads, as a recipe chooses it.

    Attributes
    ----------
    vocabulary : int
        Number of token ids; a token is a base.
    width : int
        D, channels per bin; must be a multiple of twice the heads.
    stages : int
        Stages of the tower; a bin has ``2 ** stages`` bases.
    stem_reach : int
        Bases that the first convolution sees; odd.
    layers : int
        Number of transformer blocks.
    heads : int
        Attention heads.
    feed_forward : int
        Inner width of the gated feed-forward.
    crop : int
        Bins that are cut off at either end, where the context is one-sided.
    input_tracks : int
        T, signals along the bases that are read beside them; 0 for none.
    """

    kind: ClassVar[str] = "enformer"
    described: ClassVar[str] = "Enformer: a pooling tower and a transformer over bins"

    vocabulary: int = Field(5, ge=1)
    width: int = Field(48, ge=2)
    stages: int = Field(7, ge=3)
    stem_reach: int = Field(15, ge=1)
    layers: int = Field(2, ge=1)
    heads: int = Field(2, ge=1)
    feed_forward: int = Field(96, ge=1)
    crop: int = Field(8, ge=0)

    @model_validator(mode="after")
    def _fits_together(self) -> EnformerTrunkConfig:
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} must be a multiple of 2 x heads = {2 * self.heads}")
        if self.stem_reach % 2 == 0:
            raise ValueError(f"stem_reach {self.stem_reach} must be odd")
        return self

    @property
    def bin_length(self) -> int:
        """Bases per bin."""
        return 1 << self.stages

    def predicted_bins(self, length: int) -> int:
        """Give K, the bins that are predicted for windows of `length` bases.

        Raises
        ------
        ValueError
            If the length is no whole number of bins, or the crop leaves none of them.
        """
        bins = length // self.bin_length
        if length % self.bin_length or bins <= 2 * self.crop:
            raise ValueError(
                f"a window of {length:,} bases must be a multiple of {self.bin_length} and leave bins "
                f"after {self.crop} are cut off at either end"
            )
        return bins - 2 * self.crop

    def build(self) -> EnformerTrunk:
        """Make the network."""
        return EnformerTrunk(self)

    @property
    def output_width(self) -> int:
        """Channels of a bin."""
        return 2 * self.width


class EnformerConfig(EnformerTrunkConfig):
    """Shape of an Enformer with heads of its own: `EnformerTrunkConfig` and these.

    Attributes
    ----------
    outputs : dict of str to int
        Predicted tracks of each named head.
    """

    outputs: dict[str, int] = Field(min_length=1)

    @model_validator(mode="after")
    def _heads_are_named(self) -> EnformerConfig:
        for name, tracks in self.outputs.items():
            if not name.isidentifier() or tracks < 1:
                raise ValueError(f"head {name!r} of {tracks} tracks: a name is a word, tracks are at least 1")
        return self


PUBLISHED_WINDOW = 196_608
PUBLISHED = EnformerConfig(
    width=1536, layers=11, heads=8, feed_forward=2048, crop=320, outputs={"human": 5313, "mouse": 1643}
)
"""The published size: 196,608 bases in, 896 bins of 128 bases out, 6,956 tracks. A gated feed-forward of 2,048 has as
many weights as the published plain one of 3,072."""

WITH_ACCESSIBILITY_WINDOW = 131_072
WITH_ACCESSIBILITY = PUBLISHED.model_copy(update={"input_tracks": 1, "outputs": {"expression": 638, "chromatin": 4675}})
"""128 kb of DNA and one accessibility track in; the published human tracks as two heads: 638 of expression (CAGE),
4,675 of chromatin. 384 bins are predicted, each with 40,960 bases on either side, as in the published size."""

SMALL_WINDOW = 8_192
SMALL = EnformerConfig(outputs={"expression": 1, "chromatin": 1})
"""Learns on one processor core in minutes: 64 bins, 48 of them predicted."""


class EnformerBlock(nn.Module):
    """One pre-norm block: attention, then feed-forward, each added to what came in."""

    def __init__(self, config: EnformerTrunkConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.width, bias=False)
        self.attention = SelfAttention(config.width, config.heads)
        self.feed_forward_norm = nn.LayerNorm(config.width, bias=False)
        self.feed_forward = GatedFeedForward(config.width, config.feed_forward)

    def forward(self, hidden_BKD: Tensor, angles: Tensor) -> Tensor:
        """Refine the hidden states; shape (B, K, D) in and out."""
        hidden_BKD = hidden_BKD + self.attention(self.attention_norm(hidden_BKD), angles)
        refined: Tensor = hidden_BKD + self.feed_forward(self.feed_forward_norm(hidden_BKD))
        return refined


class BinStates(nn.Module):
    """Windows of bases to hidden states of bins: what `Enformer` and `EnformerTrunk` share.

    Parameters
    ----------
    config : EnformerTrunkConfig
        The shape.
    """

    def __init__(self, config: EnformerTrunkConfig) -> None:
        super().__init__()
        width = config.width
        widths = tower_widths(width, config.stages)
        self.shape = config
        self.tower = PoolingTower(config.vocabulary + config.input_tracks, widths, stem_reach=config.stem_reach)
        self.blocks = nn.ModuleList(EnformerBlock(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, 2 * width)

    def encode(self, ids: Tensor, tracks: Tensor | None = None) -> Tensor:
        """Give the hidden states (B, K, D) of the bins that the crop leaves; parameters as in `Enformer.forward`."""
        config, (B, L) = self.shape, ids.shape
        kept = config.predicted_bins(L)
        given = None if tracks is None else tuple(tracks.shape)
        if given != ((B, config.input_tracks, L) if config.input_tracks else None):
            raise ValueError(f"signals of shape {given} for {B} windows of {L} bases, {config.input_tracks} tracks")
        hidden_BKD = self.tower(one_hot_signal(ids, config.vocabulary, tracks)).transpose(1, 2)
        angles = rotary_angles(hidden_BKD.shape[1], config.width // config.heads, ROTARY_BASE, ids.device)
        for block in self.blocks:
            hidden_BKD = block(hidden_BKD, angles)
        normed: Tensor = self.norm(hidden_BKD[:, config.crop : config.crop + kept])
        return normed

    def widened(self, ids: Tensor, tracks: Tensor | None = None) -> Tensor:
        """Give what heads read, (B, K, 2 D); parameters as in `encode`."""
        return functional.gelu(self.widen(self.encode(ids, tracks)), approximate="tanh")


class EnformerTrunk(BinStates):
    """An Enformer as an encoder of recipes: its heads are those of the model.

    Parameters
    ----------
    config : EnformerTrunkConfig
        The shape.

    Examples
    --------
    >>> import torch
    >>> trunk = EnformerTrunk(EnformerTrunkConfig(width=12, stages=3, crop=2))
    >>> trunk(torch.randint(4, (3, 80))).shape
    torch.Size([3, 6, 24])
    """

    def __init__(self, config: EnformerTrunkConfig) -> None:
        super().__init__(config)
        self.config = config

    def forward(self, ids: Tensor, counted: Tensor | None = None) -> Tensor:
        """Encode windows.

        Parameters
        ----------
        ids : Tensor of int64, shape (B, L)
            Token ids, one per base.
        counted : Tensor, optional
            Not used: this encoder has no context counts.

        Returns
        -------
        Tensor, shape (B, K, 2 D)
            What heads read, in the bins that the crop leaves.
        """
        return self.widened(ids)


class Enformer(BinStates):
    """Windows of bases to expected counts in bins.

    Parameters
    ----------
    config : EnformerConfig
        The shape.

    Examples
    --------
    >>> import torch
    >>> config = EnformerConfig(width=12, stages=3, crop=2, outputs={"expression": 2, "chromatin": 5})
    >>> predicted = Enformer(config)(torch.randint(4, (3, 80)))
    >>> {name: tuple(counts.shape) for name, counts in predicted.items()}
    {'expression': (3, 6, 2), 'chromatin': (3, 6, 5)}
    """

    def __init__(self, config: EnformerConfig) -> None:
        super().__init__(config)
        self.config = config
        wide = 2 * config.width
        self.heads = nn.ModuleDict({name: TrackHead(wide, tracks) for name, tracks in config.outputs.items()})

    def forward(self, ids: Tensor, tracks: Tensor | None = None) -> dict[str, Tensor]:
        """Predict the tracks of every head.

        Parameters
        ----------
        ids : Tensor of int64, shape (B, L)
            Token ids, one per base.
        tracks : Tensor of float, shape (B, T, L), optional
            The signals along the bases, where the shape has input tracks.

        Returns
        -------
        dict of str to Tensor, shape (B, K, tracks of the head)
            Expected counts in the bins that the crop leaves.

        Raises
        ------
        ValueError
            If windows or signals do not have the configured shape.
        """
        wide = self.widened(ids, tracks)
        return {name: head(wide) for name, head in self.heads.items()}


def expected_start(network: Enformer, means: Mapping[str, Tensor]) -> None:
    """Let every head start at the means of its tracks.

    Parameters
    ----------
    network : Enformer
        Changed in place.
    means : mapping of str to Tensor, shape (tracks of the head,)
        Above zero.

    Examples
    --------
    >>> import torch
    >>> network = Enformer(EnformerConfig(width=12, stages=3, crop=0, outputs={"chromatin": 1}))
    >>> expected_start(network, {"chromatin": torch.tensor([3.5])})
    >>> round(network(torch.zeros(1, 8, dtype=torch.int64))["chromatin"].item(), 3)
    3.5
    """
    for name, head in network.heads.items():
        if isinstance(head, TrackHead):
            head.start_at(means[name])
