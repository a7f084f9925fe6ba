"""FASTA: what is written is read, what independent parsers see we see, and bad files end in one good line."""

from __future__ import annotations

import bz2
import gzip
import io
import sys

import numpy as np
import pyfaidx
import pytest
from Bio import SeqIO
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.errors import InputError
from genolect.sequence import source as source_module
from genolect.sequence.alphabet import INVALID, decode, encode
from genolect.sequence.fasta import encode_lines, fasta_parts, line_of_first, read_fasta, sequence_part, stream_fasta
from genolect.sequence.source import Source
from tests.sequence.packing import BGZF_END, PACKINGS, bgzf_blocks, pack
from tests.sequence.written import format_fasta

NAMES = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=12)
LETTERS = "ACGTNacgtn"


def write(folder, content, name="genome.fa"):
    path = folder / name
    path.write_bytes(content)
    return path


def read(folder, content):
    return {record.name: decode(record.bases) for record in read_fasta(write(folder, content))}


# ---------------------------------------------------------------- relations


@settings(deadline=None)
@given(
    records=st.dictionaries(NAMES, st.text(LETTERS, min_size=1, max_size=40), min_size=1, max_size=6),
    width=st.integers(1, 23),
    ends=st.sampled_from([("\n", "\n"), ("\r\n", "\r\n"), ("\n", ""), ("\r\n", "")]),
    how=st.sampled_from(PACKINGS),
    block=st.integers(19, 60),
)
def test_what_is_written_is_read(tmp_path_factory, records, width, ends, how, block):
    text = "".join(format_fasta(name, encode(letters), width) for name, letters in records.items())
    text = text.removesuffix("\n").replace("\n", ends[0]) + ends[1]
    path = write(tmp_path_factory.mktemp("identity"), pack(text.encode(), how))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source_module, "BLOCK_BYTES", block)
        patch.setattr(source_module, "_PIECE_BYTES", 17)
        assert {record.name: decode(record.bases) for record in read_fasta(path)} == records


@settings(deadline=None)
@given(data=st.data(), lines=st.lists(st.text("ACGTUNRYKMacgtn", max_size=9), min_size=1, max_size=9))
def test_chunks_join_to_the_record_whatever_the_lines_and_blocks(tmp_path_factory, data, lines):
    lines = [line.replace("U", "A") for line in lines] + ["AC"]
    ends = [data.draw(st.sampled_from(["\n", "\r\n", "\n\n", "\n\r\n"])) for _ in lines]
    text = ">a first one\r\n" + "".join(map("".join, zip(lines, ends, strict=True)))
    path = write(tmp_path_factory.mktemp("chunks"), text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source_module, "BLOCK_BYTES", data.draw(st.integers(5, 30)))
        chunks = list(stream_fasta(path))
    letters = "".join(lines)
    assert "".join(decode(chunk.bases) for chunk in chunks) == decode(encode(letters))
    assert [chunk.first for chunk in chunks] == [True] + [False] * (len(chunks) - 1)
    assert {(chunk.name, chunk.description, chunk.line) for chunk in chunks} == {("a", "first one", 1)}
    assert sum(chunk.ambiguous for chunk in chunks) == sum(letters.count(code) for code in "RYKM")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b">a\nACGTACG\nTT\n\nACGTA\n>b\nC\n", {"a": "ACGTACGTTACGTA", "b": "C"}, id="F28 F30 ragged"),
        pytest.param(b"\n\r\n>a\nACG\n\n\n", {"a": "ACG"}, id="F31 empty lines around"),
        pytest.param(b">a\r\nACG\r\nT\r\n", {"a": "ACGT"}, id="F16 CRLF"),
        pytest.param(b">a\nACG\r\nT\n", {"a": "ACGT"}, id="F18 mixed line ends"),
        pytest.param(b"\xef\xbb\xbf>a\nACG", {"a": "ACG"}, id="F23 F34 mark, no line end"),
        pytest.param(b"> a of two\nACG", {"a": "ACG"}, id="F08 space before the name"),
        pytest.param(b">a\tof two\nACG", {"a": "ACG"}, id="tab after the name"),
        pytest.param(b">acgtRYSWKMBDHVrn\nacgtRYSWKMBDHVrnN", {"acgtRYSWKMBDHVrn": "acgtNNNNNNNNNNnnN"}, id="F09 F10"),
        pytest.param(b">a\nACGu\n>b\nACGT\n", {"a": "ACGt", "b": "ACGT"}, id="F11 RNA and DNA in two records"),
        pytest.param(">Chromosom_Ä\nACG".encode(), {"Chromosom_Ä": "ACG"}, id="F25 UTF-8 name"),
        pytest.param(b">a ->b > c\nACG", {"a": "ACG"}, id="'>' in a description"),
        pytest.param(b">HLA:01-02\nACG\n>../x;<b>\nT", {"HLA:01-02": "ACG", "../x;<b>": "T"}, id="F57 F58"),
        pytest.param(b">a\nNNNN\n", {"a": "NNNN"}, id="F59 all N"),
    ],
)
def test_unusual_files_that_are_right_are_read(tmp_path, content, expected):
    assert read(tmp_path, content) == expected


def test_changed_letters_are_counted(tmp_path):
    (first, second) = read_fasta(write(tmp_path, b">a one two \nACRYn\nrU\n>b\nTTK"))
    assert (first.ambiguous, first.uracil, second.ambiguous, second.uracil) == (3, 1, 1, 0)
    assert (first.description, first.line, second.description, second.line) == ("one two", 1, "", 4)


def test_a_source_knows_its_checksum_after_the_stream(tmp_path):
    source = Source(write(tmp_path, b">a\nACGT\n"))
    assert sum(len(chunk.bases) for chunk in stream_fasta(source)) == 4
    assert source.bytes == 8
    assert len(source.sha256) == 64


def test_standard_input_is_named_in_messages(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b">a\nAC\nGX\n")))
    with pytest.raises(InputError, match=r"^standard input:3: the letter 'X'"):
        read_fasta("-")


def test_one_line_of_a_whole_chromosome_comes_in_chunks(tmp_path):
    path = write(tmp_path, b">a\n" + b"ACGTTG" * 5_000_000)
    lengths = [len(chunk.bases) for chunk in stream_fasta(path)]
    assert sum(lengths) == 30_000_000
    assert max(lengths) <= 16_000_000


@settings(deadline=None)
@given(
    pieces=st.lists(st.sampled_from([">", "a", "\n", "\r\n", "ACG", "u", "T", " ", "\x00", "é"]), max_size=14),
    block=st.integers(2, 20),
)
def test_any_text_ends_in_its_letters_or_in_a_plain_refusal(tmp_path_factory, pieces, block):
    text = ">z\nAC\n" + "".join(pieces)
    path = write(tmp_path_factory.mktemp("any"), text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source_module, "BLOCK_BYTES", block)
        try:
            records = read_fasta(path)
        except InputError:
            return
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if not line.startswith(">")]
    assert "".join(decode(record.bases) for record in records) == "".join(lines).replace("u", "t")


# ---------------------------------------------------------------- outside oracles


GENOMES = ["phix174", "lambda", "ecoli", "yeast", "arabidopsis_1pct", "celegans_1pct", "fly_1pct", "human_pieces"]
GENOMES += ["vertebrate_region8"]


@pytest.mark.parametrize("name", GENOMES)
def test_real_genomes_equal_biopythons(data_folder, name):
    path = data_folder / "genomes" / f"{name}.fa.gz"
    with gzip.open(path, "rt") as file:
        expected = [(record.id, str(record.seq)) for record in SeqIO.parse(file, "fasta")]
    ours = read_fasta(path)
    assert [record.name for record in ours] == [title for title, _ in expected]
    for record, (_, letters) in zip(ours, expected, strict=True):
        assert np.array_equal(record.bases, encode(letters))


@pytest.mark.parametrize("name", GENOMES)
def test_real_genomes_equal_pyfaidx(data_folder, tmp_path, name):
    path = write(tmp_path, gzip.decompress((data_folder / "genomes" / f"{name}.fa.gz").read_bytes()))
    ours = read_fasta(path)
    with pyfaidx.Fasta(str(path), as_raw=True) as theirs:
        assert [record.name for record in ours] == list(theirs.keys())
        for record in ours:
            assert np.array_equal(record.bases, encode(theirs[record.name][:]))


# ---------------------------------------------------------------- bad input

GOOD = b">a\nACGT\nAC\n"
BAD = [
    ("F01", b"", None, "the file is empty"),
    ("F02", b"\n\n\r\n", 1, "there is no sequence in the file"),
    ("F02 spaces", b"\n \n\t\n", 2, "there is nothing but white space"),
    ("F03", b"\nACGT\nAC\n", 2, r"the first line is no '>' header: 'ACGT'"),
    ("F04", GOOD + b">b\n", 4, "the sequence 'b' is empty"),
    ("F05", GOOD + b">b\n\n>c\nA\n", 4, "the sequence 'b' is empty"),
    ("F06", b">a", 1, "the sequence 'a' is empty"),
    ("F07", GOOD + b">\nACGT\n", 4, "the header has no name"),
    ("F07 space", GOOD + b"> \nACGT\n", 4, "the header has no name"),
    ("F11 one line", b">a\nACG\nATCU\n", 3, "the sequence 'a' holds both T and U"),
    ("F11 U then T", b">a\nACU\nGG\n\nAT\n", 5, "the sequence 'a' holds both T and U"),
    ("F11 T then u", b">a\nACt\nGG\nAu\n", 4, "the sequence 'a' holds both T and U"),
    ("F12", GOOD + b">b\nAC--GT\n", 5, r"the gap '-' in the sequence 'b'.*alignment.*gaps"),
    ("F12 point", b">b\nAC..GT\n", 2, r"the gap '\.'"),
    ("F13", b">b\nACGT*\n", 2, r"the stop '\*'.*protein"),
    ("F14", b">p\nMKVS\nLLPQ\n", 3, r"the letter 'L', which is no nucleotide, in the sequence 'p'.*protein"),
    ("F14 lower", b">p\nacge\n", 2, "the letter 'e'.*protein"),
    ("F15", b">a\n1 ACGT\n", 2, "the digit '1'.*delete position numbers"),
    ("F17", b">a\rACGT\r>b\rACGT\r", 1, "carriage return without a line feed.*tr"),
    ("F17 long", b">a\r" + b"ACGT\r" * 300_000, 1, "carriage return without a line feed"),
    ("F17 inside", b">a\nACGT\nAC\rGT\n", 3, "carriage return without a line feed"),
    ("F17 end", b">a\r\nACGT\r", 2, "carriage return without a line feed"),
    ("F19", GOOD + b">b\nA\n>a\nC\n", 6, "the name 'a' appears again; it is already on line 1"),
    ("F20", b">a one\nA\n>a two\nC\n", 3, "the name 'a' appears again; it is already on line 1"),
    ("F21", b">a\nAC\x00GT\n", 2, r"the character '\\x00'"),
    ("F22", b">a\x00b\nACGT\n", 1, r"'a\\x00b' holds an invisible character"),
    ("F22 escape", b">a\x1b[31m\nACGT\n", 1, r"'a\\x1b\[31m' holds an invisible character"),
    ("F22 description", b">a b\x00\nACGT\n", 1, "'a' holds an invisible character"),
    ("F24", ">a\nACGT\n".encode("utf-16"), None, "UTF-16"),
    ("F26", ">Ä\nACGT\n".encode("latin-1"), 1, "the header 'Ä' is not UTF-8 text"),
    ("F27", ">a\nAC\nAC\u0422G\n".encode(), 3, "the character '\u0422' .U.0422."),
    ("F27 latin-1", b">a\nAC\xe9G\n", 2, "a byte 0xe9 that is not text"),
    ("F32", b">a\nACGT\nACG \n", 3, "white space ' '"),
    ("F33", b">a\nACGT\n\nAC\tG\n", 4, r"white space '\\t'"),
    ("F35", b">a\nACGT\nAC>GT\n", 3, "'>' stands inside a line of sequence"),
    ("F35 first error", b">a\nAC1GT\nAC>GT\n", 2, "the digit '1'"),
    ("F36", b"; comment\n>a\nACGT\n", 1, "old FASTA dialect with ';' comments"),
    ("F36 inside", b">a\n;comment\nACGT\n", 2, "the character ';'.*delete comment lines"),
    ("F37", b"@read1\nACGT\n+\nIIII\n", 1, "this is a FASTQ file"),
    ("F38 HTML", b"<!DOCTYPE html>\n<html></html>", 1, r"this is a web page \(HTML\), not FASTA"),
    ("F38 XML", b'<?xml version="1.0"?>\n<Error>', 1, "this is an XML or HTML page"),
    ("F38 LFS", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n", 1, "Git-LFS pointer.*git lfs pull"),
    ("F38 GenBank", b"LOCUS       X\nORIGIN\n", 1, "this is a GenBank file"),
    ("F39", bytes(range(256)) * 20, 1, "this is a binary file"),
    ("F39 bzip2", bz2.compress(GOOD * 100), 1, "this is a bzip2 file.*bunzip2"),
    ("F39 twice", gzip.compress(gzip.compress(GOOD)), 1, "gzip file inside another"),
    ("F41", gzip.compress(GOOD)[:-9], None, "the compressed file is cut"),
    ("F46", b"".join(bgzf_blocks(GOOD * 1, 5)), None, "the file is cut: it is BGZF"),
    ("F46 half", b"".join(bgzf_blocks(GOOD, 5)[:1]), None, "the file is cut: it is BGZF"),
    ("F47", (b"".join(bgzf_blocks(GOOD, 5)) + BGZF_END)[:-30], None, "the compressed file is cut"),
    ("long header", b">" + b"a" * 2_000_000, 1, "the header line is longer than 1 MB"),
    ("other", b">a\nACGT\nAC?GT\n", 3, r"the character '\?'"),
]


@pytest.mark.parametrize(("content", "line", "what"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_bad_input_ends_in_one_line_that_names_it(tmp_path, content, line, what):
    path = write(tmp_path, content)
    with pytest.raises(InputError, match=what) as caught:
        list(stream_fasta(path))
    assert caught.value.line == line
    assert str(caught.value).startswith(str(path))
    assert "Fix: " in str(caught.value)
    assert "\n" not in str(caught.value)


IN_SMALL_BLOCKS = [case for case in BAD if case[2] is not None and len(case[1]) < 1_000 and case[0] != "F39 twice"]


@pytest.mark.parametrize(
    ("content", "line", "what"), [case[1:] for case in IN_SMALL_BLOCKS], ids=[case[0] for case in IN_SMALL_BLOCKS]
)
def test_line_and_message_are_the_same_in_small_blocks_and_compressed(tmp_path, monkeypatch, content, line, what):
    monkeypatch.setattr(source_module, "BLOCK_BYTES", 64)
    monkeypatch.setattr(source_module, "_PIECE_BYTES", 5)
    with pytest.raises(InputError, match=what) as caught:
        list(stream_fasta(write(tmp_path, gzip.compress(content))))
    assert caught.value.line == line


@pytest.mark.parametrize("block", [1, 2, 3, 5])
def test_a_mixture_is_found_across_blocks(tmp_path, monkeypatch, block):
    monkeypatch.setattr(source_module, "BLOCK_BYTES", block)
    for content, line in ((b">a\nACT\nGG\nAU\n", 4), (b">a\nACU\nGG\nAGT\n", 4)):
        with pytest.raises(InputError, match="holds both T and U") as caught:
            list(stream_fasta(write(tmp_path, content)))
        assert caught.value.line == line


# ---------------------------------------------------------------- parts


@settings(deadline=None)
@given(
    lines=st.lists(st.sampled_from([">a", ">b c>d", "ACG", "", "T" * 30]), min_size=1, max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    block=st.integers(1, 40),
)
def test_the_parts_are_the_file(tmp_path_factory, lines, end, block):
    lines = [">first", *lines]
    path = tmp_path_factory.mktemp("parts") / "genome.fa"
    path.write_text(end.join(lines), newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source_module, "BLOCK_BYTES", block)
        parts = list(fasta_parts(Source(path)))
    headers = [(part.line, part.text.decode()) for part in parts if part.is_header]
    assert headers == [(number, line[1:]) for number, line in enumerate(lines, 1) if line.startswith(">")]
    sequence = b"".join(part.text for part in parts if not part.is_header).decode().replace("\r\n", "\n")
    expected = "".join(line + "\n" for line in lines if not line.startswith(">"))
    assert sequence == (expected if lines[-1].startswith(">") else expected.removesuffix("\n"))


def test_a_part_begins_on_the_line_that_it_says(tmp_path, monkeypatch):
    path = tmp_path / "genome.fa"
    path.write_bytes(b"\n>a\nAC\nGT\nACG\n>b\nT")
    monkeypatch.setattr(source_module, "BLOCK_BYTES", 7)
    parts = [(part.text, part.line) for part in fasta_parts(Source(path))]
    assert parts == [(b"\n", 1), (b"a", 2), (b"AC\n", 3), (b"GT\nACG\n", 4), (b"b", 6), (b"T", 7)]


@pytest.mark.parametrize("block", [2, 3, 4, 8])
def test_a_mark_inside_a_line_is_refused_wherever_the_block_ends(tmp_path, monkeypatch, block):
    path = tmp_path / "genome.fa"
    path.write_bytes(b">a\nAC\nGT>b\nACG\n")
    monkeypatch.setattr(source_module, "BLOCK_BYTES", block)
    with pytest.raises(InputError, match=r"genome\.fa:3: '>' stands inside a line of sequence"):
        list(fasta_parts(Source(path)))


# ---------------------------------------------------------------- letters


@given(st.text("ACGTURYSWKMBDHVNacgturyswkmbdhvn\n"))
def test_codes_and_counts_equal_the_alphabets(text):
    letters = encode_lines(sequence_part(text.encode(), 1), "a", "a.fa")
    plain = text.replace("\n", "")
    assert letters.bases.tolist() == encode(plain).tolist()
    assert letters.ambiguous == sum(plain.upper().count(code) for code in "RYSWKMBDHV")
    assert letters.uracil == plain.upper().count("U")
    assert letters.has_thymine == ("T" in plain.upper())


@pytest.mark.parametrize("byte", [byte for byte in range(256) if encode(bytes([byte]))[0] == INVALID])
def test_every_other_byte_is_refused_on_its_line(byte):
    text = b"ACG\r\nTT\nA" + bytes([byte]) + b"A\nEEE\n"
    if byte == ord("\n"):
        text = text.replace(b"\nEEE", b"")
        assert len(encode_lines(sequence_part(text, 7), "a", "a.fa").bases) == 7
        return
    with pytest.raises(InputError) as caught:
        encode_lines(sequence_part(text, 7), "a", "a.fa")
    assert caught.value.line == 9
    assert caught.value.what.isprintable()
    assert caught.value.fix


def test_the_first_of_several_letters_is_named():
    with pytest.raises(InputError, match=r"a\.fa:4: the digit '7' in the sequence 'chr\\x071'"):
        encode_lines(sequence_part(b"AC\nA7E\n-\r", 3), "chr\a1", "a.fa")


@pytest.mark.parametrize(("letter", "line"), [("U", 5), ("T", 7), ("A", 5)])
def test_the_line_of_a_letter_is_found(letter, line):
    assert line_of_first(letter, sequence_part(b"ACu\n\r\nT", 5)) == line
