"""Binding: sites of a motif that lie in peaks against sites that read the same and are not bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from genolect.arrays import Floats, Integers
from genolect.config import Configuration
from genolect.errors import InputError
from genolect.random import derived_generator
from genolect.sequence.interval import Feature
from genolect.sequence.motif import STEPS_PER_BIT, UNIFORM, Motif, find_motif, read_motifs, scan, score_steps
from genolect.tables.table import Places, Target
from genolect.tasks.assembly import Assembly, Sites, windows_around
from genolect.tasks.background import COVARIATES, Occupied, covariates, match_nearest
from genolect.tasks.built import BuiltTask, Draft, counted, finish, usable
from genolect.tasks.kind import Inputs, TaskKind
from genolect.tasks.regions import region_windows

SCORE_UNIT, GC_UNIT = 1.0, 0.05
"""Bits of score, and share of GC, that count as equally far when an unbound site is found for a bound one."""


class BindingOptions(Configuration):
    """Which sites are asked about."""

    window: int = Field(200, ge=1, description="Bases around the middle of a site.")
    p_value: float = Field(1e-4, gt=0, lt=1, description="Largest p-value of a site.")
    margin: int = Field(500, ge=0, description="Unbound sites keep this far from every peak.")
    per_bound: int = Field(1, ge=0, description="Unbound sites, alike, for each bound one; 0: all.")
    seed: int = Field(0, description="Seed of everything random.")


@dataclass(frozen=True)
class MotifSites:
    """Sites of a motif that do not overlap: of overlapping ones the best.

    Attributes
    ----------
    start : ndarray of int64, shape (n,)
        First base on the plus strand, 0-based.
    sites : Sites
        The middle of each.
    score : ndarray of float64, shape (n,)
        In bits.
    p_value : ndarray of float64, shape (n,)
        How often a random sequence scores as high.
    overlapping : int
        Sites that overlap a better one, which stands for them.
    """

    start: Integers
    sites: Sites
    score: Floats
    p_value: Floats
    overlapping: int


def composition(genome: Assembly) -> tuple[float, ...]:
    """Give the share of A, C, G, T in a genome, both strands taken together.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> composition(Assembly.of_records({"I": encode("ACCCNa")}))
    (0.2, 0.3, 0.3, 0.2)
    """
    counts = np.zeros(4, dtype=np.int64)
    for name in genome.lengths:
        counts += np.bincount(genome.whole(name) & 7, minlength=8)[:4]
    shares = (counts + counts[::-1]) / max(1, 2 * counts.sum())
    return tuple(shares.tolist()) if counts.sum() else UNIFORM


def motif_sites(genome: Assembly, motif: Motif, p_value: float) -> MotifSites:
    """Find a motif in a genome.

    Parameters
    ----------
    genome : Assembly
        The genome; its composition is the background.
    motif : Motif
        The motif.
    p_value : float
        Largest p-value of a site.

    Returns
    -------
    MotifSites
        The sites, in genome order.

    Raises
    ------
    ConfigurationError
        If no site can be that rare.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> toy = Motif("M", "", np.eye(4)[[0, 2, 0]], sites=100)
    >>> found = motif_sites(Assembly.of_records({"I": encode("CAGACCTCTAA")}), toy, 0.03)
    >>> found.start.tolist(), found.sites.position.tolist(), found.sites.strand.tolist()
    ([1, 6], [2, 7], [1, -1])
    """
    scores = score_steps(motif, composition(genome))
    threshold = scores.threshold(p_value)
    rows: list[tuple[str, int, int, str]] = []
    kept: list[tuple[int, int]] = []
    overlapping = 0
    for name in genome.lengths:
        hits = scan(genome.whole(name), scores, threshold)
        taken, best = Occupied(), []
        for hit in np.lexsort((-hits.strand, hits.start, -hits.score)).tolist():
            start = int(hits.start[hit])
            if taken.claim(start, start + motif.width):
                best.append(hit)
        overlapping += hits.start.size - len(best)
        for hit in sorted(best):
            start, strand = int(hits.start[hit]), int(hits.strand[hit])
            # The middle as the site is read: base W // 2 of it.
            middle = start + motif.width // 2 if strand > 0 else start + (motif.width - 1) // 2
            rows.append((name, middle, strand, ""))
            kept.append((start, int(hits.score[hit])))
    found = np.array(kept, dtype=np.int64).reshape(-1, 2)
    score = found[:, 1] / STEPS_PER_BIT
    return MotifSites(found[:, 0], Sites.of(rows), score, scores.probability(found[:, 1]), overlapping)


def binding(
    genome: Assembly, peaks: Sequence[Feature], motif: Motif, options: BindingOptions | None = None
) -> BuiltTask:
    """Build sites of a motif in peaks (1) against sites outside (0).

    Parameters
    ----------
    genome : Assembly
        The genome.
    peaks : sequence of Feature
        Where the factor was found.
    motif : Motif
        What it is said to bind.
    options : BindingOptions, optional
        Which sites are asked about.

    Returns
    -------
    BuiltTask
        The task: windows around the sites, on the strand on which the motif reads; columns ``score`` (bits) and
        ``p_value``. A site is bound where all of it lies in one peak.

    Raises
    ------
    InputError
        If no site is bound, or none unbound.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> from genolect.sequence.interval import Interval
    >>> genome = Assembly.of_records({"I": encode("TTTTTTAGATTTTTTTTTTTTTTTTTAGATTTTTTTT")})
    >>> toy = Motif("M", "toy", np.eye(4)[[0, 2, 0]], sites=1000)
    >>> peak = Feature(Interval("I", 5, 11), "region", "", None, line=1)
    >>> task = binding(genome, [peak], toy, BindingOptions(window=9, p_value=0.01, margin=3))
    >>> task.table.target.count(), [task.table.sequences.letters(row) for row in range(2)]
    ({'0': 1, '1': 1}, ['TTTAGATTT', 'TTTAGATTT'])
    """
    options = options or BindingOptions()
    found = motif_sites(genome, motif, options.p_value)
    spans = Places(found.sites.name, found.start, found.start + motif.width, found.sites.strand)
    peak_places = region_windows(peaks).places
    bound, near = _inside(spans, peak_places), _near(spans, peak_places, options.margin)
    if not bound.any() or near.all():
        what = f"of {len(found.sites):,} sites of {motif.name or motif.identifier} {int(bound.sum()):,} lie in a peak"
        what += f" and {int((~near).sum()):,} far from all"
        raise InputError(what, fix="use a larger --p-value, or another motif, or peaks of this genome")
    chosen = np.flatnonzero(bound | ~near)
    windows, kept, notes = usable(
        genome, windows_around(found.sites.select(chosen), options.window // 2, options.window - options.window // 2)
    )
    rows = chosen[kept]
    sequences = genome.sequences(windows.places)
    label = bound[rows].astype(np.int64)
    notes = (
        *counted(found.overlapping, "sites overlap a better one, on either strand, which stands for them"),
        f"{int((near & ~bound).sum()):,} sites at or near a peak, but not in it, are left out",
        *notes,
    )
    if options.per_bound:
        gc = covariates(sequences)[:, COVARIATES.index("gc")]
        features = np.column_stack([found.score[rows] / SCORE_UNIT, gc / GC_UNIT])
        take = _alike(features, label, options)
        notes = (*notes, f"{int((label == 0).sum()):,} unbound sites were there to choose from")
        windows, sequences, rows, label = windows.select(take), sequences.select(take), rows[take], label[take]
    columns = {
        "score": np.array([f"{value:.2f}" for value in found.score[rows].tolist()]),
        "p_value": np.array([f"{value:.3g}" for value in found.p_value[rows].tolist()]),
    }
    return finish("binding", Draft(windows, sequences, Target("classes", ("0", "1"), label), columns, notes=notes))


def _alike(features: Floats, label: Integers, options: BindingOptions) -> Integers:
    """Choose for each bound site the unbound ones nearest in score and GC; give all that stay, in genome order."""
    bound, unbound = np.flatnonzero(label == 1), np.flatnonzero(label == 0)
    used: set[int] = set()

    def claim(candidate: int) -> bool:
        free = candidate not in used
        used.add(candidate)
        return free

    generator = derived_generator(options.seed, "unbound sites")
    match_nearest(np.repeat(features[bound], options.per_bound, axis=0), features[unbound], claim, generator)
    chosen = unbound[np.array(sorted(used), dtype=np.int64)]
    return np.sort(np.concatenate([bound, chosen]))


def _inside(spans: Places, peaks: Places) -> npt.NDArray[np.bool_]:
    """Tell which spans lie wholly in one peak: the farthest end of the peaks that begin before them says it."""
    inside = np.zeros(spans.start.size, dtype=bool)
    for name in np.unique(spans.name).tolist():
        here, there = spans.name == name, np.flatnonzero(peaks.name == name)
        if there.size:
            there = there[np.argsort(peaks.start[there], kind="stable")]
            reach = np.maximum.accumulate(peaks.end[there])
            at = np.searchsorted(peaks.start[there], spans.start[here], side="right") - 1
            inside[here] = (at >= 0) & (reach[np.maximum(at, 0)] >= spans.end[here])
    return inside


def _near(spans: Places, peaks: Places, margin: int) -> npt.NDArray[np.bool_]:
    """Tell which spans have a base less than `margin` from a peak, or in one."""
    near = np.zeros(spans.start.size, dtype=bool)
    for name in np.unique(spans.name).tolist():
        here, there = spans.name == name, peaks.name == name
        begun = np.searchsorted(np.sort(peaks.start[there] - margin), spans.end[here], side="left")
        over = np.searchsorted(np.sort(peaks.end[there] + margin), spans.start[here], side="right")
        near[here] = begun > over
    return near


class Binding(TaskKind, BindingOptions):
    """Sites of a motif in peaks against sites that read alike outside of them."""

    verb: ClassVar = "binding"
    peaks: Path = Field(description="BED of peaks.")
    motifs: Path = Field(description="Motifs in MEME's format, such as JASPAR's.")
    motif: str = Field(description="Identifier or name: MA0139, CTCF.")

    def build(self, inputs: Inputs) -> BuiltTask:
        """See `TaskKind`."""
        chosen = find_motif(read_motifs(inputs.took("motifs", self.motifs)), self.motif)
        inputs.remarks.append(f"motif: {chosen.identifier} {chosen.name}, {chosen.width} bases")
        return binding(inputs.genome, inputs.annotation("peaks", self.peaks).features, chosen, self)
