"""Windows with binned targets: what a model of tracks trains on, a function of (seed, purpose, step, rank).

Legend: B windows, L bases, K predicted bins, T tracks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from genolect.errors import ConfigurationError
from genolect.genome.genome import PreparedGenome
from genolect.genome.windows import WindowSampler
from genolect.sequence.alphabet import BASE_BITS, Bases, reverse_complement
from genolect.sequence.interval import Interval
from genolect.sequence.track import Signal, Summary, Track


class BinnedSignal(Protocol):
    """What can be read in bins, in the order of the strand: a `Track`, or `SiteValues`."""

    def bins(self, place: Interval, bin_length: int) -> Signal:
        """Give one value per bin of `place`; NaN where it is not known."""
        ...


class MeasuredTrack:
    """A track as a training reads it: not known on some records and past the end of a circle, and cut at a height.

    Parameters
    ----------
    track : Track
        The file, tied to the records where it is known.
    summary : {'mean', 'sum'}
        What is told of a bin's bases.
    highest : float
        Bins are cut here: where an assembly has one copy of a repeat that the cell has hundreds of, coverage is of
        the assembly.
    """

    def __init__(self, track: Track, *, summary: Summary = "mean", highest: float = np.inf) -> None:
        self.track = track
        self.summary = summary
        self.highest = highest

    def bins(self, place: Interval, bin_length: int) -> Signal:
        """Give one value per bin of `place`; NaN where it is not known."""
        if place.end > self.track.lengths.get(place.name, 0):
            return np.full(place.length // bin_length, np.nan, dtype=np.float32)
        return np.minimum(self.track.bins(place, bin_length, self.summary), np.float32(self.highest))


class SiteValues:
    """Values at single bases of one strand, such as the expression at a start of transcription.

    Parameters
    ----------
    sites : iterable of (Interval, float)
        Each a base with its strand, and its value.

    Examples
    --------
    >>> sites = SiteValues([(Interval("I", 7, 8, "-"), 2.5)])
    >>> sites.bins(Interval("I", 0, 9, "-"), 3).tolist(), sites.bins(Interval("I", 0, 9, "+"), 3).tolist()
    ([2.5, nan, nan], [nan, nan, nan])
    """

    def __init__(self, sites: Iterable[tuple[Interval, float]]) -> None:
        grouped: dict[tuple[str, str], list[tuple[int, float]]] = {}
        for site, value in sites:
            grouped.setdefault((site.name, site.strand), []).append((site.start, value))
        self._sites = {key: np.array(sorted(rows), dtype=np.float64) for key, rows in grouped.items()}

    def bins(self, place: Interval, bin_length: int) -> Signal:
        """Sum the values of each bin's sites on the strand of `place`; NaN where a bin has none."""
        told = np.full(place.length // bin_length, np.nan)
        rows = self._sites.get((place.name, place.strand), np.empty((0, 2)))
        first, last = np.searchsorted(rows[:, 0], [place.start, place.end])
        if first < last:
            bins = ((rows[first:last, 0] - place.start) // bin_length).astype(np.int64)
            told[bins] = 0.0
            np.add.at(told, bins, rows[first:last, 1])
        return (told[::-1] if place.strand == "-" else told).astype(np.float32)


@dataclass(frozen=True)
class TrackShape:
    """How windows and bins lie.

    Attributes
    ----------
    length : int
        L, bases per window.
    bin_length : int
        Bases per bin.
    crop : int
        Bins at either end of the window that have no target.
    """

    length: int
    bin_length: int
    crop: int

    def __post_init__(self) -> None:
        if self.length % self.bin_length or self.length <= 2 * self.crop * self.bin_length:
            raise ConfigurationError(
                f"a window of {self.length} bases with {self.crop} bins of {self.bin_length} cropped at either end",
                fix="use a multiple of the bin that leaves bins behind the crop",
            )

    @property
    def margin(self) -> int:
        """Bases at either end of the window that have no target."""
        return self.crop * self.bin_length

    def predicted(self, place: Interval) -> Interval:
        """Give the part of a window that has targets."""
        return Interval(place.name, place.start + self.margin, place.end - self.margin, place.strand)


@dataclass(frozen=True)
class TrackWindows:
    """Windows and what is measured in them.

    Attributes
    ----------
    places : list of Interval
        Where they lie, with the strand that is read.
    bases : ndarray of uint8, shape (B, L)
        Base codes in reading order, without the soft mask.
    targets : dict of str to ndarray of float32, shape (B, K, T)
        One value per bin and track, for each head; NaN where not known.
    """

    places: list[Interval]
    bases: Bases
    targets: dict[str, npt.NDArray[np.float32]]


def read_track_windows(
    genome: PreparedGenome,
    places: Sequence[Interval],
    signals: Mapping[str, Sequence[BinnedSignal]],
    shape: TrackShape,
) -> TrackWindows:
    r"""Fetch windows with their targets, both in the order of the window's strand.

    Parameters
    ----------
    genome : PreparedGenome
        Where the bases are.
    places : sequence of Interval
        The windows; each of ``shape.length`` bases.
    signals : mapping of str to sequence of BinnedSignal
        The tracks of each head.
    shape : TrackShape
        How windows and bins lie.

    Returns
    -------
    TrackWindows
        The windows.

    Raises
    ------
    ValueError
        If a place has another length or leaves its record.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from genolect.genome.genome import prepare_genome
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "tiny.fa").write_bytes(b">a\nACGTTT\n")
    ...     genome = prepare_genome([Path(folder, "tiny.fa")], Path(folder, "prepared"))
    ...     sites = SiteValues([(Interval("a", 3, 4, "-"), 8.0)])
    ...     shape = TrackShape(length=6, bin_length=2, crop=1)
    ...     windows = read_track_windows(genome, [Interval("a", 0, 6, "-")], {"rna": [sites]}, shape)
    >>> windows.bases.tolist(), windows.targets["rna"].tolist()
    ([[0, 0, 0, 1, 2, 3]], [[[8.0]]])
    """
    bases = np.empty((len(places), shape.length), dtype=np.uint8)
    for row, place in zip(bases, places, strict=True):
        forward: Bases = genome.bases(place.name, place.start, place.end) & np.uint8(BASE_BITS)
        row[:] = reverse_complement(forward) if place.strand == "-" else forward
    targets = {name: binned_targets(places, tracks, shape) for name, tracks in signals.items()}
    return TrackWindows(list(places), bases, targets)


class TrackSampler:
    """Draws windows with targets at uniform positions of some stretches, half of them from the other strand.

    Parameters
    ----------
    genome : PreparedGenome
        Where the bases are.
    regions : sequence of Interval
        Stretches to draw from, such as those of one role of a `Split`.
    signals : mapping of str to sequence of BinnedSignal
        The tracks of each head.
    shape : TrackShape
        How windows and bins lie.
    seed : int
        The run's seed.
    purpose : str
        What the windows are for; two purposes draw different windows.

    Raises
    ------
    InputError
        If no stretch is as long as a window.
    ConfigurationError
        If a stretch lies on a circular record: a track does not wrap.
    """

    def __init__(
        self,
        genome: PreparedGenome,
        regions: Sequence[Interval],
        signals: Mapping[str, Sequence[BinnedSignal]],
        shape: TrackShape,
        *,
        seed: int,
        purpose: str,
    ) -> None:
        for region in regions:
            if genome.records[region.name].circular:
                raise ConfigurationError(f"{region.name} is circular, a track is not", fix="leave this record out")
        self.genome = genome
        self.signals = signals
        self.shape = shape
        self._windows = WindowSampler(genome, regions, length=shape.length, seed=seed, purpose=purpose)

    def draw(self, step: int, count: int, rank: int = 0) -> TrackWindows:
        """Draw windows; the same step always gives the same ones.

        Parameters
        ----------
        step : int
            Which batch.
        count : int
            B.
        rank : int
            Which of the processes that train together; each draws its own windows.

        Returns
        -------
        TrackWindows
            The windows.
        """
        places = self._windows.places(step, count, rank)
        return read_track_windows(self.genome, places, self.signals, self.shape)


def tile_predicted(regions: Sequence[Interval], lengths: Mapping[str, int], shape: TrackShape) -> list[Interval]:
    """Lay windows so that their predicted parts lie side by side, forward strand; context may lie outside the stretch.

    Parameters
    ----------
    regions : sequence of Interval
        Stretches to predict; a rest shorter than a predicted part is left out.
    lengths : mapping of str to int
        Bases of each record, which no window leaves.
    shape : TrackShape
        How windows and bins lie.

    Returns
    -------
    list of Interval
        The windows; none where no stretch is long enough.

    Examples
    --------
    >>> shape = TrackShape(length=8, bin_length=2, crop=1)
    >>> [(place.start, place.end) for place in tile_predicted([Interval("a", 0, 15)], {"a": 15}, shape)]
    [(0, 8), (4, 12)]
    """
    step = shape.length - 2 * shape.margin
    return [
        Interval(region.name, start, start + shape.length, "+")
        for region in regions
        for start in range(
            max(0, region.start - shape.margin),
            min(region.end + shape.margin, lengths[region.name]) - shape.length + 1,
            step,
        )
    ]


def binned_targets(
    places: Sequence[Interval], tracks: Sequence[BinnedSignal], shape: TrackShape
) -> npt.NDArray[np.float32]:
    """Read what is measured in the predicted bins of windows, in the order of each window's strand.

    Parameters
    ----------
    places : sequence of Interval
        The windows.
    tracks : sequence of BinnedSignal
        The tracks.
    shape : TrackShape
        How windows and bins lie.

    Returns
    -------
    ndarray of float32, shape (B, K, T)
        One value per bin and track; NaN where not known.

    Examples
    --------
    >>> sites = SiteValues([(Interval("I", 4, 5, "+"), 2.5)])
    >>> binned_targets([Interval("I", 0, 8, "+")], [sites], TrackShape(length=8, bin_length=2, crop=1)).tolist()
    [[[nan], [2.5]]]
    """
    bins = shape.bin_length
    return np.stack(
        [np.stack([track.bins(shape.predicted(place), bins) for track in tracks], axis=-1) for place in places]
    )
