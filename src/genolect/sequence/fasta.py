"""Genomes as FASTA text: read in a stream, strictly and fast; written for tests and synthetic genomes.

The text is handled some megabytes at a time with whole-block operations (`bytes.translate`, `find`),
never line by line, so a genome of any size passes through in a few megabytes of memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genolect.errors import InputError, shown
from genolect.sequence.alphabet import Bases, decode
from genolect.sequence.fasta_letter import Letters, encode_lines, line_of_first
from genolect.sequence.fasta_part import FastaPart, fasta_parts, read_header
from genolect.sequence.source import Source, opened


@dataclass(frozen=True, slots=True, eq=False)
class FastaChunk:
    """A stretch of one record; the stretches of a record follow one another without a gap.

    Attributes
    ----------
    name : str
        First word of the header.
    description : str
        The rest of the header; may be empty.
    line : int
        1-based line of the header.
    first : bool
        Whether the record begins here.
    bases : ndarray of uint8, shape (L,)
        Base codes, at least one and at most about 16 million.
    ambiguous : int
        How many of them were IUPAC ambiguity codes and are now N.
    uracil : int
        How many of them were U and are now T.
    """

    name: str
    description: str
    line: int
    first: bool
    bases: Bases
    ambiguous: int
    uracil: int


@dataclass(frozen=True, slots=True, eq=False)
class FastaRecord:
    """A whole record.

    Attributes
    ----------
    name, description, line, bases, ambiguous, uracil
        As in `FastaChunk`, for all of the record.
    """

    name: str
    description: str
    line: int
    bases: Bases
    ambiguous: int
    uracil: int


@dataclass(slots=True)
class _Record:
    """The record being read: its header, and what was seen of its sequence."""

    name: str
    description: str
    line: int
    length: int = 0
    has_thymine: bool = False
    has_uracil: bool = False


def stream_fasta(source: Source | Path | str) -> Iterator[FastaChunk]:
    r"""Read a FASTA file from beginning to end in bounded memory.

    Lines may have any lengths and end in LF or CRLF; empty lines, a byte-order mark and a missing last line
    end are accepted. The name is the header's first word.

    Parameters
    ----------
    source : Source, Path or str
        The file (plain, gzip or BGZF), ``-`` for standard input, or a `Source` whose checksum is wanted afterwards.

    Yields
    ------
    FastaChunk
        Stretches of the records, in the file's order.

    Raises
    ------
    InputError
        At the first thing that does not belong in a nucleotide FASTA file, with its line.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     _ = file.write(b">a one\nACg\nR"), file.flush()
    ...     chunks = [*stream_fasta(file.name)]
    >>> [(chunk.name, decode(chunk.bases), chunk.ambiguous) for chunk in chunks]
    [('a', 'ACgN', 1)]
    """
    source = opened(source)
    lines: dict[str, int] = {}
    record: _Record | None = None
    for part in fasta_parts(source):
        if part.is_header:
            _refuse_empty(record, source.name)
            record = _Record(*read_header(part, source.name), part.line)
            if record.name in lines:
                what = f"the name {shown(record.name)} appears again; it is already on line {lines[record.name]}"
                raise InputError(what, fix="give each sequence its own first word", path=source.name, line=record.line)
            lines[record.name] = record.line
        elif record is not None:
            letters = encode_lines(part, record.name, source.name, search_thymine=not record.has_thymine)
            _refuse_mixture(letters, part, record, source.name)
            if len(letters.bases):
                yield FastaChunk(
                    record.name, record.description, record.line, record.length == 0,
                    letters.bases, letters.ambiguous, letters.uracil,
                )  # fmt: skip
                record.length += len(letters.bases)
    if record is None:
        raise InputError("there is no sequence in the file", fix="name a file with sequences", path=source.name, line=1)
    _refuse_empty(record, source.name)


def read_fasta(source: Source | Path | str) -> list[FastaRecord]:
    r"""Read a whole FASTA file into memory, one byte per base.

    Parameters
    ----------
    source : Source, Path or str
        As in `stream_fasta`.

    Returns
    -------
    list of FastaRecord
        The records, in the file's order.

    Raises
    ------
    InputError
        As in `stream_fasta`.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     _ = file.write(b">a\nAC\nGT\n"), file.flush()
    ...     records = read_fasta(file.name)
    >>> [(record.name, decode(record.bases)) for record in records]
    [('a', 'ACGT')]
    """
    gathered: list[list[FastaChunk]] = []
    for chunk in stream_fasta(source):
        if chunk.first:
            gathered.append([])
        gathered[-1].append(chunk)
    return [_joined(chunks) for chunks in gathered]


def format_fasta(name: str, bases: Bases, width: int = 60) -> str:
    r"""Write one record as FASTA text, lower case where soft-masked.

    Parameters
    ----------
    name : str
        The name; after a space, a description.
    bases : ndarray of uint8, shape (L,)
        Base codes, at least one.
    width : int
        Bases per line.

    Returns
    -------
    str
        The record, with a final line end.

    Raises
    ------
    ValueError
        If it could not be read back: no name, an invisible character in it, or no bases.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> format_fasta("a", encode("ACGTacg"), width=4)
    '>a\nACGT\nacg\n'
    """
    if not name.strip() or not name.isprintable() or not len(bases):
        raise ValueError(f"a FASTA record needs a printable name and bases, not {name!r} and {len(bases)} bases")
    letters = decode(bases)
    lines = (letters[start : start + width] for start in range(0, len(letters), width))
    return "\n".join((f">{name}", *lines, ""))


def _joined(chunks: list[FastaChunk]) -> FastaRecord:
    head = chunks[0]
    bases = head.bases if len(chunks) == 1 else np.concatenate([chunk.bases for chunk in chunks])
    ambiguous, uracil = sum(chunk.ambiguous for chunk in chunks), sum(chunk.uracil for chunk in chunks)
    return FastaRecord(head.name, head.description, head.line, bases, ambiguous, uracil)


def _refuse_empty(record: _Record | None, path: str) -> None:
    if record is not None and record.length == 0:
        what = f"the sequence {shown(record.name)} is empty"
        raise InputError(what, fix="remove its header, or restore its bases", path=path, line=record.line)


def _refuse_mixture(letters: Letters, part: FastaPart, record: _Record, path: str) -> None:
    """Keep track of T and U; refuse a record that has both, on the line where the second of them appears."""
    thymine, uracil = record.has_thymine, record.has_uracil
    record.has_thymine, record.has_uracil = thymine or letters.has_thymine, uracil or letters.uracil > 0
    if not (record.has_thymine and record.has_uracil):
        return
    line = max(line_of_first(letter, part) for letter, known in (("T", thymine), ("U", uracil)) if not known)
    what = f"the sequence {shown(record.name)} holds both T and U"
    raise InputError(what, fix="decide whether it is DNA or RNA, and replace the others", path=path, line=line)
