"""Labelled windows for evaluation: drawn on a jittered grid, read in sense, each with its block for resampling.

Neighbouring windows resemble one another, so a set of windows holds fewer independent facts than windows. Each window
therefore names its block, a contiguous stretch of the genome, and statistics resample blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from genolect.arrays import Integers
from genolect.errors import ConfigurationError
from genolect.genome.labels import LEFT_OUT, LabelTracks
from genolect.random import derived_generator
from genolect.sequence.alphabet import BASE_BITS, Bases, N, reverse_complement
from genolect.sequence.interval import Interval

SPARE = 1.25
"""The grid offers this many times the windows asked for, because some centres have no safe label."""

MOST_N = 0.05
FEWEST_WINDOWS = 30


@dataclass(frozen=True)
class LabelledWindows:
    """A table of windows, one array per column.

    Attributes
    ----------
    classes : tuple of str
        The classes' names.
    name : ndarray of str, shape (n,)
        Sequence.
    start, end : ndarray of int64, shape (n,)
        Place on the plus strand, 0-based half-open.
    strand : ndarray of int8, shape (n,)
        +1 or -1, the strand to read: that of the label, or a random one where the label has none.
    label : ndarray of int64, shape (n,)
        Class of the centre base (base ``length // 2`` as read), an index into `classes`.
    block : ndarray of int64, shape (n,)
        Resampling unit.
    without_label : int
        Centres that were drawn and dropped because they have no safe label.
    too_many_n : int
        Windows that were drawn and dropped because more than 5 % of their bases are N.
    """

    classes: tuple[str, ...]
    name: npt.NDArray[np.str_]
    start: Integers
    end: Integers
    strand: npt.NDArray[np.int8]
    label: Integers
    block: Integers
    without_label: int = 0
    too_many_n: int = 0

    def __len__(self) -> int:
        """Return the number of windows."""
        return int(self.label.size)

    def select(self, which: npt.NDArray[np.bool_] | Integers) -> LabelledWindows:
        """Take some of the windows.

        Parameters
        ----------
        which : ndarray of bool, shape (n,), or of int
            A mask or indices.

        Returns
        -------
        LabelledWindows
            The same columns; the counts of dropped windows are kept.
        """
        columns = ("name", "start", "end", "strand", "label", "block")
        return replace(self, **{column: getattr(self, column)[which] for column in columns})

    def count(self) -> dict[str, int]:
        """Give the number of windows of each class, in the order of `classes`."""
        numbers = np.bincount(self.label, minlength=len(self.classes))
        return dict(zip(self.classes, numbers.tolist(), strict=True))


def sample_windows(
    tracks: LabelTracks,
    regions: Sequence[Interval],
    *,
    length: int,
    count: int,
    seed: int,
    bases: Callable[[str], Bases] | None = None,
    block_bases: int | None = None,
) -> LabelledWindows:
    """Draw labelled windows from some regions of the genome.

    The regions are cut into cells, one window lies somewhere in each cell, and so no two windows overlap. The jitter is
    at least a quarter of the window: a strict grid would meet every long gene at one codon position only.

    Parameters
    ----------
    tracks : LabelTracks
        Class and strand of every base.
    regions : sequence of Interval
        Where windows may lie; they must not overlap. The strand is ignored.
    length : int
        Bases per window.
    count : int
        Largest number of windows wanted; small regions give fewer.
    seed : int
        Seed of the draw.
    bases : callable, optional
        Gives a sequence's base codes by name; windows with more than 5 % N are then dropped and counted.
    block_bases : int, optional
        Bases per block. By default 20 windows' worth or a fortieth of the regions, whichever is more, but never more
        than a twentieth, so that there are about 20 blocks at least.

    Returns
    -------
    LabelledWindows
        At most `count` windows, in genome order.

    Raises
    ------
    ConfigurationError
        If regions overlap or leave the genome, or no labelled window fits.

    Examples
    --------
    >>> from genolect.genome.labels import label_bases
    >>> from genolect.sequence.interval import Feature
    >>> tracks = label_bases([Feature(Interval("chrI", 300, 600), "region", "", None, line=1)], {"chrI": 1000})
    >>> windows = sample_windows(tracks, [Interval("chrI", 0, 1000)], length=50, count=12, seed=1)
    >>> len(windows), set((windows.end - windows.start).tolist())
    (12, {50})
    """
    _check_regions(tracks, regions, length=length, count=count)
    total = sum(region.length for region in regions)
    size = block_bases or max(length, min(max(20 * length, total // 40), total // 20))
    pitch = max(length + max(3, length // 4), int(total / (SPARE * count)))
    generator = derived_generator(seed, "labelled windows")
    parts: list[LabelledWindows] = []
    first_block = 0
    for region in regions:
        centres = _centres(region, length, pitch, generator)
        blocks = first_block + (centres - region.start) // size
        first_block += -(-region.length // size)
        parts.append(_windows_at(tracks, region.name, centres, blocks, length=length, generator=generator))
    drawn = _joined(parts)
    windows = drawn.select(drawn.label != LEFT_OUT)
    windows = replace(windows, without_label=len(drawn) - len(windows))
    if bases is not None:
        windows = _without_n(windows, bases)
    if len(windows) == 0:
        raise ConfigurationError(
            f"no labelled window of {length} bases fits into the {len(regions)} regions ({total} bases)",
            fix="use shorter windows or larger regions",
        )
    return windows.select(np.sort(generator.permutation(len(windows))[:count]))


def _check_regions(tracks: LabelTracks, regions: Sequence[Interval], *, length: int, count: int) -> None:
    if length < 1 or count < 1:
        raise ConfigurationError(f"window length {length}, count {count}", fix="give two numbers of at least 1")
    before: Interval | None = None
    for region in sorted(regions, key=lambda region: (region.name, region.start)):
        place = f"region {region.name}:{region.start}-{region.end}"
        if region.name not in tracks.classes or region.end > tracks.classes[region.name].size:
            raise ConfigurationError(f"{place} is not inside the genome", fix="give regions of this genome")
        if before is not None and before.name == region.name and before.end > region.start:
            raise ConfigurationError(f"{place} overlaps {before.start}-{before.end}", fix="merge these regions")
        before = region


def _centres(region: Interval, length: int, pitch: int, generator: np.random.Generator) -> Integers:
    """One centre per cell, such that the window stays in the cell on either strand; the last cell takes the rest."""
    cells = max(1, region.length // pitch)
    borders = region.start + pitch * np.arange(cells + 1, dtype=np.int64)
    borders[-1] = region.end
    lowest = borders[:-1] + length // 2
    beyond = borders[1:] - length // 2
    fits = lowest < beyond
    return generator.integers(lowest[fits], beyond[fits])


def _windows_at(
    tracks: LabelTracks, name: str, centres: Integers, blocks: Integers, *, length: int, generator: np.random.Generator
) -> LabelledWindows:
    strand = tracks.strands[name][centres]
    chance = (1 - 2 * generator.integers(0, 2, size=centres.size)).astype(np.int8)
    strand = np.where(strand == 0, chance, strand)
    # As read, the centre is base length // 2 on both strands: an even window on the minus strand lies one further on.
    start = centres - np.where(strand > 0, length // 2, (length - 1) // 2)
    return LabelledWindows(
        classes=tracks.names,
        name=np.full(centres.size, name),
        start=start,
        end=start + length,
        strand=strand,
        label=tracks.classes[name][centres].astype(np.int64),
        block=blocks,
    )


def _joined(parts: Sequence[LabelledWindows]) -> LabelledWindows:
    return replace(
        parts[0],
        name=np.concatenate([part.name for part in parts]),
        start=np.concatenate([part.start for part in parts]),
        end=np.concatenate([part.end for part in parts]),
        strand=np.concatenate([part.strand for part in parts]),
        label=np.concatenate([part.label for part in parts]),
        block=np.concatenate([part.block for part in parts]),
    )


def _without_n(windows: LabelledWindows, bases: Callable[[str], Bases]) -> LabelledWindows:
    unknown = np.empty(len(windows))
    for name in np.unique(windows.name):
        here = windows.name == name
        start, end = windows.start[here], windows.end[here]
        running = np.concatenate([[0], np.cumsum((bases(str(name)) & BASE_BITS) == N)])
        unknown[here] = (running[end] - running[start]) / (end - start)
    kept = windows.select(unknown <= MOST_N)
    return replace(kept, too_many_n=len(windows) - len(kept))


def read_windows(windows: LabelledWindows, bases: Callable[[str], Bases]) -> Bases:
    """Fetch the windows' bases, each read 5' to 3' on its own strand.

    Parameters
    ----------
    windows : LabelledWindows
        Windows of one length.
    bases : callable
        Gives a sequence's base codes by name.

    Returns
    -------
    ndarray of uint8, shape (n, length)
        Base codes.

    Examples
    --------
    >>> from genolect.genome.labels import label_bases
    >>> from genolect.sequence.alphabet import decode, encode
    >>> from genolect.sequence.interval import Feature
    >>> tracks = label_bases([Feature(Interval("chrI", 0, 9, "-"), "region", "", None, line=1)], {"chrI": 9})
    >>> windows = sample_windows(tracks, [Interval("chrI", 0, 9)], length=5, count=1, seed=0)
    >>> decode(read_windows(windows, lambda name: encode("AAAAACCCC"))[0])[-1]
    'T'
    """
    length = int((windows.end - windows.start)[0]) if len(windows) else 0
    read = np.empty((len(windows), length), dtype=np.uint8)
    for name in np.unique(windows.name):
        here = windows.name == name
        read[here] = bases(str(name))[windows.start[here, None] + np.arange(length)]
    minus = windows.strand < 0
    read[minus] = reverse_complement(read[minus])
    return read


def drop_rare_classes(
    train: LabelledWindows, validation: LabelledWindows, test: LabelledWindows, *, fewest: int = FEWEST_WINDOWS
) -> tuple[LabelledWindows, LabelledWindows, LabelledWindows, dict[str, tuple[int, int]]]:
    """Drop the classes that are too rare to be learnt or measured, and renumber the others.

    Parameters
    ----------
    train, validation, test : LabelledWindows
        The three parts, with the same classes.
    fewest : int
        Windows that a class needs in `train` and in `test`.

    Returns
    -------
    train, validation, test : LabelledWindows
        Without the windows of rare classes.
    dropped : dict of str to (int, int)
        Each dropped class with its windows in train and in test; classes that occur in neither are not named.

    Raises
    ------
    ConfigurationError
        If fewer than two classes remain.

    Examples
    --------
    >>> place, strand = np.arange(200), np.ones(200, dtype=np.int8)
    >>> label = np.where(place < 20, 2, place % 2)
    >>> windows = LabelledWindows(("a", "b", "rare"), np.full(200, "chrI"), place, place + 1, strand, label, place)
    >>> train, validation, test, dropped = drop_rare_classes(windows, windows, windows)
    >>> test.classes, dropped
    (('a', 'b'), {'rare': (20, 20)})
    """
    in_train, in_test = train.count(), test.count()
    kept = [name for name in train.classes if min(in_train[name], in_test[name]) >= fewest]
    if len(kept) < 2:
        raise ConfigurationError(
            f"only {len(kept)} of {len(train.classes)} classes have {fewest} windows in train and test",
            fix="use more or shorter windows, or a larger test region",
        )
    dropped = {
        name: (in_train[name], in_test[name])
        for name in train.classes
        if name not in kept and in_train[name] + in_test[name] > 0
    }
    number = np.array([kept.index(name) if name in kept else -1 for name in train.classes])

    def keep(part: LabelledWindows) -> LabelledWindows:
        chosen = part.select(number[part.label] >= 0)
        return replace(chosen, classes=tuple(kept), label=number[chosen.label])

    return keep(train), keep(validation), keep(test), dropped
