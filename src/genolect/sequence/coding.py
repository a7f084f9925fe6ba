"""Coding sequences: joined from a genome and its annotation, or read from FASTA, with every irregular one named.

What can be read in codons is kept and says what is irregular about it; what cannot is left out and listed.

Legend: L bases of a coding sequence.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

import numpy as np

from genolect.errors import ConfigurationError, InputError, shown
from genolect.sequence.alphabet import BASE_BITS, A, Bases, N, T, reverse_complement
from genolect.sequence.annotation import Annotation
from genolect.sequence.fasta import read_fasta
from genolect.sequence.genetic_code import CODON, STOP, codon_numbers, genetic_code
from genolect.sequence.interval import Feature, Interval
from genolect.sequence.source import Source, opened

Reader = Callable[[str, int, int], Bases]
"""Gives the bases of a stretch: name, start, end, 0-based half-open."""


class Irregularity(StrEnum):
    """What is irregular about a coding sequence that was kept."""

    BEGINS_INSIDE = "begins inside a codon, which is dropped"
    FRAME = "the phases of its rows disagree with their lengths"
    NO_START = "the first codon is no start codon"
    NO_STOP = "the last codon is no stop codon"
    INCOMPLETE_STOP = "ends in T or TA, a stop that polyadenylation completes, which is dropped"
    PARTIAL_CODON = "ends inside a codon, which is dropped"
    INNER_STOP = "a stop codon before the end"
    AMBIGUOUS = "holds N"


class Obstacle(StrEnum):
    """Why a coding sequence was left out."""

    PLACES = "its rows do not lie on one strand of one sequence"
    SHORT = "it holds no whole codon"


@dataclass(frozen=True, slots=True, eq=False)
class CodingSequence:
    """A coding sequence in frame.

    Attributes
    ----------
    name : str
        The transcript or gene, or the FASTA record.
    bases : ndarray of uint8, shape (L,)
        Base codes of whole codons, in the direction of reading, with the stop codon where there is one.
    parts : tuple of Interval
        Where they come from, in the direction of reading and as annotated; empty for FASTA.
    irregular : frozenset of Irregularity
        Empty for a regular coding sequence: a start codon, sense codons, a stop codon.
    line : int
        1-based line of its first row or its header.
    """

    name: str
    bases: Bases
    parts: tuple[Interval, ...]
    irregular: frozenset[Irregularity]
    line: int


@dataclass(frozen=True, slots=True)
class CodingSequences:
    """What was found.

    Attributes
    ----------
    sequences : list of CodingSequence
        Everything that can be read in codons, in the file's order.
    left_out : dict of Obstacle to list of str
        Names of what cannot.
    """

    sequences: list[CodingSequence]
    left_out: dict[Obstacle, list[str]]

    @property
    def regular(self) -> list[CodingSequence]:
        """Those without any irregularity."""
        return [sequence for sequence in self.sequences if not sequence.irregular]

    @property
    def irregular(self) -> Counter[Irregularity]:
        """How many sequences have each irregularity; one can have several."""
        return Counter(irregularity for sequence in self.sequences for irregularity in sequence.irregular)


def join_coding(
    annotation: Annotation, read: Reader, code: int, *, other_codes: Mapping[str, int] | None = None
) -> CodingSequences:
    """Join the coding sequences of a genome from the CDS rows of its annotation.

    Rows of one transcript (GTF) or parent (GFF3) make one sequence; where they overlap and have several ``ID``, they
    are several products of one gene, and each ``ID`` makes one. Bases in overlapping rows of one product are read
    twice, as in a programmed frameshift. GTF keeps the stop codon in rows of its own, which are joined.

    Parameters
    ----------
    annotation : Annotation
        GTF or GFF3.
    read : callable
        Gives bases of the genome, for example `PreparedGenome.bases`.
    code : int
        The NCBI's number of the genetic code.
    other_codes : mapping of str to int, optional
        Codes of single sequences that have another, for example ``{"Mito": 3}``.

    Returns
    -------
    CodingSequences
        The sequences, and what was left out.

    Raises
    ------
    InputError
        If there is no CDS row.
    ConfigurationError
        If there is no such genetic code, or no coding sequence on a sequence that has a code of its own.

    Examples
    --------
    >>> from genolect.sequence.alphabet import decode, encode
    >>> rows = [Feature(Interval("I", *ends, "-"), "CDS", "t", phase, 1) for *ends, phase in ((0, 4, 1), (6, 11, 0))]
    >>> annotation = Annotation(rows, "GTF", frozenset(), {}, {})
    >>> genome = encode("TTATTNNGCATC")
    >>> [decode(joined.bases) for joined in join_coding(annotation, lambda name, a, b: genome[a:b], 1).sequences]
    ['ATGCNATAA']
    """
    codes = dict(other_codes or {})
    for number in (code, *codes.values()):
        genetic_code(number)
    groups = _products(annotation.features)
    if not groups:
        kinds = ", ".join(sorted({feature.kind for feature in annotation.features})[:5])
        what = f"the annotation has no row of the type CDS (it has {kinds})"
        raise InputError(what, fix="give a GTF or GFF3 with coding sequences, or the sequences themselves as FASTA")
    coding_on = {row.interval.name for _, rows in groups for row in rows}
    if strangers := codes.keys() - coding_on:
        what = f"a genetic code is given for {shown(min(strangers))}, which has no coding sequence"
        raise ConfigurationError(what, fix=f"name one of {', '.join(sorted(coding_on)[:5])}")
    found = CodingSequences([], defaultdict(list))
    for name, rows in groups:
        strands = {(row.interval.name, row.interval.strand) for row in rows}
        if len(strands) > 1 or rows[0].interval.strand == ".":
            found.left_out[Obstacle.PLACES].append(name)
            continue
        rows = _in_reading_order(rows)
        bases = np.concatenate([_read_part(row.interval, read) for row in rows])
        _add(found, name, bases, codes.get(rows[0].interval.name, code), rows)
    return found


def read_coding(source: Source | Path | str, code: int) -> CodingSequences:
    r"""Read coding sequences from FASTA; each record begins with a codon.

    Parameters
    ----------
    source : Source, Path or str
        The file.
    code : int
        The NCBI's number of the genetic code.

    Returns
    -------
    CodingSequences
        The sequences, and what was left out.

    Raises
    ------
    InputError
        As in `read_fasta`.
    ConfigurationError
        If there is no such genetic code.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     _ = file.write(b">ND3\nATTACCT\n"), file.flush()
    ...     found = read_coding(file.name, 2)
    >>> [(read.name, len(read.bases), *read.irregular) for read in found.sequences]
    [('ND3', 6, <Irregularity.INCOMPLETE_STOP: 'ends in T or TA, a stop that polyadenylation completes, ...'>)]
    """
    genetic_code(code)
    found = CodingSequences([], defaultdict(list))
    for record in read_fasta(opened(source)):
        _add(found, record.name, record.bases, code, line=record.line)
    return found


def _products(features: Iterable[Feature]) -> list[tuple[str, list[Feature]]]:
    """Give each coding sequence's name and rows."""
    coding: dict[str, list[Feature]] = defaultdict(list)
    stops: dict[str, list[Feature]] = defaultdict(list)
    for feature in features:
        if feature.kind in ("CDS", "stop_codon"):
            name = feature.identifier or f"line {feature.line}"
            (coding if feature.kind == "CDS" else stops)[name].append(feature)
    products: list[tuple[str, list[Feature]]] = []
    for name, rows in coding.items():
        if len({row.own_identifier for row in rows}) > 1 and _overlap(rows):
            own: dict[str, list[Feature]] = defaultdict(list)
            for row in rows:
                own[row.own_identifier].append(row)
            products += own.items()
        else:
            apart = [stop for stop in stops[name] if not any(_overlap([stop, row]) for row in rows)]
            products.append((name, rows + apart))
    return products


def _overlap(rows: Sequence[Feature]) -> bool:
    places = sorted((row.interval.name, row.interval.start, row.interval.end) for row in rows)
    return any(one[0] == other[0] and one[2] > other[1] for one, other in pairwise(places))


def _in_reading_order(rows: list[Feature]) -> list[Feature]:
    if rows[0].interval.strand == "+":
        return sorted(rows, key=lambda row: row.interval.start)
    return sorted(rows, key=lambda row: -row.interval.end)


def _read_part(part: Interval, read: Reader) -> Bases:
    bases = read(part.name, part.start, part.end)
    return bases if part.strand == "+" else reverse_complement(bases)


def _add(
    found: CodingSequences, name: str, bases: Bases, code: int, rows: Sequence[Feature] = (), *, line: int = 0
) -> None:
    """Examine one sequence and put it where it belongs."""
    skipped = (rows[0].phase or 0) if rows else 0
    coding = bases[skipped:]
    rest = len(coding) % CODON
    whole = coding[: len(coding) - rest]
    if not len(whole):
        found.left_out[Obstacle.SHORT].append(name)
        return
    irregular = _irregularities(whole, coding[len(whole) :], code)
    if skipped:
        irregular.add(Irregularity.BEGINS_INSIDE)
    if _phases_disagree(rows, skipped):
        irregular.add(Irregularity.FRAME)
    parts = tuple(row.interval for row in rows)
    line = min((row.line for row in rows), default=line)
    found.sequences.append(CodingSequence(name, whole, parts, frozenset(irregular), line))


def _irregularities(whole: Bases, rest: Bases, code: int) -> set[Irregularity]:
    """Look at the codons, and at the one or two bases after the last."""
    meaning, numbers = genetic_code(code), codon_numbers(whole)
    stopped = bool(meaning.stops[numbers[-1]])
    completed = not stopped and (rest & BASE_BITS).tolist() in ([T], [T, A])
    observed = {
        Irregularity.NO_START: not meaning.starts[numbers[0]],
        Irregularity.NO_STOP: not (stopped or completed),
        Irregularity.INCOMPLETE_STOP: completed,
        Irregularity.PARTIAL_CODON: len(rest) > 0 and not completed,
        Irregularity.INNER_STOP: (meaning.amino_acids[numbers[:-1]] == ord(STOP)).any(),
        Irregularity.AMBIGUOUS: ((whole & BASE_BITS) == N).any(),
    }
    return {irregularity for irregularity, present in observed.items() if present}


def _phases_disagree(rows: Sequence[Feature], skipped: int) -> bool:
    """Tell whether a row's phase is another than the rows before it leave; a row may give none."""
    position = -skipped
    for row in rows:
        if row.phase is not None and row.phase != -position % CODON:
            return True
        position += row.interval.length
    return False
