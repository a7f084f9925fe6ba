"""Genomes as FASTA text: read in a stream, strictly and fast; written for tests and synthetic genomes.

The text is handled some megabytes at a time with whole-block operations (`bytes.translate`, `find`),
never line by line, so a genome of any size passes through in a few megabytes of memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt

from genolect.errors import InputError, shown
from genolect.sequence.alphabet import ENCODING, INVALID, IUPAC, SOFT_MASK, Bases, T
from genolect.sequence.source import Source, opened, recognise, refuse_carriage_return

LONGEST_HEADER = 1 << 20


class FastaPart(NamedTuple):
    """A header line, or consecutive sequence lines (possibly cut within a line).

    Attributes
    ----------
    text : bytes
        The header without ``>`` and line end, or the sequence lines with theirs.
    line : int
        1-based line on which it begins.
    letters : bytes or None
        None for a header; the sequence lines without line feeds.
    """

    text: bytes
    line: int
    letters: bytes | None = None

    @property
    def is_header(self) -> bool:
        """Whether it is a header line."""
        return self.letters is None


def sequence_part(text: bytes, line: int) -> FastaPart:
    r"""Give sequence lines as a part.

    Examples
    --------
    >>> sequence_part(b"AC\nG\n", 2).letters
    b'ACG'
    """
    return FastaPart(text, line, text.replace(b"\n", b""))


def joined_lines(part: FastaPart) -> bytes:
    r"""Give the letters of sequence lines without their line ends; a lone carriage return stays.

    Examples
    --------
    >>> joined_lines(sequence_part(b"AC\r\nG\n", 2))
    b'ACG'
    """
    if part.letters is not None and b"\r" not in part.letters:
        return part.letters
    return part.text.replace(b"\r\n", b"").replace(b"\n", b"")


def fasta_parts(source: Source) -> Iterator[FastaPart]:
    r"""Cut a FASTA file into its parts.

    Parameters
    ----------
    source : Source
        The file.

    Yields
    ------
    FastaPart
        In the file's order; sequence lines that stand before the first header are empty ones.

    Raises
    ------
    InputError
        If the file does not begin with a header, or ``>`` stands inside a line.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     _ = file.write(b">a\nAC\nG\n"), file.flush()
    ...     parts = [*fasta_parts(Source(file.name))]
    >>> [(part.text, part.line) for part in parts]
    [(b'a', 1), (b'AC\nG\n', 2)]
    """
    cutter = _Cutter(source.name)
    for block in source.blocks():
        yield from cutter.cut(block)
    yield from cutter.rest()


def read_header(part: FastaPart, path: str) -> tuple[str, str]:
    """Read a header line.

    Parameters
    ----------
    part : FastaPart
        The header.
    path : str
        The file, for messages.

    Returns
    -------
    name : str
        Its first word.
    description : str
        The rest; may be empty.

    Raises
    ------
    InputError
        If there is no name, or it is no printable UTF-8 text.

    Examples
    --------
    >>> read_header(FastaPart(b"chrI first one", 1), "a.fa")
    ('chrI', 'first one')
    """
    if b"\r" in part.text:
        refuse_carriage_return(path, part.line)
    try:
        words = [word.decode("utf-8") for word in part.text.split(None, 1)]
    except UnicodeDecodeError as error:
        what = f"the header {shown(part.text.decode('latin-1'))} is not UTF-8 text"
        fix = "convert the file: iconv -f LATIN1 -t UTF-8"
        raise InputError(what, fix=fix, path=path, line=part.line) from error
    if not words:
        raise InputError("the header has no name", fix="write a name after '>'", path=path, line=part.line)
    if not words[0].isprintable() or b"\x00" in part.text:
        what = f"the header {shown(words[0])} holds an invisible character"
        raise InputError(what, fix="write the name in plain letters", path=path, line=part.line)
    return words[0], words[1].rstrip() if len(words) > 1 else ""


@dataclass(slots=True)
class _Cutter:
    """Cuts one block after another and remembers where it is.

    Attributes
    ----------
    path : str
        For messages.
    line : int
        1-based line of the next byte.
    carried : bytes
        What waits for the next block: an unfinished header, or a carriage return.
    at_line_start : bool
        Whether the next byte begins a line.
    begun : bool
        Whether anything but empty lines was seen.
    """

    path: str
    line: int = 1
    carried: bytes = b""
    at_line_start: bool = True
    begun: bool = False

    def cut(self, block: bytes) -> Iterator[FastaPart]:
        """Yield the parts of the next block."""
        text = self.carried + block
        self.carried = b""
        if not self.begun:
            self._look_at_beginning(text)
        position = 0
        while position < len(text):
            mark = text.find(b">", position)
            if mark == position and self.at_line_start:
                end = text.find(b"\n", mark)
                if end < 0:
                    self._carry_header(text[mark:])
                    return
                yield FastaPart(text[mark + 1 : end].removesuffix(b"\r"), self.line)
                self.line += 1
                position = end + 1
                continue
            end = len(text) if mark < 0 else mark
            if mark < 0 and text.endswith(b"\r"):
                # Its line feed may come with the next block.
                self.carried, end = b"\r", end - 1
            if end > position:
                part = sequence_part(text[position:end], self.line)
                yield part
                self.line += len(part.text) - len(part.letters or b"")
                self.at_line_start = part.text.endswith(b"\n")
            if mark >= 0 and not self.at_line_start:
                self._refuse("'>' stands inside a line of sequence", "begin each header on a line of its own")
            position = end + len(self.carried)

    def rest(self) -> Iterator[FastaPart]:
        """Yield what is left when the text has ended: a last line that is a header, or a carriage return."""
        if self.carried.startswith(b">"):
            yield FastaPart(self.carried[1:].removesuffix(b"\r"), self.line)
        elif self.carried:
            yield sequence_part(self.carried, self.line)

    def _look_at_beginning(self, text: bytes) -> None:
        content = text.lstrip(b"\r\n")
        self.begun = bool(content)
        if not content or content.startswith(b">"):
            return
        line = self.line + text.count(b"\n", 0, len(text) - len(content))
        if not content.strip():
            self._refuse("there is nothing but white space", "name a file with sequences", line)
        lookalike = recognise(content)
        if lookalike is not None:
            self._refuse(f"this is {lookalike.what}, not FASTA", lookalike.fix, line)
        beginning = shown(content[:200].split(b"\n")[0].rstrip().decode("utf-8", errors="replace"))
        self._refuse(f"the first line is no '>' header: {beginning}", "put a line '>name' above each sequence", line)

    def _carry_header(self, text: bytes) -> None:
        if len(text) > LONGEST_HEADER and b"\r" not in text:
            self._refuse("the header line is longer than 1 MB", "check that this is a FASTA file with line ends")
        if len(text) > LONGEST_HEADER:
            refuse_carriage_return(self.path, self.line)
        self.carried = text

    def _refuse(self, what: str, fix: str, line: int | None = None) -> NoReturn:
        raise InputError(what, fix=fix, path=self.path, line=line or self.line)


_FROM_IUPAC = 0b0001_0000
_FROM_U = 0b0010_0000
_CODE_BITS = np.uint8(0b0000_1111)
_PROTEIN = "this looks like protein; give nucleotides, or say so to genolect tokenizer inspect: --alphabet protein"
_MADE_OF = "A C G T U N and the IUPAC codes"
_REMEDIES: dict[str, tuple[str, str]] = {
    **{
        letter: (f"the letter {letter!r}, which is no nucleotide,", f"{_PROTEIN} (masked bases are written N)")
        for letter in "EFIJLOPQXZefijlopqxz"
    },
    **{digit: (f"the digit {digit!r}", "delete position numbers from the sequence lines") for digit in "0123456789"},
    **{gap: (f"the gap {gap!r}", "if this is an alignment, remove its gaps (seqkit seq -g)") for gap in "-."},
    **{space: (f"white space {space!r}", "delete it from the sequence lines") for space in " \t"},
    "*": ("the stop '*'", _PROTEIN),
    ";": ("the character ';'", "delete comment lines"),
}
_THYMINE = tuple(bytes([code]) for code in (T, T | SOFT_MASK))


def _flagged_encoding() -> Bases:
    """Give the alphabet's table, with a flag where a letter becomes another: IUPAC to N, U to T."""
    table = ENCODING.copy()
    for letters, flag in ((IUPAC, _FROM_IUPAC), ("U", _FROM_U)):
        table[list((letters + letters.lower()).encode())] |= flag
    return table


_FLAGGED = _flagged_encoding()
_TRANSLATION = _FLAGGED.tobytes()


class Letters(NamedTuple):
    """Encoded sequence lines.

    Attributes
    ----------
    bases : ndarray of uint8, shape (L,)
        Base codes.
    ambiguous : int
        How many were IUPAC ambiguity codes and are now N.
    uracil : int
        How many were U and are now T.
    has_thymine : bool
        Whether any was T.
    """

    bases: Bases
    ambiguous: int
    uracil: int
    has_thymine: bool


def encode_lines(part: FastaPart, name: str, path: str, *, search_thymine: bool = True) -> Letters:
    r"""Turn sequence lines into base codes and count what was changed.

    Parameters
    ----------
    part : FastaPart
        Sequence lines.
    name, path : str
        The record and the file, for messages.
    search_thymine : bool
        Whether to look for T; a record needs to be searched only until one is found.

    Returns
    -------
    Letters
        The codes and counts.

    Raises
    ------
    InputError
        At the first character that is no base; the message says what it probably means.

    Examples
    --------
    >>> encode_lines(sequence_part(b"ACG\nRu\n", 2), "a", "a.fa").bases.tolist()
    [0, 1, 2, 4, 11]
    """
    # To translate and delete at once takes longer than one after the other.
    codes = joined_lines(part).translate(_TRANSLATION)
    flagged = np.frombuffer(codes, dtype=np.uint8)
    highest = int(flagged.max(initial=0))
    if highest == INVALID:
        refuse_character(part, name, path, invalid=_FLAGGED == INVALID, made_of=_MADE_OF)
    # The first T is almost always found at once; only RNA is searched to its end.
    has_thymine = search_thymine and any(code in codes for code in _THYMINE)
    if highest < _FROM_IUPAC:
        return Letters(flagged, 0, 0, has_thymine)
    ambiguous = int(np.count_nonzero(flagged & _FROM_IUPAC))
    return Letters(flagged & _CODE_BITS, ambiguous, int(np.count_nonzero(flagged & _FROM_U)), has_thymine)


def line_of_first(letter: str, part: FastaPart) -> int:
    r"""Find the line on which a letter, upper or lower case, first stands; the part must contain it.

    Examples
    --------
    >>> line_of_first("U", sequence_part(b"ACG\nRu\n", 2))
    3
    """
    text = part.text.upper()
    return part.line + text.count(b"\n", 0, text.index(letter.encode()))


def refuse_character(
    part: FastaPart, name: str, path: str, *, invalid: npt.NDArray[np.bool_], made_of: str
) -> NoReturn:
    r"""Refuse sequence lines at the first character that is none of an alphabet's.

    Parameters
    ----------
    part : FastaPart
        Sequence lines with such a character, or with a lone carriage return.
    name, path : str
        The record and the file, for messages.
    invalid : ndarray of bool, shape (256,)
        Which bytes are no letters.
    made_of : str
        What sequences are made of, for the message.

    Raises
    ------
    InputError
        Always, with the line; the message says what the character probably means.

    Examples
    --------
    >>> refuse_character(sequence_part(b"AC\n7", 2), "a", "a.fa", invalid=np.full(256, True), made_of="nothing")
    Traceback (most recent call last):
    ...
    genolect.errors.InputError: a.fa:2: the character 'A' in the sequence 'a'. Fix: sequences are made of nothing.
    """
    letters = np.frombuffer(part.text, dtype=np.uint8)
    following = np.append(letters[1:], np.uint8(0))
    wrong = invalid[letters] & (letters != ord("\n"))
    wrong &= ~((letters == ord("\r")) & (following == ord("\n")))
    position = int(np.argmax(wrong))
    line = part.line + part.text.count(b"\n", 0, position)
    if letters[position] == ord("\r"):
        refuse_carriage_return(path, line)
    what, fix = _diagnosis(part.text[position : position + 4], made_of)
    raise InputError(f"{what} in the sequence {shown(name)}", fix=fix, path=path, line=line)


def _diagnosis(beginning: bytes, made_of: str) -> tuple[str, str]:
    """Say what the first character of these bytes is, and what to do."""
    character = beginning.decode("utf-8", errors="replace")[0]
    if character in _REMEDIES:
        return _REMEDIES[character]
    if character == "\N{REPLACEMENT CHARACTER}":
        return f"a byte {beginning[0]:#04x} that is not text", "check that the file is text and was not damaged"
    if not character.isascii():
        return f"the character {shown(character)} (U+{ord(character):04X})", f"sequences are made of {made_of}"
    return f"the character {shown(character)}", f"sequences are made of {made_of}"


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
        Base codes, at least one and at most about 9 million.
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
    >>> from genolect.sequence.alphabet import decode
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
    >>> from genolect.sequence.alphabet import decode
    >>> [(record.name, decode(record.bases)) for record in records]
    [('a', 'ACGT')]
    """
    gathered: list[list[FastaChunk]] = []
    for chunk in stream_fasta(source):
        if chunk.first:
            gathered.append([])
        gathered[-1].append(chunk)
    return [_joined(chunks) for chunks in gathered]


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
