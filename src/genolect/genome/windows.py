"""Windows: slices of the prepared genome, drawn from both strands, a function of (seed, purpose, step, rank).

Legend: B windows, L bases per window.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from numba import njit

from genolect.errors import ConfigurationError, InputError, shown
from genolect.genome.genome import GenomeRecord, PreparedGenome
from genolect.random import derived_key, key_words, random_words
from genolect.sequence.alphabet import BASE_BITS, SOFT_MASK, Bases
from genolect.sequence.interval import Interval


def species_sizes(genome: PreparedGenome, regions: Iterable[Interval]) -> dict[str, int]:
    r"""Add up the bases of each species.

    Parameters
    ----------
    genome : PreparedGenome
        A corpus.
    regions : iterable of Interval
        Stretches that count.

    Returns
    -------
    dict of str to int
        Bases per species, in the order of the stretches.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from genolect.genome.genome import prepare_genome
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "tiny.fa").write_bytes(b">a\nACGTACGTAC\n")
    ...     species_sizes(prepare_genome([Path(folder, "tiny.fa")], Path(folder, "prepared")), [Interval("a", 2, 9)])
    {'': 7}
    """
    sizes: dict[str, int] = {}
    for region in regions:
        species = genome.records[region.name].species
        sizes[species] = sizes.get(species, 0) + region.length
    return sizes


def check_temperature(temperature: float) -> None:
    """Refuse what is no temperature.

    Parameters
    ----------
    temperature : float
        From 1, which draws every base equally often, to infinity, which draws every species equally often.

    Raises
    ------
    ConfigurationError
        If it is below 1 or no number.

    Examples
    --------
    >>> check_temperature(0.5)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    genolect.errors.ConfigurationError: a temperature of 0.5 would favour what is large already. Fix: give a number...
    """
    if not temperature >= 1:
        fix = "give a number from 1 (by size) to large (every species equally)"
        raise ConfigurationError(f"a temperature of {temperature} would favour what is large already", fix=fix)


def temperature_shares(sizes: Mapping[str, int], temperature: float) -> dict[str, float]:
    """Give each species a share in proportion to size^(1/T).

    Parameters
    ----------
    sizes : mapping of str to int
        Bases per species.
    temperature : float
        T: 1 draws every base equally often, infinity every species; between them lies, for example, 3.

    Returns
    -------
    dict of str to float
        Shares that add to 1.

    Raises
    ------
    ConfigurationError
        If the temperature is below 1 or no number.

    Examples
    --------
    >>> shares = temperature_shares({"human": 900, "yeast": 100}, 2)
    >>> {name: round(share, 6) for name, share in shares.items()}
    {'human': 0.75, 'yeast': 0.25}
    """
    check_temperature(temperature)
    logarithms = {name: math.log(size) / temperature for name, size in sizes.items()}
    largest = max(logarithms.values())
    return normalised_shares({name: math.exp(value - largest) for name, value in logarithms.items()}, sizes)


def normalised_shares(weights: Mapping[str, float], species: Collection[str]) -> dict[str, float]:
    """Turn weights into shares of the species that are there.

    Parameters
    ----------
    weights : mapping of str to float
        Weight per species; those of other species do not count.
    species : collection of str
        The species that are there.

    Returns
    -------
    dict of str to float
        Shares that add to 1, in the order of `species`.

    Raises
    ------
    ConfigurationError
        If a species has no weight, a weight is negative or not finite, or no species has a positive one.

    Examples
    --------
    >>> normalised_shares({"human": 3, "mouse": 1, "zebrafish": 2}, ["mouse", "human"])
    {'mouse': 0.25, 'human': 0.75}
    """
    for name in species:
        if name not in weights:
            fix = "give every species a weight; 0 means never"
            raise ConfigurationError(f"the species {shown(name)} has no weight", fix=fix)
        if not 0 <= weights[name] < math.inf:
            what = f"the weight of the species {shown(name)} is {weights[name]}"
            raise ConfigurationError(what, fix="give a number from 0 up")
    total = math.fsum(weights[name] for name in species)
    if not total:
        raise ConfigurationError("no species has a weight above 0", fix="give a positive weight to what is to be drawn")
    return {name: weights[name] / total for name in species}


BLOCK = 192
"""Bases whose Ns are counted in one byte, so that the compiler counts 64 of them at a time; at most 255."""


PLACES_PER_WINDOW = 64
"""Places of the random generator that belong to one window: one for its species, then two for every try."""

_FRACTION = 2.0**-53
_HALF, _SURPLUS = np.uint64(32), np.uint64(11)


@njit(cache=True, nogil=True)
def draw_windows(
    bases: Bases,
    stretches: npt.NDArray[np.int64],
    species: tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]],
    settings: tuple[int, int, int, int, int],
    windows: Bases,
    found: npt.NDArray[np.int64],
) -> None:
    """Draw windows: a species by its share, then one of its positions and a strand, again while there are too many Ns.

    Parameters
    ----------
    bases : ndarray of uint8
        All bases, record after record.
    stretches : ndarray of int64, shape (R, 4)
        Number of the positions up to the end of each stretch; its first base in its record; where its record begins and
        ends. The stretches of a species lie side by side.
    species : tuple of ndarray of shape (S,)
        Ends of the species' shares, ascending to 1, and number of the positions up to the end of each species.
    settings : tuple of int
        Low and high 32 bits of the key, tries (at most 31), largest number of Ns, bits of a base code that are kept.
    windows : ndarray of uint8, shape (B, L)
        Written in place.
    found : ndarray of int64, shape (B, 3)
        Written in place: the stretch, the first base in its record, and 1 for a window of the other strand.

    Examples
    --------
    >>> circle, windows = np.array([0, 0, 1, 4], dtype=np.uint8), np.empty((2, 4), dtype=np.uint8)
    >>> stretches, found = np.array([[4, 0, 0, 4]]), np.empty((2, 3), dtype=np.int64)
    >>> draw_windows(circle, stretches, (np.array([1.0]), np.array([4])), (7, 0, 20, 2, 15), windows, found)
    >>> found.tolist(), windows.tolist()
    ([[0, 3, 1], [0, 2, 0]], [[2, 3, 3, 4], [1, 4, 0, 0]])
    """
    low, high, tries, most_unknown, kept_bits = settings
    share_ends, species_ends = species
    for number in range(len(windows)):
        place = number * PLACES_PER_WINDOW
        own = np.searchsorted(share_ends, _uniform(place, low, high), side="right")
        first = species_ends[own - 1] if own else 0
        size = species_ends[own] - first
        for attempt in range(tries):
            position = first + np.int64(_uniform(place + 2 * attempt + 1, low, high) * size)
            stretch = np.searchsorted(stretches[:, 0], position, side="right")
            before = stretches[stretch - 1, 0] if stretch else 0
            start = stretches[stretch, 1] + position - before
            reverse = (random_words(place + 2 * attempt + 2, low, high)[0] & np.uint64(1)) == np.uint64(1)
            begin, end = stretches[stretch, 2], stretches[stretch, 3]
            unknown = copy_window(bases, (begin + start, begin, end), reverse, kept_bits, windows[number])
            found[number, 0], found[number, 1], found[number, 2] = stretch, start, reverse
            if unknown <= most_unknown:
                break


@njit(cache=True, nogil=True)
def _uniform(place: int, low: int, high: int) -> float:
    """Give a fraction of 53 bits, from 0 to just below 1."""
    left, right = random_words(place, low, high)
    return np.float64(((left << _HALF) | right) >> _SURPLUS) * _FRACTION


@njit(cache=True, nogil=True)
def copy_window(bases: Bases, place: tuple[int, int, int], reverse: bool, kept_bits: int, window: Bases) -> int:
    """Copy one window out of a genome.

    Parameters
    ----------
    bases : ndarray of uint8
        All bases, record after record.
    place : tuple of int
        Where the window begins, where its record begins, and where its record ends; a window that reaches beyond the
        end of its record goes on at the record's begin.
    reverse : bool
        Whether it is read from the other strand.
    kept_bits : int
        Bits of a base code that are kept: 15 for all, 7 to drop the soft-mask.
    window : ndarray of uint8, shape (L,)
        Written in place.

    Returns
    -------
    int
        Its Ns.

    Examples
    --------
    >>> circle, window = np.array([0, 0, 1, 4], dtype=np.uint8), np.empty(3, dtype=np.uint8)
    >>> copy_window(circle, (3, 0, 4), True, 15, window), window.tolist()
    (1, [3, 3, 4])
    """
    begin, first, end = place
    length, bits = len(window), np.uint8(kept_bits)
    head = min(length, end - begin)
    before, behind = bases[begin : begin + head], bases[first : first + length - head]
    if reverse:
        unknown = _copy_reversed(behind, bits, window[: length - head])
        return unknown + _copy_reversed(before, bits, window[length - head :])
    return _copy(before, bits, window[:head]) + _copy(behind, bits, window[head:])


@njit(cache=True, nogil=True)
def _copy(source: Bases, bits: np.uint8, target: Bases) -> int:
    unknown, length = 0, len(source)
    for start in range(0, length, BLOCK):
        stop = min(start + BLOCK, length)
        piece, place = source[start:stop], target[start:stop]
        count = np.uint8(0)
        for position in range(stop - start):
            base = np.uint8(piece[position] & bits)
            place[position] = base
            count = np.uint8(count + np.uint8((base >> np.uint8(2)) & np.uint8(1)))
        unknown += int(count)
    return unknown


@njit(cache=True, nogil=True)
def _copy_reversed(source: Bases, bits: np.uint8, target: Bases) -> int:
    unknown, length = 0, len(source)
    for start in range(0, length, BLOCK):
        stop = min(start + BLOCK, length)
        width = stop - start
        piece, place = source[length - stop : length - start], target[start:stop]
        count = np.uint8(0)
        for position in range(width):
            base = np.uint8(piece[width - 1 - position] & bits)
            is_unknown = np.uint8((base >> np.uint8(2)) & np.uint8(1))
            place[position] = np.uint8(base ^ np.uint8(np.uint8(is_unknown - np.uint8(1)) & np.uint8(3)))
            count = np.uint8(count + is_unknown)
        unknown += int(count)
    return unknown


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
        How often each species is drawn, up to a common factor (see `genome.windows`). By default every position of the
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
    >>> from genolect.genome.genome import prepare_genome
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
    >>> from genolect.genome.genome import prepare_genome
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
