"""Protein FASTA: read where it is asked for, refused where it is not, and the other way round."""

from __future__ import annotations

import io

import pytest
from Bio import SeqIO
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.errors import InputError
from genolect.sequence import source as source_module
from genolect.sequence.fasta import read_fasta
from genolect.sequence.genetic_code import PROTEIN_LETTERS
from genolect.sequence.protein import read_proteins
from tests.sequence.packing import PACKINGS, pack

INSULIN = b">INS Homo sapiens\nMALWMRLLPLLALLALWGPDPAAAFVNQHLCGSHLVEALYLVCGERGFFYTPKT\n"


def read(folder, content):
    path = folder / "proteins.fa"
    path.write_bytes(content)
    return read_proteins(path)


@settings(deadline=None)
@given(
    records=st.dictionaries(
        st.text("abcXYZ|_09", min_size=1, max_size=9),
        st.text(PROTEIN_LETTERS + "klmx", min_size=1, max_size=40).map(lambda letters: letters + "L"),
        min_size=1,
        max_size=5,
    ),
    width=st.integers(1, 19),
    end=st.sampled_from(["\n", "\r\n", "\n\n"]),
    how=st.sampled_from(PACKINGS),
    block=st.integers(19, 60),
)
def test_what_biopython_reads_is_read(tmp_path_factory, records, width, end, how, block):
    folded = {name: [text[at : at + width] for at in range(0, len(text), width)] for name, text in records.items()}
    text = "".join(end.join([f">{name} of a cell", *lines, ""]) for name, lines in folded.items())
    path = tmp_path_factory.mktemp("proteins") / "proteins.fa"
    path.write_bytes(pack(text.encode(), how))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source_module, "BLOCK_BYTES", block)
        ours = read_proteins(path)
    theirs = list(SeqIO.parse(io.StringIO(text.replace("\r", "")), "fasta"))
    assert [(one.name, one.residues.tobytes().decode()) for one in ours] == [(r.id, str(r.seq).upper()) for r in theirs]
    assert {one.description for one in ours} == {"of a cell"}
    assert ours[0].line == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b">a\nMK-L\n", r":2: the gap '-' in the sequence 'a'\. Fix: if this is an alignment, remove its gaps"),
        (b">a\nMKL\n>b\nM\nK7L\n", r":5: the digit '7' in the sequence 'b'"),
        (b">a\nM K\n", "white space ' '"),
        (b">a\nMK?\n", r"the character '\?' .*made of ACDEFGHIKLMNPQRSTVWY UO BZJX and \*"),
        (b">a\nMK\xc3\xa4\n", r"the character 'ä' \(U\+00E4\)"),
        (b">a\nMK\rLL\n", "a line ends in a carriage return"),
        (b">a\nMKL\n>a\nMKV\n", r":3: the name 'a' appears again; it is already on line 1"),
        (b">a\n>b\nMKL\n", r":1: the protein 'a' is empty"),
        (b">\nMKL\n", "the header has no name"),
        (b"MKL\n", "the first line is no '>' header"),
        (b"\n\n", "no sequence in the file|nothing but white space"),
    ],
)
def test_what_is_no_protein_fasta_is_refused(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, content)


def test_proteins_are_refused_where_nucleotides_are_asked_for_with_the_way_in(tmp_path):
    assert read(tmp_path, INSULIN)[0].name == "INS"
    with pytest.raises(InputError, match=r"proteins\.fa:2: the letter 'L'.*--alphabet protein"):
        read_fasta(tmp_path / "proteins.fa")
    (tmp_path / "stop.fa").write_text(">a\nACG*\n")
    with pytest.raises(InputError, match=r"the stop '\*'.*--alphabet protein"):
        read_fasta(tmp_path / "stop.fa")


def test_nucleotides_are_refused_where_proteins_are_asked_for_with_the_way_out(tmp_path):
    with pytest.raises(InputError, match=r":1: this looks like nucleotides: all 50 .*read it as dna or coding"):
        read(tmp_path, b">a\n" + b"acguN" * 5 + b"\n>b\n" + b"ACGTN" * 5 + b"\n")


@pytest.mark.parametrize("content", [b">a\n" + b"ACGTN" * 10 + b"L\n", b">a\n" + b"G" * 49 + b"\n"])
def test_proteins_of_few_kinds_of_residues_are_read(tmp_path, content):
    assert len(read(tmp_path, content)) == 1
