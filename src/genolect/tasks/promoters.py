"""Promoters: windows around starts of transcription against background, and whole stretches scanned for them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from genolect.config import Configuration
from genolect.errors import ConfigurationError, InputError
from genolect.random import derived_generator
from genolect.sequence.interval import Feature
from genolect.tables.table import Places, Target
from genolect.tasks.assembly import Assembly, Sites, Windows, five_prime_ends, windows_around
from genolect.tasks.built import BuiltTask, Draft, NegativeOptions, counted, finish, usable, with_negatives
from genolect.tasks.kind import Inputs, TaskKind

TRANSCRIPTS = ("transcript", "rna")
"""Endings of the kinds of rows whose 5' end is a start of transcription."""


class PromoterOptions(NegativeOptions):
    """Which window is a promoter; by default that of Prom300."""

    upstream: int = Field(250, ge=0, description="Bases before the start.")
    downstream: int = Field(50, ge=1, description="Bases from the start on.")
    offset: int = Field(0, ge=0, description="Bases from the 5' end of a row to the start of transcription.")


class ScanOptions(Configuration):
    """How stretches around promoters are cut."""

    window: int = Field(1000, ge=1, description="Bases per example.")
    windows: int = Field(10, ge=2, description="Examples per stretch.")
    offset: int = Field(0, ge=0, description="Bases from the 5' end of a row to the start of transcription.")
    seed: int = Field(0, description="Seed of everything random.")


class Starts(NamedTuple):
    """Starts of transcription, each base once, and how many rows name one that another row names."""

    sites: Sites
    repeated: int

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader is told of them."""
        return counted(self.repeated, "rows name a start of transcription that another row names")


def transcription_starts(features: Sequence[Feature], offset: int = 0) -> Starts:
    """Give the starts of transcription that an annotation knows, each once.

    Parameters
    ----------
    features : sequence of Feature
        The rows of a BED file, each with its start at its 5' end; or of a GFF3 or GTF file, where the transcripts
        count, and genes where there are no transcripts.
    offset : int
        Bases from the 5' end to the start.

    Returns
    -------
    Starts
        The starts; the parent is the gene, or what the row is called.

    Raises
    ------
    InputError
        If there is no such row, or one without a strand.

    Examples
    --------
    >>> from genolect.sequence.interval import Interval
    >>> rows = [Feature(Interval("I", 2, 9, "-"), kind, "g", None, line=1) for kind in ("gene", "mRNA", "mRNA")]
    >>> starts = transcription_starts(rows)
    >>> starts.sites.position.tolist(), starts.repeated
    ([8], 1)
    """
    rows = [feature for feature in features if feature.kind == "region"]
    rows = rows or [feature for feature in features if feature.kind.lower().endswith(TRANSCRIPTS)]
    rows = rows or [feature for feature in features if feature.kind.lower() == "gene"]
    if not rows:
        fix = "give a GTF or GFF3 file with rows of transcripts or genes, or a BED file of starts"
        raise InputError("the annotation has no row of a transcript or a gene", fix=fix)
    for row in rows:
        if row.interval.strand == ".":
            what = f"{row.interval.name}:{row.interval.start} has no strand"
            raise InputError(what, fix="give every start of transcription a strand, + or -", line=row.line)
    sites = five_prime_ends(_with_genes(rows, features), offset)
    keys = np.array([sites.name, sites.position, sites.strand])
    once = np.sort(np.unique(keys, axis=1, return_index=True)[1])
    return Starts(sites.select(once), len(sites) - once.size)


def _with_genes(rows: Iterable[Feature], features: Iterable[Feature]) -> list[Feature]:
    """Name each GTF transcript after the gene whose row holds it, so that isoforms share a parent."""
    genes = [feature for feature in features if feature.kind.lower() == "gene"]
    genes.sort(key=lambda gene: (gene.interval.name, gene.interval.strand, gene.interval.start))
    keys = [(gene.interval.name, gene.interval.strand, gene.interval.start) for gene in genes]
    named = []
    for row in rows:
        place = row.interval
        at = bisect_right(keys, (place.name, place.strand, place.start)) - 1
        # Genes nest rarely and not deeply; a transcript that no near gene holds keeps its own name.
        holding = (
            gene
            for gene in genes[max(0, at - 3) : at + 1][::-1]
            if gene.interval.name == place.name
            and gene.interval.strand == place.strand
            and gene.interval.start <= place.start
            and place.end <= gene.interval.end
        )
        gene = next(holding, None)
        named.append(row if gene is None else replace(row, identifier=gene.identifier))
    return named


def promoters(genome: Assembly, starts: Sites, options: PromoterOptions | None = None) -> BuiltTask:
    """Build promoters (1) against background (0).

    Parameters
    ----------
    genome : Assembly
        The genome.
    starts : Sites
        Starts of transcription.
    options : PromoterOptions, optional
        The window, and what it is compared with.

    Returns
    -------
    BuiltTask
        The task; the start is base `upstream` (0-based) of each promoter.

    Raises
    ------
    InputError
        If no promoter fits, or no place is free for background.

    References
    ----------
    Prom300, -249 to +50 around the start: Ji et al. 2021, doi:10.1093/bioinformatics/btab083.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> genome = Assembly.of_records({"I": encode("ACGTTACGGA" * 40)})
    >>> starts = Sites.of([("I", 40, 1, "a"), ("I", 90, -1, "b")])
    >>> task = promoters(genome, starts, PromoterOptions(upstream=8, downstream=3))
    >>> task.table.target.count(), task.table.sequences.letters(0)[8:]
    ({'0': 2, '1': 2}, 'ACG')
    """
    options = options or PromoterOptions()
    around = windows_around(starts, options.upstream, options.downstream)
    windows, _, notes = usable(genome, around)
    draft = with_negatives(genome, windows, options, avoid=[around.places])
    return finish("promoters", replace(draft, notes=(*notes, *draft.notes)))


def promoter_scan(genome: Assembly, starts: Sites, options: ScanOptions | None = None) -> BuiltTask:
    """Build windows of stretches that hold a promoter: 1 where transcription starts in the window, 0 elsewhere.

    Each sequence is cut into stretches from a random base on, so that a start can lie anywhere in its stretch; those
    with a start are cut into windows, all read on the plus strand. Nothing is balanced: that is the task.

    Parameters
    ----------
    genome : Assembly
        The genome.
    starts : Sites
        Starts of transcription, of both strands.
    options : ScanOptions, optional
        How the stretches are cut.

    Returns
    -------
    BuiltTask
        The task; a stretch is one group.

    Raises
    ------
    ConfigurationError
        If no sequence is as long as a stretch.
    InputError
        If no window is left.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> genome = Assembly.of_records({"I": encode("ACGTTACGGA" * 40)})
    >>> task = promoter_scan(genome, Sites.of([("I", 140, 1, "a")]), ScanOptions(window=20, windows=4))
    >>> task.table.target.count(), len(set(task.table.group.tolist()))
    ({'0': 3, '1': 1}, 1)
    """
    options = options or ScanOptions()
    stretch = options.window * options.windows
    rows: list[tuple[str, int, int, str]] = []
    labels: list[int] = []
    unused = 0
    for name, length in genome.lengths.items():
        here = np.unique(starts.position[starts.name == name])
        room = length - stretch
        if room < 0 or not here.size:
            unused += here.size
            continue
        phase = int(derived_generator(options.seed, "promoter scan", name).integers(min(stretch, room + 1)))
        for begin in np.unique(phase + (here - phase) // stretch * stretch).tolist():
            if not 0 <= begin <= room:
                unused += int(((here >= begin) & (here < begin + stretch)).sum())
                continue
            for first in range(begin, begin + stretch, options.window):
                rows.append((name, first, 1, f"{name}:{begin}-{begin + stretch}"))
                labels.append(int(np.searchsorted(here, first) < np.searchsorted(here, first + options.window)))
    if not rows:
        what = f"no stretch of {stretch:,} bases with a start of transcription fits into a sequence"
        raise ConfigurationError(what, fix="use a smaller --window or fewer --windows")
    sites = Sites.of(rows)
    places = Places(sites.name, sites.position, sites.position + options.window, sites.strand)
    windows, kept, notes = usable(genome, Windows(places, sites.parent))
    notes = (*counted(unused, "starts lie where no whole stretch fits into their sequence"), *notes)
    target = Target("classes", ("0", "1"), np.array(labels, dtype=np.int64)[kept])
    return finish("promoter_scan", Draft(windows, genome.sequences(windows.places), target, notes=notes))


class Promoters(TaskKind, PromoterOptions):
    """Promoters against matched background or shuffles (Prom300)."""

    verb: ClassVar = "promoters"
    starts: Path = Field(description="Starts of transcription: BED, GTF or GFF3.")

    def build(self, inputs: Inputs) -> BuiltTask:
        """See `TaskKind`."""
        found = transcription_starts(inputs.annotation("starts", self.starts).features, self.offset)
        inputs.notes += found.notes
        return promoters(inputs.genome, found.sites, self)


class PromoterScan(TaskKind, ScanOptions):
    """Stretches with a promoter, window by window: which one holds it? Unbalanced."""

    verb: ClassVar = "promoter-scan"
    starts: Path = Field(description="Starts of transcription: BED, GTF or GFF3.")

    def build(self, inputs: Inputs) -> BuiltTask:
        """See `TaskKind`."""
        found = transcription_starts(inputs.annotation("starts", self.starts).features, self.offset)
        inputs.notes += found.notes
        return promoter_scan(inputs.genome, found.sites, self)
