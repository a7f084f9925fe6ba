"""Splice sites: annotated donors and acceptors against decoys, places of the same genes that only read like them.

A window is cut so that the junction lies in its middle: exon before and intron after it for a donor, intron before and
exon after it for an acceptor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from genolect.arrays import Integers
from genolect.config import Configuration
from genolect.errors import InputError
from genolect.random import derived_generator
from genolect.sequence.alphabet import BASE_BITS, Bases, encode
from genolect.sequence.interval import Feature
from genolect.sequence.transcripts import dead_genes, gather_transcripts
from genolect.tables.table import Target
from genolect.tasks.assembly import SIGNS, Assembly, Sites, windows_around
from genolect.tasks.built import BuiltTask, Draft, counted, finish, usable
from genolect.tasks.kind import Inputs, TaskKind

Site = Literal["donor", "acceptor"]

KINDS: tuple[Site, Site] = ("donor", "acceptor")
SIGNALS = {("donor", 1): "GT", ("donor", -1): "AC", ("acceptor", 1): "AG", ("acceptor", -1): "CT"}
"""The two bases of the intron beside its junction, as the plus strand reads them."""
NONE = "none"


class SpliceOptions(Configuration):
    """Which sites are asked about."""

    sites: Literal["both", "donor", "acceptor"] = Field(
        "both", description="Three classes, or one kind of site and its decoys as two."
    )
    window: int = Field(60, ge=4, multiple_of=2, description="Bases around the junction; an even number.")
    per_site: int = Field(1, ge=1, description="Decoys for each site, from the same gene.")
    seed: int = Field(0, description="Seed of everything random.")


class Junctions(NamedTuple):
    """Junctions of one gene, plus strand: a junction lies before the base of this number, 0-based."""

    donor: frozenset[int]
    acceptor: frozenset[int]


class Locus(NamedTuple):
    """Transcripts that overlap on one strand."""

    name: str
    start: int
    end: int
    strand: int
    parent: str
    junctions: Junctions


Row = tuple[tuple[str, int, int, str], str, list[tuple[int, int]]]


class _Spliced(NamedTuple):
    """Transcripts by whether their junctions are asked about."""

    genes: list[Row]
    dead: list[Row]
    strandless: list[Row]


def _spliced(features: Sequence[Feature]) -> _Spliced:
    dead, dead_spans = dead_genes(features)
    found = _Spliced([], [], [])
    for identifier, transcript in gather_transcripts(features):
        pieces = transcript.pieces()
        hull = (transcript.name, pieces[0][0], pieces[-1][1], transcript.strand)
        is_dead = identifier in dead or hull in dead_spans
        rows = found.strandless if transcript.strand == "." else found.dead if is_dead else found.genes
        rows.append((hull, identifier, transcript.introns()))
    return found


def _joined(found: list[Row]) -> list[Locus]:
    loci = []
    ordered = sorted(found, key=lambda row: (row[0][0], row[0][3], row[0][1]))
    for (name, strand), rows in groupby(ordered, key=lambda row: (row[0][0], row[0][3])):
        loci += [_locus(name, SIGNS[strand], members) for members in _overlapping(rows)]
    return loci


def _not_asked(found: _Spliced, known: Mapping[tuple[str, int], Integers], kinds: Iterable[Site]) -> tuple[str, ...]:
    """Count the junctions that no gene has, by why they are left out."""
    dead = _joined(found.dead)
    notes: tuple[str, ...] = ()
    for kind in kinds:
        only = sum(
            np.setdiff1d([*getattr(locus.junctions, kind)], known.get((locus.name, locus.strand), [])).size
            for locus in dead
        )
        notes += counted(only, f"{kind}s of pseudogenes and transposon genes are left out")
    introns = sum(len(row[2]) for row in found.strandless)
    return notes + counted(introns, "introns of transcripts without a strand are left out")


def _overlapping(rows: Iterable[Row]) -> list[list[Row]]:
    clusters: list[list[Row]] = []
    reach = -1
    for row in rows:
        if row[0][1] >= reach:
            clusters.append([])
        clusters[-1].append(row)
        reach = max(reach, row[0][2])
    return clusters


def _locus(name: str, strand: int, members: list[Row]) -> Locus:
    firsts = frozenset(first for _, _, introns in members for first, _ in introns)
    lasts = frozenset(last for _, _, introns in members for _, last in introns)
    junctions = Junctions(firsts, lasts) if strand > 0 else Junctions(lasts, firsts)
    start, end = min(row[0][1] for row in members), max(row[0][2] for row in members)
    return Locus(name, start, end, strand, members[0][1], junctions)


def signals(bases: Bases, kind: Site, strand: int) -> Integers:
    """Find every junction that reads as one: GT behind a donor's, AG before an acceptor's, on one strand.

    Parameters
    ----------
    bases : ndarray of uint8, shape (L,)
        A stretch, plus strand.
    kind : {'donor', 'acceptor'}
        Which.
    strand : int
        +1 or -1.

    Returns
    -------
    ndarray of int64
        Junctions: the number of the plus-strand base behind each, from the start of the stretch.

    Examples
    --------
    >>> signals(encode("CCGTAAGT"), "donor", 1).tolist(), signals(encode("CCGTAAGT"), "acceptor", 1).tolist()
    ([2, 6], [7])
    >>> signals(encode("ACTTTGGT"), "donor", -1).tolist(), signals(encode("ACTTTGGT"), "acceptor", -1).tolist()
    ([2], [1])
    """
    plain = bases & BASE_BITS
    first, second = encode(SIGNALS[kind, strand])
    here = np.flatnonzero((plain[:-1] == first) & (plain[1:] == second)).astype(np.int64)
    # The intron lies behind the junction of a donor on the plus strand, and of an acceptor on the minus strand.
    return here if (kind == "donor") == (strand > 0) else here + 2


def splicing(genome: Assembly, features: Sequence[Feature], options: SpliceOptions | None = None) -> BuiltTask:
    """Build splice sites against decoys of the same genes and strands.

    Parameters
    ----------
    genome : Assembly
        The genome.
    features : sequence of Feature
        The rows of a GTF or GFF3 file.
    options : SpliceOptions, optional
        Which sites are asked about.

    Returns
    -------
    BuiltTask
        The task: classes acceptor, donor and none, or 1 and 0; the column ``decoy`` says what a decoy looks like. Sites
        whose intron does not begin with GT, or end in AG, are left out: no decoy reads like them.

    Raises
    ------
    InputError
        If the annotation has no intron.

    Examples
    --------
    >>> from genolect.sequence.interval import Interval
    >>> genome = Assembly.of_records({"I": encode("ACCAGTCCGTAAGTCCCCCCCCAGAAGTCTAG" * 2)})
    >>> rows = [Feature(Interval("I", *span, "+"), "exon", "t", None, line=1) for span in ((2, 8), (24, 30))]
    >>> task = splicing(genome, rows, SpliceOptions(window=4))
    >>> sorted(task.table.sequences.letters(row) for row in range(len(task.table)) if task.columns["decoy"][row] == "")
    ['AGAA', 'CCGT']
    """
    options = options or SpliceOptions()
    kinds: tuple[Site, ...] = KINDS if options.sites == "both" else (options.sites,)
    found = _spliced(features)
    loci = [locus for locus in _joined(found.genes) if locus.junctions.donor]
    if not loci:
        fix = "give a GTF or GFF3 file with exon or CDS rows of spliced genes"
        raise InputError("the annotation has no intron", fix=fix)
    known = _junctions_of(loci)
    rows: list[tuple[tuple[str, int, int, str], str, str]] = []
    odd = missing = 0
    for locus in loci:
        for kind in kinds:
            here = signals(genome.read(locus.name, locus.start, locus.end), kind, locus.strand) + locus.start
            real = np.array(sorted(getattr(locus.junctions, kind)), dtype=np.int64)
            canonical = real[np.isin(real, here)]
            odd += real.size - canonical.size
            free = np.setdiff1d(here, known[locus.name, locus.strand])
            wanted = canonical.size * options.per_site
            generator = derived_generator(options.seed, "splice decoys", locus.name, locus.start, locus.strand, kind)
            decoys = np.sort(generator.permutation(free)[:wanted])
            missing += wanted - decoys.size
            rows += [(_site(locus, junction), kind, "") for junction in canonical.tolist()]
            rows += [(_site(locus, junction), NONE, kind) for junction in decoys.tolist()]
    windows, kept, notes = usable(
        genome, windows_around(Sites.of([row[0] for row in rows]), options.window // 2, options.window // 2)
    )
    notes = (
        *counted(missing, "decoys are missing: some genes have too few"),
        *counted(odd, "sites without GT or AG are left out"),
        *_not_asked(found, known, kinds),
        *notes,
    )
    label = np.array([row[1] for row in rows])[kept]
    columns = {"decoy": np.array([row[2] for row in rows], dtype=np.str_)[kept]}
    target = site_target(label, options.sites)
    return finish("splicing", Draft(windows, genome.sequences(windows.places), target, columns, notes=notes))


def site_target(label: npt.NDArray[np.str_], sites: str) -> Target:
    """Give the classes of sites: acceptor, donor and none; or 1 and 0 where one kind stands alone.

    Examples
    --------
    >>> site_target(np.array(["donor", "none"]), "donor").values.tolist()
    [1, 0]
    """
    if sites == "both":
        names = ("acceptor", "donor", NONE)
        return Target("classes", names, np.searchsorted(np.array(names), label).astype(np.int64))
    return Target("classes", ("0", "1"), (label != NONE).astype(np.int64))


def _site(locus: Locus, junction: int) -> tuple[str, int, int, str]:
    """Give the base behind the junction as the gene is read."""
    return locus.name, junction if locus.strand > 0 else junction - 1, locus.strand, locus.parent


def _junctions_of(loci: Iterable[Locus]) -> dict[tuple[str, int], Integers]:
    """All junctions of a sequence and strand: a decoy is no site of another gene, nor of the other kind (AG|GT)."""
    known: dict[tuple[str, int], set[int]] = {}
    for locus in loci:
        known.setdefault((locus.name, locus.strand), set()).update(*locus.junctions)
    return {key: np.array(sorted(places), dtype=np.int64) for key, places in known.items()}


class Splicing(TaskKind, SpliceOptions):
    """Splice sites against GT and AG of the same genes that are none."""

    verb: ClassVar = "splice"
    annotation: Path = Field(description="GTF or GFF3.")

    def build(self, inputs: Inputs) -> BuiltTask:
        """See `TaskKind`."""
        return splicing(inputs.genome, inputs.annotation("annotation", self.annotation).features, self)
