"""The gene of the synthetic genome: promoter, untranslated regions, exons and introns, in this order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genolect.data.grammar import (
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
    walk,
)
from genolect.data.synthetic_repeat import RepeatFamily, interspersed, repeat_copy
from genolect.sequence.alphabet import Bases

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
