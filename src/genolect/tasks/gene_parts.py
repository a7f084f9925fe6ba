"""Parts of genes: windows with what the annotation says of their middle base."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from genolect.config import Configuration
from genolect.errors import InputError
from genolect.genome.labelled_windows import LabelledWindows, sample_windows
from genolect.genome.labels import CLASSES, label_bases
from genolect.random import derived_generator
from genolect.sequence.interval import Feature, Interval
from genolect.sequence.transcripts import gather_transcripts
from genolect.tables.table import Places, Target, Texts
from genolect.tasks.assembly import Assembly, Windows
from genolect.tasks.built import BuiltTask, Draft, counted, finish, overlap_clusters, usable
from genolect.tasks.kind import Inputs, TaskKind


class GenePartOptions(Configuration):
    """Which windows are drawn."""

    window: int = Field(200, ge=1, description="Bases per window; the label is that of the middle one.")
    count: int = Field(20_000, ge=1, description="Windows to draw, at most.")
    per_class: int | None = Field(None, ge=1, description="Windows of a class, at most (default: as they are drawn).")
    fewest: int = Field(10, ge=1, description="Leave out classes with fewer windows.")
    frames: bool = Field(False, description="Tell the three codon positions apart.")
    pure: bool = Field(False, description="Only windows of one class.")
    seed: int = Field(0, description="Seed of everything random.")

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if self.pure and self.frames:
            raise ValueError("pure and frames: no window holds one codon position only")
        return self


def gene_parts(genome: Assembly, features: Sequence[Feature], options: GenePartOptions | None = None) -> BuiltTask:
    """Build windows with the part of a gene that their middle base is: coding, intron, UTR, noncoding, intergenic.

    Parameters
    ----------
    genome : Assembly
        The genome.
    features : sequence of Feature
        The rows of a GTF or GFF3 file.
    options : GenePartOptions, optional
        Which windows are drawn.

    Returns
    -------
    BuiltTask
        The task; no two windows overlap, those of overlapping genes are one group, and each is read on the strand of
        its label.

    Raises
    ------
    InputError
        If the annotation has no genes, or only one class is left.
    ConfigurationError
        If no window fits.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> genome = Assembly.of_records({"I": encode("ACGTTACGGA" * 40)})
    >>> gene = Feature(Interval("I", 100, 280, "+"), "CDS", "g", 0, line=1)
    >>> task = gene_parts(genome, [gene], GenePartOptions(window=12))
    >>> task.table.target.names, sorted(set(task.table.group[task.table.target.values == 0].tolist()))
    (('coding', 'intergenic'), ['g'])
    """
    options = options or GenePartOptions()
    if all(feature.kind == "region" for feature in features):
        raise InputError("a BED file has no parts of genes", fix="give a GTF or GFF3 file, or use task regions")
    tracks = label_bases(features, genome.lengths)
    whole = [Interval(name, 0, length) for name, length in genome.lengths.items() if length >= options.window]
    drawn = sample_windows(tracks, whole, length=options.window, count=options.count, seed=options.seed)
    notes = [
        *counted(len(genome.lengths) - len(whole), "sequences are shorter than a window"),
        *counted(drawn.without_label, "places have no safe label"),
    ]
    label = _merged(drawn, frames=options.frames)
    if options.pure:
        same = np.array([_is_pure(tracks.classes, drawn, row, frames=options.frames) for row in range(len(drawn))])
        notes += counted(int((~same).sum()), "windows hold more than one class")
        drawn, label = drawn.select(same), label[same]
    if options.per_class is not None:
        kept = _at_most(label, options.per_class, options.seed)
        notes += counted(label.size - kept.size, f"windows are more than {options.per_class:,} of their class")
        drawn, label = drawn.select(kept), label[kept]
    names, counts = np.unique(label, return_counts=True)
    rare = {str(name): int(count) for name, count in zip(names, counts, strict=True) if count < options.fewest}
    if rare:
        left_out = ", ".join(f"{name} ({count:,})" for name, count in rare.items())
        notes.append(f"classes with fewer than {options.fewest:,} windows are left out: {left_out}")
        kept = np.flatnonzero(~np.isin(label, list(rare)))
        drawn, label = drawn.select(kept), label[kept]
    places = Places(drawn.name, drawn.start, drawn.end, drawn.strand)
    windows, rows, more = usable(genome, Windows(places, _loci(places, features)))
    names, code = np.unique(label[rows], return_inverse=True)
    target = Target("classes", tuple(names.tolist()), code.astype(np.int64))
    return finish("gene_parts", Draft(windows, genome.sequences(windows.places), target, notes=(*notes, *more)))


def _merged(drawn: LabelledWindows, *, frames: bool) -> Texts:
    names = np.array([_part(name, frames=frames) for name in drawn.classes])
    return names[drawn.label]


def _part(name: str, *, frames: bool) -> str:
    return name if frames or not name.startswith("coding") else "coding"


def _is_pure(classes: dict[str, np.ndarray], drawn: LabelledWindows, row: int, *, frames: bool) -> bool:
    here = classes[str(drawn.name[row])][int(drawn.start[row]) : int(drawn.end[row])]
    codes = np.unique(here)
    if not frames and CLASSES[drawn.label[row]].startswith("coding"):
        return bool((codes >= CLASSES.index("coding 1")).all() and codes[-1] < len(CLASSES))
    return bool((codes == drawn.label[row]).all())


def _at_most(label: Texts, count: int, seed: int) -> np.ndarray:
    rows = [
        derived_generator(seed, "per class", name).permutation(np.flatnonzero(label == name))[:count]
        for name in np.unique(label).tolist()
    ]
    return np.sort(np.concatenate(rows))


def _loci(places: Places, features: Sequence[Feature]) -> Texts:
    """Name the genes that a window touches: transcripts that overlap, through each other or the window, are one."""
    spans = [
        (transcript.name, transcript.pieces()[0][0], transcript.pieces()[-1][1], name)
        for name, transcript in gather_transcripts(features)
    ]
    n = places.start.size
    name, start, end, parent = zip(*spans, strict=True)
    everything = Places(
        np.concatenate([places.name, np.array(name)]),
        np.concatenate([places.start, np.array(start, dtype=np.int64)]),
        np.concatenate([places.end, np.array(end, dtype=np.int64)]),
        np.zeros(n + len(spans), dtype=np.int8),
    )
    clusters = overlap_clusters(everything).tolist()
    named: dict[int, str] = {}
    for cluster, identifier in zip(clusters[n:], parent, strict=True):
        named.setdefault(cluster, identifier)
    return np.array([named.get(cluster, "") for cluster in clusters[:n]], dtype=np.str_)


class GeneParts(TaskKind, GenePartOptions):
    """Windows by what their middle base is: coding, intron, UTR, noncoding or intergenic."""

    verb: ClassVar = "coding"
    annotation: Path = Field(description="GTF or GFF3.")

    def build(self, inputs: Inputs) -> BuiltTask:
        """See `TaskKind`."""
        return gene_parts(inputs.genome, inputs.annotation("annotation", self.annotation).features, self)
