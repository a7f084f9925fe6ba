"""Labels from annotation: hand-sized genes, relations that hold for any gene, and two real genomes."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.errors import InputError
from genolect.genome.labels import (
    AMBIGUOUS,
    CLASSES,
    LEFT_OUT,
    PSEUDOGENE,
    SHORTEST_INTRON,
    UNEXPLAINED,
    LabelTracks,
    label_bases,
)
from genolect.sequence.alphabet import BASE_BITS, reverse_complement
from genolect.sequence.fasta import read_fasta
from genolect.sequence.interval import Feature, Interval

LETTERS = {"intergenic": ".", "UTR": "U", "intron": "i", "noncoding": "n", "coding 1": "1", "coding 2": "2"}
LETTERS |= {"coding 3": "3", "background": ".", "region": "R"}
INTRON = SHORTEST_INTRON + 1
STOPS = (48, 50, 56)  # TAA, TAG, TGA as base-four numbers


def row(kind: str, start: int, end: int, strand: str = "+", *, of: str = "t1", phase: int | None = None) -> Feature:
    return Feature(Interval("chrI", start, end, strand), kind, of, phase, line=start + 1)


def drawn(tracks: LabelTracks, name: str = "chrI") -> str:
    letter = {code: LETTERS[title] for code, title in enumerate(tracks.names)} | {LEFT_OUT: "?"}
    return "".join(letter[code] for code in tracks.classes[name].tolist())


def label(features: list[Feature], length: int) -> str:
    return drawn(label_bases(features, {"chrI": length}))


def test_spliced_gene_of_a_gtf_file_with_its_stop_codon_outside_the_cds():
    first, second = 9, 9 + INTRON
    rows = [
        row("exon", 1, first),
        row("exon", second, second + 8),
        row("CDS", 3, first, phase=0),
        row("CDS", second, second + 3, phase=0),
        row("stop_codon", second + 3, second + 6, phase=0),
    ]
    assert label(rows, 29) == "." + "UU" + "123123" + "i" * INTRON + "123123" + "UU" + "."


def test_the_minus_strand_is_read_backwards():
    tracks = label_bases([row("CDS", 2, 9, "-", phase=1)], {"chrI": 10})
    assert drawn(tracks) == "..3213213."
    assert tracks.strands["chrI"].tolist() == [0, 0, -1, -1, -1, -1, -1, -1, -1, 0]


def test_a_row_without_phase_goes_on_where_the_row_before_it_stopped():
    plus = [row("CDS", 0, 4), row("CDS", 4 + INTRON, 9 + INTRON)]
    assert label(plus, 10 + INTRON) == "1231" + "i" * INTRON + "23123."
    minus = [replace(one, interval=replace(one.interval, strand="-")) for one in plus]
    assert label(minus, 10 + INTRON) == "3213" + "i" * INTRON + "21321."


def test_a_stop_codon_inside_the_cds_changes_nothing():
    rows = [row("CDS", 1, 8, phase=1), row("stop_codon", 5, 8)]
    assert label(rows, 9) == label(rows[:1], 9) == ".3123123."


def test_a_programmed_frameshift_is_no_intron_and_its_base_is_left_out():
    gap = [row("gene", 0, 13), row("CDS", 0, 6, phase=0), row("CDS", 7, 13, phase=0)]
    assert label(gap, 13) == "123123?123123"
    overlap = [row("CDS", 0, 6, phase=0), row("CDS", 5, 11, phase=0)]
    tracks = label_bases(overlap, {"chrI": 11})
    assert drawn(tracks) == "12312?23123"
    assert tracks.left_out[AMBIGUOUS] == tracks.ambiguous == 1


def test_the_shortest_intron_is_an_intron_and_a_shorter_gap_is_not():
    for gap, letter in ((SHORTEST_INTRON, "i"), (SHORTEST_INTRON - 1, "?")):
        rows = [row("exon", 0, 5), row("exon", 5 + gap, 12 + gap)]
        assert label(rows, 12 + gap) == "n" * 5 + letter * gap + "n" * 7


def test_intron_rows_are_never_used():
    rows = [row("CDS", 0, 6, phase=0)]
    junction = row("intron", 10, 40, of="junction")
    assert label([*rows, junction], 50) == label(rows, 50) == "123123" + "." * 44


def test_utr_rows_serve_where_there_are_no_exon_rows():
    rows = [
        row("five_prime_UTR", 0, 4),
        row("five_prime_UTR", 4 + INTRON, 6 + INTRON),
        row("CDS", 6 + INTRON, 12 + INTRON, phase=0),
    ]
    assert label(rows, 12 + INTRON) == "UUUU" + "i" * INTRON + "UU123123"


def test_exons_without_cds_are_noncoding_and_lone_rna_rows_too():
    rows = [row("exon", 0, 5), row("tRNA", 8, 14, of="gene2"), row("rRNA", 12, 17, of="gene3")]
    assert label(rows, 18) == label(rows[::-1], 18) == "nnnnn...nnnnnnnnn."
    rows = [row("tRNA", 0, 20), row("exon", 0, 3), row("exon", 3 + INTRON, 20)]
    assert label(rows, 21) == "nnn" + "i" * INTRON + "n" * (17 - INTRON) + "."


def test_a_gene_across_the_origin_of_a_circle_has_no_intron():
    rows = [row("CDS", 0, 3, phase=0), row("CDS", 57, 60, phase=0)]
    assert label(rows, 60) == "123" + "." * 54 + "123"
    assert label(rows, 61) == "123" + "i" * 54 + "123."


@pytest.mark.parametrize("parent", ["gene1", "another"])
def test_pseudogenes_are_left_out_by_name_or_by_place(parent: str):
    rows = [row("pseudogene", 2, 22, of="gene1"), row("CDS", 2, 8, of=parent), row("CDS", 18, 22, of=parent)]
    tracks = label_bases([*rows, row("CDS", 24, 27, of="real", phase=0)], {"chrI": 29})
    assert drawn(tracks) == ".." + "?" * 20 + "..123.."
    assert tracks.left_out == {AMBIGUOUS: 0, PSEUDOGENE: 20, UNEXPLAINED: 0}
    alive = [replace(rows[0], kind="gene"), *rows[1:]]
    assert "123123iiiiiiiiii" in label(alive, 29)


def test_a_pseudogene_is_known_by_the_place_of_all_its_rows_and_by_its_own_row_alone():
    rows = [row("pseudogenic_transcript", 2, 14, of="gene1"), row("exon", 2, 14), row("exon", 5, 8)]
    assert label(rows, 16) == ".." + "?" * 12 + ".."
    rows = [row("pseudogenic_tRNA", 2, 9, of="gene1"), row("CDS", 11, 14, phase=0)]
    assert label(rows, 16) == ".." + "?" * 7 + "..123.."


def test_inside_a_gene_without_explanation_is_not_intergenic():
    tracks = label_bases([row("gene", 1, 9, of="g"), row("CDS", 3, 6, phase=0)], {"chrI": 11})
    assert drawn(tracks) == ".??123???.."
    assert tracks.left_out[UNEXPLAINED] == 5


def test_priority_where_transcripts_disagree():
    coding, utr, noncoding = (
        row("CDS", 12, 15, of="a", phase=0),
        row("five_prime_UTR", 9, 18, of="b"),
        row("exon", 6, 21),
    )
    introns = [row("exon", 0, 3, of="d"), row("exon", 24, 27, of="d")]
    assert label([coding, utr, noncoding, *introns], 28) == "nnniiinnnUUU123UUUnnniiinnn."


def test_isoforms_in_one_frame_agree_and_in_two_frames_do_not():
    isoform = row("CDS", 0, 9, of="a", phase=0)
    assert label([isoform, row("CDS", 3, 9, of="b", phase=0)], 9) == "123123123"
    assert label([isoform, row("CDS", 3, 9, of="b", phase=1)], 9) == "123??????"
    assert label([isoform, row("CDS", 6, 9, "-", of="b", phase=0)], 9) == "123123???"


def test_a_class_on_both_strands_has_no_strand():
    tracks = label_bases([row("exon", 0, 5, "+", of="a"), row("exon", 3, 7, "-", of="b")], {"chrI": 7})
    assert tracks.strands["chrI"].tolist() == [1, 1, 1, 0, 0, -1, -1]


def test_bed_regions():
    rows = [row("region", 2, 5, "+"), row("region", 4, 7, "-"), row("region", 8, 9, ".")]
    tracks = label_bases(rows, {"chrI": 10, "chrII": 3})
    assert tracks.names == ("background", "region")
    assert drawn(tracks) == "..RRRRR.R."
    assert drawn(tracks, "chrII") == "..."
    assert tracks.strands["chrI"].tolist() == [0, 0, 1, 1, 0, -1, -1, 0, 0, 0]
    assert tracks.count_bases() == {"background": 7, "region": 6}


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ([], "no features"),
        ([row("CDS", 0, 11)], "'CDS' on 'chrI' 0-11 lies outside the genome"),
        ([row("CDS", 0, 9, ".")], "'CDS' on 'chrI' 0-9 has no strand"),
        ([row("gene", 0, 9), row("SNV", 1, 2)], "neither exon nor CDS rows .only 'SNV, gene'"),
        (
            [replace(row("CDS", 0, 3), interval=Interval("I", 0, 3))],
            "'CDS' on 'I' 0-3 lies outside the genome",
        ),
    ],
)
def test_annotations_that_do_not_fit_are_refused(features: list[Feature], message: str):
    with pytest.raises(InputError, match=message):
        label_bases(features, {"chrI": 10})


@st.composite
def annotations(draw: st.DrawFn) -> list[Feature]:
    rows: list[Feature] = []
    for number in range(draw(st.integers(1, 4))):
        strand, coding = draw(st.sampled_from("+-")), draw(st.booleans())
        place = draw(st.integers(0, 60))
        for _ in range(draw(st.integers(1, 3))):
            end = place + draw(st.integers(1, 20))
            rows.append(row("exon", place, end, strand, of=f"t{number}"))
            if coding:
                rows.append(row("CDS", place, end, strand, of=f"t{number}", phase=draw(st.sampled_from([0, 1, 2]))))
            place = end + draw(st.integers(1, 25))
    return rows


@settings(deadline=None)
@given(annotations(), st.randoms())
def test_the_order_of_rows_does_not_matter(rows: list[Feature], random):
    shuffled = random.sample(rows, len(rows))
    assert label(shuffled, 200) == label(rows, 200)


@settings(deadline=None)
@given(annotations())
def test_the_other_strand_is_the_mirror_image(rows: list[Feature]):
    def mirrored(one: Feature) -> Feature:
        place = one.interval
        strand = {"+": "-", "-": "+"}[place.strand]
        return replace(one, interval=Interval("chrI", 200 - place.end, 200 - place.start, strand))

    here, there = label_bases(rows, {"chrI": 200}), label_bases([mirrored(one) for one in rows], {"chrI": 200})
    assert drawn(there) == drawn(here)[::-1]
    assert np.array_equal(there.strands["chrI"], -here.strands["chrI"][::-1])


@settings(deadline=None)
@given(annotations())
def test_every_base_is_counted_once(rows: list[Feature]):
    tracks = label_bases(rows, {"chrI": 200})
    assert sum(tracks.count_bases().values()) + tracks.ambiguous == 200


# ---------------------------------------------------------------- real genomes


def read_rows(path: Path) -> Iterator[Feature]:
    """Read a GTF or GFF3 file, independently of the package and with no checks."""
    with gzip.open(path, "rt") as lines:
        for number, line in enumerate(lines, 1):
            if not line.startswith("#"):
                name, _, kind, start, end, _, strand, phase, attributes = line.rstrip("\n").split("\t")
                keys = ("transcript_id ", "gene_id ") if ".gtf" in path.name else ("Parent=", "ID=")
                found = [re.search(key + '"?([^";]+)', attributes) for key in keys]
                place = Interval(name, int(start) - 1, int(end), strand if strand in "+-" else ".")
                for identifier in next((match[1] for match in found if match), "").split(","):
                    yield Feature(place, kind, identifier, None if phase == "." else int(phase), number)


def codons(tracks: LabelTracks, name: str, strand: int) -> np.ndarray:
    """First genome position of each run of codon positions 1, 2, 3 as read on the strand."""
    here = tracks.strands[name] == strand
    one, two, three = (
        (tracks.classes[name] == CLASSES.index(f"coding {number}")) & here for number in (1, 2, 3)[::strand]
    )
    return np.flatnonzero(one[:-2] & two[1:-1] & three[2:])


@pytest.mark.parametrize(
    ("genome", "annotation", "coding", "selenocysteines"),
    [
        ("yeast.fa.gz", "yeast.gtf.gz", (0.69, 0.72), 0),
        ("ecoli.fa.gz", "ecoli.gff.gz", (0.85, 0.88), 3),  # fdnG, fdoG and fdhF read one TGA as selenocysteine
        ("arabidopsis_1pct.fa.gz", "arabidopsis_1pct.gff3.gz", (0.34, 0.36), 0),
        ("celegans_1pct.fa.gz", "celegans_1pct.gff3.gz", (0.19, 0.21), 0),
    ],
)
def test_real_codons_have_no_inner_stops(data_folder: Path, genome: str, annotation: str, coding, selenocysteines: int):
    folder = data_folder / "genomes"
    bases = {record.name.split()[0]: record.bases for record in read_fasta(folder / genome)}
    rows = list(read_rows(folder / annotation))
    tracks = label_bases(rows, {name: one.size for name, one in bases.items()})
    counted = tracks.count_bases()
    share = sum(counted[f"coding {number}"] for number in (1, 2, 3)) / sum(one.size for one in bases.values())
    assert coding[0] < share < coding[1]

    ends = {
        (one.interval.name, one.interval.end - 3 if one.interval.strand == "+" else one.interval.start)
        for one in rows
        if one.kind in ("CDS", "stop_codon")
    }
    inner, shifted, total = 0, 0, 0
    for name in set(bases) - {"Mito", "MtDNA", "ChrM", "ChrC"}:
        for strand in (1, -1):
            for shift in (0, 1):
                starts = codons(tracks, name, strand)[:-1] + shift
                triplets = bases[name][starts[:, None] + np.arange(3)] & BASE_BITS
                triplets = triplets if strand > 0 else reverse_complement(triplets)
                stops = starts[np.isin(triplets @ np.array([16, 4, 1]), STOPS) & (triplets < 4).all(axis=1)]
                if shift:
                    shifted += stops.size
                else:
                    inner += sum((name, int(start)) not in ends for start in stops)
                    total += starts.size
    assert inner == selenocysteines
    assert shifted > 0.04 * total
