"""The words of the synthetic genome: stretches of bases, Markov chains, motifs and codons.

Every part of the genome is a `Stretch`: bases written 5' to 3' on the plus strand, with the features planted in it
at positions relative to its first base. Parts are joined, and turned to the other strand, into larger parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from genolect.sequence.alphabet import A, Bases, C, G, T, decode, encode, reverse_complement
from genolect.sequence.interval import Interval, Strand

BALANCING_ROUNDS = 200
DRAWS = 1 << 14
OTHER_STRAND: dict[Strand, Strand] = {"+": "-", "-": "+", ".": "."}


@dataclass(frozen=True, slots=True)
class Planted:
    """One thing that the generator put into the genome: the truth about it.

    Attributes
    ----------
    interval : Interval
        Where it is, 0-based half-open.
    kind : str
        Its Sequence Ontology term (``gene``, ``CDS``, ``TATA_box``, ``dispersed_repeat`` …).
    name : str
        The identifier of a gene or mRNA, the motif, the repeat family or the repeated unit; may be empty.
    parent : str
        The name of the gene or mRNA that it is a part of; may be empty.
    phase : int or None
        GFF phase of a CDS.
    reads : str
        What a planted motif reads on its own strand; empty for everything else.
    divergence : float or None
        Of motifs and repeats: the share of bases that differ from the consensus.
    """

    interval: Interval
    kind: str
    name: str = ""
    parent: str = ""
    phase: int | None = None
    reads: str = ""
    divergence: float | None = None


@dataclass(frozen=True, eq=False)
class Stretch:
    """Bases, and the features planted in them at positions relative to the first base."""

    bases: Bases
    features: tuple[Planted, ...] = ()


def marked(stretch: Stretch, kind: str, *, strand: Strand = "+", end: int | None = None, **facts: Any) -> Stretch:
    """Plant a feature over a stretch (or over its first `end` bases); `facts` are fields of `Planted`.

    Examples
    --------
    >>> marked(Stretch(encode("TATAAA")), "TATA_box", end=4).features[0].interval.length
    4
    """
    interval = Interval("", 0, len(stretch.bases) if end is None else end, strand)
    return Stretch(stretch.bases, (Planted(interval, kind, **facts), *stretch.features))


def join(stretches: Iterable[Stretch], name: str = "") -> Stretch:
    """Put stretches one after the other; `name` is the chromosome's once it is known.

    Examples
    --------
    >>> whole = join([Stretch(encode("GG")), marked(Stretch(encode("CAG")), "intron")], name="synthetic_1")
    >>> decode(whole.bases), whole.features[0].interval.start
    ('GGCAG', 2)
    """
    parts = list(stretches)
    features: list[Planted] = []
    offset = 0
    for part in parts:
        for planted in part.features:
            place = planted.interval
            moved = Interval(name, place.start + offset, place.end + offset, place.strand)
            features.append(replace(planted, interval=moved))
        offset += len(part.bases)
    return Stretch(np.concatenate([part.bases for part in parts]), tuple(features))


def opposite_strand(stretch: Stretch) -> Stretch:
    """Write a stretch on the other strand, its features with it.

    Examples
    --------
    >>> turned = opposite_strand(join([Stretch(encode("GG")), marked(Stretch(encode("CAA")), "intron")]))
    >>> decode(turned.bases), turned.features[0].interval.end, turned.features[0].interval.strand
    ('TTGCC', 3, '-')
    """
    length = len(stretch.bases)
    features = []
    for planted in stretch.features:
        place = planted.interval
        turned = Interval(place.name, length - place.end, length - place.start, OTHER_STRAND[place.strand])
        features.append(replace(planted, interval=turned))
    return Stretch(reverse_complement(stretch.bases), tuple(features))


@dataclass(frozen=True, eq=False)
class Chain:
    """A first-order Markov chain over a few states.

    Attributes
    ----------
    frequencies : ndarray, shape (S,)
        Its stationary distribution.
    transition : ndarray, shape (S, S)
        Probability of the column's state after the row's.
    successors : tuple of bytes
        For each state, the next state for each of `DRAWS` equally likely draws.
    """

    frequencies: npt.NDArray[np.float64]
    transition: npt.NDArray[np.float64]
    successors: tuple[bytes, ...]


def chain(affinity: npt.ArrayLike, frequencies: npt.ArrayLike) -> Chain:
    """Make the chain with given frequencies whose neighbours like each other as `affinity` says.

    Rows and columns of `affinity` are scaled in turn until both margins of the joint distribution of neighbours
    are the frequencies.

    Parameters
    ----------
    affinity : array_like, shape (S, S)
        How much more often than by chance the column's state follows the row's.
    frequencies : array_like, shape (S,)
        Weights of the states; they need not sum to one.

    Returns
    -------
    Chain
        The chain; its stationary distribution is exact.

    References
    ----------
    Sinkhorn (1964), The Annals of Mathematical Statistics, doi:10.1214/aoms/1177703591.

    Examples
    --------
    >>> chain([[3, 1], [1, 1]], [1, 1]).transition.round(3).tolist()
    [[0.634, 0.366], [0.366, 0.634]]
    """
    weights = np.asarray(frequencies, dtype=np.float64)
    margin = weights / weights.sum()
    joint = np.array(affinity, dtype=np.float64)
    for _ in range(BALANCING_ROUNDS):
        joint *= (margin / joint.sum(axis=1))[:, None]
        joint *= margin / joint.sum(axis=0)
    transition = joint / joint.sum(axis=1, keepdims=True)
    draws = (np.arange(DRAWS) + 0.5) / DRAWS
    rows = np.cumsum(transition, axis=1)[:, :-1]
    successors = tuple(np.searchsorted(row, draws).astype(np.uint8).tobytes() for row in rows)
    return Chain(margin, transition, successors)


def walk(states: Chain, length: int, generator: np.random.Generator) -> Bases:
    """Draw a run of `length` states from a chain, the first from its stationary distribution.

    Examples
    --------
    >>> alternating = chain([[0, 1], [1, 0]], [1, 1])
    >>> abs(np.diff(walk(alternating, 5, np.random.Generator(np.random.Philox(1))).astype(int))).tolist()
    [1, 1, 1, 1]
    """
    state = int(generator.choice(len(states.frequencies), p=states.frequencies))
    draws = generator.integers(0, DRAWS, max(0, length - 1)).tolist()
    path = [state, *(state := states.successors[state][draw] for draw in draws)]
    return np.array(path[:length], dtype=np.uint8)


@lru_cache(maxsize=64)
def background(gc: float, cpg: float = 0.2) -> Chain:
    """Give the chain of bases that nothing selects: alike on both strands, CpG a quarter as frequent as by chance.

    Examples
    --------
    >>> background(0.4).frequencies.tolist()
    [0.3, 0.2, 0.2, 0.3]
    """
    affinity = np.ones((4, 4))
    affinity[C, G] = cpg
    affinity[T, G] = affinity[C, A] = 1 + 0.3 * (1 - cpg)  # where the lost CpG went
    affinity[A, A] = affinity[T, T] = 1.15
    affinity[T, A] = 0.8
    return chain(affinity, [(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2])


ISLAND = background(0.62, cpg=1.0)
PYRIMIDINES = chain(np.ones((4, 4)), [8, 32, 5, 55])


def substituted(bases: Bases, rate: float | Sequence[float], generator: np.random.Generator) -> Bases:
    """Replace each base, with probability `rate`, by one of the other three.

    Examples
    --------
    >>> decode(substituted(encode("AAAA"), 0.0, np.random.Generator(np.random.Philox(1))))
    'AAAA'
    """
    changed = generator.random(len(bases)) < rate
    other = (bases + generator.integers(1, 4, len(bases))) % 4
    return np.where(changed, other, bases).astype(np.uint8)


@dataclass(frozen=True)
class PlantedMotif:
    """A short signal: its consensus, and the probability (percent) that a copy keeps each base of it."""

    name: str
    kind: str
    consensus: str
    conservation: tuple[int, ...]


KOZAK = PlantedMotif("Kozak_like", "kozak_sequence", "GCCACC", (60, 65, 70, 92, 72, 80))
DONOR = PlantedMotif("donor", "five_prime_cis_splice_site", "GTAAGT", (100, 100, 75, 80, 88, 70))
BRANCH = PlantedMotif("branch_point", "branch_site", "TACTAAC", (82, 75, 92, 96, 85, 100, 88))
ACCEPTOR = PlantedMotif("acceptor", "three_prime_cis_splice_site", "CAG", (78, 100, 100))
TATA = PlantedMotif("TATA_like", "TATA_box", "TATAAAAG", (95, 97, 96, 96, 88, 92, 75, 70))
AP1 = PlantedMotif("AP1_like", "TF_binding_site", "TGACTCA", (96, 98, 96, 82, 97, 96, 95))
POLYADENYLATION = PlantedMotif("polyadenylation", "polyA_signal_sequence", "AATAAA", (98, 92, 98, 97, 98, 97))


def motif_instance(motif: PlantedMotif, generator: np.random.Generator) -> Stretch:
    """Draw one copy of a motif.

    Examples
    --------
    >>> instance = motif_instance(ACCEPTOR, np.random.Generator(np.random.Philox(1)))
    >>> instance.features[0].reads[-2:]
    'AG'
    """
    consensus = encode(motif.consensus)
    bases = substituted(consensus, [1 - percent / 100 for percent in motif.conservation], generator)
    differing = float(np.mean(bases != consensus))
    return marked(Stretch(bases), motif.kind, name=motif.name, reads=decode(bases), divergence=differing)


# Amino acid: percent of residues, and its codons from the most to the least used (each a third of the one before).
RESIDUES = {
    "A": (8.3, "GCT GCC GCA GCG"), "R": (5.5, "AGA CGT AGG CGC CGA CGG"), "N": (4.1, "AAC AAT"),
    "D": (5.5, "GAC GAT"), "C": (1.4, "TGT TGC"), "Q": (3.9, "CAA CAG"), "E": (6.8, "GAA GAG"),
    "G": (7.1, "GGT GGC GGA GGG"), "H": (2.3, "CAC CAT"), "I": (5.9, "ATT ATC ATA"),
    "L": (9.7, "TTG CTG TTA CTC CTT CTA"), "K": (5.8, "AAG AAA"), "M": (2.4, "ATG"), "F": (3.9, "TTC TTT"),
    "P": (4.7, "CCA CCT CCC CCG"), "S": (6.6, "TCT TCC AGC TCA AGT TCG"), "T": (5.3, "ACT ACC ACA ACG"),
    "W": (1.1, "TGG"), "Y": (2.9, "TAC TAT"), "V": (6.9, "GTT GTC GTG GTA"), "*": (0.0, "TAA TGA TAG"),
}  # fmt: skip
AMINO_ACIDS = "".join(RESIDUES)
METHIONINE, STOP = AMINO_ACIDS.index("M"), AMINO_ACIDS.index("*")
RESIDUE_CLASSES = ("AVLIMFWCY", "GPSTN", "DEKRHQ")


def _codon_usage() -> dict[str, float]:
    usage = {}
    for _, codons in RESIDUES.values():
        weights = [3.0**-rank for rank in range(len(codons.split()))]
        usage.update({codon: w / sum(weights) for codon, w in zip(codons.split(), weights, strict=True)})
    return usage


def _protein() -> Chain:
    """Residues of one class (hydrophobic, small, charged) like to follow each other."""
    coded = AMINO_ACIDS[:STOP]
    group = {residue: number for number, members in enumerate(RESIDUE_CLASSES) for residue in members}
    affinity = [[4.0 if group[first] == group[second] else 0.6 for second in coded] for first in coded]
    return chain(affinity, [RESIDUES[residue][0] for residue in coded])


CODON_USAGE = _codon_usage()
PROTEIN = _protein()


def coding_sequence(residues: int, generator: np.random.Generator) -> Bases:
    """Draw a protein of `residues` amino acids from its chain and write it in biased codons, from ATG to stop.

    Examples
    --------
    >>> coding = coding_sequence(7, np.random.Generator(np.random.Philox(1)))
    >>> decode(coding)[:3], len(coding)
    ('ATG', 24)
    """
    protein = np.append(walk(PROTEIN, residues, generator), STOP)
    protein[0] = METHIONINE
    codons = []
    for residue, draw in zip(protein.tolist(), generator.random(len(protein)).tolist(), strict=True):
        left = draw
        for codon in RESIDUES[AMINO_ACIDS[residue]][1].split():
            left -= CODON_USAGE[codon]
            if left < 0:
                break
        codons.append(codon)
    return encode("".join(codons))
