"""Files arrive whole or not at all, whatever their compression."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.errors import InputError, MachineError
from genolect.sequence import source as module
from genolect.sequence.source import Source, opened, text_lines
from tests.sequence.packing import BGZF_END, PACKINGS, bgzf_blocks, broken_checksum, pack

TEXT = b">a\nACGTTGCA\n" * 5_003


def write(tmp_path, content, name="genome.fa"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def whole(source):
    return b"".join(source.blocks())


@pytest.mark.parametrize("how", PACKINGS)
def test_every_packing_gives_the_same_text_and_the_checksum_of_the_file(tmp_path, how):
    packed = pack(TEXT, how)
    source = Source(write(tmp_path, packed))
    assert whole(source) == TEXT
    assert source.sha256 == hashlib.sha256(packed).hexdigest()
    assert source.bytes == len(packed)
    assert source.compression == {"members": "gzip", "bgzf": "BGZF"}.get(how, how)


@pytest.mark.parametrize("how", PACKINGS)
def test_standard_input_is_read_like_a_file(monkeypatch, how):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(pack(TEXT, how))))
    source = opened("-")
    assert whole(source) == TEXT
    assert source.name == "standard input"


def test_a_pipe_is_read_like_a_file(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(pack(TEXT, "bgzf"),))
    writer.start()
    assert whole(Source(pipe)) == TEXT
    writer.join()


@settings(deadline=None)
@given(text=st.binary(min_size=1, max_size=700), how=st.sampled_from(PACKINGS), block=st.integers(16, 97))
def test_blocks_of_any_size_give_the_same_text(tmp_path_factory, text, how, block):
    # Letters only: other bytes may rightly be taken for another encoding.
    text = bytes(ord("A") + byte % 26 for byte in text)
    path = write(tmp_path_factory.mktemp("blocks"), pack(text, how))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK_BYTES", block)
        patch.setattr(module, "_PIECE_BYTES", 11)
        assert whole(Source(path)) == text


def test_a_source_can_be_read_again(tmp_path):
    source = Source(write(tmp_path, TEXT))
    assert whole(source) == whole(source)
    assert source.bytes == len(TEXT)


def test_the_checksum_is_not_given_before_the_end(tmp_path):
    source = Source(write(tmp_path, TEXT))
    next(source.blocks())
    with pytest.raises(RuntimeError, match="known only after its last block"):
        _ = source.sha256


def test_blocks_stay_small_however_well_the_text_compresses(tmp_path):
    source = Source(write(tmp_path, pack(b"A" * 60_000_011, "gzip")))
    lengths = [len(block) for block in source.blocks()]
    assert sum(lengths) == 60_000_011
    assert max(lengths) <= 16_000_000


def test_a_byte_order_mark_is_left_out(tmp_path):
    assert whole(Source(write(tmp_path, b"\xef\xbb\xbf>a\nA\n"))) == b">a\nA\n"


@pytest.mark.parametrize("name", ["genome.fa.gz", "genome.gz", "genome.txt"])
def test_the_name_of_a_file_means_nothing(tmp_path, name):
    assert whole(Source(write(tmp_path, TEXT, name))) == TEXT
    assert whole(Source(write(tmp_path, pack(TEXT, "gzip"), name))) == TEXT


BLOCKS = bgzf_blocks(TEXT, 7_001)
PACKED = pack(TEXT, "gzip")


def test_bgzf_in_many_blocks_is_read_whole(tmp_path):
    assert len(BLOCKS) > 5
    assert whole(Source(write(tmp_path, b"".join(BLOCKS) + BGZF_END))) == TEXT


@pytest.mark.parametrize(
    ("content", "what"),
    [
        pytest.param(b"", "the file is empty", id="F01"),
        pytest.param(gzip.compress(b""), "the file is empty", id="F01 gzip"),
        pytest.param(PACKED[: len(PACKED) // 2], "the compressed file is cut after", id="F41 middle"),
        pytest.param(PACKED[:-3], "the compressed file is cut after 60,036 bytes", id="F41 trailer"),
        pytest.param(PACKED[:5], "the compressed file is cut after 0 bytes", id="F41 header"),
        pytest.param(broken_checksum(TEXT), "damaged after .* incorrect data check", id="F42 checksum"),
        pytest.param(PACKED[:40] + b"\xff\xff\xff" + PACKED[43:], "the compressed data are damaged", id="F42 flip"),
        pytest.param(PACKED + b"garbage", "bytes that are not gzip follow the end", id="F43"),
        pytest.param(PACKED + bytes(512), "bytes that are not gzip follow the end", id="F43 zeros"),
        pytest.param(PACKED + PACKED[:20], "the compressed file is cut", id="F43 second member"),
        pytest.param(b"".join(BLOCKS), "the file is cut: it is BGZF", id="F46 no end marker"),
        pytest.param(b"".join(BLOCKS[:3]), "the file is cut: it is BGZF", id="F46 half of the blocks"),
        pytest.param(b"".join(BLOCKS) + BGZF_END[:-1], "the compressed file is cut", id="F46 half of the marker"),
        pytest.param(b"".join(BLOCKS[:3]) + BLOCKS[3][:50], "the compressed file is cut", id="F47 middle of a block"),
        pytest.param(b"".join(BLOCKS) + BGZF_END + b"\n", "bytes that are not gzip follow", id="F47 garbage"),
        pytest.param(">a\nACGT\n".encode("utf-16"), "this is text in UTF-16", id="F24"),
        pytest.param(">a\nACGT\n".encode("utf-16-be"), "this is text in UTF-16", id="F24 without mark"),
        pytest.param(gzip.compress(">a\nACGT\n".encode("utf-16-le")), "this is text in UTF-16", id="F24 gzip"),
    ],
)
@pytest.mark.parametrize("piped", [False, True], ids=["file", "standard input"])
def test_a_file_that_is_not_whole_is_refused(tmp_path, monkeypatch, content, what, piped):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    path = "-" if piped else write(tmp_path, content)
    with pytest.raises(InputError, match=what) as caught:
        whole(Source(path))
    assert caught.value.path == ("standard input" if piped else str(path))
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"absent\.fa: there is no such file"):
        whole(Source(tmp_path / "absent.fa"))
    with pytest.raises(InputError, match="this is a folder"):
        whole(Source(tmp_path))


def test_a_loop_of_links_is_refused(tmp_path):
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    with pytest.raises(MachineError, match="reading failed: Too many levels of symbolic links"):
        whole(Source(tmp_path / "one"))


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_BYTES", 1_000)
    path = write(tmp_path, TEXT)
    blocks = Source(path).blocks()
    next(blocks)
    with path.open("ab") as file:
        file.write(b"ACGT\n")
    with pytest.raises(InputError, match="the file changed while it was read"):
        list(blocks)


@pytest.mark.parametrize("compress", [bz2.compress, lzma.compress])
def test_other_compressions_pass_as_they_are(tmp_path, compress):
    # The reader of a format recognises them and says what to do; see test_fasta.
    assert whole(Source(write(tmp_path, compress(TEXT)))) == compress(TEXT)


# ---------------------------------------------------------------- lines


@settings(deadline=None)
@given(lines=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=9), min_size=1))
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_are_those_that_were_written(tmp_path_factory, lines, end):
    path = write(tmp_path_factory.mktemp("lines"), ("x" + end + end.join(lines) + end).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK_BYTES", 13)
        assert list(text_lines(Source(path))) == list(enumerate(["x", *lines], start=1))


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (b"one\ntwo\n\xe9t\xe9\n", 3, "the text is not UTF-8"),
        (b"one\ntwo\xff", 2, "the text is not UTF-8"),
        (b"one\ntwo\rthree\r", 2, "carriage return without a line feed"),
        (b"one\r\ntwo\n\nx\ry\n", 4, "carriage return without a line feed"),
        (b"one\n" + b"x" * (1 << 22) + b"xx", 2, "a line is longer than 4 MB"),
        (bz2.compress(TEXT * 40), 1, "this is a bzip2 file. Fix: decompress it with bunzip2"),
    ],
)
def test_bad_lines_are_refused_by_number(tmp_path, content, line, what):
    with pytest.raises(InputError, match=what) as caught:
        list(text_lines(Source(write(tmp_path, content))))
    assert caught.value.line == line
