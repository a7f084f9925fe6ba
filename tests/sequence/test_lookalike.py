"""Formats are recognised by their first bytes, and biology is not taken for one."""

from __future__ import annotations

import bz2
import gzip
import lzma

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.sequence.source import is_utf16, recognise, recognise_binary


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (bz2.compress(b"ACGT"), "a bzip2 file"),
        (lzma.compress(b"ACGT"), "an xz file"),
        (gzip.compress(b"ACGT", mtime=0), "a gzip file inside another"),
        (b"PK\x03\x04", "a zip archive"),
        (bytes.fromhex("28b52ffd"), "a zstd file"),
        ((0x1A412743).to_bytes(4, "little"), "a 2bit file"),
        ((0x1A412743).to_bytes(4, "big"), "a 2bit file"),
        (b"BAM\x01\x10", "a BAM file"),
        (b"CRAM\x03", "a CRAM file"),
        (b"\x89HDF\r\n", "an HDF5 file"),
        (b"browser position I:1-9", "a BED file"),
        (b"\n  <!DOCTYPE html><html>", "a web page (HTML)"),
        (b"<HTML lang='en'>", "a web page (HTML)"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied', "an XML or HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "a Git-LFS pointer, not the file itself"),
        (b"LOCUS       NC_001416   48502 bp", "a GenBank file"),
        (b"ID   J02459; SV 1;", "an EMBL file"),
        (b"@HD\tVN:1.6", "a SAM file"),
        (b"@SRR1.1 1 length=7\nACGTACG\n+\nIIIIIII\n", "a FASTQ file (reads)"),
        (b"##fileformat=VCFv4.2", "a VCF file"),
        (b"##gff-version 3", "a GFF file"),
        (b"CLUSTAL W (1.83)", "a Clustal alignment"),
        (b"{\\rtf1\\ansi", "a word-processor document (RTF)"),
        (b'{"error": "not found"}', "a JSON file"),
        (b"%PDF-1.7", "a PDF document"),
        (b"; a comment\n>a\nACGT", "an old FASTA dialect with ';' comments"),
        (">a".encode("utf-16"), "text in UTF-16"),
        (bytes(range(97)) * 3, "a binary file"),
    ],
)
def test_a_format_is_named(head, what):
    found = recognise(head)
    assert found is not None
    assert found.what == what
    assert found.fix


@pytest.mark.parametrize("text", [b"##gff-version 3\n", b"LOCUS   X\n", b">a\nACGT\n", b"@read\nACGT\n"])
def test_text_is_not_binary(text):
    assert recognise(text) is not None
    assert recognise_binary(text) is None
    assert recognise_binary(text + b"\x00") is not None


@given(st.text("ACGTUNRYacgtn\n", min_size=1))
def test_bases_are_no_format(letters):
    assert recognise(letters.encode()) is None


@given(st.binary(min_size=2, max_size=64))
def test_utf16_is_seen_with_its_mark(content):
    text = content.decode("latin-1")
    assert is_utf16(text.encode("utf-16"))
    assert not is_utf16(b">" + text.replace("\x00", "A").encode("latin-1"))
