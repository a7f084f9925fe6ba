"""Tracks of held-out stretches, beside ridge regression on the k-mers around each bin.

Both strands of every window are asked and their answers averaged: tracks without a strand have one value for both.

Legend: n windows, L tokens, K bins, T tracks, m known bins, R sets of weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor

from genolect.arrays import Floats, Integers
from genolect.encoders.encoder import BinConfig, EncoderConfig, HeadConfig
from genolect.encoders.heads import TrackHead
from genolect.errors import ConfigurationError, InputError, shown
from genolect.genome.genome import PreparedGenome
from genolect.genome.holdout import GenomeSplit
from genolect.genome.tracks import (
    BinnedSignal,
    MeasuredTrack,
    TrackShape,
    binned_targets,
    read_track_windows,
    tile_predicted,
)
from genolect.models.inference import Machine, WindowTokens, window_answers
from genolect.models.model import SequenceModel
from genolect.objectives.tracks import TOTAL_WEIGHT, TrackBatch, TrackObjective
from genolect.pretraining.kinds.kind import (
    ExamResult,
    GenomeWindows,
    Held,
    HeldOutTask,
    ObjectiveKind,
    Setting,
    register,
)
from genolect.pretraining.kinds.kmer_ridge import KmerRidge
from genolect.pretraining.parts import Part
from genolect.sequence.alphabet import reverse_complement
from genolect.sequence.interval import Interval
from genolect.sequence.track import Track
from genolect.statistics.bootstrap import draw_blocks, estimate, resampled_values
from genolect.statistics.metrics import pearson
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.tokenizer import Tokenizer

Item = TypeVar("Item")

BIN_LENGTH = 128
LEVEL_STEPS = 25
"""Steps of training whose windows say at which level a head starts."""

LOWEST_LEVEL = 1e-3
BLOCKS = 50
"""Contiguous groups of windows that stand or fall together."""

SPANS = (5, 17)
"""Bins around a bin that the bar may read; it chooses."""

WORDS = (4, 5)
MOST_PLACES = 20_000
"""Training bins that the bar learns from."""


@register
class TrackPart(ObjectiveKind):
    """Predict what was measured along the genome, in bins.

    Attributes
    ----------
    kind : 'track'
        Which objective.
    files : tuple of str
        bigWig files; each is a track of the same head.
    loss, total_weight
        As in `objectives.tracks.TrackObjective`.
    bin : int or None
        Bases per bin; an Enformer has its own, elsewhere 128 where not given.
    crop : int or None
        Bins at either end of a window that are not asked about; an Enformer has its own, elsewhere 0 where not given.
    summary : {'mean', 'sum'}
        What is told of a bin's bases.
    highest : float or None
        Bins are cut here.
    unknown : tuple of str
        Records about which the tracks tell nothing, such as a mitochondrion.
    """

    kind: Literal["track"] = "track"
    learned_by: ClassVar[str] = "predicting tracks from bases"

    files: tuple[str, ...] = Field(min_length=1)
    loss: Literal["poisson", "multinomial"] = "poisson"
    total_weight: float = Field(TOTAL_WEIGHT, ge=0)
    bin: int | None = Field(None, ge=1)
    crop: int | None = Field(None, ge=0)
    summary: Literal["mean", "sum"] = "mean"
    highest: float | None = Field(None, gt=0)
    unknown: tuple[str, ...] = ()

    def read(self, genome: PreparedGenome, tokenizer: Tokenizer) -> tuple[MeasuredTrack, ...]:
        """See `ObjectiveKind`: open the files, in their order; tokens have to be single bases."""
        if not isinstance(tokenizer, NucleotideTokenizer):
            what = f"tracks are predicted from single bases, not from {tokenizer.kind} tokens"
            raise ConfigurationError(what, fix='write tokenizer = "nucleotide"')
        for name in self.unknown:
            if name not in genome.lengths:
                there = ", ".join(list(genome.lengths)[:5])
                raise ConfigurationError(f"unknown names the record {shown(name)}", fix=f"name some of {there} …")
        known = {name: length for name, length in genome.lengths.items() if name not in self.unknown}
        highest = np.inf if self.highest is None else self.highest
        files = [Track(path, known) for path in self.files]
        return tuple(MeasuredTrack(track, summary=self.summary, highest=highest) for track in files)

    def head(self, setting: Setting) -> HeadConfig:
        """See `ObjectiveKind`."""
        return bin_layout(setting.encoder, self).head(len(self.files))

    def part(self, setting: Setting, windows: GenomeWindows, split: GenomeSplit) -> Part:
        """See `ObjectiveKind`."""
        shape = bin_layout(setting.encoder, self).shape(windows.windows.length)
        objective = TrackObjective(self.loss, total_weight=self.total_weight)
        return Part(objective, TrackBatches(windows, setting.inputs, shape), head=setting.name)

    def start(self, model: SequenceModel, name: str, part: Part) -> None:
        """See `ObjectiveKind`: at the means of the tracks in the first training windows."""
        if isinstance(part.batches, TrackBatches):
            start_at_levels(model, name, part.batches)

    def held_out_evaluations(self, setting: Setting, part: Part, held: Held) -> tuple[TrackExam, TrackExam]:
        """See `ObjectiveKind`."""
        return set_track_exams(
            held.genome,
            held.split,
            setting.tokens,
            setting.inputs,
            bin_layout(setting.encoder, self).shape(held.window),
            head=setting.name,
            most={role: most for role, (_, most) in zip(("validation", "test"), held.roles(), strict=True)},
        )

    def sentence(self, classes: tuple[str, ...]) -> str:
        """See `ObjectiveKind`."""
        number = f"{len(self.files)} tracks" if len(self.files) > 1 else "a track"
        return f"The {self.summary} of {number} in every bin is predicted from the bases; nothing is hidden."


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


def bin_layout(config: EncoderConfig, part: TrackPart) -> BinLayout:
    """Say where the bins lie: an Enformer's own, or those of the part.

    Raises
    ------
    ConfigurationError
        If the part asks for other bins than an Enformer's, or the encoder reads tracks.

    Examples
    --------
    >>> from genolect.encoders.bert import BertConfig
    >>> bin_layout(BertConfig(vocabulary=7), TrackPart(files=("a.bw",), crop=2))
    BinLayout(bin_length=128, crop=2, inside=False)
    """
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


class TrackBatches:
    """The windows of a genome with what tracks say of their bins.

    Parameters
    ----------
    windows : GenomeWindows
        Where they come from.
    tracks : sequence of BinnedSignal
        T tracks.
    shape : TrackShape
        How windows and bins lie.
    """

    def __init__(self, windows: GenomeWindows, tracks: Sequence[BinnedSignal], shape: TrackShape) -> None:
        self.windows = windows
        self.tracks = tuple(tracks)
        self.shape = shape

    def draw(self, step: int, device: torch.device) -> TrackBatch:
        """Draw the windows of one step with their counts."""
        batch = self.windows.draw(step, device)
        counts = torch.from_numpy(self.counts(step)).to(device)
        return TrackBatch(batch.bases, batch.ids, batch.spans, batch.classes, batch.places, counts=counts)

    def counts(self, step: int) -> npt.NDArray[np.float32]:
        """Give the counts of one step alone, shape (B, K, T); NaN where not known."""
        places = self.windows.windows.places(step, self.windows.count)
        return binned_targets(places, self.tracks, self.shape)


def start_at_levels(model: SequenceModel, name: str, batches: TrackBatches) -> None:
    """Let the head of a part start at the means of its tracks in the first training windows.

    Raises
    ------
    InputError
        If some track is not known in any of these windows, or lower than nothing.
    """
    counts = np.concatenate([batches.counts(step) for step in range(LEVEL_STEPS)])
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


@dataclass(frozen=True, eq=False)
class TrackExam(HeldOutTask):
    """Windows with their tracks; `set_track_exams` makes it.

    Attributes
    ----------
    ids, other_ids : Tensor of int64, shape (n, L)
        Tokens of the windows, and of their other strands.
    head : str
        The head that predicts.
    truth, bar_values : ndarray of float64, shape (n, K, T)
        log(1 + signal), NaN where not known, and what the bar says.
    ridges : tuple of KmerRidge
        The bar, one for each track.
    """

    measure = "Pearson's correlation"
    counted = "bins"
    lower_is_better = False

    ids: Tensor
    other_ids: Tensor
    head: str
    truth: Floats
    bar_values: Floats
    ridges: tuple[KmerRidge, ...]

    @property
    def bar_name(self) -> str:
        """See `HeldOutTask`."""
        return self.ridges[0].name if len(self.ridges) == 1 else "ridge regression on k-mers"

    @property
    def unit_count(self) -> int:
        """See `HeldOutTask`: known bins, of all tracks."""
        return int((~np.isnan(self.truth)).sum())

    @property
    def bar(self) -> float:
        """See `HeldOutTask`."""
        return self._correlation(self.bar_values)

    def score(self, model: SequenceModel, machine: Machine) -> float:
        """See `HeldOutTask`; 0 where all predictions are alike."""
        return self._correlation(self.predicted(model, machine))

    def result(self, model: SequenceModel, machine: Machine, *, seed: int) -> ExamResult:
        """See `HeldOutTask`; the extra figures are the correlations of each track, where there are several."""
        own = self.predicted(model, machine)
        blocks = np.broadcast_to(self._blocks()[:, None], self.truth.shape[:2]).ravel()
        resamples = draw_blocks(blocks, seed=seed)

        def metric(weights: Floats) -> dict[str, Floats]:
            ours, theirs = (self._correlations(said, weights) for said in (own, self.bar_values))
            return {"model": ours, "bar": theirs, "difference": ours - theirs}

        every = metric(np.ones((blocks.size, 1)))
        resampled = resampled_values(metric, resamples)
        found = [estimate(float(every[name][0]), resampled[name], resamples.limits) for name in every]
        tracks = range(self.truth.shape[2]) if self.truth.shape[2] > 1 else ()
        extra = {f"track {track + 1}": _pearson(self.truth[..., track], own[..., track]) for track in tracks}
        return self.told(found, extra)

    def predicted(self, model: SequenceModel, machine: Machine) -> Floats:
        """Give what the model says of both strands, averaged: log(1 + signal), shape (n, K, T)."""
        given, other = (window_answers(model, ids, machine, head=self.head) for ids in (self.ids, self.other_ids))
        both: Floats = np.log1p((given.astype(np.float64) + other[:, ::-1]) / 2)
        return both

    def _blocks(self) -> Integers:
        n = len(self.truth)
        blocks: Integers = np.arange(n) * min(n, BLOCKS) // n
        return blocks

    def _correlation(self, said: Floats) -> float:
        value = self._correlations(said, np.ones((self.truth[..., 0].size, 1)))[0]
        return float(value) if np.isfinite(value) else 0.0

    def _correlations(self, said: Floats, weights: Floats) -> Floats:
        """Mean over tracks of the correlation over their known bins, once per set of weights; shape (R,)."""
        tracks = [_pearson_of(self.truth[..., t], said[..., t], weights) for t in range(self.truth.shape[2])]
        means: Floats = np.mean(tracks, axis=0)
        return means


def set_track_exams(
    genome: PreparedGenome,
    split: GenomeSplit,
    tokens: WindowTokens,
    tracks: Sequence[BinnedSignal],
    shape: TrackShape,
    *,
    head: str,
    most: Mapping[str, int],
) -> tuple[TrackExam, TrackExam]:
    """Ask about the bins of the held-out stretches; the bar learns from training and is chosen on validation.

    Parameters
    ----------
    genome : PreparedGenome
        Where the bases are.
    split : GenomeSplit
        The stretches.
    tokens : WindowTokens
        Cuts windows into tokens.
    tracks : sequence of BinnedSignal
        T tracks.
    shape : TrackShape
        How windows and bins lie.
    head : str
        The head that predicts.
    most : mapping of str to int
        Largest number of windows under ``validation`` and ``test``, evenly spaced.

    Returns
    -------
    TrackExam, TrackExam
        Of the validation and of the test stretches.

    Raises
    ------
    InputError
        If a role has no bin that is known.
    """
    windows: dict[str, list[Interval]] = {}
    for name, regions in split.regions().items():
        tiles = tile_predicted(regions, genome.lengths, shape)
        windows[name] = _spaced(tiles, most.get(name, len(tiles)))
    truth = {}
    for role, places in windows.items():
        if not places:
            what = f"the {role} stretches hold no window of {shape.length:,} bases"
            raise InputError(what, fix="shorten the window", path=genome.inputs[0]["path"])
        truth[role] = np.log1p(binned_targets(places, tracks, shape).astype(np.float64))
        if np.isnan(truth[role]).all(axis=(0, 1)).any():
            what = f"a track of {head} is known in no bin of the {role} stretches"
            raise InputError(what, fix="hold out other records", path=genome.inputs[0]["path"])
    bins = {role: [one for place in places for one in _bins(place, shape)] for role, places in windows.items()}
    ridges = tuple(
        _ridge(genome, bins, {role: values[..., track].ravel() for role, values in truth.items()}, shape)
        for track in range(len(tracks))
    )
    exams = []
    for role in ("validation", "test"):
        bases = read_track_windows(genome, windows[role], {}, shape).bases
        said = [ridge.predict(bins[role]).reshape(truth[role].shape[:2]) for ridge in ridges]
        given, other = (torch.from_numpy(np.ascontiguousarray(one)) for one in (bases, reverse_complement(bases)))
        values = np.stack(said, axis=-1)
        exams.append(TrackExam(tokens.ids(given), tokens.ids(other), head, truth[role], values, ridges))
    validation, test = exams
    return validation, test


def _bins(place: Interval, shape: TrackShape) -> list[Interval]:
    """The predicted bins of a window."""
    inner = shape.predicted(place)
    starts = range(inner.start, inner.end, shape.bin_length)
    return [Interval(place.name, start, start + shape.bin_length) for start in starts]


def _ridge(
    genome: PreparedGenome, bins: Mapping[str, list[Interval]], truth: Mapping[str, Floats], shape: TrackShape
) -> KmerRidge:
    """Fit the bar of one track on its known bins."""
    known = {role: np.flatnonzero(~np.isnan(truth[role])) for role in ("train", "validation")}
    known["train"] = np.array(_spaced(known["train"].tolist(), MOST_PLACES))
    spans = sorted({min(span * shape.bin_length, shape.length) for span in SPANS})
    ridge = KmerRidge(genome, spans=spans, words=WORDS, stranded=False)
    places = {role: [bins[role][number] for number in numbers.tolist()] for role, numbers in known.items()}
    ridge.fit(places, {role: truth[role][numbers] for role, numbers in known.items()})
    return ridge


def _spaced(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many, evenly spaced."""
    return [items[number * len(items) // most] for number in range(most)] if len(items) > most else [*items]


def _pearson_of(truth: Floats, said: Floats, weights: Floats) -> Floats:
    known = ~np.isnan(truth).ravel()
    return pearson(truth.ravel()[known], said.ravel()[known], weights[known])


def _pearson(truth: Floats, said: Floats) -> float:
    return float(_pearson_of(truth, said, np.ones((truth.size, 1)))[0])
