"""The gene of the synthetic genome: promoter, untranslated regions, exons and introns, in this order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from genolect.genome.synthetic_grammar import (
    ACCEPTOR,
    AP1,
    BRANCH,
    DONOR,
    ISLAND,
    KOZAK,
    POLYADENYLATION,
    PYRIMIDINES,
    TATA,
    Chain,
    Stretch,
    background,
    coding_sequence,
    join,
    marked,
    motif_instance,
    opposite_strand,
    substituted,
    walk,
)
from genolect.sequence.alphabet import SOFT_MASK, Bases, N, decode, encode

FAMILY_LENGTHS = (180, 310, 440, 590)
FAMILY_GC = (0.56, 0.44, 0.38, 0.47)
SHORTEST_COPY = 60
POLY_A = encode("A" * 12)


@dataclass(frozen=True, eq=False)
class RepeatFamily:
    """An interspersed repeat: its consensus, and the share of bases in which a copy is expected to differ."""

    name: str
    consensus: Bases
    divergence: float


def repeat_families(youngest: float, oldest: float, generator: np.random.Generator) -> tuple[RepeatFamily, ...]:
    """Draw the consensus of each family; their divergences are spaced evenly from `youngest` to `oldest`.

    Examples
    --------
    >>> families = repeat_families(0.05, 0.2, np.random.Generator(np.random.Philox(1)))
    >>> [(len(family.consensus), round(family.divergence, 2)) for family in families]
    [(180, 0.05), (310, 0.1), (440, 0.15), (590, 0.2)]
    """
    families = []
    for number, divergence in enumerate(np.linspace(youngest, oldest, len(FAMILY_LENGTHS)).tolist()):
        body = walk(background(FAMILY_GC[number], cpg=0.8), FAMILY_LENGTHS[number] - len(POLY_A), generator)
        families.append(RepeatFamily(f"synthetic_repeat_{number + 1}", np.append(body, POLY_A), divergence))
    return tuple(families)


def _repeat(bases: Bases, consensus: Bases, kind: str, name: str, generator: np.random.Generator) -> Stretch:
    """Soft-mask a repeat, say how far it is from its consensus, and put it on either strand."""
    differing = float(np.mean(bases != consensus))
    copy = marked(Stretch(bases | np.uint8(SOFT_MASK)), kind, name=name, divergence=differing)
    return copy if generator.random() < 0.5 else opposite_strand(copy)


def repeat_copy(families: Sequence[RepeatFamily], generator: np.random.Generator) -> Stretch:
    """Draw a copy of a random family: half of them whole, the others cut at the 5' end as retroposons are.

    Examples
    --------
    >>> generator = np.random.Generator(np.random.Philox(1))
    >>> repeat_copy(repeat_families(0.05, 0.2, generator), generator).features[0].kind
    'dispersed_repeat'
    """
    family = families[int(generator.integers(len(families)))]
    length = len(family.consensus)
    if generator.random() < 0.5:
        length = int(generator.integers(SHORTEST_COPY, length))
    consensus = family.consensus[-length:]
    copy = substituted(consensus, family.divergence, generator)
    return _repeat(copy, consensus, "dispersed_repeat", family.name, generator)


MICROSATELLITE_UNITS = ("A", "CA", "GA", "TA", "AAT", "CAG", "GATA", "AAAG")


def tandem_repeat(generator: np.random.Generator) -> Stretch:
    """Draw a microsatellite (units of 1-4 bases) or, less often, a minisatellite (units of 12-40), slightly decayed.

    Examples
    --------
    >>> tandem_repeat(np.random.Generator(np.random.Philox(4))).features[0].name
    '(GATA)n'
    """
    if generator.random() < 0.7:
        kind, unit = "microsatellite", encode(MICROSATELLITE_UNITS[generator.integers(len(MICROSATELLITE_UNITS))])
        length = int(generator.integers(20, 81))
    else:
        kind, unit = "minisatellite", walk(background(0.5, cpg=1.0), int(generator.integers(12, 41)), generator)
        length = int(len(unit) * generator.integers(5, 13))
    perfect = np.resize(unit, length)
    return _repeat(substituted(perfect, 0.04, generator), perfect, kind, f"({decode(unit)})n", generator)


def assembly_gap(generator: np.random.Generator) -> Stretch:
    """Draw a run of N, as scaffolding leaves it.

    Examples
    --------
    >>> set(decode(assembly_gap(np.random.Generator(np.random.Philox(1))).bases))
    {'N'}
    """
    return marked(Stretch(np.full(generator.integers(50, 301), N, dtype=np.uint8)), "gap", strand=".")


def interspersed(host: Bases, inserts: Sequence[Stretch], generator: np.random.Generator) -> Stretch:
    """Insert stretches at random places of a host sequence, which goes on behind each of them.

    Examples
    --------
    >>> generator = np.random.Generator(np.random.Philox(1))
    >>> decode(interspersed(encode("AAAA"), [Stretch(encode("ggg"))], generator).bases)
    'AAgggAA'
    """
    cuts = np.sort(generator.integers(0, len(host) + 1, len(inserts)))
    first, *others = np.split(host, cuts)
    pieces = [Stretch(first)]
    for insert, continuation in zip(inserts, others, strict=True):
        pieces += [insert, Stretch(continuation)]
    return join(pieces)


CORE_PROMOTER = 100
TATA_TO_START = 28  # from the first base of the box to the first base of the transcript
AP1_TO_TATA = 40  # from first base to first base: about four turns of the helix
EXON_SHARES = (0.2, 0.3, 0.3, 0.2)  # of genes with 1, 2, 3, 4 exons
EXON_GRID = 60
INTRON_REPEAT_SHARE = 0.15


def _plain(states: Chain, length: int, generator: np.random.Generator) -> Stretch:
    """Draw a stretch in which nothing is planted."""
    return Stretch(walk(states, length, generator))


def _promoter(generator: np.random.Generator, composition: Chain, *, upstream: int, with_ap1: bool) -> Stretch:
    """Write `upstream` bases and the core promoter, up to the base before the transcript's first."""
    box, site = motif_instance(TATA, generator), motif_instance(AP1, generator)
    before_site = CORE_PROMOTER - TATA_TO_START - AP1_TO_TATA
    core = [
        _plain(composition, before_site, generator),
        site if with_ap1 else _plain(composition, len(site.bases), generator),
        _plain(composition, AP1_TO_TATA - len(site.bases), generator),
        box,
        _plain(composition, TATA_TO_START - len(box.bases), generator),
    ]
    return join([_plain(composition, upstream, generator), marked(join(core), "promoter")])


def _five_prime_utr(generator: np.random.Generator, composition: Chain, parent: str) -> Stretch:
    """Write a leader that ends in the context of the start codon."""
    leader = _plain(composition, int(generator.integers(40, 161)), generator)
    return marked(join([leader, motif_instance(KOZAK, generator)]), "five_prime_UTR", parent=parent)


def _three_prime_utr(generator: np.random.Generator, composition: Chain, parent: str) -> Stretch:
    """Write a trailer with a polyadenylation signal 15 to 25 bases before the transcript's end."""
    trailer = _plain(composition, int(generator.integers(80, 281)), generator)
    tail = _plain(composition, int(generator.integers(15, 26)), generator)
    return marked(join([trailer, motif_instance(POLYADENYLATION, generator), tail]), "three_prime_UTR", parent=parent)


def _intron(
    generator: np.random.Generator, composition: Chain, families: Sequence[RepeatFamily], parent: str
) -> Stretch:
    """Write an intron, GT to AG, with its branch point 20 to 40 bases before the end; some hold a repeat."""
    body = walk(composition, int(40 + generator.gamma(1.5, 90)), generator)
    with_repeat = families and generator.random() < INTRON_REPEAT_SHARE
    inserts = [repeat_copy(families, generator)] if with_repeat else []
    parts = [
        motif_instance(DONOR, generator),
        interspersed(body, inserts, generator),
        _plain(composition, 10, generator),
        motif_instance(BRANCH, generator),
        _plain(composition, int(generator.integers(4, 13)), generator),
        _plain(PYRIMIDINES, int(generator.integers(12, 21)), generator),
        motif_instance(ACCEPTOR, generator),
    ]
    return marked(join(parts), "intron", parent=parent)


def _coding_segments(generator: np.random.Generator) -> list[Bases]:
    """Write a coding sequence and cut it where the introns will be, in any phase."""
    coding = coding_sequence(int(generator.integers(110, 451)), generator)
    introns = int(generator.choice(len(EXON_SHARES), p=EXON_SHARES))
    places = generator.choice(np.arange(1, len(coding) // EXON_GRID - 1), introns, replace=False)
    cuts = np.sort(places) * EXON_GRID + generator.integers(0, EXON_GRID // 2, introns)
    return np.split(coding, cuts)


def _transcript(
    generator: np.random.Generator, five_prime: Stretch, families: Sequence[RepeatFamily], *, gc: float, name: str
) -> Stretch:
    """Write exons and introns behind a given 5' untranslated region, down to the 3' end."""
    segments = _coding_segments(generator)
    three_prime = _three_prime_utr(generator, background(gc - 0.06), parent=name)
    pieces, phase = [], 0
    for number, segment in enumerate(segments):
        if number:
            pieces.append(_intron(generator, background(gc - 0.03), families, parent=name))
        exon = [marked(Stretch(segment), "CDS", parent=name, phase=phase)]
        if number == 0:
            exon.insert(0, five_prime)
        if number == len(segments) - 1:
            exon.append(three_prime)
        pieces.append(marked(join(exon), "exon", parent=name))
        phase = (phase - len(segment)) % 3
    return join(pieces)


def gene(
    generator: np.random.Generator,
    families: Sequence[RepeatFamily],
    *,
    gc: float,
    name: str,
    island: bool,
    with_ap1: bool,
) -> Stretch:
    """Write a gene on the plus strand, behind its promoter.

    Parameters
    ----------
    generator : Generator
        Where the randomness comes from.
    families : sequence of RepeatFamily
        The interspersed repeats, of which some introns hold one; none where it is empty.
    gc : float
        GC content around the gene.
    name : str
        The gene's identifier; its messenger's is ``<name>.mRNA``.
    island : bool
        Whether a CpG island spans the promoter and the 5' untranslated region.
    with_ap1 : bool
        Whether the promoter has a second motif upstream of the TATA-like box.

    Returns
    -------
    Stretch
        Promoter and gene with their features.

    Examples
    --------
    >>> generator = np.random.Generator(np.random.Philox(1))
    >>> locus = gene(generator, [], gc=0.4, name="gene_1", island=False, with_ap1=True)
    >>> [planted.kind for planted in locus.features[:4]]
    ['promoter', 'TF_binding_site', 'TATA_box', 'gene']
    """
    messenger = f"{name}.mRNA"
    flank = int(generator.integers(250, 701)) if island else 0
    before = _promoter(generator, ISLAND if island else background(gc), upstream=flank, with_ap1=with_ap1)
    five_prime = _five_prime_utr(generator, ISLAND if island else background(gc + 0.05), parent=messenger)
    transcribed = _transcript(generator, five_prime, families, gc=gc, name=messenger)
    locus = join([before, marked(marked(transcribed, "mRNA", name=messenger, parent=name), "gene", name=name)])
    end = len(before.bases) + len(five_prime.bases)
    return marked(locus, "CpG_island", strand=".", end=end) if island else locus
