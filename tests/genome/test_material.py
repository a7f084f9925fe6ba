"""What is tokenized: records, coding sequences in frame, proteins; and options that make no sense."""

from __future__ import annotations

import pytest

from genolect.errors import ConfigurationError, InputError
from genolect.files import sha256_of
from genolect.genome.genome import prepare_genome
from genolect.genome.tokens import read_material, require_alphabet
from genolect.sequence.alphabet import decode, encode

GENOME = {"one": "ACGTNNATGGCTGCATAAacgtg", "two": "TTACATGCCCAT"}
CODING = "ATGGCTGCATAA"
GFF = "##gff-version 3\none\t.\tCDS\t7\t18\t.\t+\t0\tID=c1;Parent=t1\ntwo\t.\tCDS\t1\t12\t.\t-\t0\tID=c2;Parent=t2\n"


def fasta(path, records):
    path.write_text("".join(f">{name}\n{letters}\n" for name, letters in records.items()))
    return path


@pytest.fixture
def genome(tmp_path):
    return fasta(tmp_path / "genome.fa", GENOME)


def test_a_prepared_folder_gives_the_bases_of_its_file(genome, tmp_path):
    prepared = prepare_genome([genome], tmp_path / "prepared")
    from_file, from_folder = read_material(genome), read_material(tmp_path / "prepared")
    assert [decode(bases) for bases in from_file.stretches] == [*GENOME.values()]
    assert [decode(bases) for bases in from_folder.stretches] == [*GENOME.values()]
    assert from_file.origin == {"path": str(genome), "sha256": sha256_of(genome)}
    assert from_folder.origin == {"path": str(tmp_path / "prepared"), "sha256": prepared.content_hash}
    assert from_file.notes == from_folder.notes == ()


def test_coding_sequences_are_those_of_the_annotation(genome, tmp_path):
    (tmp_path / "genes.gff3").write_text(GFF)
    joined = read_material(genome, "coding", annotation=tmp_path / "genes.gff3")
    assert [decode(bases) for bases in joined.stretches] == [CODING, "ATGGGCATGTAA"]
    alone = read_material(fasta(tmp_path / "cds.fa", {"c1": CODING, "c2": "ATGGGCATGTAA"}), "coding")
    assert [decode(bases) for bases in alone.stretches] == [decode(bases) for bases in joined.stretches]
    assert joined.notes == alone.notes == ()


def test_the_genetic_code_decides_what_is_irregular(tmp_path):
    path = fasta(tmp_path / "cds.fa", {"a": "ATGTGATAA"})
    assert read_material(path, "coding").notes == ("1 of 1 coding sequences: a stop codon before the end",)
    assert read_material(path, "coding", code=4).notes == ()


INSIDE, NO_STOP = "ends inside a codon, which is dropped", "the last codon is no stop codon"


def test_notes_are_the_most_frequent_first_and_equally_frequent_ones_by_name(tmp_path):
    path = fasta(tmp_path / "more.fa", {"a": "ATGAAACC", "b": "ATGAAA", "c": "ATGCCCTAA", "d": "AT"})
    assert read_material(path, "coding").notes == (
        f"2 of 3 coding sequences: {NO_STOP}",
        f"1 of 3 coding sequences: {INSIDE}",
        "1 left out: it holds no whole codon",
    )
    path = fasta(tmp_path / "equal.fa", {"a": "ATGAAACC"})
    assert read_material(path, "coding").notes == tuple(
        f"1 of 1 coding sequences: {kind}" for kind in (INSIDE, NO_STOP)
    )


def test_proteins_are_letters(tmp_path):
    path = fasta(tmp_path / "proteins.fa", {"a": "MKVLLSAQRND*", "b": "mkuXX"})
    material = read_material(path, "protein")
    assert [residues.tobytes() for residues in material.stretches] == [b"MKVLLSAQRND*", b"MKUXX"]
    assert (material.alphabet, material.notes) == ("protein", ())


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"alphabet": "rna"}, "there is no alphabet 'rna'. Fix: choose dna, coding, protein"),
        ({"annotation": "genes.gtf"}, "--annotation is for coding sequences"),
        ({"alphabet": "protein", "annotation": "genes.gtf"}, "--annotation is for coding sequences"),
        ({"code": 11}, "--code is for coding sequences. Fix: add --alphabet coding"),
    ],
)
def test_options_without_a_use_are_refused_before_a_file_is_read(tmp_path, options, what):
    with pytest.raises(ConfigurationError, match=what):
        read_material(tmp_path / "absent.fa", **options)
    with pytest.raises(ConfigurationError, match=what):
        require_alphabet(**{"alphabet": "dna", **options})


def test_a_prepared_genome_is_dna(genome, tmp_path):
    prepare_genome([genome], tmp_path / "prepared")
    for alphabet in ("coding", "protein"):
        with pytest.raises(ConfigurationError, match=f"a prepared genome is read as dna, not as {alphabet}"):
            read_material(tmp_path / "prepared", alphabet)


def test_a_file_of_another_alphabet_is_refused(genome, tmp_path):
    with pytest.raises(InputError, match=r"proteins\.fa:2: the letter 'L', which is no nucleotide"):
        read_material(fasta(tmp_path / "proteins.fa", {"a": "MKVLLSAQRND"}))
    with pytest.raises(ConfigurationError, match="there is no genetic code 99"):
        read_material(genome, "coding", code=99)
    with pytest.raises(InputError, match=r"absent\.fa: there is no such file"):
        read_material(tmp_path / "absent.fa")


def test_soft_masked_bases_keep_their_mask(genome):
    assert (read_material(genome).stretches[0] == encode(GENOME["one"])).all()
