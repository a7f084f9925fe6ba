"""Background for examples of a genome: as long, as rich in GC and repeats, on the same sequence, but elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genolect.data.labelled_table import Places
from genolect.data.ragged import RaggedBases
from genolect.data.tasks.assembly import Assembly
from genolect.data.tasks.covariates import COVARIATES, covariates
from genolect.data.tasks.matching import Occupied, match_nearest
from genolect.errors import InputError
from genolect.randomness import derived_generator
from genolect.sequence.alphabet import Bases

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

TOLERANCE = {"gc": 0.02, "repeats": 0.05}
"""What is matched beside the length, and how far apart a pair may be before it is counted as far."""
CANDIDATES = 20
"""Random places looked at for each example …"""
FEWEST_CANDIDATES = 20_000
"""… and for each sequence at least, shared out among the lengths that its examples have."""
FEWEST_OF_A_LENGTH = 200
MEASURED_AT_ONCE = 1 << 22
MOST_N = 0.05
_MATCHED = [COVARIATES.index(name) for name in TOLERANCE]
_UNITS = np.array([*TOLERANCE.values()])


@dataclass(frozen=True)
class Background:
    """Places that hold no example, each found for one.

    Attributes
    ----------
    places : Places
        m places, on the strands of their examples; none overlaps another.
    example : ndarray of int64, shape (m,)
        The example that each was found for.
    candidates : ndarray of float64, shape (c, C)
        Covariates of random places: what an unmatched background would have been.
    without : int
        Examples for which no place was left, counted once for each place that they lack.
    far : int
        Pairs farther apart than `TOLERANCE`.
    largest : dict of str to float
        Largest difference within a pair, by covariate.
    """

    places: Places
    example: Integers
    candidates: Floats
    without: int
    far: int
    largest: dict[str, float]

    def notes(self) -> list[str]:
        """Say what could not be matched, and how well the rest is."""
        kept = f"background: {self.example.size:,} places for {np.unique(self.example).size:,} examples"
        allowed = " and ".join(f"{name} {value:g}" for name, value in TOLERANCE.items())
        apart = ", ".join(f"{name} {value:.3f}" for name, value in self.largest.items())
        lines = [f"{kept}; pairs that differ by more than {allowed}: {self.far:,}; largest differences {apart}"]
        if self.without:
            lines.append(f"background: {self.without:,} places are missing: nothing else was free on their sequence")
        return lines


def matched_background(
    genome: Assembly,
    examples: Places,
    *,
    avoid: Sequence[Places] = (),
    margin: int,
    seed: int,
    per_example: int = 1,
) -> Background:
    """Find places that are like the examples.

    On each sequence and for each length, random places that keep away from all examples are drawn; each example then
    takes the nearest one in GC and repeats. Places with more than 5 % N are never taken.

    Parameters
    ----------
    genome : Assembly
        The genome.
    examples : Places
        The examples.
    avoid : sequence of Places
        Further places to keep away from.
    margin : int
        Bases to keep away.
    seed : int
        Seed of the draw.
    per_example : int
        Places for each example.

    Returns
    -------
    Background
        The places, in the order of their examples.

    Raises
    ------
    InputError
        If not a single place is free.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> genome = Assembly.of_records({"I": encode("ACGTT" * 40)})
    >>> start = np.array([20, 60])
    >>> examples = Places(np.array(["I", "I"]), start, start + 10, np.array([1, -1], dtype=np.int8))
    >>> found = matched_background(genome, examples, margin=5, seed=7)
    >>> len(found.example), found.places.strand.tolist(), found.far, found.largest["gc"]
    (2, [1, -1], 0, 0.0)
    """
    wanted = covariates(genome.sequences(examples))
    pools: list[Floats] = [np.empty((0, len(COVARIATES)))]
    pairs: list[tuple[int, int]] = []
    differences: list[Floats] = [np.empty((0, len(TOLERANCE)))]
    for name in dict.fromkeys(examples.name.tolist()):
        taken = Occupied()
        spans = _merged([_on(places, name) for places in (examples, *avoid)], margin)
        lengths = [*_by_length(examples, name)]
        for length, rows in lengths:
            generator = derived_generator(seed, "background", name, length)
            count = max(CANDIDATES * rows.size * per_example, FEWEST_CANDIDATES // len(lengths), FEWEST_OF_A_LENGTH)
            starts = _free_starts(spans, genome.lengths[name], length, count, generator)
            offered, starts = _measured(genome.whole(name), starts, length)
            pools.append(offered)
            rows = np.repeat(rows, per_example)
            matches = match_nearest(
                wanted[rows][:, _MATCHED] / _UNITS,
                offered[:, _MATCHED] / _UNITS,
                lambda candidate, starts=starts, taken=taken, length=length: taken.claim(  # type: ignore[misc]
                    int(starts[candidate]), int(starts[candidate]) + length
                ),
                generator,
            )
            found = matches >= 0
            pairs += zip(rows[found].tolist(), starts[matches[found]].tolist(), strict=True)
            differences.append(abs(wanted[rows[found]][:, _MATCHED] - offered[matches[found]][:, _MATCHED]))
    if not pairs:
        fix = "use shorter windows or a smaller --margin, or --negatives shuffled"
        raise InputError("no place of the genome is free for background", fix=fix)
    return _background(examples, np.array(pairs), np.vstack(pools), np.vstack(differences), per_example)


def _background(examples: Places, pairs: Integers, pool: Floats, differences: Floats, per_example: int) -> Background:
    order = np.argsort(pairs[:, 0], kind="stable")
    example, start = pairs[order].T
    end = start + examples.end[example] - examples.start[example]
    return Background(
        places=Places(examples.name[example], start, end, examples.strand[example]),
        example=example,
        candidates=pool,
        without=examples.start.size * per_example - example.size,
        far=int((differences > _UNITS).any(axis=1).sum()),
        largest=dict(zip(TOLERANCE, differences.max(axis=0).tolist(), strict=True)),
    )


def _on(places: Places, name: str) -> Integers:
    here = places.name == name
    return np.column_stack([places.start[here], places.end[here]])


def _by_length(examples: Places, name: str) -> Iterator[tuple[int, Integers]]:
    """Lengths from the longest on, because long ones find free places least easily."""
    here = np.flatnonzero(examples.name == name)
    lengths = (examples.end - examples.start)[here]
    for length in np.unique(lengths)[::-1].tolist():
        yield length, here[lengths == length]


def _merged(spans: Sequence[Integers], margin: int) -> Integers:
    """Join stretches, with their margins, into disjoint ones in order, shape (k, 2)."""
    rows = np.concatenate(spans)
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    start, end = rows[:, 0] - margin, rows[:, 1] + margin
    reach = np.maximum.accumulate(end)
    first = np.ones(start.size, dtype=bool)
    first[1:] = start[1:] > reach[:-1]
    last = np.append(first[1:], True)
    return np.column_stack([start[first], reach[last]])


def _free_starts(
    spans: Integers, sequence_length: int, length: int, count: int, generator: np.random.Generator
) -> Integers:
    """Draw first bases of stretches that touch none of the spans, uniformly from all there are, each once."""
    begin = np.append(0, spans[:, 1]).clip(0)
    stop = np.append(spans[:, 0], sequence_length) - length + 1
    room = np.maximum(0, stop - begin)
    ends = np.cumsum(room)
    if ends[-1] == 0:
        return np.empty(0, dtype=np.int64)
    drawn = np.unique(generator.integers(ends[-1], size=count)) if count < ends[-1] else np.arange(ends[-1])
    gap = np.searchsorted(ends, drawn, side="right")
    starts: Integers = begin[gap] + drawn - (ends[gap] - room[gap])
    return starts


def _measured(bases: Bases, starts: Integers, length: int) -> tuple[Floats, Integers]:
    """Measure candidates, without those that are rich in N."""
    parts = [np.empty((0, len(COVARIATES)))]
    step = max(1, MEASURED_AT_ONCE // length)
    for first in range(0, starts.size, step):
        windows = bases[starts[first : first + step, None] + np.arange(length)]
        ends = np.arange(len(windows) + 1, dtype=np.int64) * length
        parts.append(covariates(RaggedBases(windows.ravel(), ends)))
    values = np.vstack(parts)
    known = values[:, COVARIATES.index("n")] <= MOST_N
    return values[known], starts[known]
