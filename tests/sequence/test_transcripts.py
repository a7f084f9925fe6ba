"""Transcripts: rows in any order, introns between pieces, pseudogenes by name and by place."""

from __future__ import annotations

import pytest

from genolect.errors import InputError
from genolect.sequence.interval import Feature, Interval
from genolect.sequence.transcripts import SHORTEST_INTRON, Transcript, dead_genes, gather_transcripts


def row(kind: str, start: int, end: int, strand: str = "+", identifier: str = "t") -> Feature:
    return Feature(Interval("I", start, end, strand), kind, identifier, None, line=3)  # type: ignore[arg-type]


def test_the_order_of_rows_does_not_matter() -> None:
    rows = [row("exon", 3, 9), row("CDS", 5, 9), row("exon", 40, 55), row("mRNA", 3, 55), row("exon", 90, 95)]
    forward, backward = (gather_transcripts(order) for order in (rows, rows[::-1]))
    assert forward[0][1].introns() == backward[0][1].introns() == [(9, 40), (55, 90)]
    assert len(forward) == 1


def test_pieces_fall_back_on_other_rows_and_merge() -> None:
    transcript = Transcript("I", "-", untranslated=[(50, 60)], coding=[row("CDS", 20, 50), row("CDS", 1, 8)])
    assert transcript.pieces() == [(1, 8), (20, 60)]


@pytest.mark.parametrize(("gap", "introns"), [(SHORTEST_INTRON - 1, 0), (SHORTEST_INTRON, 1)])
def test_short_gaps_are_no_introns(gap: int, introns: int) -> None:
    assert len(Transcript("I", "+", exons=[(3, 9), (9 + gap, 55)]).introns()) == introns


def test_rows_of_one_name_on_two_strands_are_two_transcripts() -> None:
    assert len(gather_transcripts([row("exon", 3, 9), row("exon", 40, 55, "-"), row("exon", 60, 71)])) == 2


def test_a_coding_row_without_a_strand_is_refused() -> None:
    with pytest.raises(InputError, match="'CDS' on 'I' 3-9 has no strand"):
        gather_transcripts([row("CDS", 3, 9, ".")])


def test_pseudogenes_are_named_and_placed() -> None:
    rows = [row("pseudogene", 3, 9, identifier="p"), row("gene", 20, 31, identifier="g"), row("pseudogenic_exon", 3, 9)]
    assert dead_genes(rows) == ({"p", "t"}, {("I", 3, 9, "+")})
