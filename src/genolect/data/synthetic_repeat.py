"""What interrupts the synthetic genome: interspersed and tandem repeats, soft-masked, and assembly gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from genolect.data.grammar import Stretch, background, join, marked, opposite_strand, substituted, walk
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
