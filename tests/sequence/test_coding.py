"""Coding sequences: what is joined, what each irregularity is, and Biopython's proteins of whole genomes."""

from __future__ import annotations

import csv
import gzip
import re
from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from Bio import SeqIO
from Bio.SeqFeature import CompoundLocation, SimpleLocation
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import ConfigurationError, InputError
from genolect.sequence.alphabet import decode, encode, reverse_complement
from genolect.sequence.annotation import read_annotation
from genolect.sequence.coding import Irregularity, Obstacle, join_coding, read_coding
from genolect.sequence.fasta import read_fasta
from genolect.sequence.genetic_code import translate

GENE = "ATGGCTTGGCATAAATAA"


def joined(folder, letters, rows, *, code=1, **options):
    """Join rows ``(kind, first, last, strand, phase, attributes)`` of a genome of one or more sequences."""
    genome = {"I": encode(letters)} if isinstance(letters, str) else {n: encode(t) for n, t in letters.items()}
    lines = []
    for kind, first, last, strand, phase, attributes, *name in rows:
        lines.append("\t".join([*(name or ["I"]), ".", kind, str(first), str(last), ".", strand, phase, attributes]))
    path = folder / "annotation"
    path.write_text("\n".join(lines) + "\n")
    annotation = read_annotation(path, {name: len(bases) for name, bases in genome.items()})
    return join_coding(annotation, lambda name, start, end: genome[name][start:end], code, **options)


def fasta(folder, letters, code=1):
    path = folder / "coding.fa"
    path.write_text(f">one\n{letters}\n")
    return read_coding(path, code)


# ---------------------------------------------------------------- joining


@given(cuts=st.sets(st.integers(1, len(GENE) - 1), max_size=5), strand=st.sampled_from("+-"), data=st.data())
def test_a_gene_in_pieces_is_put_together(tmp_path_factory, cuts, strand, data):
    edges = [0, *sorted(cuts), len(GENE)]
    letters, rows = "", []
    for start, end in pairwise(edges):
        letters += "G" * data.draw(st.integers(0, 9))
        rows.append(["CDS", len(letters) + 1, len(letters) + end - start, strand, str(-start % 3), "Parent=t"])
        letters += GENE[start:end]
    if strand == "-":
        letters = decode(reverse_complement(encode(letters)))
        for row in rows:
            row[1:3] = len(letters) + 1 - row[2], len(letters) + 1 - row[1]
    found = joined(tmp_path_factory.mktemp("gene"), letters, data.draw(st.permutations(rows)))
    (sequence,) = found.regular
    assert (decode(sequence.bases), sequence.name) == (GENE, "t")
    assert [part.length for part in sequence.parts] == np.diff(edges).tolist()
    assert found.left_out == {}


def test_gtf_stop_codons_are_joined_once(tmp_path):
    given = [("CDS", 1, 15, "+", "0"), ("stop_codon", 16, 18, "+", "0")]
    attributes = 'gene_id "g"; transcript_id "t";'
    (apart,) = joined(tmp_path, GENE, [(*row, attributes) for row in given]).sequences
    given[0] = ("CDS", 1, 18, "+", "0")
    (within,) = joined(tmp_path, GENE, [(*row, attributes) for row in given]).sequences
    shifted = [("CDS", 1, 9, "+", "0", "ID=p;Parent=g"), ("CDS", 9, 15, "+", "1", "ID=p;Parent=g")]
    shifted.append(("stop_codon", 16, 18, "+", "0", "Parent=g"))
    (without,) = joined(tmp_path, GENE, [("CDS", 1, 15, "+", "0", attributes)]).sequences
    assert decode(apart.bases) == decode(within.bases) == GENE
    assert without.irregular == {Irregularity.NO_STOP}
    assert len(joined(tmp_path, GENE, shifted).sequences[0].parts) == 3


def test_products_of_one_gene_are_told_apart_where_they_overlap(tmp_path):
    rows = [("CDS", 1, 18, "+", "0", "ID=long;Parent=g"), ("CDS", 13, 18, "+", "0", "ID=short;Parent=g")]
    assert [sequence.name for sequence in joined(tmp_path, GENE, rows).sequences] == ["long", "short"]
    apart = [("CDS", 1, 9, "+", "0", "ID=one;Parent=g"), ("CDS", 10, 18, "+", "0", "ID=two;Parent=g")]
    assert [decode(sequence.bases) for sequence in joined(tmp_path, GENE, apart).sequences] == [GENE]


def test_a_programmed_frameshift_reads_a_base_twice(tmp_path):
    letters = "ATGGCAAAAGCTTAA"
    rows = [("CDS", 1, 7, "+", "0", "ID=p;Parent=g"), ("CDS", 7, 15, "+", "0", "ID=p;Parent=g")]
    (sequence,) = joined(tmp_path, letters, rows).sequences
    assert decode(sequence.bases) == "ATGGCAAAAAGCTTA"
    assert sequence.irregular >= {Irregularity.FRAME}


def test_rows_without_a_name_stand_alone(tmp_path):
    rows = [("CDS", 1, 18, "+", "0", "."), ("CDS", 19, 36, "+", ".", ".")]
    assert [sequence.name for sequence in joined(tmp_path, GENE * 2, rows).regular] == ["line 1", "line 2"]


@pytest.mark.parametrize(
    "second",
    [("CDS", 10, 18, "-", "0", "Parent=t"), ("CDS", 1, 9, "+", "0", "Parent=t", "II")],
    ids=["strands", "sequences"],
)
def test_rows_that_lie_in_several_places_are_left_out(tmp_path, second):
    found = joined(tmp_path, {"I": GENE, "II": GENE}, [("CDS", 1, 9, "+", "0", "Parent=t", "I"), second])
    assert (found.sequences, found.left_out) == ([], {Obstacle.PLACES: ["t"]})


def test_rows_without_a_strand_are_left_out(tmp_path):
    assert joined(tmp_path, GENE, [("CDS", 1, 18, ".", "0", "Parent=t")]).left_out == {Obstacle.PLACES: ["t"]}


def test_a_sequence_may_have_a_code_of_its_own(tmp_path):
    genome = {"I": "ATGTGATAA", "Mito": "ATATGATAA"}
    rows = [("CDS", 1, 9, "+", "0", f"Parent={name}", name) for name in genome]
    found = joined(tmp_path, genome, rows, other_codes={"Mito": 3})
    assert [(s.name, *s.irregular) for s in found.sequences] == [("I", Irregularity.INNER_STOP), ("Mito",)]
    assert len(joined(tmp_path, genome, rows).regular) == 0
    with pytest.raises(
        ConfigurationError, match=r"given for 'MT', which has no coding sequence\. Fix: name one of I, M"
    ):
        joined(tmp_path, genome, rows, other_codes={"MT": 3})
    with pytest.raises(ConfigurationError, match="no genetic code 99"):
        joined(tmp_path, genome, rows, other_codes={"Mito": 99})


def test_an_annotation_without_coding_rows_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no row of the type CDS \(it has exon, gene\)"):
        joined(tmp_path, GENE, [("gene", 1, 18, "+", ".", "ID=g"), ("exon", 1, 18, "+", ".", "Parent=g")])


# ---------------------------------------------------------------- irregularities


@pytest.mark.parametrize(
    ("letters", "irregular", "kept"),
    [
        (GENE, set(), GENE),
        (GENE.lower(), set(), GENE.lower()),
        ("ATG", {Irregularity.NO_STOP}, "ATG"),
        ("GCAGCTTAA", {Irregularity.NO_START}, "GCAGCTTAA"),
        ("ATGTAAGCTTAA", {Irregularity.INNER_STOP}, "ATGTAAGCTTAA"),
        ("ATGGCTT", {Irregularity.INCOMPLETE_STOP}, "ATGGCT"),
        ("ATGGCTta", {Irregularity.INCOMPLETE_STOP}, "ATGGCT"),
        ("ATGGCTA", {Irregularity.PARTIAL_CODON, Irregularity.NO_STOP}, "ATGGCT"),
        ("ATGTAATA", {Irregularity.PARTIAL_CODON}, "ATGTAA"),
        ("ATGNCTTAA", {Irregularity.AMBIGUOUS}, "ATGNCTTAA"),
        ("NTGGCTTAA", {Irregularity.AMBIGUOUS, Irregularity.NO_START}, "NTGGCTTAA"),
    ],
)
def test_every_irregularity_is_named(tmp_path, letters, irregular, kept):
    found = fasta(tmp_path, letters)
    (sequence,) = found.sequences
    assert (sequence.irregular, decode(sequence.bases), sequence.line) == (irregular, kept, 1)
    assert found.regular == ([] if irregular else [sequence])
    assert found.irregular == dict.fromkeys(irregular, 1)


def test_the_phase_of_the_first_row_is_skipped_and_the_others_are_checked(tmp_path):
    rows = [("CDS", 1, 7, "+", "1", "Parent=t"), ("CDS", 8, 19, "+", "0", "Parent=t")]
    (sequence,) = joined(tmp_path, "C" + GENE, rows).sequences
    assert (decode(sequence.bases), sequence.irregular) == (GENE, {Irregularity.BEGINS_INSIDE})
    rows[1] = ("CDS", 8, 19, "+", "2", "Parent=t")
    (sequence,) = joined(tmp_path, "C" + GENE, rows).sequences
    assert sequence.irregular == {Irregularity.BEGINS_INSIDE, Irregularity.FRAME}


def test_what_holds_no_codon_is_left_out(tmp_path):
    assert fasta(tmp_path, "AC").left_out == {Obstacle.SHORT: ["one"]}
    assert joined(tmp_path, GENE, [("CDS", 1, 4, "+", "2", "Parent=t")]).left_out == {Obstacle.SHORT: ["t"]}


def test_an_unknown_code_is_refused_before_the_file_is_read(tmp_path):
    with pytest.raises(ConfigurationError, match="no genetic code 8"):
        read_coding(tmp_path / "gone.fa", 8)


# ---------------------------------------------------------------- real genomes


def places(path, pattern, kinds):
    """Read the rows of each product with nothing but string operations."""
    rows = defaultdict(list)
    with gzip.open(path, "rt") as file:
        for line in file:
            columns = line.rstrip("\n").split("\t")
            if len(columns) == 9 and columns[2] in kinds:
                strand = 1 if columns[6] == "+" else -1
                place = SimpleLocation(int(columns[3]) - 1, int(columns[4]), strand)
                rows[re.search(pattern, columns[8])[1]].append((columns[0], place))
    return rows


@pytest.mark.parametrize(
    ("species", "annotation", "pattern", "code", "regular"),
    [
        ("yeast", "yeast.gtf.gz", r'transcript_id "([^"]+)', 1, 6_575),
        ("ecoli", "ecoli.gff.gz", r"ID=([^;]+)", 11, 4_309),
    ],
)
def test_biopython_reads_the_same_proteins(data_folder, species, annotation, pattern, code, regular):
    folder = data_folder / "genomes"
    genome = {record.name: record.bases for record in read_fasta(folder / f"{species}.fa.gz")}
    rows = read_annotation(folder / annotation, {name: len(bases) for name, bases in genome.items()})
    found = join_coding(rows, lambda name, start, end: genome[name][start:end], code)
    ours = sorted(translate(sequence.bases, code).tobytes().decode() for sequence in found.sequences)
    with gzip.open(folder / f"{species}.fa.gz", "rt") as file:
        letters = {record.id: record.seq for record in SeqIO.parse(file, "fasta")}
    theirs = []
    for parts in places(folder / annotation, pattern, ("CDS", "stop_codon")).values():
        ordered = sorted((place for _, place in parts), key=lambda place: place.start * place.strand)
        location = CompoundLocation(ordered) if len(ordered) > 1 else ordered[0]
        coding = location.extract(letters[parts[0][0]])
        theirs.append(str(coding[: len(coding) // 3 * 3].translate(table=code)))
    assert ours == sorted(theirs)
    assert len(found.regular) == regular
    assert not found.left_out


def test_every_irregular_mitochondrial_gene_is_counted(data_folder):
    found = read_coding(data_folder / "mitogenomes" / "cds.fa.gz", 2)
    assert len(found.sequences) == 50_340
    assert not found.left_out
    assert {irregularity.name: count for irregularity, count in found.irregular.items()} == {
        "INCOMPLETE_STOP": 19_500,
        "AMBIGUOUS": 479,
        "NO_START": 210,
        "INNER_STOP": 279,
        "NO_STOP": 117,
        "PARTIAL_CODON": 104,
    }
    assert len(found.regular) == 30_095


def test_inner_stops_vanish_with_the_right_mitochondrial_code(data_folder):
    """With the vertebrates' code tunicates and lancelets have stops; two turtles have true frameshifts."""
    folder = data_folder / "mitogenomes"
    found = read_coding(folder / "cds.fa.gz", 2)
    with (folder / "taxonomy.tsv").open() as file:
        classes = {row["key"]: row["class"] for row in csv.DictReader(file, delimiter="\t")}
    inner = [sequence for sequence in found.sequences if Irregularity.INNER_STOP in sequence.irregular]
    codes = {"Ascidiacea": 13, "Thaliacea": 13, "Cephalochordata": 5}
    still = []
    for sequence in inner:
        kind = classes[sequence.name.split("|")[0]]
        if b"*" in translate(sequence.bases, codes.get(kind, 2))[:-1].tobytes():
            still.append(kind)
    assert len(inner) == 279
    assert still == ["Testudines"] * 2
