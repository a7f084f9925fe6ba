"""Windows: slices of the prepared genome, drawn from both strands, a function of (seed, purpose, step).

Legend: B windows, L bases per window.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genolect.data.genome import PreparedGenome
from genolect.errors import InputError
from genolect.randomness import derived_generator
from genolect.sequence.alphabet import BASE_BITS, Bases, N, reverse_complement
from genolect.sequence.interval import Interval

LARGEST_N_SHARE = 0.5
TRIES = 20
BLOCKS = 50


class WindowSampler:
    """Draws windows at uniform positions of some stretches of a genome.

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

    Raises
    ------
    InputError
        If no stretch is as long as a window.
    """

    def __init__(
        self, genome: PreparedGenome, regions: Sequence[Interval], *, length: int, seed: int, purpose: str
    ) -> None:
        self.genome = genome
        self.length = length
        self.seed = seed
        self.purpose = purpose
        self.regions = [region for region in regions if region.length >= length]
        if not self.regions:
            longest = max((region.length for region in regions), default=0)
            raise InputError(
                f"the longest {purpose} stretch has {longest:,} bases, fewer than a window's {length:,}",
                fix="shorten the window, or give a longer genome",
                path=genome.folder,
            )
        starts = np.array([region.length - length + 1 for region in self.regions])
        self._ends = np.cumsum(starts)

    def draw(self, step: int, count: int) -> Bases:
        """Draw windows; half of them, at random, from the other strand.

        Parameters
        ----------
        step : int
            Which batch: the same step always gives the same windows.
        count : int
            B.

        Returns
        -------
        ndarray of uint8, shape (B, L)
            Base codes. A window with more than half N is drawn again, up to 20 times.
        """
        generator = derived_generator(self.seed, f"windows of {self.purpose}", step)
        windows = np.empty((count, self.length), dtype=np.uint8)
        for row in range(count):
            for _ in range(TRIES):
                window = self._window(int(generator.integers(self._ends[-1])))
                if np.count_nonzero((window & BASE_BITS) == N) <= LARGEST_N_SHARE * self.length:
                    break
            windows[row] = reverse_complement(window) if generator.random() < 0.5 else window
        return windows

    def _window(self, position: int) -> Bases:
        which = int(np.searchsorted(self._ends, position, side="right"))
        region = self.regions[which]
        start = region.start + position - (int(self._ends[which - 1]) if which else 0)
        return self.genome.bases(region.name, start, start + self.length)


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
    places = [
        (region.name, start) for region in regions for start in range(region.start, region.end - length + 1, length)
    ]
    places = places[:: -(-len(places) // most) or 1]
    if not places:
        raise InputError(
            f"no held-out stretch has {length:,} bases, the length of a window",
            fix="shorten the window, or hold out more",
            path=genome.folder,
        )
    windows = np.stack([genome.bases(name, start, start + length) for name, start in places])
    return windows, np.arange(len(places)) * min(BLOCKS, len(places)) // len(places)
