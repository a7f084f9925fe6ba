"""Regions of a genome (enhancers, open chromatin, any BED) against background, or against one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from genolect.errors import ConfigurationError
from genolect.sequence.interval import Feature
from genolect.tables.table import Places, Target
from genolect.tasks.assembly import SIGNS, Assembly, Windows, joined
from genolect.tasks.built import (
    BuiltTask,
    Draft,
    NegativeOptions,
    counted,
    finish,
    overlap_clusters,
    usable,
    with_negatives,
)
from genolect.tasks.kind import Inputs, TaskKind

REPEATED = "regions lie where another one of their kind does, which stands for them"


class RegionOptions(NegativeOptions):
    """Which part of a region is an example."""

    window: int | None = Field(None, ge=1, description="Bases around the middle (default: regions as they are).")


def region_windows(features: Sequence[Feature], window: int | None = None) -> Windows:
    """Give regions as windows, each place once.

    Parameters
    ----------
    features : sequence of Feature
        The regions.
    window : int, optional
        Bases around the middle; by default the regions as they are.

    Returns
    -------
    Windows
        In the order of the features; the parent is a region's name, '' where it has none or shares it with others.

    Examples
    --------
    >>> from genolect.sequence.interval import Interval
    >>> rows = [Feature(Interval("I", 10, 20, "-"), "region", "peak1", None, line=1)] * 2
    >>> windows = region_windows(rows, 4)
    >>> windows.places.start.tolist(), windows.places.strand.tolist(), windows.parent.tolist()
    ([13], [-1], [''])
    """
    name, start, end, strand, parent = zip(
        *(
            (row.interval.name, row.interval.start, row.interval.end, SIGNS[row.interval.strand], row.identifier)
            for row in features
        ),
        strict=True,
    )
    first, last = np.array(start, dtype=np.int64), np.array(end, dtype=np.int64)
    if window is not None:
        first = (first + last) // 2 - window // 2
        last = first + window
    names, counts = np.unique(np.array(parent), return_counts=True)
    shared = set(names[counts > 1].tolist())
    parents = np.array(["" if text in shared else text for text in parent], dtype=np.str_)
    windows = Windows(Places(np.array(name), first, last, np.array(strand, dtype=np.int8)), parents)
    once = np.unique(np.array([windows.places.name, first, last]), axis=1, return_index=True)[1]
    return windows.select(np.sort(once))


def regions(genome: Assembly, features: Sequence[Feature], options: RegionOptions | None = None) -> BuiltTask:
    """Build regions (1) against background (0).

    Parameters
    ----------
    genome : Assembly
        The genome.
    features : sequence of Feature
        The regions.
    options : RegionOptions, optional
        Which part of them, and what it is compared with.

    Returns
    -------
    BuiltTask
        The task.

    Raises
    ------
    InputError
        If no region is left, or no place is free for background.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> from genolect.sequence.interval import Interval
    >>> genome = Assembly.of_records({"I": encode("ACGTTACGGA" * 40)})
    >>> rows = [Feature(Interval("I", first, first + 9), "region", "", None, line=1) for first in (30, 70, 120)]
    >>> regions(genome, rows).table.target.count()
    {'0': 3, '1': 3}
    """
    options = options or RegionOptions()
    around = region_windows(features, options.window)
    windows, _, notes = usable(genome, around)
    notes = (*counted(len(features) - len(around), REPEATED), *notes)
    draft = with_negatives(genome, windows, options, avoid=[around.places, region_windows(features).places])
    return finish("regions", replace(draft, notes=(*notes, *draft.notes)))


def region_classes(genome: Assembly, kinds: Mapping[str, Sequence[Feature]], window: int | None = None) -> BuiltTask:
    """Build regions of several kinds, to be told from one another (enhancers from promoters).

    Parameters
    ----------
    genome : Assembly
        The genome.
    kinds : mapping of str to sequence of Feature
        The regions of each kind.
    window : int, optional
        As in `RegionOptions`.

    Returns
    -------
    BuiltTask
        The task; a region that overlaps one of another kind is left out, and counted.

    Raises
    ------
    InputError
        If a kind has no region left.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> from genolect.sequence.interval import Interval
    >>> genome = Assembly.of_records({"I": encode("ACGTTACGGA" * 40)})
    >>> def at(*starts):
    ...     return [Feature(Interval("I", first, first + 9), "region", "", None, line=1) for first in starts]
    >>> task = region_classes(genome, {"enhancer": at(30, 70), "promoter": at(75, 110)})
    >>> task.table.target.count(), task.notes
    ({'enhancer': 1, 'promoter': 1}, ('2 regions overlap one of another kind',))
    """
    names = tuple(sorted(kinds))
    parts = [region_windows(kinds[name], window) for name in names]
    windows, kept, notes = usable(genome, joined(parts))
    given = sum(len(kinds[name]) for name in names)
    notes = (*counted(given - sum(map(len, parts)), REPEATED), *notes)
    code = np.repeat(np.arange(len(names)), [len(part) for part in parts])[kept]
    cluster = overlap_clusters(windows.places)
    mixed = np.zeros(cluster.max(initial=-1) + 1, dtype=bool)
    for number in range(len(names)):
        others = np.isin(cluster, cluster[code != number])
        mixed[cluster[(code == number) & others]] = True
    alone = ~mixed[cluster]
    if torn := int((~alone).sum()):
        notes = (*notes, f"{torn:,} region{'s overlap' if torn > 1 else ' overlaps'} one of another kind")
    windows = windows.select(alone)
    target = Target("classes", names, code[alone])
    return finish("region_classes", Draft(windows, genome.sequences(windows.places), target, notes=notes))


class Regions(TaskKind, RegionOptions):
    """Enhancers, open chromatin, any BED: against background, or kinds against one another."""

    verb: ClassVar = "regions"
    regions: tuple[str, ...] = Field(
        min_length=1, description="BED of regions; or NAME=FILE, repeated: told from one another, without background."
    )

    def build(self, inputs: Inputs) -> BuiltTask:
        """See `TaskKind`."""
        named = [text.partition("=") for text in self.regions]
        kinds = [(name, file) if equals else (Path(name).name.partition(".")[0], name) for name, equals, file in named]
        if len({name for name, _ in kinds}) < len(kinds):
            raise ConfigurationError("two kinds of regions have one name", fix="write NAME=FILE for each")
        background = {name: field.default for name, field in NegativeOptions.model_fields.items()}
        if len(kinds) > 1 and any(getattr(self, name) != default for name, default in background.items()):
            raise ConfigurationError("several kinds of regions have no background", fix="leave its options out")
        found = {name: inputs.annotation(name, Path(file)).features for name, file in kinds}
        if len(found) > 1:
            return region_classes(inputs.genome, found, self.window)
        return regions(inputs.genome, next(iter(found.values())), self)
