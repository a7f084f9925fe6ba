"""Signals along a genome as tasks: chromatin states, replication timing, coverage, told from windows side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from genolect.arrays import Floats, Integers
from genolect.config import Configuration
from genolect.errors import ConfigurationError, InputError, shown
from genolect.random import derived_generator
from genolect.sequence.interval import Feature
from genolect.sequence.track import read_bins
from genolect.tables.table import Places, Target
from genolect.tasks.assembly import Assembly, Windows
from genolect.tasks.built import BLOCK_BASES, BuiltTask, Draft, blocks, counted, finish, usable
from genolect.tasks.kind import Inputs, TaskKind

MOST_STATES = 100


class SignalOptions(Configuration):
    """How a genome is cut, and what a window's label is."""

    window: int = Field(1000, ge=1, description="Bases per window, side by side.")
    count: int | None = Field(None, ge=1, description="Windows to keep, at random (default: all).")
    share: float = Field(
        0.5, gt=0, le=1, description="Part of a window that its class must cover, or that must have a number."
    )
    transform: Literal["none", "log1p"] = Field("none", description="What is done with numbers.")
    seed: int = Field(0, description="Seed of everything random.")


def side_by_side(lengths: Mapping[str, int], window: int) -> Windows:
    """Cut sequences into windows; bases behind the last whole one are left out.

    Parameters
    ----------
    lengths : mapping of str to int
        Bases of each sequence.
    window : int
        Bases per window.

    Returns
    -------
    Windows
        In genome order, plus strand; the parent is the stretch of 100 kb that a window lies in, because neighbours
        resemble one another.

    Raises
    ------
    ConfigurationError
        If no sequence is as long as a window.

    Examples
    --------
    >>> windows = side_by_side({"I": 25, "II": 9}, 10)
    >>> windows.places.start.tolist(), windows.parent.tolist()
    ([0, 10], ['I:0', 'I:0'])
    """
    counts = [length // window for length in lengths.values()]
    if not any(counts):
        raise ConfigurationError(f"no sequence has {window:,} bases", fix="use a smaller --window")
    name = np.repeat(np.array([*lengths]), counts)
    start = np.concatenate([np.arange(count, dtype=np.int64) * window for count in counts])
    places = Places(name, start, start + window, np.ones(start.size, dtype=np.int8))
    return Windows(places, blocks(places, BLOCK_BASES))


def covered_bases(windows: Windows, features: Sequence[Feature], weights: Floats) -> Floats:
    """Add up, for each window, its bases in each feature times the feature's weights.

    Parameters
    ----------
    windows : Windows
        n windows as `side_by_side` gives them.
    features : sequence of Feature
        m features.
    weights : ndarray of float64, shape (m, K)
        What a base of each counts for.

    Returns
    -------
    ndarray of float64, shape (n, K)
        The sums.

    Examples
    --------
    >>> from genolect.sequence.interval import Interval
    >>> windows = side_by_side({"I": 30}, 10)
    >>> covered_bases(windows, [Feature(Interval("I", 4, 22), "region", "a", None, line=1)], np.array([[1.0]])).tolist()
    [[6.0], [10.0], [2.0]]
    """
    places = windows.places
    sums = np.zeros((len(windows), weights.shape[1]))
    size = int(places.end[0] - places.start[0])
    names, first = np.unique(places.name, return_index=True)
    offset = dict(zip(names.tolist(), first.tolist(), strict=True))
    count = dict(zip(names.tolist(), np.unique(places.name, return_counts=True)[1].tolist(), strict=True))
    for feature, weight in zip(features, weights, strict=True):
        place = feature.interval
        if place.name not in offset:
            continue
        begin, stop = place.start // size, min(-(-place.end // size), count[place.name])
        edges = np.arange(begin, stop) * size
        inside = np.minimum(edges + size, place.end) - np.maximum(edges, place.start)
        sums[offset[place.name] + begin : offset[place.name] + stop] += inside[:, None] * weight
    return sums


def states(genome: Assembly, features: Sequence[Feature], options: SignalOptions | None = None) -> BuiltTask:
    """Build windows with the class that covers most of each: chromatin states, compartments, any BED with names.

    Parameters
    ----------
    genome : Assembly
        The genome.
    features : sequence of Feature
        Stretches; the identifier is the class.
    options : SignalOptions, optional
        How the genome is cut.

    Returns
    -------
    BuiltTask
        The task; windows of which no class covers the share by itself are left out, and counted.

    Raises
    ------
    InputError
        If there are fewer than two classes, more than a hundred, or a stretch without a name.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> from genolect.sequence.interval import Interval
    >>> genome = Assembly.of_records({"I": encode("ACGTTACGGA" * 4)})
    >>> rows = [Feature(Interval("I", *span), "region", name, None, line=1)
    ...     for span, name in (((0, 18), "open"), ((18, 35), "closed"))]
    >>> task = states(genome, rows, SignalOptions(window=10))
    >>> task.table.target.count(), task.table.places.start.tolist(), task.notes
    ({'closed': 2, 'open': 2}, [0, 10, 20, 30], ())
    """
    options = options or SignalOptions()
    for feature in features:
        if not feature.identifier:
            fix = "give a BED file whose fourth column names the class"
            raise InputError("the stretch has no name", fix=fix, line=feature.line)
    names = sorted({feature.identifier for feature in features})
    if len(names) > MOST_STATES:
        fix = "give a BED file of classes; for numbers in the fourth column add --numbers"
        raise InputError(f"there are {len(names):,} classes, {shown(names[0])} the first", fix=fix)
    number = {name: place for place, name in enumerate(names)}
    weights = np.zeros((len(features), len(names)))
    weights[np.arange(len(features)), [number[feature.identifier] for feature in features]] = 1
    windows = side_by_side(genome.lengths, options.window)
    shares = covered_bases(windows, features, weights) / options.window
    ranked = np.sort(shares, axis=1)
    second = ranked[:, -2] if len(names) > 1 else np.zeros(len(shares))
    told = (ranked[:, -1] >= options.share) & (ranked[:, -1] > second)
    left = int((~told).sum())
    said = f"windows have no class that covers {options.share:.0%} of them and more than any other"
    windows, rows, notes = _drawn(genome, windows, np.flatnonzero(told), options, counted(left, said))
    target = Target("classes", tuple(names), shares[rows].argmax(axis=1).astype(np.int64))
    return finish("states", Draft(windows, genome.sequences(windows.places), target, notes=notes))


def numbers(genome: Assembly, features: Sequence[Feature], options: SignalOptions | None = None) -> BuiltTask:
    """Build windows with the mean of a number: replication timing, or any BED whose fourth column is one (bedGraph).

    Parameters
    ----------
    genome, options
        As in `states`.
    features : sequence of Feature
        Stretches; the identifier is the number.

    Returns
    -------
    BuiltTask
        The task; windows with numbers for less than the share of their bases are left out, and counted.

    Raises
    ------
    InputError
        If a name is no number.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> from genolect.sequence.interval import Interval
    >>> genome = Assembly.of_records({"I": encode("ACGTTACGGA" * 4)})
    >>> rows = [Feature(Interval("I", *span), "region", name, None, line=1)
    ...     for span, name in (((0, 15), "2"), ((15, 40), "4"))]
    >>> numbers(genome, rows, SignalOptions(window=10)).table.target.values.tolist()
    [2.0, 3.0, 4.0, 4.0]
    """
    options = options or SignalOptions()
    weights = np.array([(_number(feature), 1.0) for feature in features])
    windows = side_by_side(genome.lengths, options.window)
    sums, covered = covered_bases(windows, features, weights).T
    told = np.flatnonzero(covered >= options.share * options.window)
    left = len(windows) - told.size
    said = f"windows have numbers for less than {options.share:.0%} of their bases"
    means = sums / np.maximum(covered, 1)
    return _with_numbers(genome, windows, means, told, options, counted(left, said))


def coverage(genome: Assembly, track: Path, options: SignalOptions | None = None) -> BuiltTask:
    """Build windows with the mean of a bigWig track.

    Parameters
    ----------
    genome, options
        As in `states`.
    track : Path
        A bigWig file; bases that it does not cover count as 0.

    Returns
    -------
    BuiltTask
        The task.

    Raises
    ------
    InputError
        If the file is no bigWig track of this genome.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import pybigtools
    >>> from genolect.sequence.alphabet import encode
    >>> genome = Assembly.of_records({"I": encode("ACGTTACGGA" * 2)})
    >>> with TemporaryDirectory() as folder:
    ...     path = f"{folder}/tiny.bw"
    ...     pybigtools.open(path, "w").write({"I": 20}, [("I", 2, 6, 3.0)])
    ...     coverage(genome, Path(path), SignalOptions(window=5)).table.target.values.round(1).tolist()
    [1.8, 0.6, 0.0, 0.0]
    """
    options = options or SignalOptions()
    windows = side_by_side(genome.lengths, options.window)
    lengths = {name: length for name, length in genome.lengths.items() if length >= options.window}
    means = np.concatenate([*read_bins(track, lengths, options.window).values()]).astype(np.float64)
    return _with_numbers(genome, windows, means, np.arange(len(windows)), options, ())


def _with_numbers(
    genome: Assembly, windows: Windows, values: Floats, told: Integers, options: SignalOptions, notes: tuple[str, ...]
) -> BuiltTask:
    windows, rows, notes = _drawn(genome, windows, told, options, notes)
    values = values[rows]
    if options.transform == "log1p":
        if (values < 0).any():
            raise InputError(f"the smallest value is {values.min():g}", fix="add --transform none")
        values = np.log1p(values)
    target = Target("number", ("label",), values)
    return finish("signal", Draft(windows, genome.sequences(windows.places), target, notes=notes))


def _drawn(
    genome: Assembly, windows: Windows, told: Integers, options: SignalOptions, notes: tuple[str, ...]
) -> tuple[Windows, Integers, tuple[str, ...]]:
    """Take as many windows with a label as wanted; give them, their numbers, and what was left out."""
    if not told.size:
        raise InputError("no window has a label", fix="use shorter windows, a smaller --share, or another file")
    left, kept, more = usable(genome, windows.select(told))
    rows = told[kept]
    short = sum(length < options.window for length in genome.lengths.values())
    notes = (*counted(short, "sequences are shorter than a window"), *notes, *more)
    if options.count is not None and options.count < rows.size:
        take = np.sort(derived_generator(options.seed, "signal windows").permutation(rows.size)[: options.count])
        notes = (*notes, f"{take.size:,} of {rows.size:,} windows are kept, drawn at random")
        left, rows = left.select(take), rows[take]
    return left, rows, notes


def _number(feature: Feature) -> float:
    try:
        value = float(feature.identifier)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        what = f"the fourth column is {shown(feature.identifier)}, which is no finite number"
        raise InputError(what, fix="give a bedGraph, or leave --numbers out", line=feature.line)
    return value


class Signal(TaskKind, SignalOptions):
    """Chromatin state, replication timing, coverage: windows side by side with a class or a number."""

    verb: ClassVar = "signal"
    track: Path = Field(description="bigWig, or BED whose fourth column is a class or a number.")
    numbers: bool = Field(False, description="The fourth column is a number.")

    def build(self, inputs: Inputs) -> BuiltTask:
        """See `TaskKind`."""
        if self.track.suffix.lower() in (".bw", ".bigwig"):
            return coverage(inputs.genome, inputs.took("track", self.track), self)
        rows = inputs.annotation("track", self.track).features
        return numbers(inputs.genome, rows, self) if self.numbers else states(inputs.genome, rows, self)
