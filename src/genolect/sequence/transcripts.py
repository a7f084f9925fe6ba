"""Transcripts as an annotation gives them: the rows that share an identifier, a sequence and a strand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from genolect.errors import InputError, shown
from genolect.sequence.interval import Feature, Strand

SHORTEST_INTRON = 10
"""Gaps below this are programmed frameshifts of the ribosome; the shortest introns known have 15 bases."""

CODING_KINDS = {"cds", "stop_codon"}  # GTF keeps the stop codon out of the CDS
UTR_KINDS = {"five_prime_utr", "three_prime_utr", "utr", "5utr", "3utr"}
DEAD_KINDS = ("pseudogen", "te_gene", "transposable_element_gene")

Span = tuple[int, int]


@dataclass
class Transcript:
    """The rows that share an identifier, a sequence and a strand.

    Attributes
    ----------
    name : str
        The sequence.
    strand : {'+', '-', '.'}
        The strand.
    exons, untranslated : list of Span
        Start and end of the exon and UTR rows, 0-based half-open.
    coding : list of Feature
        The CDS rows.
    """

    name: str
    strand: Strand
    exons: list[Span] = field(default_factory=list)
    coding: list[Feature] = field(default_factory=list)
    untranslated: list[Span] = field(default_factory=list)

    def pieces(self) -> list[Span]:
        """Stretches that stay in the RNA, merged: the exon rows, or where there are none, all other rows."""
        rows = self.exons or [*self.untranslated, *((row.interval.start, row.interval.end) for row in self.coding)]
        merged: list[Span] = []
        for start, end in sorted(rows):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged

    def introns(self) -> list[Span]:
        """Gaps between the pieces, from `SHORTEST_INTRON` bases on."""
        gaps = [(end, start) for (_, end), (start, _) in pairwise(self.pieces())]
        return [(first, last) for first, last in gaps if last - first >= SHORTEST_INTRON]


def dead_genes(features: Iterable[Feature]) -> tuple[set[str], set[tuple[str, int, int, Strand]]]:
    """Give identifiers and places of pseudogenes and transposon genes, whose exons and CDS rows are not those of genes.

    A GFF3 transcript row names its gene and not itself, so its exons are recognised by their common place.

    Examples
    --------
    >>> from genolect.sequence.interval import Interval
    >>> dead_genes([Feature(Interval("I", 3, 9, "+"), "pseudogene", "p", None, line=1)])
    ({'p'}, {('I', 3, 9, '+')})
    """
    names, spans = set(), set()
    for feature in features:
        if any(part in feature.kind.lower() for part in DEAD_KINDS):
            place = feature.interval
            names.add(feature.identifier)
            spans.add((place.name, place.start, place.end, place.strand))
    return names - {""}, spans


def gather_transcripts(features: Iterable[Feature]) -> list[tuple[str, Transcript]]:
    """Join the exon, CDS and UTR rows of each transcript.

    Parameters
    ----------
    features : iterable of Feature
        The rows of a GFF3 or GTF file, in any order.

    Returns
    -------
    list of tuple of str and Transcript
        Identifier and transcript, in the order of their first rows.

    Raises
    ------
    InputError
        If a CDS has no strand.

    Examples
    --------
    >>> from genolect.sequence.interval import Interval
    >>> rows = [Feature(Interval("I", *span, "-"), "exon", "t", None, line=1) for span in ((3, 9), (40, 55))]
    >>> ((identifier, transcript),) = gather_transcripts(rows)
    >>> identifier, transcript.introns()
    ('t', [(9, 40)])
    """
    found: dict[tuple[str, str, Strand], Transcript] = {}
    for feature in features:
        kind, place = feature.kind.lower(), feature.interval
        if kind in CODING_KINDS and place.strand == ".":
            raise InputError(
                f"{shown(feature.kind)} on {shown(place.name)} {place.start}-{place.end} has no strand",
                fix="give every CDS row a strand, + or -",
                line=feature.line,
            )
        if kind != "exon" and kind not in CODING_KINDS and kind not in UTR_KINDS:
            continue
        key = (feature.identifier or f"line {feature.line}", place.name, place.strand)
        transcript = found.setdefault(key, Transcript(place.name, place.strand))
        if kind in CODING_KINDS:
            transcript.coding.append(feature)
        else:
            rows = transcript.exons if kind == "exon" else transcript.untranslated
            rows.append((place.start, place.end))
    return [(key[0], transcript) for key, transcript in found.items()]
