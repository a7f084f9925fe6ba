"""What a file is when it is not what it should be: formats recognised by their first bytes."""

from __future__ import annotations

from typing import NamedTuple

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
