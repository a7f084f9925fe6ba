"""The same text, compressed in the ways that files come in."""

from __future__ import annotations

import gzip
import io
import zlib

from Bio import bgzf


def pack(text: bytes, how: str) -> bytes:
    """Compress `text`: plain, gzip, members (two gzip members) or bgzf."""
    match how:
        case "plain":
            return text
        case "gzip":
            return gzip.compress(text, mtime=0)
        case "members":
            half = len(text) // 2
            return gzip.compress(text[:half], mtime=0) + gzip.compress(text[half:], mtime=0)
        case "bgzf":
            return b"".join(bgzf_blocks(text, len(text))) + BGZF_END
    raise ValueError(how)


PACKINGS = ("plain", "gzip", "members", "bgzf")
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def bgzf_blocks(text: bytes, size: int) -> list[bytes]:
    """Compress `text` as BGZF blocks of `size` bytes each, without the end marker, by Biopython."""
    blocks = []
    for start in range(0, max(len(text), 1), max(size, 1)):
        file = io.BytesIO()
        file.close = lambda: None  # type: ignore[method-assign]
        writer = bgzf.BgzfWriter(fileobj=file)
        writer.write(text[start : start + size])
        writer.close()
        blocks.append(file.getvalue().removesuffix(BGZF_END))
    return blocks


def broken_checksum(text: bytes) -> bytes:
    """Compress `text` as gzip with a wrong CRC."""
    whole = gzip.compress(text, mtime=0)
    return whole[:-8] + (zlib.crc32(text) ^ 1).to_bytes(4, "little") + whole[-4:]
