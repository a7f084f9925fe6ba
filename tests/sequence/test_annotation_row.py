"""Rows of GTF, GFF3 and BED: the coordinates of one place in three dialects, and rows that are wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import InputError
from genolect.sequence.annotation import bed_features, coordinate, dialect_of, gff_features, is_circular
from genolect.sequence.interval import Interval


def gff(row):
    return gff_features(row.split("\t"), 7, "GFF3")


def gtf(row):
    return gff_features(row.split("\t"), 7, "GTF")


def bed(row):
    return bed_features(row.split("\t"), 7)


@given(start=st.integers(0, 10**9), length=st.integers(1, 10**6), strand=st.sampled_from("+-."))
def test_one_place_is_the_same_in_every_dialect(start, length, strand):
    expected = [Interval("chrI", start, start + length, strand)]
    closed = f"chrI\tsource\texon\t{start + 1}\t{start + length}\t.\t{strand}\t.\t"
    assert [feature.interval for feature in gff(closed + "ID=e")] == expected
    assert [feature.interval for feature in gtf(closed + 'gene_id "e";')] == expected
    assert [feature.interval for feature in bed(f"chrI\t{start}\t{start + length}\te\t0\t{strand}")] == expected


@pytest.mark.parametrize(
    ("attributes", "identifiers"),
    [
        ("ID=a;Parent=b", ["b"]),
        ("Parent=b,c;ID=a", ["b", "c"]),
        ("Parent=b,c,;", ["b", "c"]),
        ("ID=a;Note=Parent=x", ["a"]),
        ("Name=n; ID=a", ["a"]),
        ("ID=a%2Cb%3B1", ["a,b;1"]),
        ("Parent=a%2Cb,c", ["a,b", "c"]),
        ("Parent=;ID=a", ["a"]),
        ("Name=n", [""]),
        (".", [""]),
    ],
)
def test_gff3_identifiers(attributes, identifiers):
    features = gff(f"I\t.\texon\t3\t9\t.\t-\t.\t{attributes}")
    assert [feature.identifier for feature in features] == identifiers
    assert {feature.line for feature in features} == {7}


@pytest.mark.parametrize(("attributes", "own"), [("ID=a%2C;Parent=b,c", "a,"), ("ID=a", ""), ("Parent=b", "")])
def test_a_gff3_row_with_a_parent_keeps_its_own_identifier(attributes, own):
    assert {feature.own_identifier for feature in gff(f"I\t.\tCDS\t3\t9\t.\t-\t0\t{attributes}")} == {own}


@pytest.mark.parametrize(
    ("attributes", "identifier"),
    [
        ('gene_id "g"; transcript_id "t";', "t"),
        ('transcript_id "t"; gene_id "g"', "t"),
        ('gene_id "g"; transcript_id "";', "g"),
        ("gene_id g; exon_number 1;", "g"),
        ('gene_id "g"; orig_transcript_id "x";', "g"),
    ],
)
def test_gtf_identifiers(attributes, identifier):
    assert [feature.identifier for feature in gtf(f"I\t.\tCDS\t3\t9\t.\t-\t2\t{attributes}")] == [identifier]


def test_kind_phase_and_escapes_of_gff3():
    (feature,) = gff("chr%3BI\t.\tCDS\t3\t9\t.\t?\t2\tID=a")
    assert (feature.kind, feature.phase, feature.interval) == ("CDS", 2, Interval("chr;I", 2, 9, "."))
    (feature,) = bed("I\t3\t9")
    assert (feature.kind, feature.phase, feature.identifier, feature.interval.strand) == ("region", None, "", ".")


def test_other_bed_like_rows_are_read_by_their_first_six_columns():
    narrow_peak = "I\t3\t90\tpeak_1\t532\t-\t7.5\t12.1\t9.8\t41"
    assert bed(narrow_peak)[0].interval == Interval("I", 3, 90, "-")
    assert bed("I\t100\t1100\tt\t0\t+\t100\t100\t0\t3\t50,60,70,\t0,400,930,")[0].interval.length == 1000


@pytest.mark.parametrize(
    ("row", "dialect"),
    [
        ("I\t3\t9", "BED"),
        ("I\t3\t9\tname\t0\t+\t3\t9\t0", "BED"),
        ("I\tx\t9", "BED"),
        ("I\t-3\t9\tname\t0\t+\t3\t9\t0", "BED"),
        ("I\ts\tgene\t3\t9\t.\t+\t.\tID=a", "GFF3"),
        ("I\ts\tgene\tx\t9\t.\t+\t.\tID=a", "GFF3"),
        ("I\ts\tgene\t3\t9\t.\t+\t.", "GFF3"),
        ("I\ts\tgene\t3\t9\t.\t+\t.\t.", "GFF3"),
        ('I\ts\tgene\t3\t9\t.\t+\t.\tgene_id "a";', "GTF"),
        ('I\ts\tgene\t3\t9\t.\t+\t.\tgene_id "a"; note "x=y";', "GTF"),
    ],
)
def test_the_first_row_tells_the_dialect(row, dialect):
    assert dialect_of(row.split("\t")) == dialect


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("I 3 9", "separated by spaces, not by tabs"),
        ("I", "a row of 1 columns"),
        ("I\t3", "a row of 2 columns"),
        ("\t".join("I3456789abcdef"), "a row of 14 columns"),
        ("I\ts\tgene\t3\t9\t.\t+\t.\tTranscript B0273.1", "the attributes 'Transcript B0273.1' are neither GFF3"),
    ],
)
def test_rows_of_no_dialect_are_refused(row, what):
    with pytest.raises(InputError, match=what):
        dialect_of(row.split("\t"))


@pytest.mark.parametrize(
    ("row", "what"),
    [
        pytest.param("I\t9\t3", "the interval 9-3 ends before it starts", id="B01"),
        pytest.param("I\t9\t9", "the interval 9-9 is empty", id="B02"),
        pytest.param("I\t-3\t9", "the start '-3' is negative", id="B03"),
        pytest.param("I\t3", "the row has 2 columns, BED has 3 to 12", id="B08"),
        pytest.param("I\t1e6\t2000000", "the start '1e6' is not a whole number", id="B10 exponent"),
        pytest.param("I\t3\t1,000", "the end '1,000' is not a whole number", id="B10 separator"),
        pytest.param("I\t3\t9.0", "the end '9.0' is not a whole number", id="B10 point"),
        pytest.param("I\t3\t ", "the end ' ' is not a whole number", id="B10 space"),
        pytest.param("I\t3\t1_0", "the end '1_0' is not a whole number", id="B10 underscore"),
        pytest.param("I\t3\t٣", "the end '٣' is not a whole number", id="B10 other digits"),
        pytest.param("chrom\tstart\tend", "the start 'start' is not a whole number.*header line", id="B11"),
        pytest.param("I\t3\t9\tn\t0\tplus", "the strand 'plus' is none of", id="B15"),
        pytest.param("I\t3\t12345678901234567890", "the end '12345678901234567890' is too large", id="B16"),
        pytest.param("\t3\t9", "the sequence name is empty", id="no name"),
        pytest.param("I\t0\t90\tt\t0\t+\t0\t0\t0\t2\t10,20\t0,60", "do not span the row's 90 bases", id="B21 short"),
        pytest.param("I\t0\t90\tt\t0\t+\t0\t0\t0\t1\t80\t10", "do not span the row's 90 bases", id="B21 late"),
        pytest.param("I\t0\t90\tt\t0\t+\t0\t0\t0\t2\t50,50\t0,40", "do not span the row's 90", id="B21 overlap"),
        pytest.param("I\t0\t90\tt\t0\t+\t0\t0\t0\t2\t90\t0", "the row has '2' blocks, but 1 sizes", id="B21 count"),
        pytest.param("I\t0\t90\tt\t0\t+\t0\t0\t0\t1\t90\t-1", "the block start '-1' is negative", id="B21 negative"),
        pytest.param("I\t0\t90\tt\t0\t+\t0\t0\t0\t0\t\t", "the block size '' is not a whole", id="B21 empty"),
    ],
)
def test_bad_bed_rows_are_refused(row, what):
    with pytest.raises(InputError, match=what):
        bed(row)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        pytest.param("I\ts\tgene\t9\t3\t.\t+\t.\tID=a", "the start 9 lies behind the end 3.*origin", id="G01"),
        pytest.param("I\ts\tgene\t0\t3\t.\t+\t.\tID=a", "the start is 0.*count from 1", id="G02"),
        pytest.param("I\ts\tgene\t3\t9\t.\t+\t.", "the row has 8 columns, GFF3 has 9", id="G03"),
        pytest.param("I\ts\tgene\t3\t9\t.\t+\t.\tID=a\tx", "the row has 10 columns", id="ten columns"),
        pytest.param('I\ts\tgene\t3\t9\t.\t+\t.\tgene_id "a";', "not of the form key=value", id="G05"),
        pytest.param('I\ts\tgene\t3\t9\t.\t+\t.\tgene_id "a"; note "x=y"', "not of the form key=value", id="G05 ="),
        pytest.param("I\ts\tgene\t3\t9\t.\t+\t.\tID=a%2", "'a%2' holds a broken percent escape", id="G08"),
        pytest.param("I\ts\tgene\t3\t9\t.\t+\t.\tParent=b%zz", "'b%zz' holds a broken percent", id="G08 parent"),
        pytest.param("I\ts\tgene\t3\t9\t.\tx\t.\tID=a", "the strand 'x' is none of", id="G10"),
        pytest.param("I\ts\tgene\t3\t9\t.\t+\t3\tID=a", "the phase '3' is none of 0 1 2", id="phase"),
        pytest.param("I\ts\tgene\t3\t9\t.\t+\t\tID=a", "the phase '' is none of 0 1 2", id="no phase"),
        pytest.param("I\ts\tgene\tx\t9\t.\t+\t.\tID=a", "the start 'x' is not a whole number", id="text"),
        pytest.param("I\ts\tgene\t3\t+9\t.\t+\t.\tID=a", "the end '\\+9' is not a whole number", id="sign"),
        pytest.param("I\ts\t\t3\t9\t.\t+\t.\tID=a", "the feature type is empty", id="no kind"),
        pytest.param(" \ts\tgene\t3\t9\t.\t+\t.\tID=a", "the sequence name is empty", id="no name"),
    ],
)
def test_bad_gff3_rows_are_refused(row, what):
    with pytest.raises(InputError, match=what):
        gff(row)


def test_a_gff3_row_in_a_gtf_is_refused():
    with pytest.raises(InputError, match="the attributes 'ID=a;Parent=b' have no gene_id or transcript_id"):
        gtf("I\ts\tgene\t3\t9\t.\t+\t.\tID=a;Parent=b")


@pytest.mark.parametrize(
    ("attributes", "circular"),
    [
        ("ID=x;Is_circular=true;Name=y", True),
        ("Is_circular=True", True),
        ("Is_circular=false", False),
        ("Note=Is_circular=true", False),
        ("Name=circular=true", False),
    ],
)
def test_circular_sequences_are_those_declared(attributes, circular):
    assert is_circular(attributes) is circular


@given(st.integers(0, 10**12 - 1))
def test_numbers_are_read(number):
    assert coordinate(str(number), "start") == number
