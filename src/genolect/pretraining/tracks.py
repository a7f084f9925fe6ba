"""Tracks of a recipe: how their bins lie, the files behind them, and where their heads start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch

from genolect.encoders.build import encoder_config
from genolect.encoders.encoder import BinConfig
from genolect.encoders.heads import HeadConfig, TrackHead
from genolect.errors import ConfigurationError, InputError, shown
from genolect.genome.genome import PreparedGenome
from genolect.genome.tracks import MeasuredTrack, TrackShape
from genolect.models.model import SequenceModel
from genolect.pretraining.batches import TrackBatches
from genolect.pretraining.parts import Part
from genolect.pretraining.recipe import Recipe, TrackPart
from genolect.sequence.track import Track
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.tokenizer import Tokenizer

BIN_LENGTH = 128
LEVEL_STEPS = 25
"""Steps of training whose windows say at which level a head starts."""

LOWEST_LEVEL = 1e-3


class BinLayout(NamedTuple):
    """Where the bins of a part lie, and what its head has to do for that.

    Attributes
    ----------
    bin_length : int
        Bases per bin.
    crop : int
        Bins at either end of a window that are not asked about.
    inside : bool
        Whether the encoder gives these bins itself; otherwise the head makes them from tokens.
    """

    bin_length: int
    crop: int
    inside: bool

    def head(self, tracks: int) -> HeadConfig:
        """Give the head for so many tracks."""
        if self.inside:
            return HeadConfig(kind="track", outputs=tracks)
        return HeadConfig(kind="track", outputs=tracks, tokens_per_bin=self.bin_length, crop=self.crop)

    def shape(self, window: int) -> TrackShape:
        """Give how bins lie in windows of so many bases; refused where they do not fit."""
        return TrackShape(window, self.bin_length, self.crop)


def bin_layout(recipe: Recipe, part: TrackPart) -> BinLayout:
    """Say where the bins of a part lie.

    Parameters
    ----------
    recipe : Recipe
        Whose encoder.
    part : TrackPart
        The part.

    Returns
    -------
    BinLayout
        An Enformer's own bins, or those of the part.

    Raises
    ------
    ConfigurationError
        If the part asks for other bins than an Enformer's, or the encoder reads tracks.

    Examples
    --------
    >>> bin_layout(Recipe(), TrackPart(files=("a.bw",), crop=2))
    BinLayout(bin_length=128, crop=2, inside=False)
    """
    choice = recipe.encoder
    config = encoder_config(
        choice.kind, {"vocabulary": len(NucleotideTokenizer().vocabulary), **choice.shape}, "encoder"
    )
    if not isinstance(config, BinConfig):
        return BinLayout(part.bin or BIN_LENGTH, part.crop or 0, inside=False)
    if config.input_tracks:
        what = f"encoder.input_tracks is {config.input_tracks}, and a recipe names no tracks to read"
        raise ConfigurationError(what, fix="leave it out")
    for name, asked, own in (("bin", part.bin, config.bin_length), ("crop", part.crop, config.crop)):
        if asked not in (None, own):
            what = f"a {name} of {asked}, and the encoder of the kind {config.kind} has {own}"
            raise ConfigurationError(what, fix=f"leave {name} out, or change stages or crop of the encoder")
    return BinLayout(config.bin_length, config.crop, inside=True)


def open_tracks(genome: PreparedGenome, part: TrackPart, tokenizer: Tokenizer) -> tuple[MeasuredTrack, ...]:
    """Open the files of a part.

    Parameters
    ----------
    genome : PreparedGenome
        What they were measured on.
    part : TrackPart
        The part.
    tokenizer : Tokenizer
        Has to give one token per base.

    Returns
    -------
    tuple of MeasuredTrack
        In the order of the files.

    Raises
    ------
    ConfigurationError
        If tokens are words, or a record that is named does not exist.
    InputError
        If a file is no bigWig of this genome.
    """
    if not isinstance(tokenizer, NucleotideTokenizer):
        what = f"tracks are predicted from single bases, not from {tokenizer.kind} tokens"
        raise ConfigurationError(what, fix='write tokenizer = "nucleotide"')
    for name in part.unknown:
        if name not in genome.lengths:
            there = ", ".join(list(genome.lengths)[:5])
            raise ConfigurationError(f"unknown names the record {shown(name)}", fix=f"name some of {there} …")
    known = {name: length for name, length in genome.lengths.items() if name not in part.unknown}
    highest = np.inf if part.highest is None else part.highest
    files = [Track(path, known) for path in part.files]
    return tuple(MeasuredTrack(track, summary=part.summary, highest=highest) for track in files)


def start_at_levels(model: SequenceModel, parts: Mapping[str, Part]) -> None:
    """Let every head for tracks start at the means of its tracks in the first training windows.

    Parameters
    ----------
    model : SequenceModel
        Changed in place.
    parts : mapping of str to Part
        The parts of the training.

    Raises
    ------
    InputError
        If some track is not known in any of these windows, or lower than nothing.
    """
    for name, part in parts.items():
        if not isinstance(part.batches, TrackBatches):
            continue
        counts = np.concatenate([part.batches.counts(step) for step in range(LEVEL_STEPS)])
        by_track = counts.reshape(-1, counts.shape[-1])
        if not (known := ~np.isnan(by_track)).any(axis=0).all():
            raise InputError(f"no bin of {name} is known in training", fix="name fewer records as unknown")
        if by_track[known].min() < 0:
            what = f"a value of {name} is below 0, and counts are not"
            raise InputError(what, fix="give a track of coverage, or of other counts")
        head = model.heads[name]
        if isinstance(head, TrackHead):
            means = torch.from_numpy(np.nanmean(by_track.astype(np.float64), axis=0)).float()
            head.start_at(means.clamp(min=LOWEST_LEVEL))
