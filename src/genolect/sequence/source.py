"""One pass over a file that may be plain, gzip or BGZF: decompressed blocks, a checksum, and no silent loss.

What a file is follows from its first bytes, never from its name. Every way in which a file can arrive
incomplete is an error: a cut or damaged member, bytes after the last member, a BGZF file without its
end marker (a cut exactly between two blocks is otherwise invisible), a file that changes while it is read.
"""

from __future__ import annotations

import os
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from pathlib import Path
from typing import IO, Literal, NamedTuple, NoReturn

from genolect.errors import InputError, MachineError
from genolect.files import STANDARD_INPUT, Checksum

HEAD_BYTES = 4096
_CONVERT = "export the sequences as FASTA and give that file"
_DOWNLOAD = "download the file again and look at what the server answered"


class Lookalike(NamedTuple):
    """A recognised format and the way out of it.

    Attributes
    ----------
    what : str
        The format, with its article: ``a FASTQ file``.
    fix : str
        What the user can do.
    """

    what: str
    fix: str


UTF16 = Lookalike("text in UTF-16", "convert it with iconv -f UTF-16 -t UTF-8")
GFF = Lookalike("a GFF file", "give it as the annotation")
BED = Lookalike("a BED file", "give it as the annotation")
_BINARY = Lookalike("a binary file", "give a text file, plain or compressed with gzip or bgzip")

# Letters are compared in lower case.
_BINARY_BEGINNINGS: tuple[tuple[bytes, Lookalike], ...] = (
    (b"bzh", Lookalike("a bzip2 file", "decompress it with bunzip2")),
    (b"\xfd7zxz\x00", Lookalike("an xz file", "decompress it with unxz")),
    (b"\x28\xb5\x2f\xfd", Lookalike("a zstd file", "decompress it with unzstd")),
    (b"pk\x03\x04", Lookalike("a zip archive", "unpack it with unzip")),
    (b"\x1f\x8b", Lookalike("a gzip file inside another", "decompress it once with gunzip")),
    (b"c'a\x1a", Lookalike("a 2bit file", "convert it with twoBitToFa")),
    (b"\x1aa'c", Lookalike("a 2bit file", "convert it with twoBitToFa")),
    (b"bam\x01", Lookalike("a BAM file", "convert it with samtools fasta")),
    (b"cram", Lookalike("a CRAM file", "convert it with samtools fasta")),
    (b"\x89hdf", Lookalike("an HDF5 file", _CONVERT)),
    (b"%pdf", Lookalike("a PDF document", _CONVERT)),
)
# Longer beginnings stand before the shorter ones that they contain.
_TEXT_BEGINNINGS: tuple[tuple[bytes, Lookalike], ...] = (
    (b"{\\rtf", Lookalike("a word-processor document (RTF)", "save it as plain text")),
    (b"version https://git-lfs", Lookalike("a Git-LFS pointer, not the file itself", "fetch it with git lfs pull")),
    (b"<!doctype html", Lookalike("a web page (HTML)", _DOWNLOAD)),
    (b"<html", Lookalike("a web page (HTML)", _DOWNLOAD)),
    (b"<", Lookalike("an XML or HTML page", _DOWNLOAD)),
    (b"{", Lookalike("a JSON file", _DOWNLOAD)),
    (b"locus ", Lookalike("a GenBank file", _CONVERT)),
    (b"id   ", Lookalike("an EMBL file", _CONVERT)),
    (b"##fileformat=vcf", Lookalike("a VCF file", "give it where variants are asked for")),
    (b"##gff", GFF),
    (b"track ", BED),
    (b"browser ", BED),
    (b"clustal", Lookalike("a Clustal alignment", _CONVERT)),
    (b"#nexus", Lookalike("a Nexus alignment", _CONVERT)),
    (b"# stockholm", Lookalike("a Stockholm alignment", _CONVERT)),
    (b"@hd\t", Lookalike("a SAM file", "convert it with samtools fasta")),
    (b"@sq\t", Lookalike("a SAM file", "convert it with samtools fasta")),
    (b"@", Lookalike("a FASTQ file (reads)", "give an assembled genome, or convert it with seqtk seq -A")),
    (b">", Lookalike("a FASTA file", "give it where the genome is asked for")),
    (b";", Lookalike("an old FASTA dialect with ';' comments", "delete the lines that begin with ';'")),
)


def recognise(head: bytes) -> Lookalike | None:
    """Name the format that a file's first bytes announce.

    Parameters
    ----------
    head : bytes
        The first bytes of the file, decompressed; `HEAD_BYTES` are enough.

    Returns
    -------
    Lookalike or None
        None where nothing is recognised.

    Examples
    --------
    >>> recognise(b"LOCUS       NC_001416").what
    'a GenBank file'
    """
    return _beginning(head, _TEXT_BEGINNINGS) or recognise_binary(head)


def recognise_binary(head: bytes) -> Lookalike | None:
    """Name the format of a file that is not text; None where it is text, as far as its first bytes tell.

    Parameters
    ----------
    head : bytes
        As in `recognise`.

    Returns
    -------
    Lookalike or None
        None where the bytes are text.

    Examples
    --------
    >>> recognise_binary(b"BZh91AY&SY").what, recognise_binary(b"LOCUS  NC_001416")
    ('a bzip2 file', None)
    """
    if is_utf16(head):
        return UTF16
    control = any(byte in head[:HEAD_BYTES] for byte in (*range(9), *range(14, 32)))
    return _beginning(head, _BINARY_BEGINNINGS) or (_BINARY if control else None)


def _beginning(head: bytes, table: tuple[tuple[bytes, Lookalike], ...]) -> Lookalike | None:
    lowered = head[:HEAD_BYTES].lstrip(b" \t\r\n").lower()
    return next((lookalike for beginning, lookalike in table if lowered.startswith(beginning)), None)


def is_utf16(head: bytes) -> bool:
    """Tell whether text begins with a UTF-16 mark, or has a zero in every other byte.

    Examples
    --------
    >>> is_utf16(">a".encode("utf-16-le")), is_utf16(b">a")
    (True, False)
    """
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    sample = head[: HEAD_BYTES & ~1]
    halves = (sample[::2], sample[1::2])
    return any(len(half) > 1 and not half.strip(b"\x00") for half in halves) and bool(sample.strip(b"\x00"))


Compression = Literal["plain", "gzip", "BGZF"]

BLOCK_BYTES = 1 << 20
LONGEST_LINE = 1 << 22
# Deflate expands at most about 1,032 times, so a piece of 8 KB bounds what one step can yield to 8 MB.
_PIECE_BYTES = 1 << 13
_GZIP = b"\x1f\x8b"
_BGZF_FIELD = b"BC\x02\x00"
_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_MARK = b"\xef\xbb\xbf"
_AGAIN = "copy or download the file again"


class Source:
    r"""A file, or standard input, that is read once from its beginning to its end.

    Parameters
    ----------
    path : Path or str
        The file; ``-`` is standard input.

    Attributes
    ----------
    name : str
        How messages call it.
    compression : {'plain', 'gzip', 'BGZF'}
        Known once the first block has been read.
    bytes : int
        Raw (compressed) bytes read so far.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     _ = file.write(b">a\nACGT\n"), file.flush()
    ...     source = Source(file.name)
    ...     (list(source.blocks()), source.bytes, source.compression)
    ([b'>a\nACGT\n'], 8, 'plain')
    """

    def __init__(self, path: Path | str) -> None:
        self.path = path
        self.name = "standard input" if str(path) == STANDARD_INPUT else str(path)
        self.compression: Compression = "plain"
        self.bytes = 0
        self._checksum = Checksum()
        self._tail = b""
        self._exhausted = False

    @property
    def sha256(self) -> str:
        """SHA-256 of the raw bytes, 64 hexadecimal digits; known only after the last block."""
        if not self._exhausted:
            raise RuntimeError(f"the checksum of {self.name} is known only after its last block")
        return self._checksum.hexdigest()

    def blocks(self) -> Iterator[bytes]:
        """Yield the decompressed content in order, about 1 MB (at most 9 MB) at a time.

        A UTF-8 byte-order mark is left out.

        Yields
        ------
        bytes
            A block; never empty.

        Raises
        ------
        InputError
            If the file is missing, a folder, empty, cut, damaged, in UTF-16, or changes while it is read.
        MachineError
            If the system refuses to read it.
        """
        self.bytes, self._checksum, self._tail, self._exhausted = 0, Checksum(), b"", False
        try:
            with self._open() as file:
                before = None if str(self.path) == STANDARD_INPUT else os.fstat(file.fileno())
                yield from self._checked(self._decompressed(self._raw(file)))
                if before is not None and stat.S_ISREG(before.st_mode):
                    self._refuse_change(before, os.fstat(file.fileno()))
        except FileNotFoundError as error:
            raise self._refusal("there is no such file", "check the path") from error
        except IsADirectoryError as error:
            raise self._refusal("this is a folder", "name a file in it") from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise MachineError(f"reading failed: {reason}", fix="check permissions and disk", path=self.name) from error
        self._exhausted = True

    def _open(self) -> AbstractContextManager[IO[bytes]]:
        if str(self.path) == STANDARD_INPUT:
            return nullcontext(sys.stdin.buffer)
        return Path(self.path).open("rb")

    def _refusal(self, what: str, fix: str) -> InputError:
        return InputError(what, fix=fix, path=self.name)

    def _raw(self, file: IO[bytes]) -> Iterator[bytes]:
        while block := file.read(BLOCK_BYTES):
            self.bytes += len(block)
            self._checksum.update(block)
            self._tail = (self._tail + block[-len(_BGZF_END) :])[-len(_BGZF_END) :]
            yield block

    def _decompressed(self, raw: Iterator[bytes]) -> Iterator[bytes]:
        first = next(raw, b"")
        everything = chain([first], raw) if first else raw
        if not first.startswith(_GZIP):
            self.compression = "plain"
            yield from everything
            return
        self.compression = "BGZF" if first[12:16] == _BGZF_FIELD else "gzip"
        yield from self._members(everything)
        if self.compression == "BGZF" and self._tail != _BGZF_END:
            what = "the file is cut: it is BGZF (bgzip) and its end marker is missing"
            raise self._refusal(what, f"{_AGAIN}; if it is surely whole, recompress it: gunzip -c FILE | bgzip")

    def _members(self, raw: Iterator[bytes]) -> Iterator[bytes]:
        """Inflate one gzip member after another."""
        inflater, ready, ready_bytes, given = zlib.decompressobj(wbits=31), [], 0, 0
        for piece in _small_pieces(raw):
            rest = piece
            while rest:
                if inflater.eof:
                    if rest[0] != _GZIP[0]:
                        raise self._refusal("bytes that are not gzip follow the end of the compressed data", _AGAIN)
                    inflater = zlib.decompressobj(wbits=31)
                try:
                    text = inflater.decompress(rest)
                except zlib.error as error:
                    what = f"the compressed data are damaged after {given + ready_bytes:,} bytes of text ({error})"
                    raise self._refusal(what, _AGAIN) from error
                rest = inflater.unused_data
                ready.append(text)
                ready_bytes += len(text)
            if ready_bytes >= BLOCK_BYTES:
                yield b"".join(ready)
                given, ready, ready_bytes = given + ready_bytes, [], 0
        if ready_bytes:
            yield b"".join(ready)
        if not inflater.eof:
            what = f"the compressed file is cut after {given + ready_bytes:,} bytes of text"
            raise self._refusal(what, _AGAIN)

    def _checked(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Look at the first block: encoding, other compressions, emptiness."""
        first = next(blocks, b"")
        if not first:
            raise self._refusal("the file is empty", f"{_AGAIN}, or name another")
        if is_utf16(first):
            raise self._refusal(f"this is {UTF16.what}", UTF16.fix)
        first = first.removeprefix(_MARK)
        if first:
            yield first
        yield from blocks

    def _refuse_change(self, before: os.stat_result, after: os.stat_result) -> None:
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise self._refusal("the file changed while it was read", "wait until it is written, then start again")


def opened(source: Source | Path | str) -> Source:
    """Give the `Source` of a path; a `Source` is given back as it is.

    Examples
    --------
    >>> opened("-").name
    'standard input'
    """
    return source if isinstance(source, Source) else Source(source)


def text_lines(source: Source) -> Iterator[tuple[int, str]]:
    r"""Read a source as lines of UTF-8 text that end in LF or CRLF.

    Parameters
    ----------
    source : Source
        The file.

    Yields
    ------
    tuple of int and str
        The 1-based number of a line, and the line without its end.

    Raises
    ------
    InputError
        As in `Source.blocks`; or where the text is not UTF-8, has lone carriage returns or no line ends.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     _ = file.write(b"one\r\ntwo"), file.flush()
    ...     list(text_lines(Source(file.name)))
    [(1, 'one'), (2, 'two')]
    """
    number, carried = 1, b""
    for block in source.blocks():
        text = carried + block
        end = text.rfind(b"\n") + 1
        carried = text[end:]
        if len(carried) > LONGEST_LINE:
            raise InputError("a line is longer than 4 MB", fix="check the format", path=source.name, line=number)
        lines = _decoded(text[:end], source.name, number).split("\n")
        for line in lines[:-1]:
            yield number, line
            number += 1
    if carried:
        yield number, _decoded(carried, source.name, number)


def refuse_carriage_return(path: str, line: int) -> NoReturn:
    """Refuse text whose lines end in CR alone.

    Parameters
    ----------
    path : str
        The file.
    line : int
        1-based line, as far as there are lines.

    Raises
    ------
    InputError
        Always.

    Examples
    --------
    >>> refuse_carriage_return("a.fa", 1)
    Traceback (most recent call last):
    ...
    genolect.errors.InputError: a.fa:1: a line ends in a carriage return without a line feed (old Macintosh text). ...
    """
    what = "a line ends in a carriage return without a line feed (old Macintosh text)"
    raise InputError(what, fix="convert the file: tr '\\r' '\\n'", path=path, line=line)


def _decoded(text: bytes, path: str, line: int) -> str:
    """Decode whole lines of which the first has the number `line`; CRLF becomes LF."""
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        lookalike = recognise_binary(text)
        what = "the text is not UTF-8" if lookalike is None else f"this is {lookalike.what}"
        fix = "convert the file: iconv -f LATIN1 -t UTF-8" if lookalike is None else lookalike.fix
        raise InputError(what, fix=fix, path=path, line=line + text.count(b"\n", 0, error.start)) from error
    if "\r" in decoded:
        decoded = decoded.replace("\r\n", "\n")
    if "\r" in decoded:
        refuse_carriage_return(path, line + decoded.count("\n", 0, decoded.index("\r")))
    return decoded


def _small_pieces(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Cut blocks small, so that what zlib hands back after a member's end is cheap to copy."""
    for block in blocks:
        for start in range(0, len(block), _PIECE_BYTES):
            yield block[start : start + _PIECE_BYTES]
