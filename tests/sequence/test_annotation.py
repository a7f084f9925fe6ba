"""Annotations tied to a genome: real files, names and ends that do not fit, and broken files."""

from __future__ import annotations

import gzip
from collections import Counter, defaultdict

import pytest
from Bio.Seq import Seq
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.errors import ConfigurationError, InputError
from genolect.sequence.alphabet import decode
from genolect.sequence.annotation import read_annotation
from genolect.sequence.fasta import read_fasta
from genolect.sequence.interval import Interval
from tests.sequence.packing import PACKINGS, pack

LENGTHS = {"I": 100, "II": 70, "Mito": 30}
PLACES = st.tuples(st.sampled_from(sorted(LENGTHS)), st.integers(0, 29), st.sampled_from("+-."))


def write(folder, text, name="annotation.txt"):
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def gff(*rows):
    return "##gff-version 3\n" + "".join(row.replace(" ", "\t") + "\n" for row in rows)


# ---------------------------------------------------------------- relations


@settings(deadline=None)
@given(
    places=st.lists(PLACES, min_size=1),
    end=st.sampled_from(["\n", "\r\n"]),
    how=st.sampled_from(PACKINGS),
    mark=st.sampled_from(["", "\ufeff"]),
)
def test_one_list_of_places_is_the_same_in_every_dialect(tmp_path_factory, places, end, how, mark):
    folder = tmp_path_factory.mktemp("dialects")
    expected = [Interval(name, start, 30, strand) for name, start, strand in places]
    rows = [(name, start + 1, strand) for name, start, strand in places]
    texts = {
        "BED": [f"{name}\t{first - 1}\t30\tx\t0\t{strand}" for name, first, strand in rows],
        "GFF3": [f"{name}\t.\texon\t{first}\t30\t.\t{strand}\t.\tID=x" for name, first, strand in rows],
        "GTF": [f'{name}\t.\texon\t{first}\t30\t.\t{strand}\t.\tgene_id "x";' for name, first, strand in rows],
    }
    for dialect, lines in texts.items():
        path = write(folder, pack((mark + end.join(["# comment", "", *lines])).encode(), how))
        annotation = read_annotation(path, LENGTHS)
        assert annotation.dialect == dialect
        assert [feature.interval for feature in annotation.features] == expected
        assert [feature.line for feature in annotation.features] == list(range(3, 3 + len(lines)))
        assert {feature.identifier for feature in annotation.features} == {"x"}


def test_lines_that_are_no_features_are_passed_over(tmp_path):
    bed = "browser position I:1-9\ntrack name=x\n#c\n\nI\t3\t9\ntrack name=y\n  \nI\t5\t9\n"
    assert [feature.line for feature in read_annotation(write(tmp_path, bed), LENGTHS).features] == [5, 8]


@pytest.mark.parametrize("section", ["##FASTA\n>I\nACGT\n", ">I\nACGT\n"])
def test_the_sequences_at_the_end_of_a_gff3_are_no_features(tmp_path, section):
    path = write(tmp_path, gff("I . exon 3 9 . + . ID=a") + section)
    assert len(read_annotation(path, LENGTHS).features) == 1


def test_every_parent_gets_its_exon(tmp_path):
    path = write(tmp_path, gff("I . exon 3 9 . + . Parent=t1,t2", "I . exon 20 29 . + . Parent=t2"))
    features = read_annotation(path, LENGTHS).features
    assert [(feature.identifier, feature.line) for feature in features] == [("t1", 2), ("t2", 2), ("t2", 3)]


def test_circular_sequences_are_reported_under_the_genomes_name(tmp_path):
    path = write(tmp_path, gff("chrM . region 1 30 . + . ID=m;Is_circular=true", "I . gene 3 9 . + . ID=g"))
    assert read_annotation(path, LENGTHS, rename={"chrM": "Mito"}).circular == {"Mito"}


# ---------------------------------------------------------------- real files


def lengths_of(path):
    return {record.name: len(record.bases) for record in read_fasta(path)}


def test_the_yeast_annotation_is_read_row_for_row(data_folder):
    genomes = data_folder / "genomes"
    records = {record.name: decode(record.bases) for record in read_fasta(genomes / "yeast.fa.gz")}
    lengths = {name: len(letters) for name, letters in records.items()}
    annotation = read_annotation(genomes / "yeast.gtf.gz", lengths)
    with gzip.open(genomes / "yeast.gtf.gz", "rt") as file:
        rows = [line.split("\t") for line in file if not line.startswith("#")]
    assert Counter(feature.kind for feature in annotation.features) == Counter(row[2] for row in rows)
    assert [feature.interval.length for feature in annotation.features] == [int(r[4]) - int(r[3]) + 1 for r in rows]
    exons = defaultdict(list)
    for feature in sorted(annotation.features, key=lambda feature: feature.interval.start):
        if feature.kind == "CDS":
            place = feature.interval
            exons[feature.identifier, place.strand].append(records[place.name][place.start : place.end])
    joined = [(Seq("".join(parts)), strand) for (_, strand), parts in exons.items()]
    coding = [letters.reverse_complement() if strand == "-" else letters for letters, strand in joined]
    # Facts about this release, counted without this reader: 6,600 coding sequences, 6,590 of them begin with ATG.
    assert len(coding) == 6_600
    assert sum(letters.startswith("ATG") for letters in coding) == 6_590
    assert all(len(letters) % 3 == 0 for letters in coding)


@pytest.mark.parametrize(
    ("annotation", "genome", "rows"),
    [
        ("genomes/arabidopsis_1pct.gff3.gz", "arabidopsis_1pct", 26_474),
        ("genomes/celegans_1pct.gff3.gz", "celegans_1pct", 31_888),
        ("genomes/fly_1pct.gff3.gz", "fly_1pct", 3_639),
        ("genomes/ecoli.gff.gz", "ecoli", 9_490),
        ("annotations/yeast_tss.bed.gz", "yeast", 6_445),
        ("annotations/ecoli_promoters.bed.gz", "ecoli", 2_860),
    ],
)
def test_real_files_are_read(data_folder, annotation, genome, rows):
    lengths = lengths_of(data_folder / "genomes" / f"{genome}.fa.gz")
    read = read_annotation(data_folder / annotation, lengths)
    assert len({feature.line for feature in read.features}) == rows
    assert read.circular == ({"NC_000913.3"} if annotation.endswith("ecoli.gff.gz") else set())
    assert not read.renamed
    assert not read.missing


# ---------------------------------------------------------------- names


@pytest.mark.parametrize("rename", ["auto", {"chrI": "I", "chrM": "Mito"}])
def test_renamed_sequences_are_read_under_the_genomes_names(tmp_path, rename):
    annotation = read_annotation(write(tmp_path, "chrI\t3\t9\nII\t1\t8\nchrM\t2\t7\n"), LENGTHS, rename=rename)
    assert [feature.interval for feature in annotation.features] == [
        Interval("I", 3, 9),
        Interval("II", 1, 8),
        Interval("Mito", 2, 7),
    ]
    assert annotation.renamed == {"chrI": "I", "chrM": "Mito"}


@pytest.mark.parametrize(
    ("rows", "fragments"),
    [
        pytest.param(
            "chrI\t3\t9\nchrM\t3\t9\n",
            ["no sequence of the annotation ('chrI', 'chrM') is in the genome ('I', 'II', 'Mito')",
             "add --rename auto (that is chrI=I,chrM=Mito)"],
            id="B06 all",
        ),
        pytest.param(
            "1\t3\t9\n2\t3\t9\nMT\t3\t9\n", ["add --rename auto (that is 1=I,2=II,MT=Mito)"], id="B07 Roman numerals"
        ),
        pytest.param(
            "scaffold7\t3\t9\n",
            ["no sequence of the annotation ('scaffold7')", "give the annotation of exactly this assembly"],
            id="another genome",
        ),
        pytest.param(
            "I\t3\t9\nI\t4\t9\nx1\t3\t9\nx2\t3\t9\nx1\t3\t9\nx3\t3\t9\nx4\t3\t9\n",
            ["4 of the annotation's 5 sequences, with 5 of its 7 rows, are not in the genome: 'x1', 'x2', 'x3' …",
             "--rename theirs=ours", "--allow-missing"],
            id="G09 some",
        ),
        pytest.param(
            "II\t3\t9\nchrI\t3\t9\nx1\t3\t9\n",
            ["add --rename auto (that is chrI=I), or leave such rows out with --allow-missing"],
            id="some of the missing have a name",
        ),
    ],
)  # fmt: skip
def test_names_that_the_genome_lacks_are_an_error_with_a_way_out(tmp_path, rows, fragments):
    path = write(tmp_path, rows)
    with pytest.raises(InputError) as caught:
        read_annotation(path, LENGTHS)
    for fragment in fragments:
        assert fragment in str(caught.value)
    lines = [line.split("\t")[0] not in LENGTHS for line in rows.splitlines()]
    assert caught.value.line == lines.index(True) + 1


def test_missing_sequences_may_be_left_out_and_are_counted(tmp_path):
    path = write(tmp_path, "x\t900\t999\nI\t3\t9\nx\t3\t9\ny\t3\t9\n")
    annotation = read_annotation(path, LENGTHS, allow_missing=True)
    assert [feature.line for feature in annotation.features] == [2]
    assert annotation.missing == {"x": 2, "y": 1}


def test_an_annotation_of_another_genome_is_refused_even_then(tmp_path):
    with pytest.raises(InputError, match="no sequence of the annotation"):
        read_annotation(write(tmp_path, "x\t3\t9\n"), LENGTHS, allow_missing=True)


@pytest.mark.parametrize(
    ("rename", "what"),
    [
        ({"chr1": "I"}, "--rename chr1=I: the annotation has no sequence 'chr1'. Fix: it has 'chrI', 'II'"),
        ({"chrI": "1"}, "--rename chrI=1: the genome has no sequence '1'. Fix: it has 'I', 'II', 'Mito'"),
        ({"chrI": "II"}, "--rename makes 2 sequences of the annotation into 'II'"),
    ],
)
def test_a_renaming_that_makes_no_sense_is_refused(tmp_path, rename, what):
    with pytest.raises(ConfigurationError, match=what):
        read_annotation(write(tmp_path, "chrI\t3\t9\nII\t3\t9\n"), LENGTHS, rename=rename)


# ---------------------------------------------------------------- bad input

REGION = "##sequence-region"
BAD = [
    ("B04", "I\t3\t9\nI\t90\t101\nII\t1\t71\n", 2, r"the row ends at 101, but 'I' has 100 bases \(2 of 3 features"),
    ("B05", "I\t300\t400\n", 1, "the row ends at 400, but 'I' has 100 bases.*exactly this assembly"),
    ("B08", "I\t3\n", 1, "a row of 2 columns"),
    ("B09", "I 3 9\n", 1, "separated by spaces"),
    ("B11", "chrom\tstart\tend\nI\t3\t9\n", 1, "the start 'start' is not a whole number"),
    ("B14", "I\t3\t9\nI\t3\t9\tn\t0\t+\n", 2, "the row has 6 columns, the rows before it have 3"),
    ("B17", "", None, "the file is empty"),
    ("B17 comments", "#\n\n", 1, "there is no feature in the file"),
    ("B22", "I\t3\t9\tname\nI\t10", 2, "the row has 2 columns, BED has 3 to 12"),
    ("B22 name", "I\t3\t9\tname\nI\t10\t20", 2, "the row has 3 columns, the rows before it have 4"),
    ("G01", gff("I . gene 3 9 . + . ID=a", "I . gene 9 3 . + . ID=b"), 3, "the start 9 lies behind the end 3"),
    ("G04", "##gff-version 3\n##FASTA\n>I\nACGT\n", 1, "there is no feature in the file"),
    ("G05", gff("I . gene 3 9 . + . ID=a") + 'I\t.\texon\t3\t9\t.\t+\t.\tgene_id "a";\n', 3, "not of the form key="),
    ("G05 reverse", 'I\t.\texon\t3\t9\t.\t+\t.\tgene_id "a";\nI\t.\texon\t3\t9\t.\t+\t.\tID=a\n', 2, "no gene_id"),
    ("BED in GFF3", gff("I . gene 3 9 . + . ID=a", "I 3 9"), 3, "the row has 3 columns, GFF3 has 9"),
    ("GFF3 in BED", "I\t3\t9\n" + gff("I . gene 3 9 . + . ID=a")[16:], 2, "the row has 9 columns, the rows before"),
    ("G09", gff(f"{REGION} I 1 120", "I . gene 3 9 . + . ID=a"), 2, "declares 1-120 for 'I', which has 100 bases"),
    ("G09 shorter", gff(f"{REGION} I 1 90", "I . gene 3 9 . + . ID=a"), 2, "declares 1-90 for 'I'"),
    ("G09 broken", gff(f"{REGION} I 1", "I . gene 3 9 . + . ID=a"), 2, "does not give name, first and last base"),
    ("origin", gff("I . region 1 100 . + . ID=r;Is_circular=true", "I . gene 95 112 . + . ID=g"), 3,
     r"crosses the origin of a circular sequence\). Fix: write two rows, 95-100 and 1-12"),
    ("beyond", gff("I . gene 95 112 . + . ID=g"), 2, "the row ends at 112, but 'I' has 100 bases"),
    ("VCF", "##fileformat=VCFv4.2\nI\t3\t.\tA\tC\n", 1, "this is a VCF file, not an annotation"),
    ("FASTA", ">I\nACGT\n", 1, "this is a FASTA file, not an annotation"),
    ("HTML", "<html>\n", 1, "this is a web page"),
    ("GenBank", "LOCUS       X\n", 1, "this is a GenBank file"),
    ("UTF-16", "I\t3\t9\n".encode("utf-16"), None, "UTF-16"),
    ("Latin-1", b"I\t3\t9\nI\t3\t9\n#\xe9\n", 3, "not UTF-8"),
    ("Latin-1 GFF3", b"##gff-version 3\n##species \xe9\nI\t3\t9\n", 2, "the text is not UTF-8"),
    ("CR", "I\t3\t9\rI\t4\t9\r", 1, "carriage return without a line feed"),
    ("cut", gzip.compress(b"I\t3\t9\n" * 99)[:-9], None, "the compressed file is cut"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "line", "what"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_bad_input_ends_in_one_line_that_names_it(tmp_path, content, line, what):
    path = write(tmp_path, content)
    with pytest.raises(InputError, match=what) as caught:
        read_annotation(path, LENGTHS)
    assert caught.value.line == line
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_region_that_is_part_of_a_sequence_fits(tmp_path):
    path = write(tmp_path, gff(f"{REGION} I 5 90", f"{REGION} II 1 70", f"{REGION} x 1 9", "I . gene 6 9 . + . ID=a"))
    assert len(read_annotation(path, LENGTHS).features) == 1
