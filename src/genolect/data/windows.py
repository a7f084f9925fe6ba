"""Windows: slices of the prepared genome, drawn from both strands, a function of (seed, purpose, step, rank).

Legend: B windows, L bases per window.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from genolect.data.genome import GenomeRecord, PreparedGenome
from genolect.data.shares import normalised_shares
from genolect.data.window_kernels import draw_windows
from genolect.errors import InputError
from genolect.philox import key_words
from genolect.randomness import derived_key
from genolect.sequence.alphabet import BASE_BITS, SOFT_MASK, Bases
from genolect.sequence.interval import Interval

LARGEST_N_SHARE = 0.5
TRIES = 20
BLOCKS = 50


class WindowSampler:
    """Draws windows at uniform positions of some stretches of a genome; on a circular record windows wrap.

    Parameters
    ----------
    genome : PreparedGenome
        Where the bases are.
    regions : sequence of Interval
        Stretches to draw from; those shorter than a window are left out.
    length : int
        L, bases per window.
    seed : int
        The run's seed.
    purpose : str
        What the windows are for; two purposes draw different windows.
    shares : mapping of str to float, optional
        How often each species is drawn, up to a common factor (see `data.shares`). By default every position of the
        genome is drawn equally often, so that a species has the share of its size.
    soft_mask : bool
        Whether the soft-mask bit of the base codes is kept.

    Attributes
    ----------
    regions : list of Interval
        The stretches that are drawn from.
    too_short : list of str
        Species of which no stretch is as long as a window; they are not drawn.

    Raises
    ------
    InputError
        If no stretch is as long as a window.
    ConfigurationError
        If `shares` lacks a species of the stretches, or gives none of them anything.
    """

    def __init__(
        self,
        genome: PreparedGenome,
        regions: Sequence[Interval],
        *,
        length: int,
        seed: int,
        purpose: str,
        shares: Mapping[str, float] | None = None,
        soft_mask: bool = True,
    ) -> None:
        self.genome = genome
        self.length = length
        self.seed = seed
        self.purpose = purpose
        self._kept_bits = BASE_BITS | SOFT_MASK if soft_mask else BASE_BITS
        self.regions = [region for region in regions if region.length >= length]
        if not self.regions:
            longest = max((region.length for region in regions), default=0)
            raise InputError(
                f"the longest {purpose} stretch has {longest:,} bases, fewer than a window's {length:,}",
                fix="shorten the window, or give a longer genome",
                path=genome.folder,
            )
        species = {region: genome.records[region.name].species for region in regions}
        kept = dict.fromkeys(species[region] for region in self.regions)
        self.too_short = [name for name in dict.fromkeys(species.values()) if name not in kept]
        if shares is not None:  # The stretches of a species then lie side by side, in the order of `kept`.
            order = {name: number for number, name in enumerate(kept)}
            self.regions.sort(key=lambda region: order[species[region]])
        self._species = [species[region] for region in self.regions]
        self._lay_out(normalised_shares(shares, kept) if shares is not None else None)

    def _lay_out(self, shares: Mapping[str, float] | None) -> None:
        """Number every position at which a window may begin, stretch after stretch, and group them by species."""
        records = [self.genome.records[region.name] for region in self.regions]
        rows = [
            (_positions(region, record, self.length), region.start, record.offset, record.offset + record.length)
            for region, record in zip(self.regions, records, strict=True)
        ]
        self._stretches = np.array(rows, dtype=np.int64)
        self._stretches[:, 0] = np.cumsum(self._stretches[:, 0])
        ends = self._stretches[:, 0]
        if shares is None:
            self._groups = np.ones(1), ends[-1:]
        else:
            neighbours = zip(self._species, [*self._species[1:], None], strict=True)
            last = [number for number, (name, following) in enumerate(neighbours) if name != following]
            share_ends = np.cumsum([shares[self._species[number]] for number in last])
            # A share of 0 at the end ends where the one before it ends: at 1 sharp, so that rounding gives it nothing.
            self._groups = np.where(share_ends == share_ends[-1], 1.0, share_ends), ends[last]

    def shares(self) -> dict[str, float]:
        """Give the share of the windows that is expected of each species; the shares add to 1.

        Windows that are drawn again because of their Ns come from the same species where `shares` was given; otherwise
        the share of a species with many Ns turns out smaller.
        """
        share_ends, group_ends = self._groups
        ends = self._stretches[:, 0]
        groups = np.searchsorted(group_ends, ends)
        per_position = np.diff(share_ends, prepend=0) / np.diff(group_ends, prepend=0)
        expected: dict[str, float] = dict.fromkeys(self._species, 0.0)
        for name, share in zip(self._species, per_position[groups] * np.diff(ends, prepend=0), strict=True):
            expected[name] += float(share)
        return expected

    def draw(self, step: int, count: int, rank: int = 0) -> Bases:
        """Draw windows; half of them, at random, from the other strand.

        Parameters
        ----------
        step : int
            Which batch: the same step always gives the same windows.
        count : int
            B.
        rank : int
            Which of the processes that train together; each draws its own windows.

        Returns
        -------
        ndarray of uint8, shape (B, L)
            Base codes. A window with more than half N is drawn again, up to 20 times.
        """
        return self._drawn(step, count, rank)[0]

    def places(self, step: int, count: int, rank: int = 0) -> list[Interval]:
        """Say where the windows of `draw` lie; parameters as there.

        Returns
        -------
        list of Interval
            B places with their strand; one that wraps round a circle ends beyond the record's length.
        """
        found = self._drawn(step, count, rank)[1]
        return [
            Interval(self.regions[region].name, start, start + self.length, "-" if reverse else "+")
            for region, start, reverse in found.tolist()
        ]

    def species_drawn(self, step: int, count: int, rank: int = 0) -> Counter[str]:
        """Count the windows of `draw` by species; the counts of steps and ranks add. Parameters as there.

        Returns
        -------
        Counter of str
            Windows per species; only those of which there are any.
        """
        return Counter(self._species[region] for region in self._drawn(step, count, rank)[1][:, 0].tolist())

    def _drawn(self, step: int, count: int, rank: int) -> tuple[Bases, npt.NDArray[np.int64]]:
        """Give the windows, and of each its stretch, its first base and whether it is of the other strand."""
        windows = np.empty((count, self.length), dtype=np.uint8)
        found = np.empty((count, 3), dtype=np.int64)
        low, high = key_words(derived_key(self.seed, f"windows of {self.purpose}", step, rank))
        settings = (low, high, TRIES, int(LARGEST_N_SHARE * self.length), self._kept_bits)
        draw_windows(self.genome.all_bases, self._stretches, self._groups, settings, windows, found)
        return windows, found


def _positions(region: Interval, record: GenomeRecord, length: int) -> int:
    """Count the positions at which a window may begin: all of them where the stretch is a whole circle."""
    is_circle = record.circular and region.length == record.length
    return record.length if is_circle else region.length - length + 1


def tile_windows(
    genome: PreparedGenome, regions: Sequence[Interval], *, length: int, most: int
) -> tuple[Bases, npt.NDArray[np.int64]]:
    r"""Cut windows side by side, evenly spaced over some stretches, forward strand.

    Parameters
    ----------
    genome : PreparedGenome
        Where the bases are.
    regions : sequence of Interval
        Stretches to cut; a rest shorter than a window is left out.
    length : int
        L, bases per window.
    most : int
        Largest number of windows; where the stretches hold more, every n-th is taken.

    Returns
    -------
    windows : ndarray of uint8, shape (B, L)
        Base codes.
    blocks : ndarray of int64, shape (B,)
        Contiguous groups of windows, numbered from 0, at most 50 in all: the unit of resampling.

    Raises
    ------
    InputError
        If no stretch is as long as a window.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from genolect.data.genome import prepare_genome
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "tiny.fa").write_bytes(b">a\nACGTACGTAC\n")
    ...     genome = prepare_genome([Path(folder, "tiny.fa")], Path(folder, "prepared"))
    >>> tile_windows(genome, [Interval("a", 1, 9)], length=3, most=7)[0].tolist()
    [[1, 2, 3], [0, 1, 2]]
    """
    places = tile_places(genome, regions, length=length, most=most)
    windows = np.stack([genome.bases(place.name, place.start, place.end) for place in places])
    return windows, np.arange(len(places)) * min(BLOCKS, len(places)) // len(places)


def tile_places(genome: PreparedGenome, regions: Sequence[Interval], *, length: int, most: int) -> list[Interval]:
    r"""Say where the windows of `tile_windows` lie; parameters and refusals as there.

    Returns
    -------
    list of Interval
        B places on the forward strand.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from genolect.data.genome import prepare_genome
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "tiny.fa").write_bytes(b">a\nACGTACGTAC\n")
    ...     genome = prepare_genome([Path(folder, "tiny.fa")], Path(folder, "prepared"))
    >>> [place.start for place in tile_places(genome, [Interval("a", 1, 9)], length=3, most=7)]
    [1, 4]
    """
    places = [
        Interval(region.name, start, start + length)
        for region in regions
        for start in range(region.start, region.end - length + 1, length)
    ]
    if not places:
        raise InputError(
            f"no held-out stretch has {length:,} bases, the length of a window",
            fix="shorten the window, or hold out more",
            path=genome.folder,
        )
    return places[:: -(-len(places) // most)]
