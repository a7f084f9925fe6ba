"""A small synthetic genome whose grammar is known: for demonstrations, examples and tests of a method.

It describes no organism. Genes on both strands have promoters with spaced motifs, some in CpG islands, codons of
strong bias, introns with splice signals and branch points; between them lie a background of drifting GC content,
repeat families, satellites and assembly gaps. Only the repeat families recur on several chromosomes, so a
chromosome that is held out is a fair test. Each chromosome is a function of the seed and its own number and length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from genolect.errors import ConfigurationError
from genolect.files import claim_output, new_folder, write_facts, write_file
from genolect.genome.synthetic_gene import (
    RepeatFamily,
    assembly_gap,
    gene,
    interspersed,
    repeat_copy,
    repeat_families,
    tandem_repeat,
)
from genolect.genome.synthetic_grammar import Chain, Planted, Stretch, background, chain, join, opposite_strand, walk
from genolect.random import derived_generator
from genolect.sequence.alphabet import Bases, decode

FASTA_WIDTH = 80

ISOCHORE = 15_000
ISOCHORE_GC = (0.36, 0.39, 0.42, 0.45, 0.48)
TYPICAL_GENE = 1_870  # bases that a gene takes with its promoter, on average: turns density into spacing
SHORTEST_SPACING = 100
LARGEST_INSERTED_SHARE = 0.8  # of an intergenic stretch


@dataclass(frozen=True, slots=True)
class SyntheticConfig:
    """What the synthetic genome is to be like.

    Attributes
    ----------
    seed : int
        Everything random follows from it.
    chromosomes : int
        How many; each is shorter than the one before.
    bases_per_chromosome : int
        Scale of their lengths (see `lengths`).
    genes_per_kilobase : float
        Genes per 1,000 bases.
    island_share : float
        Share of promoters that lie in a CpG island.
    ap1_share : float
        Share of promoters with a second motif at a fixed distance from the TATA-like box.
    repeat_share : float
        Share of bases in interspersed repeats; a little less where genes leave no room for them.
    repeat_divergence : tuple of float
        Divergence of the youngest and of the oldest repeat family.
    tandem_share : float
        Share of bases in microsatellites and minisatellites.
    gaps_per_megabase : float
        Runs of N per million bases.

    Raises
    ------
    ConfigurationError
        If a value lies outside its range.
    """

    seed: int = 1
    chromosomes: int = 6
    bases_per_chromosome: int = 300_000
    genes_per_kilobase: float = 0.3
    island_share: float = 0.4
    ap1_share: float = 0.5
    repeat_share: float = 0.17
    repeat_divergence: tuple[float, float] = (0.05, 0.20)
    tandem_share: float = 0.03
    gaps_per_megabase: float = 10.0

    def __post_init__(self) -> None:
        ranges: dict[str, tuple[float, float]] = {
            "seed": (0, 2**63),
            "chromosomes": (1, 100),
            "bases_per_chromosome": (10_000, 10**9),
            "genes_per_kilobase": (0.001, 0.4),
            "island_share": (0, 1),
            "ap1_share": (0, 1),
            "repeat_share": (0, 0.3),
            "tandem_share": (0, 0.1),
            "gaps_per_megabase": (0, 100),
        }
        for field, (low, high) in ranges.items():
            value = getattr(self, field)
            if not low <= value <= high:
                raise ConfigurationError(f"{field} is {value}", fix=f"give a value from {low} to {high}")
        if not 0 <= self.repeat_divergence[0] <= self.repeat_divergence[1] <= 0.5:
            fix = "give two shares between 0 and 0.5, the smaller first"
            raise ConfigurationError(f"repeat_divergence is {self.repeat_divergence}", fix=fix)

    @property
    def lengths(self) -> tuple[int, ...]:
        """Bases of each chromosome: from 1.4 times the scale downwards, whatever the number of chromosomes."""
        return tuple(int(self.bases_per_chromosome * (0.4 + 1 / (1 + 0.3 * rank))) for rank in range(self.chromosomes))


@dataclass(frozen=True, eq=False)
class SyntheticGenome:
    """A synthetic genome and the whole truth about it.

    Attributes
    ----------
    config : SyntheticConfig
        What it was made from.
    chromosomes : dict of str to ndarray of uint8
        Base codes of each chromosome, repeats soft-masked.
    features : list of Planted
        All that was planted, by chromosome and position; what encloses comes before what it encloses.
    families : tuple of RepeatFamily
        The interspersed repeats with their consensus sequences.
    """

    config: SyntheticConfig
    chromosomes: dict[str, Bases]
    features: list[Planted]
    families: tuple[RepeatFamily, ...]


def _isochores(length: int, generator: np.random.Generator) -> list[float]:
    """Let the GC content drift along a chromosome: one value for every `ISOCHORE` bases begun."""
    levels = len(ISOCHORE_GC)
    neighbours = np.eye(levels) + np.eye(levels, k=1) + np.eye(levels, k=-1)
    drift = chain(neighbours, np.ones(levels))
    return [ISOCHORE_GC[level] for level in walk(drift, -(-length // ISOCHORE), generator)]


def _intergenic(
    generator: np.random.Generator,
    families: Sequence[RepeatFamily],
    composition: Chain,
    *,
    length: int,
    owed: tuple[float, float],
    gaps: float,
) -> Stretch:
    """Write `length` bases of background, with repeats and gaps inserted as far as there is room.

    `owed` are the bases of interspersed and of tandem repeats that the chromosome lacks so far, `gaps` is the expected
    number of runs of N.
    """
    inserts: list[Stretch] = []
    room = int(LARGEST_INSERTED_SHARE * length)
    for _ in range(generator.poisson(gaps)):
        gap = assembly_gap(generator)
        if len(gap.bases) <= room:
            inserts.append(gap)
            room -= len(gap.bases)
    sorts: tuple[Callable[[np.random.Generator], Stretch], ...] = (partial(repeat_copy, families), tandem_repeat)
    for draw, lacking in zip(sorts, owed, strict=True):
        while lacking > 0 and len((repeat := draw(generator)).bases) <= room:
            inserts.append(repeat)
            room -= len(repeat.bases)
            lacking -= len(repeat.bases)
    generator.shuffle(inserts)
    host = walk(composition, length - sum(len(insert.bases) for insert in inserts), generator)
    return interspersed(host, inserts, generator)


def chromosome(config: SyntheticConfig, families: Sequence[RepeatFamily], number: int, length: int) -> Stretch:
    """Write one chromosome from left to right: background and genes by turns.

    Parameters
    ----------
    config : SyntheticConfig
        What the genome is like; how many chromosomes it has, and how long, plays no part here.
    families : sequence of RepeatFamily
        The interspersed repeats, which all chromosomes share.
    number : int
        1-based; the chromosome is called ``synthetic_<number>``.
    length : int
        Its bases.

    Returns
    -------
    Stretch
        The chromosome and its features by position, what encloses before what is enclosed.

    Examples
    --------
    >>> config = SyntheticConfig(repeat_share=0)
    >>> len(chromosome(config, [], number=2, length=30_011).bases)
    30011
    """
    name = f"synthetic_{number}"
    purposes = ("landscape", "genes", "intergenic")
    landscape, genes, between = (derived_generator(config.seed, f"synthetic {what}", number) for what in purposes)
    gc_of = _isochores(length, landscape)
    mean_spacing = 1_000 / config.genes_per_kilobase - TYPICAL_GENE - SHORTEST_SPACING
    parts: list[Stretch] = []
    bases_of: Counter[str] = Counter()  # planted so far, by kind
    position, rank = 0, 1
    while position < length:
        gc = gc_of[position // ISOCHORE]
        spacing = SHORTEST_SPACING + landscape.exponential(mean_spacing)
        room = int(min(spacing, ISOCHORE, length - position))
        dispersed = config.repeat_share * (position + room) - bases_of["dispersed_repeat"]
        tandem = config.tandem_share * (position + room) - bases_of["microsatellite"] - bases_of["minisatellite"]
        gaps = config.gaps_per_megabase * (room + TYPICAL_GENE) / 1e6
        new = [_intergenic(between, families, background(gc), length=room, owed=(dispersed, tandem), gaps=gaps)]
        island, with_ap1 = (bool(landscape.random() < share) for share in (config.island_share, config.ap1_share))
        locus = gene(genes, families, gc=gc, name=f"{name}.gene_{rank}", island=island, with_ap1=with_ap1)
        if spacing <= ISOCHORE and position + room + len(locus.bases) <= length:
            new.append(locus if landscape.random() < 0.5 else opposite_strand(locus))
            rank += 1
        position += sum(len(part.bases) for part in new)
        for planted in (planted for part in new for planted in part.features):
            bases_of[planted.kind] += planted.interval.length
        parts += new
    whole = join(parts, name)
    order = sorted(whole.features, key=lambda planted: (planted.interval.start, -planted.interval.end))
    return Stretch(whole.bases, tuple(order))


def generate(config: SyntheticConfig) -> SyntheticGenome:
    """Make the synthetic genome that a configuration describes.

    Parameters
    ----------
    config : SyntheticConfig
        What it is to be like; ``SyntheticConfig()`` gives 6 chromosomes and 1.85 million bases.

    Returns
    -------
    SyntheticGenome
        Sequences and truth; the same configuration gives the same genome.

    Examples
    --------
    >>> genome = generate(SyntheticConfig(chromosomes=2, bases_per_chromosome=10_000))
    >>> {name: len(bases) for name, bases in genome.chromosomes.items()}
    {'synthetic_1': 14000, 'synthetic_2': 11692}
    """
    shared = derived_generator(config.seed, "synthetic families")
    families = repeat_families(*config.repeat_divergence, shared) if config.repeat_share else ()
    chromosomes: dict[str, Bases] = {}
    features: list[Planted] = []
    for number, length in enumerate(config.lengths, start=1):
        whole = chromosome(config, families, number, length)
        chromosomes[f"synthetic_{number}"] = whole.bases
        features += whole.features
    return SyntheticGenome(config, chromosomes, features, families)


def fasta_text(genome: SyntheticGenome) -> str:
    """Write the sequences as FASTA, repeats in lower case; each description says that it is synthetic.

    Examples
    --------
    >>> genome = generate(SyntheticConfig(chromosomes=1, bases_per_chromosome=10_000))
    >>> fasta_text(genome).splitlines()[0]
    '>synthetic_1 SYNTHETIC sequence of no organism, made by genolect from seed 1'
    """
    rows: list[str] = []
    for name, bases in genome.chromosomes.items():
        rows.append(f">{name} SYNTHETIC sequence of no organism, made by genolect from seed {genome.config.seed}")
        letters = decode(bases)
        rows += [letters[start : start + FASTA_WIDTH] for start in range(0, len(letters), FASTA_WIDTH)]
    return "\n".join(rows) + "\n"


def gff_text(genome: SyntheticGenome) -> str:
    """Write all features as GFF3 (1-based, closed), a comment on top saying that they are synthetic.

    Examples
    --------
    >>> genome = generate(SyntheticConfig(chromosomes=1, bases_per_chromosome=10_000))
    >>> gff_text(genome).splitlines()[2]
    '##sequence-region synthetic_1 1 14000'
    """
    rows = ["##gff-version 3", f"# SYNTHETIC genome of no organism, made by genolect: {genome.config}"]
    rows += [f"##sequence-region {name} 1 {len(bases)}" for name, bases in genome.chromosomes.items()]
    for planted in genome.features:
        place = planted.interval
        phase = "." if planted.phase is None else str(planted.phase)
        columns = (place.name, "synthetic", planted.kind, place.start + 1, place.end, ".", place.strand, phase)
        rows.append("\t".join([*map(str, columns), _attributes(planted)]))
    return "\n".join(rows) + "\n"


def _attributes(planted: Planted) -> str:
    label = "ID" if planted.kind in ("gene", "mRNA") else "Name"
    pairs = [(label, planted.name), ("Parent", planted.parent), ("reads", planted.reads)]
    if planted.divergence is not None:
        pairs.append(("divergence", f"{planted.divergence:.4f}"))
    return ";".join(f"{key}={value}" for key, value in pairs if value) or "."


def bed_text(genome: SyntheticGenome) -> str:
    """Write the motifs and repeats as BED6; the score is 1,000 times the identity to the consensus.

    Examples
    --------
    >>> genome = generate(SyntheticConfig(chromosomes=1, bases_per_chromosome=10_000))
    >>> len(bed_text(genome).splitlines()[0].split())
    6
    """
    rows = []
    for planted in genome.features:
        if planted.divergence is not None:
            place, score = planted.interval, round(1_000 * (1 - planted.divergence))
            rows.append(f"{place.name}\t{place.start}\t{place.end}\t{planted.name}\t{score}\t{place.strand}\n")
    return "".join(rows)


README = """\
A SYNTHETIC genome, made by genolect. It describes no organism.

genome.fa    {chromosomes} chromosomes, {bases:,} bases, repeats in lower case
genes.gff3   everything that was planted: genes, splice sites, motifs, CpG islands, repeats, gaps
truth.bed    the planted motifs and repeats; score = 1000 x identity to the consensus

Only the repeat families recur on several chromosomes; a chromosome that is held out is a fair test.
Made from: {config}

feature                           number
{counts}
"""


def write_synthetic(config: SyntheticConfig, folder: Path) -> dict[str, Path]:
    """Make a synthetic genome and write it into a new folder.

    Parameters
    ----------
    config : SyntheticConfig
        What the genome is to be like.
    folder : Path
        Where; it must not exist or be empty. It appears whole, with a ``manifest.json`` of checksums.

    Returns
    -------
    dict of str to Path
        The files ``genome.fa``, ``genes.gff3``, ``truth.bed`` and ``README.txt`` by name.

    Raises
    ------
    MachineError
        If the folder holds something, or cannot be written.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> config = SyntheticConfig(chromosomes=1, bases_per_chromosome=10_000)
    >>> sorted(write_synthetic(config, Path(mkdtemp()) / "genome"))
    ['README.txt', 'genes.gff3', 'genome.fa', 'truth.bed']
    """
    claim_output(folder)
    genome = generate(config)
    counts = Counter(planted.kind for planted in genome.features)
    readme = README.format(
        chromosomes=len(genome.chromosomes),
        bases=sum(len(bases) for bases in genome.chromosomes.values()),
        config=config,
        counts="\n".join(f"{kind:32}{number:8,}" for kind, number in sorted(counts.items())),
    )
    texts = {
        "genome.fa": fasta_text(genome),
        "genes.gff3": gff_text(genome),
        "truth.bed": bed_text(genome),
        "README.txt": readme,
    }
    with new_folder(folder) as staging:
        for name, text in texts.items():
            write_file(staging / name, text)
        write_facts(staging, {"synthetic": True, "config": asdict(config)})
    return {name: folder / name for name in texts}
