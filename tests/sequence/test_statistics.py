"""What sequences and annotations are made of: equal to slow counting, to Biopython, and to known figures."""

from __future__ import annotations

import gzip
import math
from collections import Counter

import numpy as np
import pytest
from Bio import SeqIO
from Bio.SeqUtils import gc_fraction
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import InputError
from genolect.sequence import source as source_module
from genolect.sequence import statistics as module
from genolect.sequence.alphabet import encode
from genolect.sequence.annotation import Annotation, read_annotation
from genolect.sequence.fasta import read_fasta
from genolect.sequence.interval import Feature, Interval
from genolect.sequence.statistics import (
    Composition,
    FeatureDescription,
    describe_annotation,
    describe_bases,
    describe_fasta,
)

LETTERS = st.text("ACGTNacgtn", max_size=60)


def counted(letters, k):
    """Describe letters one by one."""
    upper = letters.upper()
    known = sum(upper.count(letter) for letter in "ACGT")
    kmers = Counter(upper[start : start + k] for start in range(len(upper) - k + 1))
    kmers = Counter({kmer: count for kmer, count in kmers.items() if "N" not in kmer})
    total = kmers.total()
    both = upper.count("C") * upper.count("G")
    return {
        "length": len(letters),
        "gc": (upper.count("C") + upper.count("G")) / known if known else None,
        "cpg_ratio": upper.count("CG") * known / both if both else None,
        "soft_masked": sum(letter.islower() for letter in letters) / len(letters) if letters else 0.0,
        "unknown": upper.count("N"),
        "entropy": -sum(n / total * math.log2(n / total) for n in kmers.values()) if total else None,
    }


def facts(description):
    """Give a description in the words of `counted`."""
    return {
        "length": description.length,
        "gc": description.gc,
        "cpg_ratio": description.cpg_ratio,
        "soft_masked": description.soft_masked,
        "unknown": description.unknown,
        "entropy": description.kmer_entropy,
    }


@given(pieces=st.lists(LETTERS, max_size=7), k=st.integers(1, 8), stretch=st.integers(1, 90))
def test_counts_do_not_depend_on_the_pieces(pieces, k, stretch):
    composition = Composition(k)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_STRETCH", stretch)
        for piece in pieces:
            composition.add(encode(piece))
    assert facts(composition.describe("a")) == pytest.approx(counted("".join(pieces), k), nan_ok=False)


@given(first=LETTERS, second=LETTERS)
def test_merged_counts_are_those_of_two_sequences_apart(first, second):
    merged, one, two = Composition(2), Composition(2), Composition(2)
    one.add(encode(first), ambiguous=1)
    two.add(encode(second), uracil=2)
    merged.merge(one)
    merged.merge(two)
    # A run of N as long as k - 1 keeps the two from forming a k-mer; it is counted besides.
    apart = counted(first + "N" + second, 2)
    description = merged.describe("total")
    assert facts(description)["entropy"] == pytest.approx(apart["entropy"])
    assert facts(description)["cpg_ratio"] == pytest.approx(apart["cpg_ratio"])
    assert (description.length, description.unknown) == (apart["length"] - 1, apart["unknown"] - 1)
    assert (description.ambiguous, description.uracil) == (1, 2)


def test_what_follows_a_merge_is_a_new_sequence():
    merged, other = Composition(2), Composition(2)
    merged.add(encode("AC"))
    merged.merge(other)
    merged.add(encode("GT"))
    assert merged.describe("total").cpg_ratio == 0.0
    assert merged.kmers.sum() == 2


def test_a_longer_stretch_is_counted_like_a_short_one():
    generator = np.random.Generator(np.random.Philox(5))
    bases = generator.choice(encode("ACGTNacgt"), size=150_001, p=[0.2, 0.1, 0.2, 0.2, 0.01, 0.1, 0.09, 0.05, 0.05])
    letters = "".join("ACGTN???acgtn"[code] for code in bases)
    assert facts(describe_bases("a", bases)) == pytest.approx(counted(letters, 6))


@pytest.mark.parametrize(
    ("letters", "entropy"),
    [("A" * 50, 0.0), ("ACGT" * 100, 2.0), ("ACGTA", None), ("NNNNNNNNN", None), ("ACGTAC", 0.0)],
)
def test_entropy_of_plain_sequences(letters, entropy):
    expected = None if entropy is None else pytest.approx(entropy, abs=1e-4)
    assert describe_bases("a", encode(letters)).kmer_entropy == expected


def test_every_kmer_once_has_the_greatest_entropy():
    generator = np.random.Generator(np.random.Philox(7))
    entropy = describe_bases("a", generator.integers(0, 4, 1 << 20).astype(np.uint8)).kmer_entropy
    assert 11.99 < entropy <= 12


@pytest.mark.parametrize("k", [0, 9])
def test_a_length_of_kmers_out_of_range_is_refused(k):
    with pytest.raises(ValueError, match=f"k-mer length {k} is not between 1 and 8"):
        Composition(k)


# ---------------------------------------------------------------- files


def test_records_and_their_total(tmp_path, monkeypatch):
    path = tmp_path / "genome.fa"
    path.write_bytes(b">a\nACGTRCGN\n>b\nggU\n>total\nCC\n")
    monkeypatch.setattr(source_module, "BLOCK_BYTES", 3)
    seen = []
    rows = describe_fasta(path, progress=seen.append)
    assert sum(seen) == 13
    assert [(row.name, row.length) for row in rows] == [("a", 8), ("b", 3), ("total", 2), ("total", 13)]
    assert [(row.unknown, row.ambiguous, row.uracil) for row in rows] == [(2, 1, 0), (0, 0, 1), (0, 0, 0), (2, 1, 1)]
    assert [row.cpg_ratio for row in rows] == [2 * 6 / 4, None, None, 2 * 11 / (4 * 4)]
    assert rows[3].soft_masked == pytest.approx(2 / 13)


def test_a_bad_genome_is_refused(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_bytes(b">a\nAC\nMEL\n")
    with pytest.raises(InputError, match=r"genome\.fa:3: the letter 'E'"):
        describe_fasta(path)


@pytest.mark.parametrize("name", ["yeast", "ecoli", "vertebrate_region8", "fly_1pct"])
def test_real_genomes_equal_biopythons_counts(data_folder, name):
    path = data_folder / "genomes" / f"{name}.fa.gz"
    with gzip.open(path, "rt") as file:
        expected = {record.id: str(record.seq) for record in SeqIO.parse(file, "fasta")}
    *rows, total = describe_fasta(path)
    assert [row.name for row in rows] == list(expected)
    for row in [*rows, total]:
        letters = "".join(expected.values()) if row is total else expected[row.name]
        upper = letters.upper()
        known = len(upper) - upper.count("N")
        assert row.length == len(letters)
        assert row.gc == pytest.approx(gc_fraction(letters, "remove"))
        assert (row.unknown, row.ambiguous) == (upper.count("N"), 0)
        assert row.soft_masked == sum(letters.count(letter) for letter in "acgtn") / len(letters)
        if row is not total:
            observed = upper.count("CG") * known / (upper.count("C") * upper.count("G"))
            assert row.cpg_ratio == pytest.approx(observed)


def test_known_figures(data_folder):
    genomes = data_folder / "genomes"
    yeast = describe_fasta(genomes / "yeast.fa.gz")
    assert round(yeast[-1].gc, 3) == 0.381
    assert yeast[-1].length == 12_157_105
    region = {row.name: row for row in describe_fasta(genomes / "vertebrate_region8.fa.gz")}
    # CpG islands crowd this human region; repeats make up less of it than of the whole genome (45-50 %).
    assert 0.35 < region["hg38"].soft_masked < 0.50
    assert region["hg38"].cpg_ratio < 0.5 < 0.75 < yeast[-1].cpg_ratio


def test_base_codes_give_what_the_file_gives(data_folder):
    path = data_folder / "genomes" / "vertebrate_region8.fa.gz"
    *rows, _ = describe_fasta(path)
    assert [describe_bases(record.name, record.bases) for record in read_fasta(path)] == rows


# ---------------------------------------------------------------- annotations


def annotation_of(features):
    return Annotation(features, "GFF3", frozenset(), {}, {})


PLACE = (st.sampled_from(["I", "II"]), st.integers(0, 40), st.integers(1, 13), st.sampled_from(["gene", "exon"]))


@given(st.lists(st.tuples(*PLACE), min_size=1))
def test_covered_bases_equal_a_painted_genome(places):
    features = [
        Feature(Interval(name, start, start + length, "+-."[number % 3]), kind, "", None, number)
        for number, (name, start, length, kind) in enumerate(places, 1)
    ]
    painted = {kind: set() for *_, kind in places}
    for name, start, length, kind in places:
        painted[kind].update((name, base) for base in range(start, start + length))
    rows = describe_annotation(annotation_of(features))
    assert {row.kind: row.bases for row in rows} == {kind: len(bases) for kind, bases in painted.items()}
    assert {row.kind: row.rows for row in rows} == Counter(kind for *_, kind in places)
    assert [row.rows for row in rows] == sorted((row.rows for row in rows), reverse=True)


def test_a_row_with_two_parents_is_one_row():
    exon = Interval("I", 3, 9)
    features = [Feature(exon, "exon", parent, None, 5) for parent in ("t1", "t2")]
    assert describe_annotation(annotation_of(features)) == [FeatureDescription("exon", 1, 6)]


def test_the_whole_chromosome_of_ecoli_is_covered_by_its_region(data_folder):
    genomes = data_folder / "genomes"
    read = read_annotation(genomes / "ecoli.gff.gz", {"NC_000913.3": 4_641_652})
    rows = {row.kind: row for row in describe_annotation(read)}
    assert rows["region"] == FeatureDescription("region", 1, 4_641_652)
    assert rows["gene"].rows == 4_494
    # About 87 % of the chromosome are genes (Blattner 1997: 87.8 % protein, 0.8 % RNA).
    assert 0.85 < rows["gene"].bases / 4_641_652 < 0.90
