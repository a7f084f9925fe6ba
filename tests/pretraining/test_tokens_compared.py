"""Tokenizers side by side on the same sequences, and what cannot be compared."""

from __future__ import annotations

import pytest

from genolect.errors import ConfigurationError, MachineError
from genolect.genome import tokens
from genolect.genome.tokens import compare_tokenizers, read_material
from tests.tiny import synthetic_folder

GENOME = synthetic_folder() / "genome.fa"


def test_every_tokenizer_has_its_row_in_the_order_given(tmp_path):
    content = compare_tokenizers(["kmer:4:4", "nucleotide", "kmer:3"], GENOME, tmp_path / "tokens.html")
    assert [row["name"] for row in content["tokenizers"]] == ["kmer:4:4", "nucleotide", "kmer:3"]
    bases = sum(len(bases) for bases in read_material(GENOME).stretches)
    assert (content["bases"], content["alphabet"], content["title"]) == (bases, "dna", "genome.fa")
    assert [row["targets"] for row in content["tokenizers"]] == [256, 4, 64]
    assert "genome.fa" in (tmp_path / "tokens.html").read_text("utf-8")


def test_proteins_are_counted_in_residues(tmp_path):
    (tmp_path / "proteins.fa").write_text(">a\nMKVLLSAQRND*\n>b\nMKUXXLPW\n")
    content = compare_tokenizers(["amino_acid"], tmp_path / "proteins.fa", tmp_path / "tokens.html", alphabet="protein")
    assert (content["bases"], content["unknown_bases"]) == (20, 3)
    assert content["tokenizers"][0]["bases_per_token"] == 1
    assert "20 residues, 3 of them stops or ambiguous, in 2 sequences" in (tmp_path / "tokens.html").read_text("utf-8")


def test_codons_are_read_in_frame(tmp_path):
    (tmp_path / "cds.fa").write_text(">a\nATGGCTGCATAA\n>b\nATGGCTTAACC\n")
    content = compare_tokenizers(["codon", "codon:11", "kmer:3:3"], tmp_path / "cds.fa", alphabet="coding")
    for row in content["tokenizers"]:
        assert {one["token"]: one["count"] for one in row["most_frequent"]} == {"ATG": 2, "GCT": 2, "TAA": 2, "GCA": 1}
    assert content["notes"][0] == "1 of 2 coding sequences: ends inside a codon, which is dropped"


@pytest.mark.parametrize(
    ("names", "options", "what"),
    [
        (["nucleotide", "kmer:2", "nucleotide"], {}, "a tokenizer is named twice"),
        (["amino_acid"], {}, "amino_acid does not read the alphabet dna"),
        (["nucleotide"], {"alphabet": "protein"}, "nucleotide does not read the alphabet protein"),
        (["nucleotide", "codon:2"], {}, "codon:2 reads coding sequences in frame. Fix: add --alphabet coding"),
        (["codon"], {"alphabet": "protein"}, "codon does not read the alphabet protein"),
        (["nucleotide"], {"code": 2}, "--code is for coding sequences"),
        (
            ["byte_pair:600"],
            {},
            "'byte_pair:600' is no tokenizer yet: byte-pair tokens are learned. Fix: give gen",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused_before_the_genome_is_read(monkeypatch, names, options, what):
    monkeypatch.setattr(tokens, "read_material", lambda *_, **__: pytest.fail("the genome was read"))
    with pytest.raises(ConfigurationError, match=what):
        compare_tokenizers(names, GENOME, **options)


def test_a_page_that_is_there_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(tokens, "read_material", lambda *_, **__: pytest.fail("the genome was read"))
    (tmp_path / "tokens.html").write_text("mine")
    with pytest.raises(MachineError, match=r"tokens\.html: the page is there already"):
        compare_tokenizers(["nucleotide"], GENOME, tmp_path / "tokens.html")
    assert (tmp_path / "tokens.html").read_text() == "mine"
