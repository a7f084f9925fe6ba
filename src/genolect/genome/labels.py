"""What every base is, read off an annotation: intergenic, UTR, intron, noncoding exon, or a codon position.

Every base collects evidence, one bit per statement that the annotation makes about it, and one table says what
a combination of statements means:

    coding  >  UTR  >  pseudogene (left out)  >  noncoding  >  intron  >  inside a gene (left out)  >  intergenic

A base that is coding in two frames, or on both strands, is ambiguous and left out as well. Introns are the gaps between
a transcript's exons and are never read from ``intron`` rows, which in many files are RNA-seq junctions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from genolect.errors import InputError, shown
from genolect.sequence.interval import Feature, Strand
from genolect.sequence.transcripts import DEAD_KINDS, SHORTEST_INTRON, Span, Transcript, dead_genes, gather_transcripts

CLASSES = ("intergenic", "UTR", "intron", "noncoding", "coding 1", "coding 2", "coding 3")
REGION_CLASSES = ("background", "region")
LEFT_OUT = 255
AMBIGUOUS, PSEUDOGENE, UNEXPLAINED = (
    "coding in two frames or on both strands",
    "pseudogene or transposon gene",
    "inside a gene but in no exon or intron of it",
)

SPAN_ENDINGS = ("gene", "gene_segment", "transcript", "rna")

# Evidence bits. The pairs and the six coding bits hold the plus strand first.
INSIDE, INSIDE_DEAD, DEAD = 1 << 0, 1 << 1, 1 << 2
INTRON, NONCODING, UTR = (1 << 3, 1 << 4), (1 << 5, 1 << 6), (1 << 7, 1 << 8)
CODING = tuple(1 << bit for bit in range(9, 15))
COMBINATIONS = 1 << 15
COUNTED_AT_ONCE = 1 << 22

Evidence = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class LabelTracks:
    """The class and the strand of every base.

    Attributes
    ----------
    names : tuple of str
        The classes' names; a code is an index into it.
    classes : dict of str to ndarray of uint8, shape (length of the sequence,)
        Class code per base, 0-based from the sequence's start; `LEFT_OUT` (255) where there is no safe answer.
    strands : dict of str to ndarray of int8, shape (length of the sequence,)
        +1 or -1 where the class belongs to that strand; 0 where it has none, or holds on both.
    left_out : dict of str to int
        Bases left out, by reason.
    """

    names: tuple[str, ...]
    classes: dict[str, npt.NDArray[np.uint8]]
    strands: dict[str, npt.NDArray[np.int8]]
    left_out: dict[str, int]

    @property
    def ambiguous(self) -> int:
        """Number of bases without a class, for whatever reason."""
        return sum(self.left_out.values())

    def count_bases(self) -> dict[str, int]:
        """Number of bases of each class.

        Returns
        -------
        dict of str to int
            In the order of `names`; bases that were left out are not in it.
        """
        total = np.zeros(256, dtype=np.int64)
        for codes in self.classes.values():
            total += _histogram(codes, 256)
        return {name: int(count) for name, count in zip(self.names, total, strict=False)}


def label_bases(features: Sequence[Feature], lengths: Mapping[str, int]) -> LabelTracks:
    """Give every base its class and its strand.

    Parameters
    ----------
    features : sequence of Feature
        The rows of a GFF3 or GTF file, in any order, giving the classes `CLASSES`; or those of a BED file, which has
        no feature types, giving ``background`` and ``region``.
    lengths : mapping of str to int
        Length of every sequence of the genome, in bases.

    Returns
    -------
    LabelTracks
        Classes, strands, and what was left out and why.

    Raises
    ------
    InputError
        If the annotation is empty, does not fit the sequences, has a CDS without strand, or (GFF3, GTF) has neither
        exon nor CDS rows.

    Examples
    --------
    >>> from genolect.sequence.interval import Interval
    >>> gene = Feature(Interval("chrI", 2, 8, "-"), "CDS", "gene1", 0, line=1)
    >>> tracks = label_bases([gene], {"chrI": 9})
    >>> tracks.classes["chrI"].tolist(), tracks.strands["chrI"].tolist()
    ([0, 0, 6, 5, 4, 6, 5, 4, 0], [0, 0, -1, -1, -1, -1, -1, -1, 0])
    """
    _check(features, lengths)
    if all(feature.kind == "region" for feature in features):
        return _label_regions(features, lengths)
    evidence = {name: np.zeros(length, dtype=np.uint16) for name, length in lengths.items()}
    dead_names, dead_spans = dead_genes(features)
    transcripts = gather_transcripts(features)
    if not transcripts:
        kinds = ", ".join(sorted({feature.kind for feature in features})[:6])
        raise InputError(
            f"the annotation has neither exon nor CDS rows (only {shown(kinds)})",
            fix="give a GFF3 or GTF file with gene structures, or a BED file of regions",
        )
    for identifier, transcript in transcripts:
        pieces = transcript.pieces()
        hull = (transcript.name, pieces[0][0], pieces[-1][1], transcript.strand)
        bases = evidence[transcript.name]
        if identifier in dead_names or hull in dead_spans:
            for piece in pieces:
                bases[slice(*piece)] |= DEAD
        else:
            _paint_transcript(bases, transcript, pieces)
    _paint_spans(evidence, features)
    return _read_evidence(evidence)


def _check(features: Sequence[Feature], lengths: Mapping[str, int]) -> None:
    if not features:
        raise InputError("the annotation has no features", fix="give a GFF3, GTF or BED file with at least one row")
    for feature in features:
        place = feature.interval
        if place.end > lengths.get(place.name, 0):
            raise InputError(
                f"{shown(feature.kind)} on {shown(place.name)} {place.start}-{place.end} lies outside the genome",
                fix="give the annotation of exactly this assembly",
                line=feature.line,
            )


def _sided(pair: tuple[int, int], strand: Strand) -> int:
    """The bit of one strand, or both where the strand is not known."""
    plus, minus = pair
    return {"+": plus, "-": minus, ".": plus | minus}[strand]


def _paint_transcript(bases: Evidence, transcript: Transcript, pieces: list[Span]) -> None:
    strand = transcript.strand
    for piece in pieces:
        bases[slice(*piece)] |= INSIDE
    at_both_ends = (pieces[0][0], pieces[-1][1]) == (0, bases.size)
    for (_, end), (start, _) in pairwise(pieces):
        # A gene across the origin of a circle has one row at each end of the sequence, and no intron between them.
        if not (at_both_ends and start - end > bases.size / 2):
            bases[end:start] |= _sided(INTRON, strand) if start - end >= SHORTEST_INTRON else INSIDE
    for span in transcript.untranslated:
        bases[slice(*span)] |= _sided(UTR, strand)
    if not transcript.coding:
        for piece in [] if transcript.untranslated else pieces:
            bases[slice(*piece)] |= _sided(NONCODING, strand)
        return
    _paint_coding(bases, transcript)
    first = min(row.interval.start for row in transcript.coding)
    last = max(row.interval.end for row in transcript.coding)
    for start, end in transcript.exons:
        bases[start : min(end, first)] |= _sided(UTR, strand)
        bases[max(start, last) : end] |= _sided(UTR, strand)


def _paint_coding(bases: Evidence, transcript: Transcript) -> None:
    """Mark codon positions row by row; a row without phase goes on where the row before it stopped."""
    minus = transcript.strand == "-"
    rows = sorted(transcript.coding, key=lambda row: -row.interval.end if minus else row.interval.start)
    before: Feature | None = None
    position = 0
    for row in rows:
        place = row.interval
        if row.phase is not None:
            position = -row.phase % 3
        elif before is not None:
            distance = before.interval.end - place.end if minus else place.start - before.interval.start
            position = (position + min(distance, before.interval.length)) % 3
        stretch = bases[place.start : place.end]
        if minus:
            stretch = stretch[::-1]
        for codon_position in range(3):
            stretch[(codon_position - position) % 3 :: 3] |= CODING[codon_position + 3 * minus]
        before = row


def _paint_spans(evidence: dict[str, Evidence], features: Iterable[Feature]) -> None:
    """Mark the bases inside genes, pseudogenes, and RNA genes that come without exon rows (as in Prokka's files)."""
    whole = []
    for feature in features:
        kind, place = feature.kind.lower(), feature.interval
        if not kind.endswith(SPAN_ENDINGS):
            continue
        stretch = evidence[place.name][place.start : place.end]
        dead = any(part in kind for part in DEAD_KINDS)
        stretch |= INSIDE_DEAD if dead else INSIDE
        exonic = _sided(NONCODING, place.strand) | _sided(UTR, place.strand)
        if kind.endswith("rna") and kind != "mrna" and not dead and not (stretch & exonic).any():
            whole.append(place)
    for place in whole:
        evidence[place.name][place.start : place.end] |= _sided(NONCODING, place.strand)


def _meaning() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int8], dict[str, npt.NDArray[np.bool_]]]:
    """Class, strand, and reason to be left out, for each combination of evidence."""
    bits = np.arange(COMBINATIONS)
    classes = np.zeros(COMBINATIONS, dtype=np.uint8)
    strands = np.zeros(COMBINATIONS, dtype=np.int8)
    classes[bits & (INSIDE | INSIDE_DEAD) > 0] = LEFT_OUT
    dead = bits & (INSIDE_DEAD | DEAD) > 0
    for name, (plus, minus) in (("intron", INTRON), ("noncoding", NONCODING), ("dead", (DEAD, DEAD)), ("UTR", UTR)):
        told = bits & (plus | minus) > 0
        classes[told] = LEFT_OUT if name == "dead" else CLASSES.index(name)
        strands[told] = ((bits & plus > 0).astype(np.int8) - (bits & minus > 0))[told]
    statements = sum((bits & bit > 0).astype(np.int64) for bit in CODING)
    for number, bit in enumerate(CODING):
        alone = (statements == 1) & (bits & bit > 0)
        classes[alone] = CLASSES.index("coding 1") + number % 3
        strands[alone] = 1 if number < 3 else -1
    ambiguous = np.asarray(statements) > 1
    classes[ambiguous], strands[ambiguous] = LEFT_OUT, 0
    others = (classes == LEFT_OUT) & ~ambiguous
    reasons = {AMBIGUOUS: ambiguous, PSEUDOGENE: others & dead, UNEXPLAINED: others & ~dead}
    return classes, strands, reasons


def _histogram(codes: npt.NDArray[np.uint8] | Evidence, size: int) -> npt.NDArray[np.int64]:
    """Count codes piece by piece: `bincount` widens what it is given to eight bytes per base."""
    total = np.zeros(size, dtype=np.int64)
    for start in range(0, codes.size, COUNTED_AT_ONCE):
        total += np.bincount(codes[start : start + COUNTED_AT_ONCE], minlength=size)
    return total


def _read_evidence(evidence: dict[str, Evidence]) -> LabelTracks:
    classes, strands, reasons = _meaning()
    seen = np.zeros(COMBINATIONS, dtype=np.int64)
    for bases in evidence.values():
        seen += _histogram(bases, COMBINATIONS)
    return LabelTracks(
        names=CLASSES,
        classes={name: classes[bases] for name, bases in evidence.items()},
        strands={name: strands[bases] for name, bases in evidence.items()},
        left_out={reason: int(seen[which].sum()) for reason, which in reasons.items()},
    )


def _label_regions(features: Iterable[Feature], lengths: Mapping[str, int]) -> LabelTracks:
    sides = {name: np.zeros(length, dtype=np.uint8) for name, length in lengths.items()}
    for feature in features:
        place = feature.interval
        sides[place.name][place.start : place.end] |= _sided((1, 2), place.strand)
    strand_of = np.array([0, 1, -1, 0], dtype=np.int8)
    return LabelTracks(
        names=REGION_CLASSES,
        classes={name: (side > 0).astype(np.uint8) for name, side in sides.items()},
        strands={name: strand_of[side] for name, side in sides.items()},
        left_out={},
    )
