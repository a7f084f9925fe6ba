"""Background for examples of a genome: as long, as rich in GC and repeats, on the same sequence, but elsewhere."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from genolect.arrays import Floats, Integers
from genolect.errors import InputError
from genolect.random import derived_generator
from genolect.sequence.alphabet import BASE_BITS, SOFT_MASK, Bases, C, G, N
from genolect.sequence.ragged import RaggedBases
from genolect.tables.table import Places, Target
from genolect.tasks.assembly import Assembly

COVARIATES = ("length", "gc", "cpg", "n", "repeats")


def covariates(sequences: RaggedBases) -> Floats:
    """Measure sequences.

    Parameters
    ----------
    sequences : RaggedBases
        n sequences, none of them empty.

    Returns
    -------
    ndarray of float64, shape (n, C)
        In the order of `COVARIATES`: bases; share of G and C among the bases that are not N; CpG per base; share of N;
        share of soft-masked bases.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> covariates(RaggedBases.of([encode("ACgtN"), encode("CG"), encode("AA")])).tolist()
    [[5.0, 0.5, 0.2, 0.2, 0.4], [2.0, 1.0, 0.5, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0, 0.0]]
    """
    plain = sequences.bases & BASE_BITS
    starts, lengths = sequences.starts, sequences.lengths
    if not len(sequences):
        return np.empty((0, len(COVARIATES)))
    cpg = np.zeros(plain.size, dtype=np.int64)
    cpg[:-1] = (plain[:-1] == C) & (plain[1:] == G)
    cpg[starts[1:] - 1] = 0
    flags = ((plain == C) | (plain == G), cpg, plain == N, sequences.bases & SOFT_MASK > 0)
    strong, pairs, unknown, masked = (np.add.reduceat(flag.astype(np.int64), starts[:-1]) for flag in flags)
    gc = strong / np.maximum(1, lengths - unknown)
    return np.column_stack([lengths, gc, pairs / lengths, unknown / lengths, masked / lengths]).astype(np.float64)


@dataclass(frozen=True)
class Balance:
    """How much covariates tell about a label.

    Attributes
    ----------
    measure : str
        What the numbers are.
    after : dict of str to float
        The table's own, by covariate.
    before : dict of str to float, optional
        What random background instead of the matched one would have had.
    """

    measure: str
    after: dict[str, float]
    before: dict[str, float] | None = None

    def lines(self) -> list[str]:
        """Give it as text, a line for each covariate."""
        if self.before is None:
            return [
                f"balance: {self.measure}",
                *(f"balance: {name} {value:+.3f}" for name, value in self.after.items()),
            ]
        rows = (f"balance: {name} {self.before[name]:+.3f} -> {value:+.3f}" for name, value in self.after.items())
        return [f"balance: {self.measure}, random -> matched background", *rows]


def standardised_difference(first: Floats, second: Floats) -> Floats:
    """Give the difference of means in units of the standard deviation, per column.

    Parameters
    ----------
    first, second : ndarray of float64, shape (n, C) and (m, C)
        Two sets.

    Returns
    -------
    ndarray of float64, shape (C,)
        Positive where the first is larger; 0 where both are constant and equal, infinite where constant and different.

    References
    ----------
    Austin 2009, doi:10.1002/sim.3697, equation 1: below 0.1 two groups pass as balanced.

    Examples
    --------
    >>> standardised_difference(np.array([[1.0], [3.0]]), np.array([[0.0], [2.0]])).round(3).tolist()
    [0.707]
    """
    difference = first.mean(axis=0) - second.mean(axis=0)
    spreads = [part.var(axis=0, ddof=1) if len(part) > 1 else np.zeros(part.shape[1]) for part in (first, second)]
    spread = np.sqrt((spreads[0] + spreads[1]) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled: Floats = np.where(difference == 0, 0.0, difference / spread)
    return scaled


def balance(values: Floats, target: Target, before: Floats | None = None) -> Balance:
    """Tell how much the covariates of a table differ between its classes, or go with its number.

    Parameters
    ----------
    values : ndarray of float64, shape (n, C)
        As `covariates` gives them.
    target : Target
        Classes or a number.
    before : ndarray of float64, shape (m, C), optional
        Covariates of random background; only for two classes, of which the first is the background.

    Returns
    -------
    Balance
        Standardised mean differences (of more than two classes the largest), or rank correlations.

    Examples
    --------
    >>> values = np.array([[9.0, 0.1, 0, 0, 0], [9.0, 0.2, 0, 0, 0], [9.0, 0.4, 0, 0, 0], [9.0, 0.5, 0, 0, 0]])
    >>> found = balance(values, Target("classes", ("no", "yes"), np.array([0, 0, 1, 1])))
    >>> found.after["length"], round(found.after["gc"], 2)
    (0.0, 4.24)
    """
    if target.kind == "number":
        return Balance("rank correlation with the label", _named(_correlations(values, target.values)))
    sets = [values[target.values == code] for code in range(len(target.names))]
    sets = [part for part in sets if len(part)]
    if len(sets) == 2:
        earlier = None if before is None or not len(before) else _named(standardised_difference(sets[1], before))
        what = f"standardised mean difference, {target.names[-1]} less {target.names[0]}"
        return Balance(what, _named(standardised_difference(sets[1], sets[0])), earlier)
    largest = np.zeros(values.shape[1])
    for number, first in enumerate(sets):
        for second in sets[:number]:
            largest = np.maximum(largest, abs(standardised_difference(first, second)))
    return Balance("largest standardised mean difference between two classes", _named(largest))


def _named(values: Sequence[float] | Floats) -> dict[str, float]:
    return dict(zip(COVARIATES, (float(value) for value in values), strict=True))


def _correlations(values: Floats, label: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> list[float]:
    from scipy.stats import rankdata

    ranks = rankdata(label)
    return [
        float(np.corrcoef(rankdata(column), ranks)[0, 1]) if np.ptp(column) > 0 and np.ptp(ranks) > 0 else 0.0
        for column in values.T
    ]


NEIGHBOURS = 32
"""Candidates looked at for one example before all of them are."""


class Occupied:
    """Stretches of one sequence that are taken; none of them overlap.

    Examples
    --------
    >>> taken = Occupied()
    >>> taken.claim(3, 9), taken.claim(8, 11), taken.claim(9, 11)
    (True, False, True)
    """

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []

    def claim(self, start: int, end: int) -> bool:
        """Take a stretch if all of it is free, and say whether it was."""
        at = bisect_left(self._spans, (start, end))
        if at < len(self._spans) and self._spans[at][0] < end:
            return False
        if at > 0 and self._spans[at - 1][1] > start:
            return False
        insort(self._spans, (start, end))
        return True


def match_nearest(
    wanted: Floats,
    offered: Floats,
    claim: Callable[[int], bool],
    generator: np.random.Generator,
) -> Integers:
    """Give each example, in random order, the nearest candidate that can still be claimed.

    Parameters
    ----------
    wanted : ndarray of float64, shape (n, F)
        Features of the examples, in units in which they count alike.
    offered : ndarray of float64, shape (m, F)
        Features of the candidates.
    claim : callable
        Takes a candidate and says whether it was free.
    generator : numpy.random.Generator
        Draws the order.

    Returns
    -------
    ndarray of int64, shape (n,)
        The candidate of each example; -1 where none was left.

    Examples
    --------
    >>> free = {0, 1, 2}
    >>> def claim(candidate):
    ...     found = candidate in free
    ...     free.discard(candidate)
    ...     return found
    >>> wanted, offered = np.array([[0.1], [0.9]]), np.array([[1.0], [0.0], [5.0]])
    >>> match_nearest(wanted, offered, claim, np.random.default_rng(3)).tolist()
    [1, 0]
    """
    matches = np.full(len(wanted), -1, dtype=np.int64)
    if not len(offered):
        return matches
    near = KDTree(offered).query(wanted, k=min(NEIGHBOURS, len(offered)))[1].reshape(len(wanted), -1)
    for example in generator.permutation(len(wanted)).tolist():
        found = next((candidate for candidate in near[example].tolist() if claim(candidate)), -1)
        if found < 0 and len(offered) > NEIGHBOURS:
            order = np.argsort(((offered - wanted[example]) ** 2).sum(axis=1), kind="stable")
            found = next((candidate for candidate in order.tolist() if claim(candidate)), -1)
        matches[example] = found
    return matches


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
